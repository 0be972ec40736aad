"""What the passes of all Flux kinds have in common (flux.md 1.1 and 1.3).

Finalizer, suspension, deletion, the request token, progress, and one patch at the end. When a pass is due is the
business of `controller`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from engine import errors
from engine.clock import Clock
from engine.controllers.cluster import Cache, Cluster, Events, resource_of
from engine.controllers.controller import Controller, Request, Result, TerminalError, requested_at, triggers
from engine.controllers.patcher import Patcher
from engine.flux import conditions
from engine.flux.intervals import jittered
from engine.flux.kinds import EVENT_ANNOTATIONS, FINALIZER, FluxKind
from engine.kube.types import Object, ResourceType

__all__ = [
    "Controller",
    "FluxReconciler",
    "Pass",
    "Request",
    "Result",
    "Services",
    "TerminalError",
    "requested_at",
    "triggers",
]


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
