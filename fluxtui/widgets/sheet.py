"""A framed sheet of lines over the main screen: dialogs, boards, help. It scrolls; it may have a cursor."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment

from fluxtui.view.text import Line, Role, Span, fit
from fluxtui.widgets.framed import Framed


class Sheet(Framed):
    """Lines with a title, and lines below them that never scroll."""

    def __init__(self, *, width: int = 100, cursor: bool = False, full: bool = False) -> None:
        super().__init__()
        self.title: Line = ()
        self.lines: Sequence[Line] = ()
        self.below: Sequence[Line] = ()
        self.top = 0
        self.cursor = 0 if cursor else -1
        self._wanted = width
        self._full = full

    @property
    def cells(self) -> int:
        """The width that lines are made for."""
        room = self.app.size.width
        return (room if self._full else min(self._wanted, room)) - 4

    def show(self, title: Line, lines: Sequence[Line], last: Line = (), below: Sequence[Line] = ()) -> None:
        """Draw these lines; the sheet is as high as they need, at most the screen.

        `last` (the keys) and `below` (about the line under the cursor) stay where they are while the lines scroll.
        """
        room = self.app.size.height
        self.title, self.lines = title, lines
        kept = [(), *below[: room // 3]] if below else []
        self.below = [*kept, *([(), last] if last else [])]
        height = room if self._full else min(room, len(lines) + 2 + len(self.below))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        wide = self.cells + 4
        if self.styles.width is None or self.styles.width.value != wide:
            self.styles.width = wide
        if self.cursor >= 0:
            self.cursor = max(0, min(self.cursor, len(lines) - 1))
        self.refresh()

    @property
    def list_height(self) -> int:
        """Lines that scroll."""
        return max(1, self.body_height - len(self.below))

    def move(self, by: int) -> None:
        """Move the cursor, or scroll where there is none."""
        last = len(self.lines) - 1
        if self.cursor >= 0:
            self.cursor = max(0, min(self.cursor + by, last))
            self.top = max(min(self.top, self.cursor), self.cursor - self.list_height + 1)
        else:
            self.top = max(0, min(self.top + by, len(self.lines) - self.list_height))
        self.refresh()

    def title_line(self) -> Line:
        """What it is about."""
        return self.title

    def border_role(self) -> Role:
        """It has the attention."""
        return Role.ACCENT

    def body(self, y: int, cells: int) -> list[Segment]:
        """A line, with a blank at both sides; the last one holds the keys."""
        if y >= self.list_height:
            index = y - self.list_height
            line, over = self.below[index] if index < len(self.below) else (), ""
        else:
            index = self.top + y
            line = self.lines[index] if index < len(self.lines) else ()
            over = self.painter.palette.cursor if index == self.cursor and index < len(self.lines) else ""
        return self.painter.segments((Span(" "), *fit(line, cells - 2)), cells, over)
