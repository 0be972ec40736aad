"""Words for nothing: each different, each true, each with the next step (console.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from engine.api import KindState, KindStatus, Link, Snapshot
from fluxtui.view.ages import spoken
from fluxtui.view.kinds import PanelId
from fluxtui.view.panel import PanelModel
from fluxtui.view.text import Line, Role, Span
from fluxtui.view.titles import kind_statuses, stopped

_THINGS: Final = {
    PanelId.SOURCES: "sources",
    PanelId.KUSTOMIZATIONS: "Kustomizations",
    PanelId.RELEASES: "Helm releases",
    PanelId.EVENTS: "events",
}

STOPPED: Final = "The engine stopped; it saw none. Ctrl-R restarts it."


def connection_words(snapshot: Snapshot, now: datetime) -> str:
    """A sentence about the connection, "" while it is live."""
    connection = snapshot.connection
    if connection.link is Link.LOST:
        seconds = max(0, round((connection.next_try - now).total_seconds())) if connection.next_try else None
        again = f"; next try in {seconds} s" if seconds is not None else ""
        ago = spoken(connection.since, now)
        return f"Connection lost{f' {ago} ago' if ago else ''}; showing what was last seen{again}."
    if connection.link is Link.LOGIN:
        command = connection.login_command
        step = f" Run `{command}`, and it goes on by itself; or Ctrl-R runs it here." if command else ""
        return f"Login required for {connection.context}.{step}"
    if connection.link is Link.CONNECTING:
        return f"Connecting to {connection.context or 'the cluster'}…"
    return ""


def _kind_words(status: KindStatus) -> str:
    resource = f"{status.plural}.{status.group}"
    if status.state is KindState.FORBIDDEN:
        return f"You may not list {resource} in any namespace (missing verb: {status.verb or 'list'})."
    if status.state is KindState.ABSENT:
        return f"{status.kind} is not installed here (no such kind)."
    return status.message


def nothing_words(model: PanelModel, snapshot: Snapshot, now: datetime) -> Line:
    """Why the panel is empty; () when it is not."""
    if model.entries:
        return ()
    scope, things = model.scope, _THINGS[model.panel]
    if model.total:
        if scope.filter:
            return (Span(f"Filter {scope.filter.text} hides all {model.total}. Esc shows them."),)
        if scope.namespace:
            inside = sum(1 for row in model.rows.values() if row.ref.namespace == scope.namespace)
            if not inside:
                return (Span(f"None in namespace {scope.namespace} ({model.total} elsewhere: 0 shows all)."),)
        return (Span(f"No faults among {model.total} {things}: z shows all.", Role.OK),)
    if stopped(snapshot):
        return (Span(STOPPED, Role.WARN),)
    if snapshot.connection.link in (Link.LOGIN, Link.CONNECTING):
        return (Span(connection_words(snapshot, now), Role.WARN),)
    if snapshot.connection.link is Link.LOST:
        return (Span("Nothing was seen before the connection was lost.", Role.WARN),)
    return _empty_kinds(model.panel, snapshot, things)


def _empty_kinds(panel: PanelId, snapshot: Snapshot, things: str) -> Line:
    statuses = kind_statuses(panel, snapshot)
    by_state = {state: [status for status in statuses if status.state is state] for state in KindState}
    if by_state[KindState.FORBIDDEN]:
        return (Span(_kind_words(by_state[KindState.FORBIDDEN][0]), Role.WARN),)
    if statuses and len(by_state[KindState.ABSENT]) == len(statuses):
        return (Span(_kind_words(statuses[0]), Role.DIM),)
    if by_state[KindState.STARTING]:
        return (Span(f"Loading {things}…", Role.DIM),)
    return (Span(f"No {things} in this cluster.", Role.DIM),)
