"""What is stored: all objects in memory, every write in SQLite, and the recent history for watches.

One writer: every change is made on the server's loop and gets the next resourceVersion at once; a single thread then
writes what has gathered as one transaction (group commit), and only after that are the changes published to watches
and the waiting requests answered. A transaction that SQLite has committed outlives the death of the process
(WAL, synchronous=NORMAL); it may not outlive the death of the machine.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from engine.embedded import status
from engine.errors import Malformed, Unavailable

Object = dict[str, Any]
Key = tuple[str, str]

FIRST_VERSION = 200
HISTORY_EVENTS = 20_000
HISTORY_BYTES = 128 * 1024 * 1024
FORMAT = 1
FILE = "objects.sqlite"
_LOCK_SECONDS = 1.0

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
  storage TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, rv INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (storage, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Record:
    """One version of one object: `body` is it as JSON, `obj` as a value that is never changed."""

    __slots__ = ("_obj", "body", "name", "namespace", "storage", "version")

    def __init__(self, storage: str, namespace: str, name: str, version: int, obj: Object, body: bytes) -> None:
        self.storage = storage
        self.namespace = namespace
        self.name = name
        self.version = version
        self.body = body
        self._obj: Object | None = obj

    @property
    def obj(self) -> Object:
        """The object; of an earlier version read from its JSON each time."""
        obj = self._obj
        if obj is None:
            obj = orjson.loads(self.body)
        return obj

    def pack(self) -> None:
        """Keep the JSON alone: what the history holds is rarely asked for, and a tenth as big so."""
        self._obj = None

    @property
    def key(self) -> Key:
        """Where it is within its storage."""
        return self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Event:
    """A published write: ADDED, MODIFIED or DELETED; `record` is the new or the last state, `old` the one before."""

    type: str
    record: Record
    old: Record | None

    @property
    def version(self) -> int:
        """The resourceVersion of the write."""
        return self.record.version


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
        self._data = data
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
        self._db: sqlite3.Connection | None = None
        self._executor: ThreadPoolExecutor | None = None

    # ---- life

    async def open(self) -> None:
        """Read what is on disk and start the writer."""
        if self._data is not None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
            await asyncio.get_running_loop().run_in_executor(self._executor, self._load, self._data)
        # An empty store has no history that could be missing.
        self._floor = self._version if self._shelves else 0
        self._flusher = asyncio.create_task(self._flush_for_ever(), name="store")

    async def close(self) -> None:
        """Write what is pending and close the file."""
        self._closing = True
        self._wake.set()
        if self._flusher is not None:
            await self._flusher
        if self._executor is not None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._close_file)
            self._executor.shutdown()

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

    def storages(self) -> tuple[str, ...]:
        """The names of everything that holds objects."""
        return tuple(name for name, shelf in self._shelves.items() if shelf.records)

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
        if self._executor is not None:
            try:
                await asyncio.get_running_loop().run_in_executor(self._executor, self._write, batch)
            except sqlite3.Error as error:
                # The memory is now ahead of the disk for good: refuse everything from here on.
                self._failure = str(error)
        if not self._failure:
            for event in batch:
                for listener in tuple(self._listeners):
                    listener(event)
                for past in (event.old, event.record if event.type == "DELETED" else None):
                    if past is not None:
                        past.pack()
        self._under_way = None
        if commit is not None:
            commit.set_result(None)

    # ---- the writer's thread

    def _load(self, data: Path) -> None:
        """Open the file and read it whole; Unavailable when another server has it, Malformed when it is not ours."""
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        data.chmod(0o700)
        path = data / FILE
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            self._db = self._connect(path)
            self._read(self._db)
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"the data of an API server in {data} cannot be opened: {error}",
                fix="stop the server that uses it, or choose another folder with --data",
            ) from error
        except sqlite3.DatabaseError as error:
            raise Malformed(f"{path} is not the database of an API server: {error}", fix="delete it") from error

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, timeout=_LOCK_SECONDS, check_same_thread=False, isolation_level=None)
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.executescript(_TABLES)
        return db

    def _read(self, db: sqlite3.Connection) -> None:
        meta = dict(db.execute("SELECT key, value FROM meta"))
        if int(meta.get("format", FORMAT)) != FORMAT:
            raise sqlite3.DatabaseError("another version of this program wrote it")
        self._version = int(meta.get("version", FIRST_VERSION))
        for storage, namespace, name, version, body in db.execute(
            "SELECT storage, namespace, name, rv, body FROM objects ORDER BY storage, namespace, name"
        ):
            record = Record(storage, namespace, name, version, orjson.loads(body), body)
            shelf = self._shelves.setdefault(storage, _Shelf())
            shelf.records[record.key] = record
            shelf.keys.append(record.key)
        for shelf in self._shelves.values():
            shelf.keys.sort()

    def _write(self, batch: list[Event]) -> None:
        db = self._db
        assert db is not None
        db.execute("BEGIN")
        try:
            for event in batch:
                record = event.record
                if event.type == "DELETED":
                    db.execute(
                        "DELETE FROM objects WHERE storage=? AND namespace=? AND name=?",
                        (record.storage, record.namespace, record.name),
                    )
                else:
                    db.execute(
                        "INSERT OR REPLACE INTO objects VALUES (?,?,?,?,?)",
                        (record.storage, record.namespace, record.name, record.version, record.body),
                    )
            db.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?,?)",
                [("version", str(batch[-1].version)), ("format", str(FORMAT))],
            )
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def _close_file(self) -> None:
        if self._db is not None:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
            self._db = None
