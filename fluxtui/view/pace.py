"""How often lines may change places: a few times at once, then once in a while, so that a storm can be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_BURST: Final = 3
_MANY: Final = 200
"""Lines; fewer are seen together, and no storm in them lasts."""


class Pace:
    """After quiet it may happen `_BURST` times at once; for as long as it goes on, once in a few seconds."""

    def __init__(self) -> None:
        self._paid: datetime | None = None
        """Until when everything that happened is paid for."""

    def take(self, now: datetime, lines: int) -> None:
        """It happened to this many lines."""
        self._paid = (max(self._paid, now) if self._paid else now) + _every(lines)

    def wait(self, now: datetime, lines: int) -> float:
        """Seconds until it may happen to this many lines; 0 is at once."""
        return max(0.0, (self._paid - now - (_BURST - 1) * _every(lines)).total_seconds()) if self._paid else 0.0


def _every(lines: int) -> timedelta:
    return timedelta(seconds=5 if lines > _MANY else 1)
