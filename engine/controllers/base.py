"""The runtime that every kind's reconciler shares (flux.md 1.1 and 1.3).

A `Controller` turns changes of a cache into passes of a `Reconciler`: one pass per object at a time, retried with
back-off, again at the interval. `FluxReconciler` is what the passes of all Flux kinds have in common: finalizer,
suspension, deletion, the request token, and one patch at the end.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from engine import errors
from engine.clock import Clock
from engine.controllers.cluster import Cache, Cluster, Events, resource_of
from engine.controllers.patcher import Patcher
from engine.controllers.queue import RateLimiter, WorkQueue
from engine.flux import conditions
from engine.flux.intervals import jittered
from engine.flux.kinds import EVENT_ANNOTATIONS, FINALIZER, REQUESTED_AT, FluxKind
from engine.kube.types import Object, ResourceType

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


@dataclass(frozen=True, slots=True)
class Services:
    """What the reconcilers of one cluster share.

    `cluster` is to be `Fenced`. `jitter` moves an interval so that objects do not all come due together.
    """

    cluster: Cluster
    events: Events
    clock: Clock
    jitter: Callable[[float], float] = jittered


class Pass:
    """One pass over one object: the working copy, and the means to report on it."""

    def __init__(self, obj: Object, patcher: Patcher, services: Services) -> None:
        #: As read at the start: what events refer to.
        self.original = obj
        self.services = services
        self.started = services.clock.now()
        self.token = requested_at(obj)
        self.generation = int(obj["metadata"].get("generation") or 0)
        self._patcher = patcher

    @property
    def object(self) -> Object:
        """The working copy; only its status and its finalizers are written back."""
        return self._patcher.object

    @property
    def spec(self) -> dict[str, Any]:
        """The spec as read at the start."""
        spec = self.object.get("spec")
        return spec if isinstance(spec, dict) else {}

    @property
    def status(self) -> dict[str, Any]:
        """The working copy's status, made when missing."""
        status: dict[str, Any] = self.object.setdefault("status", {})
        return status

    @property
    def deleting(self) -> bool:
        """Whether somebody deleted the object and its finalizers still hold it."""
        return bool(self.original["metadata"].get("deletionTimestamp"))

    def add_finalizer(self) -> None:
        """Hold the object back when it is deleted."""
        self.object["metadata"].setdefault("finalizers", []).append(FINALIZER)

    def remove_finalizer(self) -> None:
        """Let a deleted object go."""
        metadata = self.object["metadata"]
        metadata["finalizers"] = [name for name in metadata.get("finalizers") or [] if name != FINALIZER]

    async def patch(self) -> None:
        """Write what changed so far."""
        await self._patcher.patch()

    async def progress(self, text: str, *, drift: bool = False) -> None:
        """Progressive status (flux.md 1.3), written at once."""
        conditions.progressive(self.object, text, self.services.clock.now(), drift=drift)
        await self.patch()

    async def event(
        self,
        type: str,  # noqa: A002
        reason: str,
        message: str,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Record an event about the object; its own event annotations go with it and win."""
        own = self.original["metadata"].get("annotations") or {}
        carried = {key: value for key, value in own.items() if key.startswith(EVENT_ANNOTATIONS)}
        await self.services.events.event(self.original, type, reason, message, {**(annotations or {}), **carried})


class FluxReconciler(ABC):
    """The pass that all Flux kinds share; a kind fills in `work`, `delete` and `finish`."""

    kind: ClassVar[FluxKind]
    #: The field manager of status and finalizers.
    manager: ClassVar[str]
    #: The condition types that this controller owns.
    owned: ClassVar[frozenset[str]]

    def __init__(self, services: Services, cache: Cache) -> None:
        self.services = services
        self.resource: ResourceType = resource_of(self.kind)
        self._cache = cache
        self._written: dict[Request, str] = {}

    @abstractmethod
    async def work(self, run: Pass) -> Result:
        """The pass over an object that is neither deleted nor suspended."""

    @abstractmethod
    async def delete(self, run: Pass) -> Result:
        """Tidy up and call `run.remove_finalizer()`."""

    @abstractmethod
    async def finish(self, run: Pass, result: Result, error: Exception | None) -> None:
        """The end of every pass, failed, deleting and suspended ones included: conditions, observedGeneration."""

    def suspended(self, run: Pass) -> bool:
        """Whether the object is suspended: then `work` is skipped."""
        return self.kind.is_suspended(run.original)

    async def reconcile(self, request: Request) -> Result:
        """One pass."""
        obj = await self._read(request)
        if obj is None:
            self._written.pop(request, None)
            return Result()
        patcher = Patcher(
            self.services.cluster,
            self.resource,
            obj,
            manager=self.manager,
            owned=self.owned,
            clock=self.services.clock,
        )
        run = Pass(obj, patcher, self.services)
        try:
            return await self._pass(run)
        except errors.NotFound:
            # The object went while the pass was under way, and with it all there was to do.
            if await self._gone(request, obj):
                return Result()
            raise
        finally:
            self._written[request] = patcher.resource_version

    async def _pass(self, run: Pass) -> Result:
        result, error = Result(), None
        try:
            result = await self._act(run)
        except errors.LeaseHeld:
            raise  # nothing may be written, so there is nothing to finish
        except Exception as failure:
            error = failure
        await self.finish(run, result, error)
        if run.token:
            run.status["lastHandledReconcileAt"] = run.token
        await run.patch()
        if error is not None:
            raise error
        return result

    async def _act(self, run: Pass) -> Result:
        if run.deleting:
            return await self.delete(run)
        if FINALIZER not in (run.object["metadata"].get("finalizers") or []):
            run.add_finalizer()
            return Result(requeue=True)
        if self.suspended(run):
            return Result()
        return await self.work(run)

    async def _read(self, request: Request) -> Object | None:
        """The object from the cache, or from the API server while the cache has not seen our own last write."""
        obj = self._cache.get(request.namespace, request.name)
        if obj is None or not _older(obj["metadata"].get("resourceVersion"), self._written.get(request)):
            return obj
        try:
            return await self.services.cluster.get(self.resource, request.namespace, request.name)
        except errors.NotFound:
            return None

    async def _gone(self, request: Request, obj: Object) -> bool:
        try:
            live = await self.services.cluster.get(self.resource, request.namespace, request.name)
        except errors.NotFound:
            return True
        return bool(live["metadata"].get("uid") != obj["metadata"].get("uid"))


def _older(version: Any, than: str | None) -> bool:
    """Whether one resourceVersion comes before another; versions of one kind are comparable when they are numbers."""
    version = str(version or "")
    return bool(than) and version.isdecimal() and str(than).isdecimal() and int(version) < int(str(than))
