"""The dialog before an act: what it will do, as far as it is known; Enter acts at any time, Esc leaves.

It appears with what the snapshot knows and fills in while the engine computes. Where a word has to be typed (for a
deletion, or the source a bootstrap lives in), Enter acts only then; where it isn't known yet whether one has to, Enter
waits for that and then acts or asks. Suspending takes an optional reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from engine.api import Answer, Command, Effect, EffectOf, Reconcile, Snapshot, Suspend, line
from fluxtui.bridge import Question
from fluxtui.screens.dialogs.base import SheetScreen
from fluxtui.view.effect import Answered, Proposal, keys_line, lines, title
from fluxtui.view.text import Line, Role, Span, tail
from fluxtui.widgets.sheet import Sheet

_ASKED = 20
"""Effects computed for a bulk act; beyond, the objects are only listed."""
_REASON = 200
"""Characters of a reason: it becomes an annotation."""
_WAITING = "Enter is noted: it acts as soon as it is known whether a word has to be typed. Esc leaves."

Intents = tuple[Command, ...]


class EffectDialog(SheetScreen[Intents]):
    """Dismissed with the intents to submit, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "act", "Act", id="effect.act"),
        Binding("ctrl+p", "parent", "Suspend the parent instead", id="effect.parent"),
    ]

    def __init__(self, intents: Intents, snapshot: Snapshot) -> None:
        super().__init__(Sheet(width=96))
        self.intents = intents
        self.snapshot = snapshot
        self.effects: dict[Command, Answered] = {}
        self.typed = ""
        self.complaint = ""
        self.waiting = False
        """Whether Enter was pressed before it was known if a word has to be typed."""
        self._questions: list[Question] = []

    def on_mount(self) -> None:
        """Show it at once, then ask."""
        super().on_mount()
        self._ask()

    def on_unmount(self) -> None:
        """What is still being computed is for nobody."""
        self._cancel()

    def follow(self, snapshot: Snapshot) -> None:
        """Newer revisions and connections show through."""
        self.snapshot = snapshot
        self.draw()

    def _cancel(self) -> None:
        for question in self._questions:
            question.cancel()
        self._questions = []

    def _ask(self) -> None:
        self._cancel()
        self.effects = {}
        for intent in self.intents[:_ASKED]:
            self._questions.append(self.console.bridge.ask(EffectOf(intent.ref, intent), self._answered))

    def _answered(self, answer: Answer) -> None:
        if isinstance(answer.query, EffectOf):
            if answer.error is not None:
                self.effects[answer.query.command] = answer.error
            elif isinstance(answer.value, Effect):
                self.effects[answer.query.command] = answer.value
            if self.waiting and not self.proposal.must_wait:
                self.waiting = False
                self.action_act()
            else:
                self.draw()

    # --- drawing -----------------------------------------------------------------------------------

    @property
    def proposal(self) -> Proposal:
        """What is proposed and known now."""
        production = self.snapshot.connection.context in self.console.settings.production
        return Proposal(self.intents, self.snapshot, self.effects, production)

    @property
    def asks_reason(self) -> bool:
        """Whether a reason may be typed."""
        return isinstance(self.intents[0], Suspend)

    def draw(self) -> None:
        """Title, dangers, effect, the typed line, keys."""
        proposal, cells = self.proposal, self.sheet.cells
        body = lines(proposal, cells)
        if proposal.confirm:
            body += [(), self._typed_line(f"type {proposal.confirm} to go on: ", cells)]
        elif self.asks_reason:
            body += [(), self._typed_line("reason (optional): ", cells)]
        if self.waiting:
            body.append((Span(_WAITING, Role.ACCENT),))
        if self.complaint:
            body.append((Span(self.complaint, Role.FAIL),))
        self.sheet.show(title(self.intents), body, keys_line(proposal, cells))

    def _typed_line(self, label: str, cells: int) -> Line:
        return (Span(label, Role.DIM), Span(tail(self.typed, cells - len(label) - 1)), Span("▏", Role.ACCENT))

    # --- keys --------------------------------------------------------------------------------------

    @property
    def types(self) -> bool:
        """Whether letters are text rather than keys."""
        return bool(self.proposal.confirm) or self.asks_reason

    def on_key(self, event: events.Key) -> None:
        """Text where text is wanted; else the flags of a reconcile."""
        if not self.types:
            if not self._toggle(event.key):
                return
        elif event.key == "backspace":
            self.typed = self.typed[:-1]
        elif event.key == "ctrl+u":
            self.typed = ""
        elif event.character and event.is_printable:
            self.typed = (self.typed + event.character)[:_REASON]
        else:
            return
        event.stop()
        self.complaint = ""
        self.draw()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is typed text."""
        if self.types:
            self.typed = (self.typed + line(event.text))[:_REASON]
            self.draw()

    def _toggle(self, key: str) -> bool:
        """Flip a flag of the reconcile; False for every other key."""
        flips: dict[str, Callable[[Reconcile], Reconcile]] = {
            "w": lambda intent: replace(intent, with_source=not intent.with_source),
            "f": lambda intent: replace(intent, force=not intent.force),
            "r": lambda intent: replace(intent, reset=not intent.reset),
        }
        flip = flips.get(key)
        if flip is None or not all(isinstance(intent, Reconcile) for intent in self.intents):
            return False
        self.intents = tuple(flip(intent) for intent in self.intents if isinstance(intent, Reconcile))
        self._ask()
        return True

    def action_act(self) -> None:
        """Enter."""
        proposal = self.proposal
        if proposal.refused:
            self.dismiss(None)
            return
        if proposal.confirm and self.typed != proposal.confirm:
            self.complaint = f"Nothing was sent: type {proposal.confirm} first."
        elif proposal.must_wait:
            self.waiting = True
        else:
            self.dismiss(self._decided())
            return
        self.draw()

    def action_parent(self) -> None:
        """Propose to suspend what would take this suspension back; the reason typed so far stays."""
        parent = self.proposal.parent
        if parent is not None:
            self.intents = (Suspend(parent),)
            self._ask()
            self.draw()

    def _decided(self) -> Intents:
        reason = self.typed.strip()
        return tuple(
            replace(intent, reason=reason) if isinstance(intent, Suspend) and reason else intent
            for intent in self.intents
        )
