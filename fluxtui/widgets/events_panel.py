"""The Events panel: newest first, drawn when visible."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from engine.api import Event, Link, Ref, Snapshot
from fluxtui.view.events import event_line
from fluxtui.view.filters import NOTHING, Filter
from fluxtui.view.kinds import TITLES, PanelId
from fluxtui.view.nothing import STOPPED, connection_words
from fluxtui.view.text import Line, Role, Span
from fluxtui.view.titles import stopped
from fluxtui.widgets.list_panel import ListPanel


class EventsPanel(ListPanel):
    """What Flux's controllers said."""

    def __init__(self) -> None:
        super().__init__(id=PanelId.EVENTS.value)
        self.panel = PanelId.EVENTS
        self.snapshot = Snapshot()
        self.events: tuple[Event, ...] = ()
        self.filter: Filter = NOTHING
        self.namespace = ""
        self._namespaced = True
        self.now = datetime.min

    def follow(self, snapshot: Snapshot, now: datetime) -> None:
        """Take in a snapshot; the cursor stays on its event once it was moved."""
        old, self.snapshot, self.now = self.snapshot, snapshot, now
        if snapshot.events is not old.events or snapshot.connection is not old.connection:
            self._take(snapshot.events)
        self.retitle()

    def narrow(self, filter_: Filter, namespace: str) -> None:
        """Show only events of matching objects."""
        self.filter, self.namespace = filter_, namespace
        self._take(self.snapshot.events)
        self.retitle()

    def _take(self, events: tuple[Event, ...]) -> None:
        anchor = self.events[self.cursor] if self.touched and self.cursor < len(self.events) else None
        drawn = self.events[self.top : self.top + self.body_height]
        if self.filter or self.namespace:
            events = tuple(event for event in events if self._shows(event))
        self.events = events
        self._namespaced = len({event.ref.namespace for event in events}) > 1
        if anchor is not None:
            found = (n for n, event in enumerate(events) if event.uid == anchor.uid)
            self.cursor = next(found, min(self.cursor, max(0, len(events) - 1)))
        else:
            self.cursor = 0
        if self.scroll_into_view() or not events or drawn != events[self.top : self.top + self.body_height]:
            self.refresh()

    def _shows(self, event: Event) -> bool:
        haystack = f"{event.ref} {event.reason} {event.message} {event.type}".lower()
        inside = not self.namespace or event.ref.namespace == self.namespace
        return inside and self.filter.matches(haystack, {})

    def line_count(self) -> int:
        """Events shown."""
        return len(self.events)

    def line_at(self, index: int, cells: int) -> Line:
        """One event."""
        return event_line(self.events[index], cells, self.painter.zone, namespaced=self._namespaced)

    def look(self, index: int, cells: int) -> Hashable:
        """Events never change."""
        return self.events[index], self._namespaced

    def ref_at(self, index: int) -> Ref | None:
        """The object that the event is about."""
        return self.events[index].ref

    def empty_line(self) -> Line:
        """Why there is nothing."""
        if self.snapshot.events:
            hidden = len(self.snapshot.events)
            if self.filter:
                return (Span(f"Filter {self.filter.text} hides all {hidden} events. Esc shows them."),)
            return (Span(f"No events in namespace {self.namespace} ({hidden} elsewhere: 0 shows all)."),)
        words = STOPPED if stopped(self.snapshot) else connection_words(self.snapshot, self.now)
        return (Span(words or "No events yet: Kubernetes keeps them for an hour.", Role.DIM),)

    def title_line(self) -> Line:
        """Name and, when it is nothing but a title, the newest event."""
        spans = [Span(TITLES[self.panel], Role.ACCENT if self.has_focus else Role.TEXT, strong=True)]
        if self.filter:
            total = len(self.snapshot.events)
            spans += [Span(f" · filter: {self.filter.text} · {len(self.events)} of {total}", Role.ACCENT)]
        if self.body_height == 0 and self.events:
            spans += event_line(self.events[0], max(8, self.size.width - 20), self.painter.zone)
        return tuple(spans)

    def right_line(self) -> Line:
        """Whether events come, and how many were dropped."""
        if self.snapshot.events_dropped:
            return (Span(f"{self.snapshot.events_dropped} dropped", Role.WARN),)
        if self.snapshot.connection.link is Link.LIVE and not stopped(self.snapshot):
            return (Span("live", Role.DIM),)
        return (Span("not live", Role.WARN),)
