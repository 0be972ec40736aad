"""What a running pass tells: the step it is at, written only when somebody would have time to read it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final

from engine.controllers.base import Pass
from engine.flux import conditions

IN_PROGRESS: Final = "Reconciliation in progress"
#: Seconds after which a pass that still runs shows its progress (Flux writes every step of every pass).
QUIET: Final = 1.0


class Progress:
    """The steps of one pass. A pass that ends within `QUIET` seconds writes none of them."""

    def __init__(self, run: Pass, *, quiet: float = QUIET) -> None:
        self._run = run
        self._quiet = quiet
        self._lock = asyncio.Lock()
        self._visible = False
        self._timer: asyncio.Task[None] | None = None
        self.text = ""
        #: Fields of the status that go out with the next write; here, as a write under way replaces the status.
        self.fields: dict[str, Any] = {}
        #: Set when a health check passed: its text. None when it was not checked in this pass.
        self.healthy: str | None = None
        self._unchecked = False

    def start(self) -> None:
        """Begin: whatever stalled the object before is being tried again."""
        conditions.delete(self._run.object, conditions.STALLED)
        self._timer = asyncio.create_task(self._later(), name="progress of a pass")

    async def step(self, text: str) -> None:
        """The pass does this now."""
        self.text = text
        if self._visible:
            await self._show()

    async def show(self, *, healthy: bool = False) -> None:
        """Write the progress at once, from now on every step; with `healthy` also that health is being checked."""
        self._visible = True
        if healthy:
            now = self._run.services.clock.now()
            conditions.mark_unknown(self._run.object, conditions.HEALTHY, conditions.PROGRESSING, self.text, now)
        await self._show()

    def without_health(self) -> None:
        """There is nothing to check."""
        self._unchecked = True

    def settle_health(self, now: datetime) -> None:
        """After a success: Healthy as the check left it. One that was True keeps its text."""
        obj = self._run.object
        if self._unchecked:
            conditions.delete(obj, conditions.HEALTHY)
        elif self.healthy is not None:
            was = conditions.message(obj, conditions.HEALTHY) if conditions.is_true(obj, conditions.HEALTHY) else ""
            conditions.mark_true(obj, conditions.HEALTHY, "Succeeded", was or self.healthy, now)

    async def end(self) -> None:
        """No more progress: the pass writes its result. A write under way is waited for."""
        timer, self._timer = self._timer, None
        if timer is None:
            return
        async with self._lock:
            timer.cancel()
        await asyncio.wait([timer])
        if not timer.cancelled():
            timer.result()
        self._run.status.update(self.fields)

    async def _later(self) -> None:
        await self._run.services.clock.sleep(self._quiet)
        await self.show()

    async def _show(self, *, healthy: bool = False) -> None:
        async with self._lock:
            now = self._run.services.clock.now()
            obj = self._run.object
            if healthy:
                conditions.mark_unknown(obj, conditions.HEALTHY, conditions.PROGRESSING, self.text, now)
            conditions.mark_reconciling(obj, conditions.PROGRESSING, self.text, now)
            conditions.mark_unknown(obj, conditions.READY, conditions.PROGRESSING, IN_PROGRESS, now)
            self._run.status.update(self.fields)
            await self._run.patch()
