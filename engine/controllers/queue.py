"""The work queue of a controller: one worker per object at a time, nothing lost, nothing doubled.

It behaves as controller-runtime's (flux.md 1.1): an object that becomes dirty while it is being processed is processed
again afterwards, an object that waits twice for a point in time keeps the earlier one, and retries back off per object.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from engine.clock import Clock
from engine.flux.intervals import MAX_RETRY_DELAY, MIN_RETRY_DELAY, backoff

K = TypeVar("K", bound=Hashable)


class RateLimiter(Generic[K]):
    """Seconds to wait before an object is tried again: the first delay, doubling up to the longest, per object."""

    def __init__(self, first: float = MIN_RETRY_DELAY, longest: float = MAX_RETRY_DELAY) -> None:
        self._first = first
        self._longest = longest
        self._retries: dict[K, int] = {}

    def when(self, key: K) -> float:
        """Count one more retry of this object and say how long it has to wait."""
        retries = self._retries.get(key, 0)
        self._retries[key] = retries + 1
        return backoff(retries + 1, self._first, self._longest)

    def retries(self, key: K) -> int:
        """How often the object was retried since it last succeeded."""
        return self._retries.get(key, 0)

    def forget(self, key: K) -> None:
        """Start over with this object."""
        self._retries.pop(key, None)


class WorkQueue(Generic[K]):
    """Keys to work on. `get` hands each to one worker only, until that worker calls `done`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: deque[K] = deque()
        self._dirty: set[K] = set()
        self._processing: set[K] = set()
        self._available = asyncio.Event()
        self._due: dict[K, float] = {}
        self._delayed: list[tuple[float, int, K]] = []
        self._order = itertools.count()
        self._timer: asyncio.Task[None] | None = None
        self._timer_due = 0.0

    def __len__(self) -> int:
        """Keys that are ready, not counting those being processed or waiting for a point in time."""
        return len(self._ready)

    @property
    def idle(self) -> bool:
        """True when nothing is ready and nothing is being processed."""
        return not self._ready and not self._processing

    def add(self, key: K) -> None:
        """Make a key ready, once, however often it is added."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._push(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Make a key ready after a while; the earlier of two such wishes counts."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        heapq.heappush(self._delayed, (due, next(self._order), key))
        self._arm()

    def drop(self, key: K) -> None:
        """Forget that a key waits for a point in time (its object is gone)."""
        self._due.pop(key, None)

    async def get(self) -> K:
        """The next key, which then counts as being processed."""
        while not self._ready:
            self._available.clear()
            await self._available.wait()
        key = self._ready.popleft()
        self._dirty.discard(key)
        self._processing.add(key)
        return key

    def done(self, key: K) -> None:
        """The worker is through with the key; if it became dirty meanwhile it is ready again."""
        self._processing.discard(key)
        if key in self._dirty:
            self._push(key)

    async def close(self) -> None:
        """Stop the timer; keys that wait stay where they are."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.wait([self._timer])
            self._timer = None

    def _push(self, key: K) -> None:
        self._ready.append(key)
        self._available.set()

    def _arm(self) -> None:
        """Have one timer sleep until the earliest key is due."""
        earliest = self._delayed[0][0]
        if self._timer is not None and not self._timer.done():
            if self._timer_due <= earliest:
                return
            self._timer.cancel()
        self._timer_due = earliest
        self._timer = asyncio.create_task(self._wait(), name="work queue timer")

    async def _wait(self) -> None:
        while self._delayed:
            self._timer_due = self._delayed[0][0]
            await self._clock.sleep(max(self._timer_due - self._clock.monotonic(), 0))
            self._release()

    def _release(self) -> None:
        now = self._clock.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            due, _, key = heapq.heappop(self._delayed)
            if self._due.get(key) == due:  # else an earlier wish has replaced this one, or the key was dropped
                del self._due[key]
                self.add(key)
