"""Intents on their way to the engine: their dialog first, then what became of them; logins and restarts."""

from __future__ import annotations

import logging
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from engine.api import Command, Delete, LoginCommand, Operation, Outcome, Ref, Rollback, Snapshot
from fluxtui.screens.editing import Editing
from fluxtui.view.operations import ended, news
from fluxtui.view.text import Role
from fluxtui.widgets.resource_table import ResourceTable

if TYPE_CHECKING:
    from fluxtui.screens.main import MainScreen

log = logging.getLogger(__name__)

_WRONG_FOR = 30.0
"""Seconds that a failure stays in the footer; whatever is said next takes its place."""


class Acting:
    """What commands that act ask of the console."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._news: tuple[Operation, ...] = ()
        self._editing = Editing(screen, self.propose)

    @property
    def snapshot(self) -> Snapshot:
        """What is on screen."""
        return self.screen.snapshot

    def say(self, text: str) -> None:
        """A sentence in the footer."""
        self.screen.say(text)

    def propose(self, intents: tuple[Command, ...]) -> None:
        """Show the effect of these intents, and submit them if the person says so."""
        from fluxtui.screens.dialogs.effect import EffectDialog

        if not intents:
            return
        # From now on the cursor stays on what is acted on, wherever the act moves it.
        self.screen.panel.touched = True
        if not self.screen.settings.confirm and not any(isinstance(intent, Rollback | Delete) for intent in intents):
            self.submit(intents)
        else:
            self.screen.app.push_screen(EffectDialog(intents, self.snapshot), self._decided)

    def _decided(self, intents: tuple[Command, ...] | None) -> None:
        if intents:
            self.submit(intents)

    def submit(self, intents: tuple[Command, ...]) -> None:
        """Send them, each once; what became of the last one is said, and `O` has them all."""
        self._news = ()
        for intent in intents:
            self.screen.bridge.submit(intent, partial(self._answered, intent))
        table = self.screen.panel
        if isinstance(table, ResourceTable) and table.marks:
            table.marks.clear()
            table.refresh()

    def _answered(self, intent: Command, outcome: Outcome) -> None:
        if outcome.accepted:
            self._editing.sent(intent)
        if any(item.id == outcome.operation for item in self._news):
            return  # it ended before its beginning was told
        if outcome.accepted:
            self.screen.say(outcome.message or f"{intent.verb} {intent.ref}: requested; O shows it.")
        else:
            self.screen.say(f"{intent.verb} {intent.ref}: {outcome.message}", Role.FAIL)

    def tell_ends(self, old: Snapshot, new: Snapshot) -> None:
        """Say what became of acts that ended between two snapshots; those of one submission are told together."""
        found = ended(old, new)
        if found:
            self._news = (*self._news, *found)
            text, role = news(self._news, self.screen.console.now())
            self.screen.say(text, role, *([] if role is Role.OK else [_WRONG_FOR]))

    def edit(self, ref: Ref) -> None:
        """Lend the terminal to an editor, and propose what it changed."""
        self._editing.begin(ref)

    def choose_revision(self, ref: Ref) -> None:
        """Open the rollback chooser."""
        from fluxtui.screens.rollback import RollbackChooser

        self.screen.app.push_screen(RollbackChooser(ref, self.snapshot), lambda intents: self.propose(intents or ()))

    def restart_engine(self) -> None:
        """After a crash; with a lost connection or login, try again, with the terminal if a login wants it."""
        if any(problem.fatal for problem in self.snapshot.problems):
            self.screen.bridge.restart()
            self.say("The engine starts again.")
            return
        self.screen.bridge.login(self._lend, self._logged_in)

    def _lend(self, command: LoginCommand) -> bytes | None:
        """Give the terminal away for one command; its stdout is the credential and is shown to nobody."""
        try:
            with self.screen.app.suspend():
                sys.stderr.write(f"Logging in to {command.context}: {command.shown}\n")
                ended = subprocess.run(command.argv, env=dict(command.env), stdout=subprocess.PIPE, check=False)
        except (OSError, SuspendNotSupported):
            log.exception("the login could not be run")
            return None
        return ended.stdout if ended.returncode == 0 else None

    def _logged_in(self, outcome: Outcome) -> None:
        text = outcome.message or "Logged in."
        self.screen.say(f"{text[:1].upper()}{text[1:]}", Role.TEXT if outcome.accepted else Role.FAIL)
