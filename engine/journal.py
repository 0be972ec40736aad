"""What people did, written down before it is sent: one JSON object a line, in the XDG state folder, no secrets.

A session that was lost is taken up again from here: operations that began and never ended are followed on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from engine import commands
from engine.commands import Command
from engine.model import Effect, Ref

ROTATE: Final = 1_000_000
"""Bytes after which the journal is moved aside (one older file is kept)."""

FOLLOWED_FOR: Final = timedelta(hours=24)
"""Operations older than this are not taken up again."""

SUBJECTS: Final = 50
"""Objects of an effect that are written down."""

_COMMANDS: Final = {
    found.__name__: found
    for found in (
        commands.Reconcile,
        commands.Suspend,
        commands.Resume,
        commands.Rollback,
        commands.Undo,
        commands.Delete,
        commands.Edit,
    )
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as the journal knows it."""

    id: str
    command: Command
    receipt: dict[str, str]
    started: datetime
    sent: bool = False
    ended: str = ""
    """The final progress, "" while it is under way."""
    message: str = ""


class Journal:
    """The file, opened per write: sessions side by side append whole lines."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"

    def begin(
        self,
        id: str,  # noqa: A002
        command: Command,
        receipt: dict[str, str],
        started: datetime,
        effect: Effect | None = None,
    ) -> None:
        """Before the write is sent; with the effect that was shown, as far as it was known."""
        self._append(
            {
                "id": id,
                "event": "begin",
                "time": started.isoformat(),
                "command": type(command).__name__,
                "fields": _written(command),
                "receipt": receipt,
                "effect": summary(effect) if effect is not None else None,
            }
        )

    def mark(self, id: str, event: str, time: datetime, message: str = "") -> None:  # noqa: A002
        """`sent`, or a final progress."""
        self._append({"id": id, "event": event, "time": time.isoformat(), "message": message})

    def read(self, cluster: str, now: datetime) -> list[Entry]:
        """The operations of the last day on this cluster, oldest first; broken lines are passed over."""
        found: dict[str, Entry] = {}
        for line in self._lines():
            if line.get("event") == "begin":
                entry = _entry(line)
                if entry is not None and entry.command.ref.cluster == cluster and now - entry.started < FOLLOWED_FOR:
                    found[entry.id] = entry
            elif (known := found.get(str(line.get("id")))) is not None:
                found[known.id] = _marked(known, line)
        return list(found.values())

    def _append(self, record: dict[str, Any]) -> None:
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > ROTATE:
            self.path.replace(self.path.with_suffix(".1.jsonl"))
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, orjson.dumps(record) + b"\n")
        finally:
            os.close(descriptor)

    def _lines(self) -> Iterator[dict[str, Any]]:
        for path in (self.path.with_suffix(".1.jsonl"), self.path):
            if not path.is_file():
                continue
            with path.open("rb") as lines:
                for raw in lines:
                    try:
                        record = orjson.loads(raw)
                    except orjson.JSONDecodeError:
                        continue
                    if isinstance(record, dict):
                        yield record


def _written(command: Command) -> dict[str, Any]:
    """A command's fields, but for those that are not to be kept."""
    kept = {found.name for found in fields(command) if found.metadata.get("journal", True)}
    return {name: value for name, value in asdict(command).items() if name in kept}


def summary(effect: Effect) -> dict[str, Any]:
    """An effect for the journal: counts, warnings and subjects; never a value of a field."""
    return {
        "created": effect.created,
        "changed": effect.changed,
        "pruned": effect.pruned,
        "unchanged": effect.unchanged,
        "warnings": list(effect.warnings),
        "lines": [f"{item.verb} {item.subject}" for item in effect.lines[:SUBJECTS]],
        "basis": effect.basis,
        "complete": effect.complete,
    }


def _entry(line: dict[str, Any]) -> Entry | None:
    kind = _COMMANDS.get(str(line.get("command")))
    given = line.get("fields")
    if kind is None or not isinstance(given, dict):
        return None
    try:
        known = {name.name: given[name.name] for name in fields(kind) if name.name in given}
        command = kind(**(known | {"ref": Ref(**given["ref"])}))
        started = datetime.fromisoformat(str(line["time"]))
    except (TypeError, KeyError, ValueError):
        return None
    receipt = {str(key): str(value) for key, value in (line.get("receipt") or {}).items()}
    return Entry(str(line.get("id")), command, receipt, started)


def _marked(entry: Entry, line: dict[str, Any]) -> Entry:
    event = str(line.get("event"))
    sent = entry.sent or event == "sent"
    ended = "" if event == "sent" else event
    return Entry(
        entry.id,
        entry.command,
        entry.receipt,
        entry.started,
        sent,
        ended or entry.ended,
        str(line.get("message") or ""),
    )
