"""Revisions to roll back to, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from engine.api import Effect, EngineError, RevisionChoice
from fluxtui.view import revisions
from fluxtui.view.ages import age
from fluxtui.view.effect import counts
from fluxtui.view.text import Line, Role, Span, fit, pad, pad_left, width, wrap

_FIXED: Final = 2 + 20 + 7 + 2
"""Cells of mark, revision and age, and the gap before what became of it."""
_AUTHOR: Final = 14
_ROOMY: Final = 90
"""Cells from which on there is room for the author."""


def first_choice(choices: Sequence[RevisionChoice]) -> int:
    """The newest revision that can be chosen."""
    return next((n for n, choice in enumerate(choices) if not choice.current and not choice.why_not), 0)


def choice_lines(choices: Sequence[RevisionChoice], cells: int, now: datetime) -> list[Line]:
    """Newest first; the current one and those that cannot be chosen are dim."""
    extras = ["current" if choice.current else choice.why_not or _became(choice) for choice in choices]
    extra_cells = min(max(map(width, extras), default=0), cells // 3)
    author_cells = _AUTHOR if cells >= _ROOMY else 0
    subject_cells = max(10, cells - _FIXED - author_cells - extra_cells)
    lines: list[Line] = []
    for choice, extra in zip(choices, extras, strict=True):
        dim = choice.current or bool(choice.why_not)
        mark = "●" if choice.current else "·" if choice.why_not else " "
        lines.append(
            fit(
                (
                    Span(f"{mark} ", Role.ACCENT),
                    Span(pad(revisions.named(choice.revision), 20), Role.DIM if dim else Role.ACCENT),
                    Span(pad_left(age(choice.time, now), 5) + "  ", Role.DIM),
                    Span(pad(choice.subject, subject_cells), Role.DIM if dim else Role.TEXT),
                    Span(pad(f"  {choice.author}", author_cells) if author_cells else "", Role.DIM),
                    Span("  " + pad(extra, extra_cells), Role.DIM),
                ),
                cells,
            )
        )
    return lines


def _became(choice: RevisionChoice) -> str:
    """`applied, 12 times`, or the reason why not."""
    return choice.applied.replace("ReconciliationSucceeded", "applied")


def nothing_lines(error: EngineError | None, answered: bool, cells: int) -> list[Line]:
    """Why there are no revisions."""
    if error is not None:
        return [(Span(text, Role.WARN),) for text in wrap(str(error), cells)]
    if answered:
        return [(Span("No earlier revision is known: neither history nor git has one.", Role.DIM),)]
    return [(Span("reading history and git…", Role.DIM),)]


def below_line(choice: RevisionChoice | None, effect: Effect | EngineError | None, cells: int) -> Line:
    """What the chosen revision would do, and the keys."""
    keys = (
        Span("Enter", Role.ACCENT, strong=True),
        Span(" choose  "),
        Span("Esc", Role.ACCENT, strong=True),
        Span(" leave"),
    )
    if choice is None:
        return keys
    if choice.why_not:
        said: tuple[Span, ...] = (Span(choice.why_not, Role.WARN),)
    elif choice.current:
        said = (Span("what is applied now", Role.DIM),)
    elif effect is None:
        said = (Span("computing what it changes…", Role.DIM),)
    elif isinstance(effect, EngineError):
        said = (Span(effect.message, Role.WARN),)
    else:
        said = (Span("will  ", Role.DIM), *counts(effect), Span("" if effect.complete else " …", Role.DIM))
    return fit((*keys, Span("    "), *said), cells)
