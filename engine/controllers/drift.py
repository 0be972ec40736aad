"""Live drift of every Kustomization, in the background, in both stances (design.md 3.9).

What changed is compared locally at once; a dry run confirms suspects and what somebody looks at, within the budget.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine import errors
from engine.apply import drift, objects
from engine.apply.live import Watches, fingerprint
from engine.apply.managers import TakeOver
from engine.apply.ssa import Kinds
from engine.clock import Clock
from engine.controllers.base import Request, triggers
from engine.controllers.cluster import Cache
from engine.controllers.drift_compare import Api, Comparer, Known, Settings
from engine.controllers.kustomization_build import Builder
from engine.controllers.queue import WorkQueue
from engine.flags import Flags
from engine.flux import graph, kinds
from engine.flux.inventory import ObjectRef
from engine.kube.types import Object, ResourceType
from engine.model import DriftReport, Effect, Ref

__all__ = ["Caches", "DriftMonitor", "OnReport", "Settings"]

log = logging.getLogger(__name__)

OnReport = Callable[[Ref, DriftReport | None], None]
"""Told of every new report; None when the Kustomization is gone."""

_SOURCE_SETTLES: Final = 1.0
"""Seconds after a new revision: whoever reconciles it comes first, and there is nothing to tell if that is quick."""

_RESTS: Final = 0.15
"""Seconds on an object before it is compared for the one who looks: whoever scrolls past it asks for nothing."""


@dataclass(frozen=True, slots=True)
class Caches:
    """What is watched anyway: Kustomizations, sources by kind, and the metadata of managed objects."""

    kustomizations: Cache
    sources: Mapping[str, Cache]
    watches: Watches


class DriftMonitor:
    """Keeps a report for every Kustomization; run it as a task."""

    def __init__(
        self, api: Api, caches: Caches, builder: Builder, kinds_: Kinds, *, clock: Clock, settings: Settings
    ) -> None:
        self._caches = caches
        self._builder = builder
        self._settings = settings
        self._comparer = Comparer(api, caches.watches, builder, kinds_, clock=clock, settings=settings)
        self._queue: WorkQueue[Request] = WorkQueue(clock)
        self._listeners: list[OnReport] = []
        self._reports: dict[Request, DriftReport] = {}
        self._known: dict[Request, dict[ObjectRef, Known]] = {}
        self._focused: frozenset[Request] = frozenset()
        self._locks: dict[Request, asyncio.Lock] = {}

    # --- what others call ---------------------------------------------------------------------------------

    def subscribe(self, callback: OnReport) -> Callable[[], None]:
        """Be told of every report; returns what ends it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    def focus(self, requests: Collection[Request]) -> None:
        """What is selected: it is confirmed by a dry run too, now and at each change."""
        before, self._focused = self._focused, frozenset(requests)
        for request in before - self._focused:
            self._queue.drop(request)
            self._queue.add_after(request, self._settings.sweep)
        for request in self._focused - before:
            self._queue.add_after(request, _RESTS)

    def assume(self, flags: Flags) -> None:
        """What is known of the controller's flags; when that changed, everything is judged anew."""
        before = self._settings
        self._settings = replace(
            before,
            take_over=TakeOver.with_overrides(flags.overrides),
            cross_namespace=flags.cross_namespace,
            remote_bases=flags.remote_bases,
            service_account=flags.service_account,
            assumptions=flags.assumptions,
        )
        rebuilds, self._builder.strict = self._builder.strict is not flags.strict, flags.strict
        self._comparer.settings = self._settings
        if self._settings == before and not rebuilds:
            return
        for known in self._known.values():
            known.clear()
        for obj in self._caches.kustomizations.objects():
            self._queue.add(Request.of(obj))

    async def report(self, namespace: str, name: str, *, confirm: bool = True) -> DriftReport:
        """A fresh report; with `confirm` every object is tried by a dry run. errors.NotFound."""
        obj = self.kustomization(namespace, name)
        return await self._compute(Request(namespace, name), obj, confirm=confirm)

    def kustomization(self, namespace: str, name: str) -> Object:
        """The Kustomization as it is watched; errors.NotFound."""
        obj = self._caches.kustomizations.get(namespace, name)
        if obj is None:
            raise errors.NotFound(f"there is no Kustomization {Request(namespace, name)}")
        return obj

    async def report_of(self, obj: Object, files: Mapping[str, bytes], revision: str) -> DriftReport:
        """A report as `report` gives it, for a Kustomization and files that are not in the cluster; nobody is told."""
        artifact = {"revision": revision, "digest": f"preview:{revision}"}
        return await self._comparer.judge(self._ref(Request.of(obj)), obj, artifact, files, confirm=True, known={})

    async def effect(self, obj: Object, *, files: Mapping[str, bytes] | None = None, revision: str = "") -> Effect:
        """What a reconcile of this Kustomization would do, also with another spec, or at another revision's files."""
        artifact: Mapping[str, Any] | None = _artifact(self._source(obj))
        if files is not None:
            artifact = {"revision": revision, "digest": f"preview:{revision}"}
        report = await self._comparer.judge(self._ref(Request.of(obj)), obj, artifact, files, confirm=False, known={})
        return drift.effect_of(report, basis="local comparison")

    async def run(self) -> None:
        """Watch, compare, tell, until cancelled."""
        await self._caches.kustomizations.synced()
        for cache in self._caches.sources.values():
            await cache.synced()
        endings = [
            self._caches.kustomizations.subscribe(self._kustomization_changed),
            self._caches.watches.subscribe(self._managed_changed),
            *(cache.subscribe(self._source_changed) for cache in self._caches.sources.values()),
        ]
        try:
            for obj in list(self._caches.kustomizations.objects()):
                self._queue.add(Request.of(obj))
            async with asyncio.TaskGroup() as workers:
                for number in range(self._settings.workers):
                    workers.create_task(self._work(), name=f"drift worker {number}")
        finally:
            for end in endings:
                end()
            await self._queue.close()

    # --- what wakes it ------------------------------------------------------------------------------------

    def _kustomization_changed(self, _change: str, old: Object | None, new: Object | None) -> None:
        obj = new or old
        if obj is None:
            return
        if triggers(old, new) or _outcome(old) != _outcome(new):
            self._queue.add(Request.of(obj))

    def _source_changed(self, _change: str, old: Object | None, new: Object | None) -> None:
        source = new or old
        if source is None or _artifact(old) == _artifact(new):
            return
        node = graph.node_of(source)
        for obj in self._caches.kustomizations.objects():
            if node in graph.sources(obj):
                self._queue.add_after(Request.of(obj), _SOURCE_SETTLES)

    def _managed_changed(self, _res: ResourceType, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and fingerprint(old) == fingerprint(new):
            return
        for request in {_owner(obj) for obj in (old, new) if obj is not None}:
            if request is not None and self._caches.kustomizations.get(request.namespace, request.name):
                self._queue.add(request)

    # --- the work -----------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            request = await self._queue.get()
            try:
                await self._pass(request)
            except errors.EngineError as error:
                log.warning("drift of %s: %s", request, error)
                self._queue.add_after(request, self._settings.sweep)
            except Exception:
                # The boundary between objects: what breaks one comparison breaks no other.
                log.exception("drift of %s: the comparison broke", request)
                self._queue.add_after(request, self._settings.sweep)
            finally:
                self._queue.done(request)

    async def _pass(self, request: Request) -> None:
        obj = self._caches.kustomizations.get(request.namespace, request.name)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            self._forget(request)
            return
        await self._compute(request, obj, confirm=request in self._focused)
        self._queue.add_after(request, self._settings.sweep)

    async def _compute(self, request: Request, obj: Object, *, confirm: bool) -> DriftReport:
        lock = self._locks.setdefault(request, asyncio.Lock())

        def tell(report: DriftReport) -> None:
            # What was compared while a reconcile was under way is true no more; its end queued the next comparison.
            now = self._caches.kustomizations.get(request.namespace, request.name)
            if _outcome(now) == _outcome(obj):
                self._publish(report)

        async with lock:
            known = self._known.setdefault(request, {})
            artifact = _artifact(self._source(obj))
            report = await self._comparer.judge(
                self._ref(request), obj, artifact, None, confirm=confirm, known=known, tell=tell
            )
            tell(report)
            return report

    # --- telling ------------------------------------------------------------------------------------------

    def _publish(self, report: DriftReport) -> None:
        self._reports[Request(report.ref.namespace, report.ref.name)] = report
        for callback in tuple(self._listeners):
            callback(report.ref, report)

    def _forget(self, request: Request) -> None:
        self._known.pop(request, None)
        self._locks.pop(request, None)
        if self._reports.pop(request, None) is not None:
            for callback in tuple(self._listeners):
                callback(self._ref(request), None)

    def _source(self, obj: Object) -> Object | None:
        for node in graph.sources(obj):
            cache = self._caches.sources.get(node.kind)
            if cache is not None:
                return cache.get(node.namespace, node.name)
        return None

    def _ref(self, request: Request) -> Ref:
        return Ref(self._settings.cluster, kinds.KUSTOMIZE_GROUP, "Kustomization", request.namespace, request.name)


def _artifact(source: Object | None) -> Mapping[str, Any] | None:
    artifact = ((source or {}).get("status") or {}).get("artifact")
    return artifact if isinstance(artifact, Mapping) else None


def _outcome(obj: Object | None) -> tuple[object, ...]:
    """What of a Kustomization's status matters here: it applied something, or its inventory changed."""
    status = (obj or {}).get("status") or {}
    return status.get("lastAppliedRevision"), status.get("inventory")


def _owner(obj: Object) -> Request | None:
    labels = objects.labels_of(obj)
    name, namespace = (labels.get(f"{kinds.KUSTOMIZE_GROUP}/{part}") for part in ("name", "namespace"))
    return Request(str(namespace), str(name)) if name and namespace else None
