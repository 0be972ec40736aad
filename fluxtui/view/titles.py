"""What a panel's title line tells even when nothing else of the panel is left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from engine.api import KindState, KindStatus, Link, Snapshot, State
from fluxtui.view.ages import coarse, spoken
from fluxtui.view.kinds import TITLES, PanelId, kinds_of
from fluxtui.view.panel import PanelModel
from fluxtui.view.rows import Sort
from fluxtui.view.states import LOOKS
from fluxtui.view.text import Line, Role, Span, line_width

_TOLD: Final = (State.FAILING, State.STALLED, State.SUSPENDED, State.DRIFTED, State.RECONCILING, State.UNKNOWN)


def kind_statuses(panel: PanelId, snapshot: Snapshot) -> tuple[KindStatus, ...]:
    """The states of the kinds of this panel, as far as the engine told them."""
    return tuple(snapshot.kinds[kind] for kind in kinds_of(panel) if kind in snapshot.kinds)


def counts_parts(counts: Mapping[State, int]) -> list[Span]:
    """`2 failing`, `1 suspended`, `≠ 1`: what is not simply ready. Blocked objects do not count as failing."""
    parts = []
    for state in _TOLD:
        look = LOOKS[state]
        if counts.get(state):
            words = f"≠ {counts[state]}" if state is State.DRIFTED else f"{counts[state]} {look.word}"
            parts.append(Span(words, look.role))
    return parts


def panel_title(model: PanelModel, namespace: str, *, focused: bool, room: int = 1_000) -> Line:
    """Name, what the panel is narrowed to, and counts by state, the last ones left out where there is no room.

    `namespace` is the one that all rows share, or "".
    """
    scope = model.scope
    name: list[Span] = [Span(TITLES[model.panel], Role.ACCENT if focused else Role.TEXT, strong=True)]
    count = Span(f" {model.total}", strong=True)
    within = [Span(f" in {scope.namespace or namespace}", Role.DIM)] if scope.namespace or namespace else []
    parts: list[Span] = []
    if scope.filter:
        parts.append(Span(f"filter: {scope.filter.text} · {model.shown} of {model.total}", Role.ACCENT))
    elif scope.narrows:
        parts.append(Span(f"{model.shown} of {model.total}", Role.ACCENT))
    if scope.faults_only:
        parts.append(Span("faults only", Role.ACCENT))
    if scope.sort is not Sort.STATE:
        parts.append(Span(f"by {scope.sort}", Role.ACCENT))
    parts += counts_parts(model.counts())
    line = _joined([*name, *within, count], parts, room)
    if within and not scope.namespace:
        # How many fail is more than where they all are, where there is room for one of them only.
        shorter = _joined([*name, count], parts, room)
        return shorter if len(shorter) >= len(line) else line
    return line


def _joined(name: list[Span], parts: list[Span], room: int) -> Line:
    line = name
    for part in parts:
        longer = [*line, Span(" · ", Role.DIM), part]
        if line_width(longer) > room:
            break
        line = longer
    return tuple(line)


def stopped(snapshot: Snapshot) -> bool:
    """Whether the engine crashed: nothing on screen is live then, whatever the connection last was."""
    return any(problem.fatal for problem in snapshot.problems)


def freshness(panel: PanelId, snapshot: Snapshot, changed: datetime | None, now: datetime) -> Line:
    """The right end of a title: the age of the last change, or why the list cannot be trusted."""
    statuses = kind_statuses(panel, snapshot)
    states = {status.state for status in statuses}
    if stopped(snapshot):
        return (Span(f"last seen {coarse(changed, now)}" if changed and snapshot.resources else "not live", Role.WARN),)
    if snapshot.connection.link is Link.LOST:
        return (Span(f"last seen {spoken(snapshot.connection.since, now) or '?'} ago", Role.WARN),)
    if KindState.STALE in states:
        since = min((s.since for s in statuses if s.state is KindState.STALE and s.since), default=None)
        return (Span(f"stale {spoken(since, now)}".rstrip(), Role.WARN),)
    if KindState.FORBIDDEN in states:
        forbidden = [status for status in statuses if status.state is KindState.FORBIDDEN]
        return (
            Span("not allowed" if len(forbidden) == len(statuses) else f"no right: {forbidden[0].plural}", Role.WARN),
        )
    if KindState.STARTING in states or snapshot.connection.link is Link.CONNECTING:
        return (Span("loading", Role.DIM),)
    return (Span(coarse(changed, now), Role.DIM),) if changed else ()
