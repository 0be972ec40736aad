"""What the engine is asked about the selection: once the cursor rests, and one thing at a time."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

from fluxtui.bridge import Question
from fluxtui.view.pane import query_for

if TYPE_CHECKING:
    from fluxtui.screens.main import MainScreen

_REST = 0.08
"""Seconds that the cursor rests before the engine is asked about what is under it."""


class Inquiry:
    """Asks for what the pane shows; what was asked before about something else is dropped."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._question: tuple[tuple[object, ...], Question] | None = None
        self._timer: Timer | None = None
        self._until = 0.0

    def rest(self) -> None:
        """Ask soon, unless the cursor moves meanwhile: one timer for a whole run of keys."""
        self._until = monotonic() + _REST
        if self._timer is None:
            self._timer = self.screen.set_timer(_REST, self._rested)

    def _rested(self) -> None:
        left = self._until - monotonic()
        self._timer = self.screen.set_timer(left, self._rested) if left > 0 else None
        if self._timer is None:
            self._ask()

    def _ask(self) -> None:
        screen, ref = self.screen, self.screen.selected
        if ref is None:
            return
        screen.bridge.focus((ref,))
        screen.visit()
        query = query_for(screen.pane.mode, ref)
        resource = screen.snapshot.resources.get(ref)
        key = (query, resource.resource_version if resource else "", screen.bridge)
        if self._question is not None:
            if self._question[0] == key:
                return
            self._question[1].cancel()
            self._question = None
        if query is not None:
            self._question = (key, screen.bridge.ask(query, screen.take))
