"""The rollback chooser: earlier revisions of a Kustomization's source, and what going back to each would change."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer

from engine.api import (
    Answer,
    Command,
    Effect,
    EffectOf,
    EngineError,
    Ref,
    RevisionChoice,
    Revisions,
    Rollback,
    Snapshot,
)
from fluxtui.bridge import Question
from fluxtui.screens.dialogs.base import SheetScreen
from fluxtui.view import rollback
from fluxtui.view.text import Role, Span
from fluxtui.widgets.sheet import Sheet

_REST = 0.15
"""Seconds that the cursor rests on a revision before its effect is computed."""


class RollbackChooser(SheetScreen[tuple[Command, ...]]):
    """Dismissed with a Rollback to propose, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose", id="rollback.choose"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        Binding("q", "leave", "Leave", show=False),
    ]

    def __init__(self, ref: Ref, snapshot: Snapshot) -> None:
        super().__init__(Sheet(width=110, cursor=True))
        self.ref = ref
        self.snapshot = snapshot
        self.choices: tuple[RevisionChoice, ...] = ()
        self.error: EngineError | None = None
        self.answered = False
        self.effects: dict[str, Effect | EngineError] = {}
        self.complaint = ""
        self._questions: list[Question] = []
        self._rest: Timer | None = None

    def on_mount(self) -> None:
        """Ask for the revisions."""
        super().on_mount()
        self._questions.append(self.console.bridge.ask(Revisions(self.ref), self._revisions))

    def on_unmount(self) -> None:
        """What is still being computed is for nobody."""
        for question in self._questions:
            question.cancel()

    def _revisions(self, answer: Answer) -> None:
        self.answered = True
        self.error = answer.error
        if isinstance(answer.value, tuple):
            first = not self.choices
            self.choices = answer.value
            if first:
                self.sheet.cursor = rollback.first_choice(self.choices)
        self.draw()
        self._ask_soon()

    def _ask_soon(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_REST, self._ask)

    @property
    def chosen(self) -> RevisionChoice | None:
        """The revision under the cursor."""
        return self.choices[self.sheet.cursor] if self.sheet.cursor < len(self.choices) else None

    def _ask(self) -> None:
        choice = self.chosen
        if choice is None or choice.current or choice.why_not or choice.revision in self.effects:
            return
        query = EffectOf(self.ref, Rollback(self.ref, choice.revision))
        self._questions.append(self.console.bridge.ask(query, self._effect))

    def _effect(self, answer: Answer) -> None:
        query = answer.query
        if isinstance(query, EffectOf) and isinstance(query.command, Rollback):
            value = answer.error if answer.error is not None else answer.value
            if isinstance(value, Effect | EngineError):
                self.effects[query.command.revision] = value
            self.draw()

    def draw(self) -> None:
        """The revisions, and below them what the one under the cursor would do."""
        cells, now = self.sheet.cells, self.console.now()
        name = f"{self.ref.namespace}/{self.ref.name}"
        title = (Span("Roll back ", Role.ACCENT, strong=True), Span(name, strong=True))
        lines = rollback.choice_lines(self.choices, cells, now)
        if not lines:
            lines = rollback.nothing_lines(self.error, self.answered, cells)
        choice = self.chosen
        below = rollback.below_line(choice, self.effects.get(choice.revision) if choice else None, cells)
        last = (Span(self.complaint, Role.FAIL),) if self.complaint else below
        self.sheet.show(title, lines, last)

    def action_move(self, by: int) -> None:
        """Another revision: its effect is asked for when the cursor rests."""
        super().action_move(by)
        self.complaint = ""
        self.draw()
        self._ask_soon()

    def action_choose(self) -> None:
        """Propose it."""
        choice = self.chosen
        if choice is None:
            return
        if choice.current or choice.why_not:
            self.complaint = choice.why_not or "This is what is applied now."
            self.draw()
            return
        self.dismiss((Rollback(self.ref, choice.revision),))
