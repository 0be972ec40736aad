"""What is stored: all objects in memory, every write in SQLite, and the recent history for watches.

One writer: every change is made on the server's loop and gets the next resourceVersion at once; a single thread then
writes what has gathered as one transaction (group commit), and only after that are the changes published to watches
and the waiting requests answered. A transaction that SQLite has committed outlives the death of the process
(WAL, synchronous=NORMAL); it may not outlive the death of the machine.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from engine.embedded import status
from engine.embedded.database import Database
from engine.embedded.records import Event, Key, Object, Record

log = logging.getLogger(__name__)

#: The first resourceVersion of a new store is the one after this.
FIRST_VERSION = 200
#: A restart skips this many: readers may have seen versions whose transaction was never committed.
RESTART_GAP = 10_000
HISTORY_EVENTS = 20_000
HISTORY_BYTES = 128 * 1024 * 1024


@dataclass(slots=True)
class _Shelf:
    """All objects of one resource, their keys in order."""

    records: dict[Key, Record] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)

    def put(self, record: Record) -> None:
        if record.key not in self.records:
            insort(self.keys, record.key)
        self.records[record.key] = record

    def drop(self, key: Key) -> None:
        if self.records.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]

    def within(self, namespace: str) -> list[Record]:
        """The records of one namespace, or all for "", in order."""
        if not namespace:
            return [self.records[key] for key in self.keys]
        keys = itertools.islice(self.keys, bisect_left(self.keys, (namespace, "")), None)
        return [self.records[key] for key in itertools.takewhile(lambda key: key[0] == namespace, keys)]


class Store:
    """Call `open` first and `close` last; the other methods only on the loop that opened it."""

    def __init__(
        self, data: Path | None = None, *, history_events: int = HISTORY_EVENTS, history_bytes: int = HISTORY_BYTES
    ) -> None:
        self._database = None if data is None else Database(data)
        self._shelves: dict[str, _Shelf] = {}
        self._version = FIRST_VERSION
        self._history: deque[Event] = deque()
        self._history_bytes = 0
        self._limits = (history_events, history_bytes)
        self._floor = 0
        self._listeners: list[Callable[[Event], None]] = []
        self._pending: list[Event] = []
        #: What requests wait for: the transaction that is gathering, else the one under way.
        self._commit: asyncio.Future[None] | None = None
        self._under_way: asyncio.Future[None] | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._failure = ""
        self._closing = False
        self._executor: ThreadPoolExecutor | None = None

    # ---- life

    async def open(self) -> None:
        """Read what is on disk and start the writer."""
        if self._database is not None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
            loaded = await asyncio.get_running_loop().run_in_executor(self._executor, self._database.open)
            if loaded.version is not None:
                # What was before this start is not in the history: older watches get 410.
                self._version = self._floor = loaded.version + RESTART_GAP
            for record in loaded.records:
                self._shelves.setdefault(record.storage, _Shelf()).put(record)
        self._flusher = asyncio.create_task(self._flush_for_ever(), name="store")

    async def close(self) -> None:
        """Write what is pending and close the file."""
        self._closing = True
        self._wake.set()
        if self._flusher is not None:
            await self._flusher
        if self._executor is not None and self._database is not None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._database.close)
            self._executor.shutdown()
            self._executor = None

    # ---- reading

    @property
    def version(self) -> int:
        """The newest resourceVersion."""
        return self._version

    @property
    def floor(self) -> int:
        """History is complete for versions above this one."""
        return self._floor

    def get(self, storage: str, namespace: str, name: str) -> Record | None:
        """One object."""
        shelf = self._shelves.get(storage)
        return shelf.records.get((namespace, name)) if shelf else None

    def records(self, storage: str, namespace: str = "") -> list[Record]:
        """All objects of a resource, or those of one namespace, ordered by namespace and name."""
        shelf = self._shelves.get(storage)
        return shelf.within(namespace) if shelf else []

    def records_at(self, storage: str, namespace: str, version: int) -> list[Record] | None:
        """The same as it was at `version`, or None when the history does not reach back that far."""
        if version >= self._version:
            return self.records(storage, namespace)
        if version < self._floor:
            return None
        shelf = self._shelves.get(storage) or _Shelf()
        then: dict[Key, Record] = dict(shelf.records)
        for event in reversed(self._history):
            if event.version <= version:
                break
            if event.record.storage != storage:
                continue
            if event.old is None:
                then.pop(event.record.key, None)
            else:
                then[event.record.key] = event.old
        return [then[key] for key in sorted(then) if not namespace or key[0] == namespace]

    def since(self, version: int) -> list[Event] | None:
        """The events after `version`, oldest first, or None when some are no longer known."""
        if version < self._floor:
            return None
        found: list[Event] = []
        for event in reversed(self._history):
            if event.version <= version:
                break
            found.append(event)
        found.reverse()
        return found

    # ---- writing

    def put(self, storage: str, namespace: str, name: str, obj: Object) -> Record:
        """Store `obj` (it becomes the store's own) under the next resourceVersion."""
        self._refuse_if_failed()
        old = self.get(storage, namespace, name)
        record = self._record(storage, namespace, name, obj)
        shelf = self._shelves.setdefault(storage, _Shelf())
        shelf.put(record)
        self._queue(Event("MODIFIED" if old else "ADDED", record, old))
        return record

    def delete(self, record: Record) -> Record:
        """Remove; the answer carries the last state under the resourceVersion of the removal."""
        self._refuse_if_failed()
        obj = {**record.obj, "metadata": dict(record.obj["metadata"])}
        last = self._record(record.storage, record.namespace, record.name, obj)
        self._shelves[record.storage].drop(record.key)
        self._queue(Event("DELETED", last, record))
        return last

    async def durable(self) -> None:
        """Wait until every write made so far is on disk and published."""
        waiting = self._commit or self._under_way
        if waiting is not None:
            await asyncio.shield(waiting)
        self._refuse_if_failed()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` for every write once it is durable, in order; returns what ends it."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def compact(self) -> None:
        """Forget the history: watches and lists of older versions get 410."""
        self._history.clear()
        self._history_bytes = 0
        self._floor = self._version

    # ---- inside

    def _record(self, storage: str, namespace: str, name: str, obj: Object) -> Record:
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        return Record(storage, namespace, name, self._version, obj, orjson.dumps(obj))

    def _refuse_if_failed(self) -> None:
        if self._failure:
            raise status.internal(f"the store can no longer be written: {self._failure}")

    def _queue(self, event: Event) -> None:
        self._history.append(event)
        self._history_bytes += len(event.record.body)
        most_events, most_bytes = self._limits
        while len(self._history) > most_events or self._history_bytes > most_bytes:
            gone = self._history.popleft()
            self._history_bytes -= len(gone.record.body)
            self._floor = gone.version
        self._pending.append(event)
        if self._commit is None:
            self._commit = asyncio.get_running_loop().create_future()
            self._wake.set()

    async def _flush_for_ever(self) -> None:
        while not (self._closing and not self._pending):
            await self._wake.wait()
            self._wake.clear()
            if self._pending:
                await self._flush()

    async def _flush(self) -> None:
        batch, commit = self._pending, self._commit
        self._pending, self._commit, self._under_way = [], None, commit
        if self._executor is not None and self._database is not None:
            try:
                await asyncio.get_running_loop().run_in_executor(self._executor, self._database.write, batch)
            except sqlite3.Error as error:
                # The memory is now ahead of the disk for good: refuse everything from here on.
                self._failure = str(error)
        if not self._failure:
            for event in batch:
                self._publish(event)
        self._under_way = None
        if commit is not None:
            commit.set_result(None)

    def _publish(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                # The boundary between the store and its listeners: one that fails must not stop the others.
                log.exception("a listener failed on %s %s", event.type, event.record.key)
        for past in (event.old, event.record if event.type == "DELETED" else None):
            if past is not None:
                past.pack()
