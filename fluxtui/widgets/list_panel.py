"""A panel of lines with a cursor: only what is visible is drawn, and only what changed is drawn again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from engine.api import Ref
from fluxtui.view.text import Line, Role, Span, plain, wrap
from fluxtui.widgets.framed import Framed

_KEPT = 512
"""Lines kept ready: a few screenfuls."""


class ListPanel(Framed):
    """Lines to move through. Subclasses say how many there are and what each looks like."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="move.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="move.up", show=False),
        Binding("home,g", "move_to(0)", "Top", id="move.top", show=False),
        Binding("end,G", "move_to(-1)", "Bottom", id="move.bottom", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", id="move.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="move.page_up", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on another object (or on none)."""

        panel: ListPanel
        ref: Ref | None
        scrolled: bool = False
        """Whether other lines are visible now."""

        @property
        def control(self) -> ListPanel:
            """The panel."""
            return self.panel

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.cursor = 0
        self.top = 0
        self._lines: LRUCache[Hashable, Strip] = LRUCache(_KEPT)
        self.touched = False
        """Whether a person moved the cursor: until then it stays on the first line, wherever rows go."""

    # --- what subclasses say -----------------------------------------------------------------

    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def line_at(self, index: int, cells: int) -> Line:
        """One line."""
        raise NotImplementedError

    def ref_at(self, index: int) -> Ref | None:
        """The object that a line is about."""
        raise NotImplementedError

    def look(self, index: int, cells: int) -> Hashable:
        """Everything that changes how a line looks."""
        return self.line_at(index, cells)

    def empty_line(self) -> Line:
        """What is said when there is no line."""
        return ()

    def empty_lines(self, cells: int) -> list[Line]:
        """The same, wrapped: a sentence that is cut helps nobody."""
        line = self.empty_line()
        return [(Span(" "), Span(text, line[0].role)) for text in wrap(plain(line), cells - 2)] if line else []

    # --- cursor ------------------------------------------------------------------------------

    @property
    def selected(self) -> Ref | None:
        """The object under the cursor."""
        return self.ref_at(self.cursor) if 0 <= self.cursor < self.line_count() else None

    def action_move(self, by: int) -> None:
        """Move by lines."""
        self.move_to(self.cursor + by)

    def action_move_to(self, index: int) -> None:
        """Move to a line; -1 is the last."""
        self.move_to(index if index >= 0 else self.line_count() - 1)

    def action_page(self, pages: int) -> None:
        """Move by what is visible."""
        self.move_to(self.cursor + pages * max(1, self.body_height - 1))

    def move_to(self, index: int) -> None:
        """Put the cursor on a line, in this very frame, and tell."""
        self.touched = True
        index = max(0, min(index, self.line_count() - 1))
        index, top = self.leave(index), self.top
        self.place(index)
        self.post_message(self.Moved(self, self.selected, self.top != top))

    def leave(self, to: int) -> int:
        """The cursor is about to leave its line; returns where `to` is afterwards."""
        return to

    def place(self, index: int) -> None:
        """Put the cursor on a line without telling anybody."""
        old, self.cursor = self.cursor, max(0, min(index, self.line_count() - 1))
        if self.scroll_into_view():
            self.refresh()
        else:
            self.refresh_body_line(old - self.top)
            self.refresh_body_line(self.cursor - self.top)
            if self.boxed and self.bottom_note():
                self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def scroll_into_view(self) -> bool:
        """Move the window so that the cursor is in it; True when it moved."""
        height = max(1, self.body_height)
        top = min(self.top, max(0, self.line_count() - height))
        if self.cursor < top:
            top = self.cursor
        elif self.cursor >= top + height:
            top = self.cursor - height + 1
        moved, self.top = top != self.top, top
        return moved

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.scroll_into_view()
        self.refresh()

    # --- drawing -----------------------------------------------------------------------------

    def bottom_note(self) -> str:
        """Where the window is, when not everything is visible."""
        count = self.line_count()
        if count <= self.body_height or self.body_height == 0:
            return ""
        return f"{self.cursor + 1} of {count}"

    def body(self, y: int, cells: int) -> list[Segment]:
        """A line of the list, with the cursor over its first cell."""
        index = self.top + y
        count = self.line_count()
        if index >= count:
            empty = () if count else self.empty_lines(cells)
            return self.painter.segments(empty[y] if y < len(empty) else (), cells)
        line = self.line_at(index, cells - 1)
        if index != self.cursor:
            return self.painter.segments(line, cells)
        palette = self.painter.palette
        over = palette.cursor if self.has_focus else palette.cursor_blurred
        bar = Span("▌" if self.has_focus and over != "reverse" else " ", Role.ACCENT, strong=True)
        if line and line[0].text.strip():
            bar = line[0]
        return self.painter.segments((bar, *_without_first_cell(line)), cells, over)

    def body_strip(self, y: int, role: Role) -> Strip:
        """Lines without the cursor are kept: scrolling brings the same ones again and again."""
        index = self.top + y
        if index >= self.line_count() or index == self.cursor:
            return super().body_strip(y, role)
        cells = self.body_width
        key = (self.look(index, cells - 1), cells, self.boxed, role, self.painter)
        strip = self._lines.get(key)
        if strip is None:
            strip = self._lines[key] = super().body_strip(y, role)
        return strip

    def on_click(self, event: object) -> None:
        """A click moves the cursor (where the mouse is on)."""
        y = getattr(event, "y", 0) - 1
        if 0 <= y < self.body_height and self.top + y < self.line_count():
            self.move_to(self.top + y)


def _without_first_cell(line: Line) -> Line:
    if not line:
        return ()
    first, *rest = line
    return (first._replace(text=first.text[1:]), *rest)
