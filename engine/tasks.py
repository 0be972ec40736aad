"""Supervised tasks: each has a name, never ends silently, and stops within a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from engine import errors
from engine.clock import Clock

log = logging.getLogger(__name__)

#: What a supervised task runs; called again for every restart.
Run = Callable[[], Awaitable[None]]


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended, however they do.

    The caller's own cancellation goes through: `suppress(CancelledError)` around an `await task` would swallow it.
    """
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Restart:
    """How a failed task comes back: delays double from `first` to `longest` seconds.

    After `limit` failures, none of them followed by `healthy` seconds of running, the task is given up and the
    failure escalates. `limit` 0 tries for ever.
    """

    first: float = 0.5
    longest: float = 30.0
    healthy: float = 60.0
    limit: int = 0

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 or more)."""
        return min(self.first * 2.0 ** min(failures - 1, 32), self.longest)


@dataclass(slots=True)
class Supervised:
    """One task as its supervisor sees it."""

    name: str
    state: str = "running"  # running | waiting | done | failed | stopped
    failures: int = 0
    error: str = ""
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Supervisor:
    """Starts tasks by name, restarts those that fail, and stops them all within a deadline."""

    def __init__(
        self,
        clock: Clock,
        *,
        restart: Restart | None = None,
        escalate: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        self._clock = clock
        self._restart = restart or Restart()
        self._escalate = escalate
        self._tasks: dict[str, Supervised] = {}

    @property
    def tasks(self) -> tuple[Supervised, ...]:
        """Every task that was started, in order, with its state."""
        return tuple(self._tasks.values())

    def start(self, name: str, run: Run, *, once: bool = False) -> Supervised:
        """Run a task for ever; one that returns is restarted like one that failed, unless it is meant to run `once`."""
        known = self._tasks.get(name)
        if known is not None and known.task is not None and not known.task.done():
            raise ValueError(f"a task named {name} runs already")
        entry = self._tasks[name] = Supervised(name)
        entry.task = asyncio.create_task(self._supervise(entry, run, once), name=name)
        return entry

    async def stop(self, deadline: float = 5.0) -> tuple[str, ...]:
        """Cancel all tasks, newest first; returns the names of those that did not end within `deadline` seconds."""
        running = {e.task: e.name for e in reversed(self.tasks) if e.task is not None and not e.task.done()}
        for task in running:
            task.cancel()
        if not running:
            return ()
        _, late = await asyncio.wait(running, timeout=deadline)
        for task in late:
            log.error("task %s did not stop within %g s", running[task], deadline)
        return tuple(running[task] for task in late)

    async def cancel(self, name: str) -> None:
        """End one task and wait for it."""
        entry = self._tasks.pop(name, None)
        if entry is None or entry.task is None:
            return
        entry.task.cancel()
        await asyncio.wait([entry.task])

    async def _supervise(self, entry: Supervised, run: Run, once: bool) -> None:
        try:
            while True:
                entry.state = "running"
                started = self._clock.monotonic()
                error = await _outcome(run)
                if error is None and once:
                    entry.state = "done"
                    return
                if self._clock.monotonic() - started >= self._restart.healthy:
                    entry.failures = 0
                if self._gave_up(entry, error or RuntimeError(f"task {entry.name} ended by itself")):
                    return
                entry.state = "waiting"
                await self._clock.sleep(self._restart.delay(entry.failures))
        except asyncio.CancelledError:
            entry.state = "stopped"
            raise

    def _gave_up(self, entry: Supervised, error: Exception) -> bool:
        """Count a failure; True when it was one too many."""
        entry.failures += 1
        entry.error = str(error)
        expected = isinstance(error, errors.EngineError)
        log.error("task %s failed (%d): %s", entry.name, entry.failures, error, exc_info=None if expected else error)
        if not self._restart.limit or entry.failures < self._restart.limit:
            return False
        entry.state = "failed"
        if self._escalate is not None:
            self._escalate(entry.name, error)
        return True


async def _outcome(run: Run) -> Exception | None:
    """What a run ended with. The boundary where a part's failure becomes a restart and no more."""
    try:
        await run()
    except Exception as error:
        return error
    return None
