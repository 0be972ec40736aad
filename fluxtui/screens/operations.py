"""The operations board: every act of this console, with its steps and durations."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.api import Command, Snapshot, Undo
from fluxtui.screens.dialogs.base import SheetScreen
from fluxtui.view.operations import operation_line, whole
from fluxtui.view.text import Role, Span
from fluxtui.widgets.sheet import Sheet


class OperationsScreen(SheetScreen[tuple[Command, ...]]):
    """Dismissed with an Undo, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "undo", "Undo", id="operations.undo"),
        Binding("O,q", "leave", "Leave", id="operations.leave"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(Sheet(width=150, cursor=True))
        self.snapshot = snapshot
        self.complaint = ""

    def on_mount(self) -> None:
        """Durations of what runs go on while it is open."""
        super().on_mount()
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if any(not operation.progress.final for operation in self.snapshot.operations):
            self.draw()

    def follow(self, snapshot: Snapshot) -> None:
        """Operations go on."""
        self.snapshot = snapshot
        self.draw()

    def draw(self) -> None:
        """Newest first."""
        console, cells = self.console, self.sheet.cells
        zone, letters = console.painter.zone, console.painter.letters
        operations = self.snapshot.operations
        lines = [operation_line(item, cells, console.now(), zone, letters=letters) for item in operations]
        nothing = [(Span("Nothing was asked of this cluster yet: R, T and B do.", Role.DIM),)]
        running = sum(1 for item in self.snapshot.operations if not item.progress.final)
        title = (Span("Operations", Role.ACCENT, strong=True), Span(f"  {running} running", Role.DIM))
        key = [Span("U", Role.ACCENT, strong=True), Span("Esc", Role.ACCENT, strong=True)]
        keys = (key[0], Span(" undo    "), key[1], Span(" leave"))
        last = (*keys, Span(f"    {self.complaint}", Role.WARN)) if self.complaint else keys
        chosen = operations[self.sheet.cursor : self.sheet.cursor + 1]
        below = [line for item in chosen for line in whole(item, cells, console.now())]
        self.sheet.show(title, lines or nothing, last, below)

    def action_move(self, by: int) -> None:
        """Another operation is told in full."""
        super().action_move(by)
        self.complaint = ""
        self.draw()

    def action_undo(self) -> None:
        """Take back the operation under the cursor."""
        operations = self.snapshot.operations
        if not operations:
            return
        operation = operations[self.sheet.cursor]
        if operation.undoable and not self.snapshot.read_only:
            self.dismiss((Undo(operation.ref, operation=operation.id),))
            return
        self.complaint = "read-only" if self.snapshot.read_only else f"This {operation.verb} cannot be taken back."
        self.draw()
