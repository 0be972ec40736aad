"""What goes out to the terminal: only the cells that differ from those it shows.

Textual writes every line of a region that was to be drawn again from its left edge. Over SSH each byte counts, and of
a row usually a glyph and an age change: so what was written is remembered, and compared before it is written again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress, repeat
from operator import ne
from typing import Final

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from fluxtui.widgets.pen import Pen

_NEAR: Final = 8
"""Equal cells between two changes that cost less to write than moving the cursor over them."""

_Cell = tuple[str, Style | None]


class Shown:
    """The cells of the terminal, as far as they are known."""

    def __init__(self) -> None:
        self._lines: dict[int, dict[int, Strip]] = {}
        self.pen = Pen()

    def forget(self) -> None:
        """The terminal may show anything: everything is written again."""
        self._lines.clear()

    def different(self, update: RenderableType | None) -> RenderableType | None:
        """The update without what the terminal shows already; one of the whole screen is written whole."""
        if isinstance(update, ChopsUpdate):
            return Changes(self, update)
        if update is not None:
            self.forget()
        return update

    def take(self, y: int, cuts: Sequence[int], x: int, strip: Strip) -> list[tuple[int, int]]:
        """Remember what is about to be shown at (x, y); returns which of its cells are to be written."""
        known = self._lines.get(y)
        if known is None or any(at not in cuts for at in known):
            known = self._lines[y] = {}  # the line is shared out otherwise now
        before = known.get(x)
        known[x] = strip
        return differing(before, strip)


class Changes(ChopsUpdate):
    """A partial update of which only different cells are written."""

    def __init__(self, shown: Shown, update: ChopsUpdate) -> None:
        super().__init__(update.chops, update.spans, update.chop_ends)
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        """The escape sequences."""
        out: list[str] = []
        for y in dict.fromkeys(y for y, _, _ in self.spans):
            self._line(y, self.chops[y], out, console)
        return "".join([*out, self._shown.pen.lift()])

    def _line(self, y: int, parts: Mapping[int, Strip | None], out: list[str], console: Console) -> None:
        cuts = tuple(parts)
        spans = [(x1, x2) for at, x1, x2 in self.spans if at == y]
        for x, end in zip(cuts, self.chop_ends[y], strict=False):
            strip = parts[x]
            if strip is None or not any(x < x2 and x1 < end for x1, x2 in spans):
                continue
            for first, last in self._shown.take(y, cuts, x, strip):
                out += (
                    Control.move_to(x + first, y).segment.text,
                    self._shown.pen.write(strip.crop(first, last), console),
                )


def differing(old: Strip | None, new: Strip) -> list[tuple[int, int]]:
    """Ranges of cells (from, to) of `new` that are not as in `old`, near ones joined."""
    whole = [(0, new.cell_length)]
    if old is None or old.cell_length != new.cell_length:
        return whole
    if old == new:
        return []
    before, after = _cells(old), _cells(new)
    if not len(before) == len(after) == new.cell_length:
        return whole  # text whose cells cannot be told one by one
    ranges: list[tuple[int, int]] = []
    for at in compress(range(len(after)), map(ne, before, after)):
        if ranges and at - ranges[-1][1] <= _NEAR:
            ranges[-1] = ranges[-1][0], at + 1
        else:
            ranges.append((at, at + 1))
    return ranges


def _cells(strip: Strip) -> list[_Cell]:
    """One entry a cell; the second one of a wide character differs from every first one."""
    cells: list[_Cell] = []
    for text, style, _ in strip:
        if text.isascii():
            cells += zip(text, repeat(style))
            continue
        for char in text:
            size = cell_len(char)
            if not size and cells:
                cells[-1] = (cells[-1][0] + char, style)
            cells += [(char, style), (char + "\0", style)][:size]
    return cells
