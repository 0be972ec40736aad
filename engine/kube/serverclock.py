"""The API server's clock, by which ages are counted."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from engine.clock import Clock


class ServerClock:
    """How far the API server's clock is from ours, from the Date of its answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._low, self._high = -float("inf"), float("inf")

    def saw(self, date: str | None, took: float) -> None:
        """Each answer bounds the offset: its Date (whole seconds) was written while the request was under way."""
        if not date:
            return
        try:
            server = parsedate_to_datetime(date)
        except ValueError:
            return
        if server.tzinfo is None:
            server = server.replace(tzinfo=UTC)
        latest = (server - self._clock.now()).total_seconds()
        low, high = latest, latest + 1.0 + max(took, 0.0)
        if low > self._high or high < self._low:
            # Somebody set a clock: what was known is void.
            self._low, self._high = low, high
        else:
            self._low, self._high = max(low, self._low), min(high, self._high)

    @property
    def offset(self) -> timedelta:
        """To be added to our time; zero while our clock may well be right."""
        if self._low <= 0 <= self._high:
            return timedelta(0)
        return timedelta(seconds=(self._low + self._high) / 2)
