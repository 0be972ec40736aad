"""The one mutable place of an engine: applies what the watches say and publishes snapshots.

Lives in the engine's loop; only `snapshot` is read from elsewhere: one attribute read of an immutable value.
Publishes at once after quiet, then at most once per interval (design.md 3.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.clock import Clock
from engine.model import DriftReport, Event, Ref, Resource, Stance, State
from engine.settings import Publishing
from engine.snapshot import (
    Connection,
    Controller,
    KindStatus,
    Link,
    Operation,
    Problem,
    Snapshot,
)


class Store:
    """Objects, events, drift and operations of one cluster. Call its methods from the engine's loop only."""

    def __init__(self, context: str, stance: Stance, *, read_only: bool, settings: Publishing, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []
        self._watchers: dict[Ref, list[Callable[[Resource | None], None]]] = {}
        self._resources: dict[Ref, Resource] = {}
        self._changed: set[Ref] = set()
        self._drift: dict[Ref, DriftReport] = {}
        self._events: dict[str, Event] = {}
        self._events_dropped = 0
        self._events_changed = False
        self._kinds: dict[str, KindStatus] = {}
        self._operations: dict[str, Operation] = {}
        self._fields: dict[str, Any] = {}
        self._due: asyncio.Handle | None = None
        self._published_at = float("-inf")
        self.snapshot = Snapshot(stance=stance, connection=Connection(Link.CONNECTING, context), read_only=read_only)

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after each publication; returns its remover."""
        self._listeners.append(wake)
        return lambda: self._listeners.remove(wake) if wake in self._listeners else None

    @property
    def connection(self) -> Connection:
        """The connection as last set, ahead of the next snapshot."""
        found: Connection = self._fields.get("connection", self.snapshot.connection)
        return found

    def resource(self, ref: Ref) -> Resource | None:
        """An object as it is known this moment, ahead of the next snapshot."""
        return self._resources.get(ref)

    def watch(self, ref: Ref, handler: Callable[[Resource | None], None]) -> Callable[[], None]:
        """Be told of every change of one object (None: it is gone); returns what ends it."""
        handlers = self._watchers.setdefault(ref, [])
        handlers.append(handler)

        def end() -> None:
            handlers.remove(handler)
            if not handlers and self._watchers.get(ref) is handlers:
                del self._watchers[ref]

        return end

    # --- what is written --------------------------------------------------------------------------------

    def put(self, resource: Resource) -> None:
        """A Flux object was seen; what it applied anew makes an older comparison void."""
        before = self._resources.get(resource.ref)
        if before is not None and resource.ref in self._drift and _outcome(before) != _outcome(resource):
            del self._drift[resource.ref]
        self._resources[resource.ref] = self._with_drift(resource)
        self._mark(resource.ref)
        self._tell(resource.ref, resource)

    def remove(self, ref: Ref) -> None:
        """A Flux object is gone."""
        if self._resources.pop(ref, None) is not None:
            self._drift.pop(ref, None)
            self._mark(ref)
            self._tell(ref, None)

    def put_drift(self, ref: Ref, report: DriftReport | None) -> None:
        """A Kustomization's drift was computed (None: there is nothing to compare any more)."""
        if report is None:
            self._drift.pop(ref, None)
        else:
            self._drift[ref] = report
        known = self._resources.get(ref)
        if known is not None:
            self._resources[ref] = self._with_drift(known)
        self._mark(ref)

    def put_event(self, event: Event) -> None:
        """An Event was seen (again)."""
        self._events[event.uid] = event
        self._events_changed = True
        if len(self._events) > self._settings.events * 2:
            kept = sorted(self._events.values(), key=_event_time, reverse=True)[: self._settings.events]
            self._events_dropped += len(self._events) - len(kept)
            self._events = {event.uid: event for event in kept}
        self._mark()

    def put_kind(self, status: KindStatus) -> None:
        """The state of a watch changed."""
        if self._kinds.get(status.kind) != status:
            self._kinds[status.kind] = status
            self._mark()

    def put_operation(self, operation: Operation) -> None:
        """An operation began or went on."""
        self._operations[operation.id] = operation
        self._mark(operation.ref)

    def operation(self, id: str) -> Operation | None:  # noqa: A002 - the field's own name
        """An operation of the board."""
        return self._operations.get(id)

    def set(
        self,
        *,
        stance: Stance | None = None,
        connection: Connection | None = None,
        controllers: tuple[Controller, ...] | None = None,
        flux_version: str | None = None,
        namespaces: tuple[str, ...] | None = None,
        denied: frozenset[tuple[str, str]] | None = None,
        clock_offset: float | None = None,
        problems: tuple[Problem, ...] | None = None,
    ) -> None:
        """Replace single fields of the snapshot; None leaves a field alone."""
        given: dict[str, Any] = {
            "stance": stance,
            "connection": connection,
            "controllers": controllers,
            "flux_version": flux_version,
            "namespaces": namespaces,
            "denied": denied,
            "clock_offset": clock_offset,
            "problems": problems,
        }
        for name, value in given.items():
            if value is not None and value != self._fields.get(name, getattr(self.snapshot, name)):
                self._fields[name] = value
                self._mark()

    # --- publication ------------------------------------------------------------------------------------

    def _mark(self, ref: Ref | None = None) -> None:
        if ref is not None:
            self._changed.add(ref)
        if self._due is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._published_at + self._settings.interval - self._clock.monotonic()
        self._due = loop.call_later(wait, self.publish) if wait > 0 else loop.call_soon(self.publish)

    def publish(self) -> None:
        """Make the next snapshot now."""
        if self._due is not None:
            self._due.cancel()
        self._due = None
        self._published_at = self._clock.monotonic()
        resources = dict(self._resources)
        self.snapshot = replace(
            self.snapshot,
            version=self.snapshot.version + 1,
            changed=frozenset(self._changed),
            resources=resources,
            kinds=dict(self._kinds),
            blocked=blocked(resources) if self._changed else self.snapshot.blocked,
            drift=dict(self._drift),
            events=self._newest_events() if self._events_changed else self.snapshot.events,
            events_dropped=self._events_dropped,
            operations=self._board(),
            **self._fields,
        )
        self._changed.clear()
        self._events_changed = False
        self._fields.clear()
        for wake in tuple(self._listeners):
            wake()

    def _newest_events(self) -> tuple[Event, ...]:
        return tuple(sorted(self._events.values(), key=_event_time, reverse=True)[: self._settings.events])

    def _tell(self, ref: Ref, resource: Resource | None) -> None:
        for handler in tuple(self._watchers.get(ref, ())):
            handler(resource)

    def _board(self) -> tuple[Operation, ...]:
        newest_first = sorted(self._operations.values(), key=lambda operation: operation.started, reverse=True)
        ended = [operation for operation in newest_first if operation.progress.final]
        for operation in ended[self._settings.operations :]:
            del self._operations[operation.id]
        return tuple(operation for operation in newest_first if operation.id in self._operations)

    def _with_drift(self, resource: Resource) -> Resource:
        report = self._drift.get(resource.ref)
        drifted = report is not None and report.drifted
        if drifted and resource.state is State.READY:
            return replace(resource, state=State.DRIFTED)
        if not drifted and resource.state is State.DRIFTED:
            return replace(resource, state=State.READY)
        return resource


def blocked(resources: Mapping[Ref, Resource]) -> dict[Ref, Ref]:
    """Each object that waits for a dependency → the first ancestor that is itself not waiting (or is missing)."""
    roots: dict[Ref, Ref] = {}
    for ref, resource in resources.items():
        if resource.state is State.BLOCKED:
            root = _root(ref, resources)
            if root is not None:
                roots[ref] = root
    return roots


def _root(ref: Ref, resources: Mapping[Ref, Resource]) -> Ref | None:
    seen = {ref}
    at = resources[ref]
    while True:
        ancestor = next((dep for dep in at.depends_on if not _is_ready(dep, resources)), None)
        if ancestor is None:
            return None
        known = resources.get(ancestor)
        if known is None or known.state is not State.BLOCKED or ancestor in seen:
            return ancestor
        seen.add(ancestor)
        at = known


def _is_ready(ref: Ref, resources: Mapping[Ref, Resource]) -> bool:
    known = resources.get(ref)
    return known is not None and known.state in (State.READY, State.DRIFTED)


def _outcome(resource: Resource) -> tuple[object, ...]:
    return resource.revision, resource.inventory


def _event_time(event: Event) -> tuple[float, str]:
    return (event.last.timestamp() if event.last else 0.0, event.uid)
