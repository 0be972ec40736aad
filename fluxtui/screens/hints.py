"""The footer's keys: those that apply to the selection, worked out again only when something about it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxtui.commands import BY_ID, COMMANDS
from fluxtui.view.footer import Hint, footer_line

if TYPE_CHECKING:
    from fluxtui.screens.main import MainScreen


class Hints:
    """Tells the footer of one main screen what its keys do now."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._told: tuple[object, ...] = ()

    def tell(self) -> None:
        """Show the keys that apply now."""
        screen = self.screen
        selection, snapshot = screen.selection(), screen.snapshot
        suspended = all(resource.suspended for resource in selection.resources(snapshot))
        kinds = frozenset(ref.kind for ref in selection.refs)
        whole = screen.pane.whole
        several = len(selection.refs) > 1
        key = (kinds, several, suspended, snapshot.denied, snapshot.read_only, screen.size.width, whole)
        if key == self._told:
            return
        self._told = key
        hints = [
            Hint(screen.key_of(command.id), self._label(command.id), not command.refusal(selection, snapshot))
            for command in COMMANDS
            if command.label and command.shown(selection, snapshot) and not (whole and command.id == "open")
        ]
        if whole:
            hints.insert(0, Hint(screen.key_of("back"), "back"))
        screen.footer.keys(footer_line(hints, screen.size.width))

    def _label(self, command: str) -> str:
        resources = self.screen.selection().resources(self.screen.snapshot)
        if command == "suspend" and resources and all(resource.suspended for resource in resources):
            return "resume"
        return BY_ID[command].label
