"""The `:` line with its completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from engine.api import line
from fluxtui.commands import COMMANDS
from fluxtui.screens.dialogs.base import SheetScreen
from fluxtui.view.goto import Completion, Known, complete, completion_lines
from fluxtui.view.text import Line, Role, Span, tail
from fluxtui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from fluxtui.screens.desk import Desk

_LONGEST = 200


class GotoScreen(SheetScreen[Completion]):
    """Dismissed with the completion that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Go", id="goto.choose"),
        Binding("tab", "fill", "Complete", id="goto.fill"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(Sheet(width=90, cursor=True))
        self.desk = desk
        self.typed = ""
        self.found: list[Completion] = []

    def draw(self) -> None:
        """The completions under the typed line, which is the title."""
        commands = [(command.id, command.title) for command in COMMANDS]
        self.found = complete(self.typed, Known(self.desk.snapshot, commands, self.console.contexts))
        cells = self.sheet.cells
        typed: Line = (
            Span(":", Role.ACCENT, strong=True),
            Span(tail(self.typed, cells - 4)),
            Span("▏", Role.ACCENT),
        )
        self.sheet.show(typed, completion_lines(self.found, cells, self.typed))

    def on_key(self, event: events.Key) -> None:
        """Typing narrows the completions."""
        if event.key == "backspace":
            if not self.typed:
                self.dismiss(None)
                return
            self.typed = self.typed[:-1]
        elif event.key == "ctrl+u":
            self.typed = ""
        elif event.character and event.is_printable:
            self.typed = (self.typed + event.character)[:_LONGEST]
        else:
            return
        event.stop()
        self.sheet.cursor = 0
        self.draw()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is typed text."""
        self.typed = (self.typed + line(event.text))[:_LONGEST]
        self.draw()

    def action_fill(self) -> None:
        """Tab takes over the text under the cursor."""
        if self.found:
            self.typed = self.found[self.sheet.cursor].text
            self.draw()

    def action_choose(self) -> None:
        """Enter."""
        if self.found:
            self.dismiss(self.found[self.sheet.cursor])
