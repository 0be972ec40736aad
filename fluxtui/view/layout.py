"""How many lines each panel gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDE: Final = 110
"""Columns from which the pane stands at the right."""
_FOCUS_SHARE: Final = 0.4
_LEAST: Final = 3
"""A box with one row."""
_PANE_FROM: Final = 18
"""Lines of a narrow screen from which the pane is shown without being asked for."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one panel would like: rows in all, and rows that tell of something wrong."""

    rows: int
    faults: int = 0


def stacked(total: int, needs: Sequence[Need], focused: int) -> list[int]:
    """Heights of the boxes of a wide screen; they add up to `total`.

    Every panel gets what its rows need while that fits; the focused one at least 40 %; panels with nothing wrong shrink
    before those with faults do. The last panel (events) takes what is left over.
    """
    wants = [max(_LEAST, need.rows + 2) for need in needs]
    least = _LEAST if total >= _LEAST * len(needs) else 1
    heights = [least] * len(needs)
    if 0 <= focused < len(needs):
        heights[focused] = max(least, min(wants[focused], int(total * _FOCUS_SHARE)))
    left = total - sum(heights)
    for goals in ([need.faults + 2 if need.faults else 0 for need in needs], wants):
        while left > 0:
            short = [n for n, goal in enumerate(goals) if heights[n] < goal]
            if not short:
                break
            heights[min(short, key=lambda n: heights[n])] += 1
            left -= 1
    heights[-1] += left
    return heights


def narrow(total: int, panels: int, focused: int, *, pane_focused: bool) -> tuple[list[int], int]:
    """Heights of the panels and of the pane on a narrow screen: the focused panel is open, the others are titles."""
    heights = [1] * panels
    room = total - (panels - 1)
    pane = 0
    if total + 2 >= _PANE_FROM or pane_focused:
        pane = max(4, room * 2 // 3) if pane_focused else max(4, room // 3)
    heights[focused] = max(1, room - pane)
    return heights, pane
