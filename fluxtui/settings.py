"""A person's settings: `$XDG_CONFIG_HOME/fluxtui/config.toml`.

A file that is wrong never stops the console: what can be read is used, and the problems, each naming file, key and the
nearest key there is, are shown on the screen.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set; every field is a key of the file."""

    theme: str = "dark"
    """`dark`, `light`, `contrast`, `ansi`, or the path of a TOML file."""
    mouse: str = "auto"
    """`on`, `off`, or `auto`: on unless the session came over SSH."""
    ascii: bool = False
    """Letters instead of glyphs."""
    pane: str = "drift"
    """What the pane shows at the start."""
    confirm: bool = True
    """Whether acts show their effect first; what needs a typed word always does."""
    favourites: tuple[str, ...] = ()
    """Namespaces on keys 1 to 9."""
    production: tuple[str, ...] = ()
    """Contexts whose effect dialogs say that they are production."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Command id → keys (`"reconcile" = "R,f5"`); `?` lists the ids."""


DEFAULTS: Final = Settings()


def wants_mouse(settings: Settings, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal's mouse is taken: over SSH every move would be traffic."""
    if settings.mouse == "auto":
        return not ({"SSH_CONNECTION", "SSH_TTY"} & environ.keys())
    return settings.mouse == "on"


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the file is."""
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "fluxtui" / "config.toml"


def load(path: Path | None = None) -> tuple[Settings, tuple[str, ...]]:
    """The settings and the sentences about what was wrong with the file."""
    path = path or config_path()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DEFAULTS, ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return DEFAULTS, (f"{path}: {error}; using the defaults",)
    return parse(data, str(path))


def parse(data: Mapping[str, Any], name: str) -> tuple[Settings, tuple[str, ...]]:
    """Check each key against its default's type."""
    known = {entry.name: getattr(DEFAULTS, entry.name) for entry in fields(Settings)}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in data.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            problems.append(f"{name}: no setting {key}{hint}")
        elif (read := _read(known[key], value)) is None:
            problems.append(f"{name}: {key} should be {_type_words(known[key])}, not {value!r}")
        else:
            values[key] = read
    return replace(DEFAULTS, **values), tuple(problems)


def _read(default: object, value: object) -> object | None:
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
    if isinstance(default, Mapping):
        good = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        return value if good else None
    return value if type(value) is type(default) else None


def _type_words(default: object) -> str:
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, tuple):
        return "a list of texts"
    return "a table of texts" if isinstance(default, Mapping) else "a text"


def check_keys(settings: Settings, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Sentences about remapped commands that do not exist."""
    problems = []
    for key in settings.keys:
        if key not in ids:
            near = difflib.get_close_matches(key, ids, n=1)
            problems.append(f"keys.{key}: no such command" + (f"; did you mean {near[0]}?" if near else ""))
    return tuple(problems)
