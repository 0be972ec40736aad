"""Operations as lines: what was asked of what, how far it is, how long each step took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from engine.api import Operation, Progress
from fluxtui.view.ages import duration
from fluxtui.view.events import clock_time
from fluxtui.view.text import Line, Role, Span, fit, pad

_LOOKS: Final = MappingProxyType(
    {
        Progress.DONE: ("✓", "r", Role.OK),
        Progress.FAILED: ("✗", "F", Role.FAIL),
        Progress.REFUSED: ("✗", "F", Role.FAIL),
        Progress.UNKNOWN: ("?", "u", Role.UNKNOWN),
    }
)
_RUNNING: Final = ("↻", "p", Role.ACCENT)


def _steps(operation: Operation, now: datetime) -> Iterator[str]:
    """`requested`, `handled 0.4 s`, `progressing 3 s`."""
    yield str(Progress.REQUESTED)
    steps = operation.steps or ((Progress.REQUESTED, operation.started),)
    for (_, before), (progress, at) in pairwise(steps):
        yield f"{progress} {duration(before, at)}"
    if not operation.progress.final:
        yield f"{operation.message or operation.progress} {duration(steps[-1][1], now)}…"


def result(operation: Operation, now: datetime) -> list[Span]:
    """What became of it, or how far it is."""
    took = duration(operation.started, operation.ended) if operation.ended else ""
    detail = f" · {operation.detail}" if operation.detail else ""
    match operation.progress:
        case Progress.DONE:
            return [Span(f"done in {took}" if took else "done", Role.OK), Span(detail, Role.DIM)]
        case Progress.FAILED:
            return [Span(f"failed after {took}: {operation.message}" if took else operation.message, Role.FAIL)]
        case Progress.REFUSED:
            return [Span(f"refused: {operation.message}", Role.FAIL)]
        case Progress.UNKNOWN:
            return [Span(f"unknown: {operation.message}", Role.UNKNOWN)]
        case _:
            return [Span(" ▸ ".join(_steps(operation, now)), Role.ACCENT), Span(detail, Role.DIM)]


def operation_line(
    operation: Operation, cells: int, now: datetime, zone: tzinfo | None, *, letters: bool = False
) -> Line:
    """One line of the board; `U undo` stands where it can be taken back."""
    glyph, letter, role = _LOOKS.get(operation.progress, _RUNNING)
    undo = (Span("  U undo", Role.ACCENT),) if operation.undoable else ()
    line = (
        Span(" "),
        Span(f"{letter if letters else glyph} ", role, strong=True),
        Span(clock_time(operation.started, zone) + "  ", Role.DIM),
        Span(pad(operation.verb, 10)),
        Span(f" {operation.ref}  ", strong=True),
    )
    room = cells - sum(len(span.text) for span in undo)
    return (*fit((*line, *result(operation, now)), room), *undo)
