"""The file under the store: SQLite in WAL mode, used by one thread."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from engine.embedded.records import Event, Record
from engine.errors import Malformed, Unavailable

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


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the file holds; `version` is the newest resourceVersion, None for a new file."""

    version: int | None
    records: Sequence[Record]


class Database:
    """One folder's file. The folder is for its owner alone, and for one server at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._db: sqlite3.Connection | None = None

    def open(self) -> Loaded:
        """Open the file and read it whole; Unavailable when another server has it, Malformed when it is not ours."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        path = self._folder / FILE
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            self._db = _connect(path)
            return _read(self._db)
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"the data of an API server in {self._folder} cannot be opened: {error}",
                fix="stop the server that uses it, or choose another folder with --data",
            ) from error
        except sqlite3.DatabaseError as error:
            raise Malformed(f"{path} is not the database of an API server: {error}", fix="delete it") from error

    def write(self, batch: Sequence[Event]) -> None:
        """All of these in one transaction."""
        db = self._db
        assert db is not None
        db.execute("BEGIN")
        try:
            for event in batch:
                _write(db, event)
            db.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?,?)",
                [("version", str(batch[-1].version)), ("format", str(FORMAT))],
            )
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        if self._db is not None:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
            self._db = None


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_LOCK_SECONDS, check_same_thread=False, isolation_level=None)
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(_TABLES)
    return db


def _read(db: sqlite3.Connection) -> Loaded:
    meta = dict(db.execute("SELECT key, value FROM meta"))
    if int(meta.get("format", FORMAT)) != FORMAT:
        raise sqlite3.DatabaseError("another version of this program wrote it")
    rows = db.execute("SELECT storage, namespace, name, rv, body FROM objects ORDER BY storage, namespace, name")
    records = [
        Record(storage, namespace, name, version, orjson.loads(body), body)
        for storage, namespace, name, version, body in rows
    ]
    return Loaded(int(meta["version"]) if "version" in meta else None, records)


def _write(db: sqlite3.Connection, event: Event) -> None:
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
