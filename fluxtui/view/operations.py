"""Operations as lines: what was asked of what, how far it is, how long each step took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from engine.api import Operation, Progress, Snapshot
from fluxtui.view.ages import duration
from fluxtui.view.events import clock_time
from fluxtui.view.text import Line, Role, Span, fit, pad, plain, wrap

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


def ended(old: Snapshot, new: Snapshot) -> tuple[Operation, ...]:
    """The operations that ended between two snapshots; what an earlier session left ended is no news."""
    if old.operations is new.operations or not old.version:
        return ()
    before = {operation.id for operation in old.operations if operation.progress.final}
    return tuple(item for item in new.operations if item.progress.final and item.id not in before)


def news(operations: Sequence[Operation], now: datetime) -> tuple[str, Role]:
    """What became of acts, as one sentence: of several their number, and the first that went wrong in full."""
    wrong = [item for item in operations if item.progress is not Progress.DONE]
    told = wrong[0] if wrong else operations[0]
    said = f"{told.verb} {told.ref}: {plain(result(told, now))}"
    if len(operations) > 1:
        done = len(operations) - len(wrong)
        said = f"{done} done, {len(wrong)} not: {said}" if wrong else f"{done} done: O shows them"
    role = Role.OK if not wrong else _LOOKS[told.progress][2]
    return f"{said} · O shows all" if wrong else f"{said} · U undoes" if told.undoable else said, role


def whole(operation: Operation, cells: int, now: datetime) -> list[Line]:
    """What became of one, uncut."""
    spans = result(operation, now)
    return [(Span(text, spans[0].role),) for text in wrap(plain(spans), cells)]


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
