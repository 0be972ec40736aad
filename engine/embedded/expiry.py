"""Events live for an hour after they were last written, as with kube-apiserver's --event-ttl."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.embedded.records import Event, Key, Record
from engine.embedded.registry import EVENTS

if TYPE_CHECKING:
    from engine.embedded.core import Core

EVENT_TTL = 3600.0


@dataclass(frozen=True, slots=True)
class _Due:
    at: float
    key: Key
    version: int


class EventExpiry:
    """Removes what is due; asleep while nothing is."""

    def __init__(self, core: Core, ttl: float = EVENT_TTL) -> None:
        self._core = core
        self._ttl = ttl
        #: All live for the same time, so the oldest write is due first.
        self._due: deque[_Due] = deque()
        self._wake = asyncio.Event()
        self._stop_listening = core.store.subscribe(self._written)
        for record in sorted(core.store.records(EVENTS), key=lambda record: record.version):
            self._add(record, age=self._age(record))
        self._task = asyncio.create_task(self._run(), name="event expiry")

    async def stop(self) -> None:
        """End it."""
        self._stop_listening()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _written(self, event: Event) -> None:
        if event.record.storage == EVENTS and event.type != "DELETED":
            self._add(event.record, age=0.0)

    def _add(self, record: Record, *, age: float) -> None:
        at = self._core.clock.monotonic() + max(self._ttl - age, 0.0)
        self._due.append(_Due(at, record.key, record.version))
        self._wake.set()

    def _age(self, record: Record) -> float:
        """How old an event from before this start is, by its creation."""
        created = datetime.fromisoformat(record.obj["metadata"]["creationTimestamp"])
        return (self._core.clock.now() - created).total_seconds()

    async def _run(self) -> None:
        while True:
            if not self._due:
                self._wake.clear()
                await self._wake.wait()
            due = self._due[0]
            await self._core.clock.sleep(due.at - self._core.clock.monotonic())
            self._due.popleft()
            record = self._core.store.get(EVENTS, *due.key)
            if record is not None and record.version == due.version:
                self._core.remove(record)
