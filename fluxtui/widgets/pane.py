"""The large pane about the selection: lines of one mode, drawn when visible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region

from engine.api import Answer, Query, Ref
from fluxtui.view.overview import Subject
from fluxtui.view.pane import Content, Mode, brief, content, title_line
from fluxtui.view.text import Line, Role, Span, fit, shift
from fluxtui.widgets.framed import Framed


class Pane(Framed):
    """Shows a `Subject` in a `Mode`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_by(1)", "Down", id="pane.down", show=False),
        Binding("up,k", "scroll_by(-1)", "Up", id="pane.up", show=False),
        Binding("home,g", "scroll_to_line(0)", "Top", id="pane.top", show=False),
        Binding("end,G", "scroll_to_line(-1)", "Bottom", id="pane.bottom", show=False),
        Binding("pagedown,ctrl+f", "scroll_page(1)", "Page down", id="pane.page_down", show=False),
        Binding("pageup,ctrl+b", "scroll_page(-1)", "Page up", id="pane.page_up", show=False),
        Binding("right", "shift(8)", "Right", id="pane.right", show=False),
        Binding("left", "shift(-8)", "Left", id="pane.left", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="pane")
        self.mode = Mode.DRIFT
        self.subject: Subject | None = None
        self.top = 0
        self.shifted = 0
        self.whole = False
        """Whether it has the screen to itself."""
        self.answers: dict[type[Query], Answer] = {}
        self._content = Content("", ())
        self._drawn: Sequence[Line] = ()
        self._note = ""

    # --- what it shows -----------------------------------------------------------------------

    def show(self, subject: Subject | None, *, keep_place: bool = True) -> None:
        """Show this subject in the present mode, drawing only when something reads differently."""
        self.subject = subject
        if not keep_place:
            self.top = self.shifted = 0
        self._content = self._make()
        self.top = max(0, min(self.top, len(self._content.lines) - 1))
        before, self._drawn = self._drawn, self._content.lines[self.top : self.top + self.body_height]
        for y, (old, new) in enumerate(zip_longest(before, self._drawn)):
            if old != new:
                self.refresh_body_line(y)
        self.retitle()
        note, self._note = self._note, self.bottom_note()
        if note != self._note:
            self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def _make(self) -> Content:
        if self.subject is None:
            return Content("", [(Span("Nothing is selected.", Role.DIM),)])
        if not self.boxed and not self.whole and not self.has_focus:
            return brief(self.subject, self.mode, max(8, self.body_width - 2))
        return content(self.mode, self.subject, max(8, self.body_width - 2))

    def set_mode(self, mode: Mode) -> None:
        """Show something else of the same object."""
        if mode is not self.mode:
            self.mode = mode
            self.top = self.shifted = 0

    def take(self, answer: Answer) -> None:
        """Keep an answer about the object shown."""
        self.answers[type(answer.query)] = answer

    @property
    def ref(self) -> Ref | None:
        """What it is about."""
        return self.subject.ref if self.subject is not None else None

    @property
    def text(self) -> str:
        """All of it as plain text, for the clipboard."""
        return "\n".join("".join(span.text for span in line).rstrip() for line in self._content.lines)

    def on_resize(self) -> None:
        """Other widths break lines elsewhere."""
        self.show(self.subject)
        self.refresh()

    def on_focus(self) -> None:
        """The border shows the focus; a small pane shows more when it has it."""
        self.show(self.subject)
        self.refresh()

    def on_blur(self) -> None:
        """The border shows the focus."""
        self.show(self.subject)
        self.refresh()

    # --- scrolling ---------------------------------------------------------------------------

    def action_scroll_by(self, lines: int) -> None:
        """Scroll by lines."""
        last = max(0, len(self._content.lines) - max(1, self.body_height))
        top = max(0, min(self.top + lines, last))
        if top != self.top:
            self.top = top
            self._drawn = self._content.lines[top : top + self.body_height]
            self.refresh()

    def action_scroll_to_line(self, line: int) -> None:
        """Scroll to the first or (-1) the last line."""
        self.action_scroll_by((line if line >= 0 else len(self._content.lines)) - self.top)

    def action_scroll_page(self, pages: int) -> None:
        """Scroll by what is visible."""
        self.action_scroll_by(pages * max(1, self.body_height - 1))

    def action_shift(self, cells: int) -> None:
        """Move long lines to the left and back."""
        shifted = max(0, self.shifted + cells)
        if shifted != self.shifted:
            self.shifted = shifted
            self.refresh()

    # --- drawing -----------------------------------------------------------------------------

    def title_line(self) -> Line:
        """Whose pane it is, and what it shows."""
        if self.subject is None:
            return (Span("nothing selected", Role.DIM),)
        return title_line(self.subject, self._content, focused=self.has_focus, short=not self.boxed)

    def right_line(self) -> Line:
        """How old it is."""
        return (Span(self._content.right, Role.DIM),) if self._content.right else ()

    def bottom_note(self) -> str:
        """How much there is, when not everything is visible."""
        count = len(self._content.lines)
        return f"{min(count, self.top + self.body_height)} of {count}" if count > self.body_height else ""

    def body(self, y: int, cells: int) -> list[Segment]:
        """A line of the content, with a blank before and after it."""
        index = self.top + y
        line = self._content.lines[index] if index < len(self._content.lines) else ()
        if self.shifted:
            line = shift(line, self.shifted)
        return self.painter.segments((Span(" "), *fit(line, cells - 2)), cells)
