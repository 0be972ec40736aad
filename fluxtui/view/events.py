"""Events as lines: newest first, the time of day, N or W, the object and what was said."""

from __future__ import annotations

from datetime import datetime, tzinfo

from engine.api import Event
from fluxtui.view.clauses import clause
from fluxtui.view.kinds import VIEWS
from fluxtui.view.text import Line, Role, Span, fit, pad, wrap

WARNING = "Warning"


def clock_time(time: datetime | None, zone: tzinfo | None) -> str:
    """`14:03:22` where the person sits; blanks without a time."""
    return time.astimezone(zone).strftime("%H:%M:%S") if time else " " * 8


def event_line(event: Event, cells: int, zone: tzinfo | None, *, namespaced: bool = True) -> Line:
    """One line of the Events panel; the kind as a short word, the namespace only where they differ."""
    warning = event.type == WARNING
    role = Role.WARN if warning else Role.DIM
    times = f" ×{event.count}" if event.count > 1 else ""
    ref = event.ref
    name = f"{ref.namespace}/{ref.name}" if ref.namespace and namespaced else ref.name
    kind = VIEWS[ref.kind].word if ref.kind in VIEWS else ref.kind
    return fit(
        (
            Span(" "),
            Span(clock_time(event.last, zone) + " ", Role.DIM),
            Span("W " if warning else "N ", role, strong=warning),
            Span(pad(kind, 4) + " ", Role.DIM),
            Span(name),
            Span(times, Role.DIM),
            Span("  " + clause(event.message), role if warning else Role.TEXT),
        ),
        cells,
    )


def event_block(event: Event, cells: int, zone: tzinfo | None) -> list[Line]:
    """An event in full, for the pane."""
    warning = event.type == WARNING
    role = Role.WARN if warning else Role.ACCENT
    times = f" ×{event.count}" if event.count > 1 else ""
    head: Line = (
        Span(clock_time(event.last, zone) + " ", Role.DIM),
        Span(event.reason or event.type, role, strong=True),
        Span(f"{times}  {event.component}", Role.DIM),
    )
    body: list[Line] = [(Span("  " + text),) for text in wrap(event.message, cells - 2)]
    return [fit(head, cells), *body]
