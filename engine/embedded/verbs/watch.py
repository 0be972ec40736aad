"""Watches: from a version on, or from the present state, until the time is up."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import orjson

from engine.embedded import status
from engine.embedded.encode import Encoder, json_bytes
from engine.embedded.options import ListOptions
from engine.embedded.records import Event, Record
from engine.embedded.registry import Resource
from engine.embedded.selectors import Predicate
from engine.embedded.verbs import read

if TYPE_CHECKING:
    from engine.embedded.core import Core

BOOKMARK_SECONDS = 50.0
MIN_TIMEOUT = 1800
#: Watches that are shorter end without a last bookmark.
LAST_BOOKMARK_SECONDS = 10
#: A client that lets more than this pile up is cut off, and lists again.
MAX_WAITING = 50_000


class Watch:
    """One watch: what is queued for it, and how it ends. `namespace` is "" for all."""

    def __init__(self, core: Core, resource: Resource, namespace: str, options: ListOptions, encoder: Encoder) -> None:
        self._core = core
        self._resource = resource
        self._namespace = namespace
        self._options = options
        self._encoder = encoder
        self._selected: Predicate | None = read.predicate(resource, options)
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._sent_any = False
        self._version = 0
        self._overflow = False

    async def frames(self, stopping: asyncio.Event) -> AsyncGenerator[bytes, None]:
        """Frames until the timeout, the server's stop, or an ERROR."""
        end = self._core.store.subscribe(self._offer)
        timeout = self._options.timeout or MIN_TIMEOUT + secrets.randbelow(MIN_TIMEOUT)
        timer = asyncio.create_task(self._core.clock.sleep(timeout))
        bookmarks = asyncio.create_task(self._tick())
        stop = asyncio.create_task(stopping.wait())
        try:
            first = self._first()
            if isinstance(first, bytes):
                yield first
                return
            for frame in first:
                yield frame
            for task in (timer, stop):
                task.add_done_callback(lambda _: self._wake.set())
            while not (timer.done() or stop.done() or self._overflow):
                await self._wake.wait()
                if chunk := self._drain():
                    yield chunk
            if self._options.bookmarks and timeout > LAST_BOOKMARK_SECONDS and not self._overflow:
                yield self._encoder.bookmark(self._core.store.version, initial_end=False)
        finally:
            end()
            for task in (timer, bookmarks, stop):
                task.cancel()
            await asyncio.gather(timer, bookmarks, stop, return_exceptions=True)

    def _first(self) -> list[bytes] | bytes:
        """What the client gets before anything new happens, or the ERROR that ends the watch."""
        version = self._options.version
        store = self._core.store
        if self._options.initial_events or (not version and self._options.initial_events is None):
            records = store.records(self._resource.storage, self._namespace)
            self._version = store.version
            frames = [self._frame("ADDED", record) for record in records if self._wants(record)]
            if self._options.initial_events and self._options.bookmarks:
                frames.append(self._encoder.bookmark(self._version, initial_end=True))
            return frames
        if not version:
            self._version = store.version
            return []
        self._version = version
        missed = store.since(version)
        if missed is None:
            expired = status.expired(f"too old resource version: {version} ({store.floor})")
            return b'{"type":"ERROR","object":' + json_bytes(expired.status)[:-1] + b"}\n"
        waiting = {event.version for event in self._waiting}
        self._waiting.extendleft(
            event for event in reversed(missed) if event.version not in waiting and self._concerns(event)
        )
        chunk = self._drain()
        return [chunk] if chunk else []

    async def _tick(self) -> None:
        if not self._options.bookmarks:
            return
        while True:
            await self._core.clock.sleep(BOOKMARK_SECONDS)
            self._wake.set()
            self._due = True

    _due = False

    def _offer(self, event: Event) -> None:
        if not self._concerns(event):
            return
        self._waiting.append(event)
        self._overflow = len(self._waiting) > MAX_WAITING
        self._wake.set()

    def _concerns(self, event: Event) -> bool:
        record = event.record
        return record.storage == self._resource.storage and (not self._namespace or record.namespace == self._namespace)

    def _drain(self) -> bytes:
        """Everything that waits, as one chunk."""
        self._wake.clear()
        frames: list[bytes] = []
        while self._waiting:
            event = self._waiting.popleft()
            if event.version <= self._version:
                continue
            self._version = event.version
            with contextlib.suppress(LookupError):
                frames.append(self._crossing(event))
        if self._due:
            self._due = False
            frames.append(self._encoder.bookmark(self._core.store.version, initial_end=False))
        return b"".join(frames)

    def _crossing(self, event: Event) -> bytes:
        """The frame of an event; one that enters or leaves the selection is added or deleted. LookupError: none."""
        if self._selected is None:
            return self._frame(event.type, event.record)
        was = event.old is not None and self._selected(event.old.obj)
        is_now = event.type != "DELETED" and self._selected(event.record.obj)
        kinds = {(False, True): "ADDED", (True, True): "MODIFIED", (True, False): "DELETED"}
        kind = kinds.get((was, is_now))
        if kind is None:
            raise LookupError
        if kind == "DELETED" and event.type != "DELETED":
            assert event.old is not None
            return self._frame(kind, _as_of(event.old, event.version))
        return self._frame(kind, event.record)

    def _wants(self, record: Record) -> bool:
        return self._selected is None or self._selected(record.obj)

    def _frame(self, kind: str, record: Record) -> bytes:
        first, self._sent_any = not self._sent_any, True
        return self._encoder.frame(kind, record, first=first)


def _as_of(record: Record, version: int) -> Record:
    """The state before a change, under the change's resourceVersion."""
    obj = {**record.obj, "metadata": {**record.obj["metadata"], "resourceVersion": str(version)}}
    return Record(record.storage, record.namespace, record.name, version, obj, orjson.dumps(obj))
