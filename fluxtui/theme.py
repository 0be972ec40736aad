"""Themes: TOML files in `themes/` → the colours of roles. A bad theme never stops the console.

A theme names a colour for every role, as `#rrggbb` or one of the sixteen `ansi_…` names. Colours appear nowhere else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from rich.color import ColorParseError
from rich.style import Style
from textual.color import Color
from textual.color import ColorParseError as BadColor
from textual.theme import Theme

from fluxtui.view.text import Role

_BASE: Final = ("background", "cursor", "cursor_blurred")
DEFAULT: Final = "dark"
MONOCHROME: Final = "mono"


class ThemeError(ValueError):
    """A theme file that cannot be used: names file, key and what is wrong."""


@dataclass(frozen=True, slots=True)
class Palette:
    """What each role looks like. `cursor` is a background, or "reverse" where there are no colours to spare."""

    name: str
    dark: bool
    ansi: bool
    roles: Mapping[Role, str]
    background: str
    cursor: str
    cursor_blurred: str

    def style(self, role: Role, *, strong: bool = False, over: str = "") -> Style:
        """The style of a span; `over` is the background of a cursor's line."""
        reverse = over == "reverse"
        # A reversed line in many colours is a patchwork: its glyph and its words say what the colours said.
        colour = self.roles[Role.TEXT if reverse or (over and role is Role.DIM and self.ansi) else role]
        background = self.background if not over or reverse else over
        return Style(color=_rich(colour), bgcolor=_rich(background), bold=strong, reverse=reverse)

    def textual(self) -> Theme:
        """The same for Textual's own widgets (input, scroll bars) and for app.tcss."""
        roles = self.roles
        return Theme(
            name=f"fluxtui-{self.name}",
            primary=roles[Role.ACCENT],
            secondary=roles[Role.ACCENT],
            warning=roles[Role.WARN],
            error=roles[Role.FAIL],
            success=roles[Role.OK],
            accent=roles[Role.ACCENT],
            foreground=roles[Role.TEXT],
            background=self.background,
            surface=self.background,
            panel=self.background,
            boost=self.background,
            dark=self.dark,
            ansi=self.ansi,
            variables={
                # Textual's own style sheet names these two when the theme is native.
                "ansi-background": "ansi_black" if self.dark else "ansi_white",
                "ansi-foreground": "ansi_white" if self.dark else "ansi_black",
                "input-cursor-background": roles[Role.ACCENT],
                "input-cursor-foreground": self.background,
                "input-cursor-text-style": "reverse" if self.ansi else "none",
            },
        )


def _rich(colour: str) -> str:
    return colour.removeprefix("ansi_")


def folders() -> tuple[Path, ...]:
    """Where the shipped themes are: inside an installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    return (here / "_themes", here.parent / "themes")


def read(path: Path) -> Palette:
    """Read one theme file."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError(f"theme {path}: {error}") from error
    return _palette(path, data)


def _palette(path: Path, data: Mapping[str, Any]) -> Palette:
    roles, base = data.get("roles", {}), data.get("base", {})
    if not isinstance(roles, dict) or not isinstance(base, dict):
        raise ThemeError(f"theme {path}: [roles] and [base] are tables of colours")
    missing = [f"roles.{role}" for role in Role if role.value not in roles]
    missing += [f"base.{key}" for key in _BASE if key not in base]
    if missing:
        raise ThemeError(f"theme {path}: {', '.join(missing)} missing")
    for key, value in (*roles.items(), *base.items()):
        if not (value == "reverse" and key.startswith("cursor")):
            _check_colour(path, key, value)
    return Palette(
        name=path.stem,
        dark=bool(data.get("dark", True)),
        ansi=bool(data.get("ansi", False)),
        roles={role: roles[role.value] for role in Role},
        **{key: base[key] for key in _BASE},
    )


def _check_colour(path: Path, key: str, value: object) -> None:
    try:
        Color.parse(str(value))
        Style(color=_rich(str(value)))
    except (BadColor, ColorParseError) as error:
        raise ThemeError(
            f"theme {path}: {key}: {value!r} is no colour (use #rrggbb or ansi_red, ansi_blue, …)"
        ) from error


@cache
def shipped() -> Mapping[str, Path]:
    """Name → file of the themes that come with fluxtui."""
    return {path.stem: path for folder in reversed(folders()) for path in sorted(folder.glob("*.toml"))}


def palette(name: str) -> Palette:
    """The shipped theme of that name, or the theme file at that path."""
    known = shipped()
    if name in known:
        return read(known[name])
    path = Path(name).expanduser()
    if path.suffix == ".toml":
        return read(path)
    raise ThemeError(f"no theme {name!r}: there are {', '.join(sorted(known))}, or give a .toml file")
