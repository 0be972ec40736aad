"""What a command is: id, keys, words for help, and when it applies. Bindings, footer, `:` and help derive from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.api import Command as Intent
from engine.api import Ref, Resource, Snapshot
from fluxtui.view.kinds import PanelId
from fluxtui.view.pane import Mode
from fluxtui.view.rows import Sort


class Group(StrEnum):
    """Sections of the help screen."""

    ACTS = "Acts (each shows its effect first)"
    READS = "What the pane shows"
    MOVES = "Moving"
    NARROWS = "Narrowing"
    OTHERS = "Everything else"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a command would be about: the marks, or else what is under the cursor."""

    refs: tuple[Ref, ...] = ()
    marked: bool = False

    def resources(self, snapshot: Snapshot) -> tuple[Resource, ...]:
        """Those of the objects that still exist."""
        return tuple(snapshot.resources[ref] for ref in self.refs if ref in snapshot.resources)


class Console(Protocol):
    """What commands ask of the main screen."""

    @property
    def snapshot(self) -> Snapshot:
        """What is on screen."""

    def selection(self) -> Selection:
        """The marks, or what is under the cursor."""

    def propose(self, intents: tuple[Intent, ...]) -> None:
        """Show the effect of these intents, and submit them if the person says so."""

    def edit(self, ref: Ref) -> None:
        """Let the person edit the object as text, and propose what was changed."""

    def choose_revision(self, ref: Ref) -> None:
        """Open the rollback chooser."""

    def show_mode(self, mode: Mode) -> None:
        """Set what the pane shows."""

    def open_pane(self) -> None:
        """Give the pane the screen."""

    def go_back(self) -> None:
        """Esc: take back the last narrowing, or close what is open."""

    def focus_panel(self, step: int) -> None:
        """Go round the panels."""

    def go(self, step: int) -> None:
        """Walk the history of places."""

    def filter(self) -> None:
        """Open the filter line of the focused panel."""

    def prompt(self) -> None:
        """Open the `:` line."""

    def sort_by(self, sort: Sort) -> None:
        """Order the focused panel."""

    def toggle_faults(self) -> None:
        """Show faults only, or everything."""

    def set_namespace(self, namespace: str) -> None:
        """Narrow all panels to one namespace; "" is all."""

    def favourite(self, number: int) -> str:
        """The namespace on a number key, or ""."""

    def toggle_mark(self) -> None:
        """Mark the object under the cursor."""

    def mark_all(self) -> None:
        """Mark everything shown in the focused panel."""

    def copy(self) -> None:
        """Copy the selection's name, or the pane's text."""

    def open_help(self) -> None:
        """The help screen."""

    def open_operations(self) -> None:
        """The operations board."""

    def say(self, text: str) -> None:
        """A sentence in the footer."""

    def restart_engine(self) -> None:
        """After a crash."""

    def focus_on(self, panel: PanelId) -> None:
        """Put the focus on a panel."""

    def redraw(self) -> None:
        """Write the whole screen to the terminal."""

    def leave(self) -> None:
        """End the program."""


class Command(ABC):
    """One thing a key does."""

    id: str
    keys: str
    title: str
    """As in help and after `:`."""
    label: str = ""
    """As in the footer; "" stays out of it."""
    group: Group = Group.OTHERS
    needs: str = ""
    """The Kubernetes verb that the selection's resource must allow."""
    acts: bool = False

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """Why the command does not apply now, as a sentence; "" when it does."""
        if self.acts and not selection.resources(snapshot):
            return f"{self.title}: nothing is selected."
        if self.acts and snapshot.read_only:
            return f"{self.title}: this console is read-only (--read-only)."
        return _denied(self.title, self.needs, selection, snapshot) if self.needs else ""

    def shown(self, selection: Selection, snapshot: Snapshot) -> bool:
        """Whether the footer offers it at all for this selection."""
        return True

    @abstractmethod
    def run(self, console: Console) -> None:
        """Do it."""


def _denied(title: str, verb: str, selection: Selection, snapshot: Snapshot) -> str:
    for ref in selection.refs:
        status = snapshot.kinds.get(ref.kind)
        if status is not None and (verb, f"{status.plural}.{status.group}") in snapshot.denied:
            return f"{title}: you may not {verb} {status.plural}.{status.group} (missing verb: {verb})."
    return ""
