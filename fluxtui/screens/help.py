"""Help: what works here, from the commands themselves."""

from __future__ import annotations

from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType

from engine.api import Snapshot
from fluxtui.commands import COMMANDS, Group, Selection
from fluxtui.screens.dialogs.base import SheetScreen
from fluxtui.view.help import help_lines
from fluxtui.view.text import Role, Span
from fluxtui.widgets.sheet import Sheet


class Desk(Protocol):
    """Whose commands are explained."""

    @property
    def snapshot(self) -> Snapshot:
        """What is on screen."""

    def selection(self) -> Selection:
        """What commands would be about."""

    def key_of(self, command: str) -> str:
        """The key of a command."""


class HelpScreen(SheetScreen[None]):
    """Every command with its key and id; what does not apply to the selection says why."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q", "leave", "Leave", id="help.leave"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(Sheet(width=110))
        self.desk = desk

    def draw(self) -> None:
        """The sections, one after the other."""
        selection, snapshot = self.desk.selection(), self.desk.snapshot
        sections = [
            (
                str(group),
                [
                    (self.desk.key_of(command.id), command.title, command.id, command.refusal(selection, snapshot))
                    for command in COMMANDS
                    if command.group is group
                ],
            )
            for group in Group
        ]
        title = (Span("Help", Role.ACCENT, strong=True), Span("  ids are for [keys] in the settings", Role.DIM))
        self.sheet.show(title, help_lines(sections, self.sheet.cells))
