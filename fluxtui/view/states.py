"""How each state looks and in which order states come. Colour repeats the glyph's meaning, never replaces it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from engine.api import State
from fluxtui.view.text import Role


class Look(NamedTuple):
    """A state's glyph, its letter for terminals without colour or Unicode, its role and its word in titles."""

    glyph: str
    letter: str
    role: Role
    word: str


LOOKS: Final = MappingProxyType(
    {
        State.FAILING: Look("✗", "F", Role.FAIL, "failing"),
        State.STALLED: Look("!", "X", Role.STALLED, "stalled"),
        State.DRIFTED: Look("≠", "d", Role.WARN, "drifted"),
        State.SUSPENDED: Look("‖", "s", Role.SUSPENDED, "suspended"),
        State.RECONCILING: Look("↻", "p", Role.ACCENT, "reconciling"),
        State.UNKNOWN: Look("?", "u", Role.UNKNOWN, "unknown"),
        State.READY: Look("✓", "r", Role.OK, "ready"),
        State.BLOCKED: Look("↳", "b", Role.DIM, "blocked"),
    }
)

RANK: Final = MappingProxyType({state: rank for rank, state in enumerate(LOOKS)})
FAULTS: Final = frozenset({State.FAILING, State.STALLED, State.BLOCKED, State.DRIFTED})
"""What "faults only" keeps."""


def glyph(state: State, letters: bool) -> str:
    """One cell: the state's glyph, or its letter."""
    look = LOOKS[state]
    return look.letter if letters else look.glyph
