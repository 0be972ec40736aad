"""How many dry runs may be under way, and how many a second (design.md 3.9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from engine.clock import Clock

_TOLERANCE: Final = 1e-6


class Budget:
    """Slots for requests: `at_once` at a time, evenly spaced so that no second sees more than `per_second` start."""

    def __init__(self, at_once: int, per_second: float, clock: Clock) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._spacing = 1.0 / per_second
        self._burst = per_second
        self._clock = clock
        self._next = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it."""
        async with self._slots:
            # A bucket that fills up while nothing is asked: the first few requests of a second go out at once.
            now = self._clock.monotonic()
            start = max(self._next, now - (self._burst - 1) * self._spacing)
            self._next = start + self._spacing
            if start - now > _TOLERANCE:
                await self._clock.sleep(start - now)
            yield

    def pause(self, seconds: float) -> None:
        """The API server asked for patience (Retry-After)."""
        self._next = max(self._next, self._clock.monotonic() + seconds)
