"""Turns changes of a cache into passes of a reconciler (flux.md 1.1).

One pass per object at a time, retried with back-off, again at the interval, and none while the Leases are lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine import errors
from engine.clock import Clock
from engine.controllers.cluster import Cache
from engine.controllers.queue import RateLimiter, WorkQueue
from engine.flux.kinds import REQUESTED_AT
from engine.kube.types import Object

log = logging.getLogger(__name__)

#: Seconds between looks at whether passes may run again.
PAUSE = 5.0


class TerminalError(errors.Terminal):
    """A pass that failed and is not to be retried, not even at the interval, until the object changes."""


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """The object a pass is for."""

    namespace: str
    name: str

    @staticmethod
    def of(obj: Mapping[str, Any]) -> Request:
        """The request for this object."""
        metadata = obj["metadata"]
        return Request(str(metadata.get("namespace") or ""), str(metadata["name"]))

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Result:
    """When the next pass is due: in so many seconds, through the rate limiter (`requeue`), or on a change."""

    requeue_after: float = 0.0
    requeue: bool = False


class Reconciler(Protocol):
    """Brings one object of a kind to what its spec says; an error is retried with back-off."""

    async def reconcile(self, request: Request) -> Result:
        """One pass; the object may be gone."""


def triggers(old: Object | None, new: Object | None) -> bool:
    """Whether a change of an object asks for a pass: it came, went, has a new generation or a new request token."""
    if old is None or new is None:
        return True
    before, after = old["metadata"], new["metadata"]
    if before.get("uid") != after.get("uid") or before.get("generation") != after.get("generation"):
        return True
    if bool(before.get("deletionTimestamp")) != bool(after.get("deletionTimestamp")):
        return True
    token = requested_at(new)
    return bool(token) and token != requested_at(old)


def requested_at(obj: Mapping[str, Any]) -> str:
    """The token of the last reconcile that somebody asked for, or ""."""
    return str((obj["metadata"].get("annotations") or {}).get(REQUESTED_AT) or "")


class Controller:
    """Runs the passes of one kind, at most `concurrent` at a time; none while `may_run` says no (a Lease is lost)."""

    def __init__(
        self,
        name: str,
        reconciler: Reconciler,
        cache: Cache,
        *,
        clock: Clock,
        concurrent: int = 4,
        limiter: RateLimiter[Request] | None = None,
        may_run: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self._reconciler = reconciler
        self._cache = cache
        self._concurrent = concurrent
        self._limiter = limiter or RateLimiter()
        self._may_run = may_run
        self._queue: WorkQueue[Request] = WorkQueue(clock)

    @property
    def idle(self) -> bool:
        """True when no pass is under way or due now."""
        return self._queue.idle

    def enqueue(self, request: Request) -> None:
        """Ask for a pass now (a dependency changed)."""
        self._queue.add(request)

    async def run(self) -> None:
        """Work until cancelled. Every object gets one pass at the start."""
        await self._cache.synced()
        unsubscribe = self._cache.subscribe(self._changed)
        try:
            for obj in list(self._cache.objects()):
                self._queue.add(Request.of(obj))
            async with asyncio.TaskGroup() as workers:
                for number in range(self._concurrent):
                    workers.create_task(self._work(), name=f"{self.name} worker {number}")
        finally:
            unsubscribe()
            await self._queue.close()

    def _changed(self, _kind: str, old: Object | None, new: Object | None) -> None:
        obj = new or old
        if obj is not None and triggers(old, new):
            self._queue.add(Request.of(obj))

    async def _work(self) -> None:
        while True:
            request = await self._queue.get()
            try:
                if self._may_run():
                    await self._pass(request)
                else:
                    self._queue.add_after(request, PAUSE)
            finally:
                self._queue.done(request)

    async def _pass(self, request: Request) -> None:
        try:
            result = await self._reconciler.reconcile(request)
        except errors.LeaseHeld as error:
            # Lost in the middle of the pass: no fault of the object, so it does not back off.
            log.warning("%s %s: %s", self.name, request, error)
            self._queue.add_after(request, PAUSE)
        except TerminalError as error:
            log.warning("%s %s: %s", self.name, request, error)
        except errors.EngineError as error:
            log.warning("%s %s: %s", self.name, request, error)
            self._retry(request)
        except Exception:
            # The boundary between objects: what breaks one pass breaks no other.
            log.exception("%s %s: the pass broke", self.name, request)
            self._retry(request)
        else:
            self._settle(request, result)

    def _settle(self, request: Request, result: Result) -> None:
        if result.requeue_after > 0:
            self._limiter.forget(request)
            self._queue.add_after(request, result.requeue_after)
        elif result.requeue:
            self._retry(request)
        else:
            self._limiter.forget(request)
            if self._cache.get(request.namespace, request.name) is None:
                self._queue.drop(request)

    def _retry(self, request: Request) -> None:
        self._queue.add_after(request, self._limiter.when(request))
