"""The history of places: which panel, which object, which pane."""

from __future__ import annotations

from dataclasses import dataclass

from engine.api import Ref
from fluxtui.view.pane import Mode

_KEPT = 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody was."""

    panel: str
    ref: Ref | None
    mode: Mode


class Places:
    """Back and forward, as in a browser."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._at = -1

    def visit(self, place: Place) -> None:
        """Remember a place; what was ahead is forgotten."""
        if self._at >= 0 and self._places[self._at] == place:
            return
        self._places = [*self._places[: self._at + 1], place][-_KEPT:]
        self._at = len(self._places) - 1

    def go(self, step: int) -> Place | None:
        """The place `step` away, None at the ends."""
        at = self._at + step
        if not 0 <= at < len(self._places):
            return None
        self._at = at
        return self._places[at]
