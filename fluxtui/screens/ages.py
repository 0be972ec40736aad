"""Time goes on without the engine: one timer until the first visible age reads differently."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from textual.timer import Timer

from engine.api import Link
from fluxtui.view.ages import next_change, next_coarse

if TYPE_CHECKING:
    from fluxtui.screens.main import MainScreen


class Ages:
    """Wakes up for the tables' ages and, while the connection is lost, for the seconds that the bars count."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._next: tuple[datetime, Timer] | None = None

    def wait(self) -> None:
        """Other times may be visible now: be there when the first of them reads differently."""
        now, tables = self.screen.console.now(), self.screen.tables.values()
        rows = next_coarse([time for table in tables for time in (*table.times(), table.changed)], now)
        link = self.screen.snapshot.connection
        counted = next_change([link.since, now] if link.next_try else [], now)
        wait = max(0.05, min(rows, counted) + 0.01)
        due = now + timedelta(seconds=wait)
        if self._next is not None and self._next[0] <= due:
            return  # waking up once too often costs less than a timer for every key
        if self._next is not None:
            self._next[1].stop()
        self._next = (due, self.screen.set_timer(wait, self._tick))

    def _tick(self) -> None:
        self._next = None
        now = self.screen.console.now()
        for table in self.screen.tables.values():
            table.tick(now)
        if self.screen.snapshot.connection.link is not Link.LIVE:
            self.screen.tell()
        self.wait()
