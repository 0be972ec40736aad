"""How often lines may change places: a few times at once, then once in a while, so that a storm can be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_BURST: Final = 3
_EVERY: Final = timedelta(seconds=5)


class Pace:
    """After quiet it may happen `_BURST` times at once; for as long as it goes on, once in `_EVERY`."""

    def __init__(self) -> None:
        self._paid: datetime | None = None
        """Until when everything that happened is paid for, at one in `_EVERY`."""

    def take(self, now: datetime) -> None:
        """It happened."""
        self._paid = (max(self._paid, now) if self._paid else now) + _EVERY

    def wait(self, now: datetime) -> float:
        """Seconds until it may happen; 0 is at once."""
        return max(0.0, (self._paid - now - (_BURST - 1) * _EVERY).total_seconds()) if self._paid else 0.0
