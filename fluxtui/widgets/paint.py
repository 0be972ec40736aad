"""Lines of spans → strips of styled cells: the one place where text meets the terminal."""

from __future__ import annotations

from datetime import tzinfo
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from fluxtui.theme import Palette
from fluxtui.view.text import Line, Role, Span, fit, line_width, width

_ASCII = str.maketrans(
    {
        "✓": "r", "✗": "F", "↻": "p", "‖": "s", "≠": "d", "↳": "b", "▌": ">", "…": "~", "·": "-", "→": ">", "▸": ">",
        "─": "-", "│": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "├": "+", "└": "+", "●": "*", "—": "-", "–": "-",
        "▾": "v", "┃": "|", "“": '"', "”": '"', "’": "'",
    }
)  # fmt: skip


def to_ascii(text: str) -> str:
    """The same number of cells in ASCII, for terminals that cannot do more."""
    if text.isascii():
        return text
    text = text.translate(_ASCII)
    return "".join(char if char.isascii() else "?" * width(char) for char in text)


def printable(text: str) -> str:
    """The last door before the terminal: what is not printable is shown as a replacement character."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "�" for char in text)


class Painter:
    """Draws with one palette; `ascii_only` and `letters` say what the terminal can show."""

    def __init__(
        self, palette: Palette, *, ascii_only: bool = False, letters: bool = False, zone: tzinfo | None = None
    ) -> None:
        self.palette = palette
        self.ascii_only = ascii_only
        self.zone = zone
        """The time zone of clock times; None is the machine's."""
        self.letters = letters or ascii_only
        self._style = lru_cache(maxsize=256)(self._make_style)

    def _make_style(self, role: Role, strong: bool, over: str) -> Style:
        return self.palette.style(role, strong=strong, over=over)

    def segments(self, line: Line, cells: int, over: str = "") -> list[Segment]:
        """The line as segments, cut or filled to exactly `cells`."""
        make = to_ascii if self.ascii_only else printable
        line = tuple(Span(make(span.text), span.role, span.strong) for span in line if span.text)
        used = line_width(line)
        if used > cells:
            line = fit(line, cells)
            used = line_width(line)
        segments = [Segment(span.text, self._style(span.role, span.strong, over)) for span in line]
        if used < cells:
            segments.append(Segment(" " * (cells - used), self._style(Role.TEXT, False, over)))
        return segments

    def strip(self, line: Line, cells: int, over: str = "") -> Strip:
        """The line as a strip of exactly `cells`."""
        return Strip(self.segments(line, cells, over), cells)

    def edge(self, char: str, role: Role) -> Segment:
        """One cell of a frame."""
        return Segment(to_ascii(char) if self.ascii_only else char, self._style(role, False, ""))
