"""Live drift of every Kustomization, in the background, in both stances (design.md 3.9).

What changed is compared locally at once; a dry run confirms suspects and what somebody looks at, within the budget.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol

from engine import errors
from engine.apply import drift, ignore, objects
from engine.apply.errors import words
from engine.apply.live import Watches, digest, fingerprint
from engine.apply.managers import OWNER, TakeOver
from engine.apply.ssa import Kinds
from engine.clock import Clock
from engine.controllers.base import Request, triggers
from engine.controllers.cluster import Cache
from engine.controllers.drift_budget import Budget
from engine.controllers.kustomization_build import Builder, Desired
from engine.controllers.queue import WorkQueue
from engine.flags import Flags
from engine.flux import graph, inventory, kinds
from engine.flux.inventory import Entry, ObjectRef, entry_of
from engine.kube.types import Object, ResourceType
from engine.model import DriftReport, Effect, ObjectDrift, Ref, Verdict, line

log = logging.getLogger(__name__)

OnReport = Callable[[Ref, DriftReport | None], None]
"""Told of every new report; None when the Kustomization is gone."""

_SOURCE_SETTLES: Final = 1.0
"""Seconds after a new revision: whoever reconciles it comes first, and there is nothing to tell if that is quick."""
_SYNC: Final = 10.0
_NOT_COMPUTED: Final = "not computed: "
_REMOTE_BASE: Final = "remote base URL"
_CHUNK: Final = 20
"""Objects compared without letting anything else run."""


class Api(Protocol):
    """The part of the client that drift needs."""

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        """One object; errors.NotFound."""

    async def apply(
        self, res: ResourceType, obj: Object, *, manager: str, force: bool = True, dry_run: bool = False
    ) -> Object:
        """Server-side apply."""


@dataclass(frozen=True, slots=True)
class Caches:
    """What is watched anyway: Kustomizations, sources by kind, and the metadata of managed objects."""

    kustomizations: Cache
    sources: Mapping[str, Cache]
    watches: Watches


@dataclass(frozen=True, slots=True)
class Settings:
    """The budget, and what is known of the controllers' flags."""

    cluster: str = ""
    at_once: int = 4
    per_second: float = 5.0
    sweep: float = 600.0
    """Seconds after which drift is computed again though nothing was seen to change."""
    workers: int = 2
    take_over: TakeOver = field(default_factory=TakeOver)
    assumptions: tuple[str, ...] = ()
    """What every report notes: "strict substitution assumed"."""
    cross_namespace: bool = True
    """Whether a source in another namespace may be used (not `--no-cross-namespace-refs`)."""
    remote_bases: bool = True
    """Whether the controller fetches remote bases (not `--no-remote-bases`); here nobody does."""
    service_account: str = ""
    """`--default-service-account`: whom the controller is for a Kustomization that names nobody."""


@dataclass(slots=True)
class _Known:
    """What is remembered of one live object: the state read, and the verdicts about it."""

    fingerprint: bytes
    live: Object
    desired: bytes = b""
    local: ObjectDrift | None = None
    confirmed: ObjectDrift | None = None


class DriftMonitor:
    """Keeps a report for every Kustomization; run it as a task."""

    def __init__(
        self, api: Api, caches: Caches, builder: Builder, kinds_: Kinds, *, clock: Clock, settings: Settings
    ) -> None:
        self._api = api
        self._caches = caches
        self._builder = builder
        self._kinds = kinds_
        self._clock = clock
        self._settings = settings
        self._budget = Budget(settings.at_once, settings.per_second, clock)
        self._reads = asyncio.Semaphore(settings.at_once)
        self._queue: WorkQueue[Request] = WorkQueue(clock)
        self._listeners: list[OnReport] = []
        self._reports: dict[Request, DriftReport] = {}
        self._known: dict[Request, dict[ObjectRef, _Known]] = {}
        self._focused: frozenset[Request] = frozenset()
        self._locks: dict[Request, asyncio.Lock] = {}

    # --- what others call ---------------------------------------------------------------------------------

    def subscribe(self, callback: OnReport) -> Callable[[], None]:
        """Be told of every report; returns what ends it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    def focus(self, requests: Collection[Request]) -> None:
        """What is selected: it is confirmed by a dry run too, now and at each change."""
        new = frozenset(requests)
        for request in new - self._focused:
            self._queue.add(request)
        self._focused = new

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
        if self._settings == before and not rebuilds:
            return
        for known in self._known.values():
            known.clear()
        for obj in self._caches.kustomizations.objects():
            self._queue.add(Request.of(obj))

    async def report(self, namespace: str, name: str, *, confirm: bool = True) -> DriftReport:
        """A fresh report; with `confirm` every object is tried by a dry run. errors.NotFound."""
        request = Request(namespace, name)
        obj = self._caches.kustomizations.get(namespace, name)
        if obj is None:
            raise errors.NotFound(f"there is no Kustomization {request}")
        return await self._compute(request, obj, confirm=confirm)

    async def effect(self, obj: Object, *, files: Mapping[str, bytes] | None = None, revision: str = "") -> Effect:
        """What a reconcile of this Kustomization would do, also with another spec, or at another revision's files."""
        artifact: Mapping[str, Any] | None = _artifact(self._source(obj))
        if files is not None:
            artifact = {"revision": revision, "digest": f"preview:{revision}"}
        report = await self._judge(Request.of(obj), obj, artifact, files, confirm=False, known={})
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
        async with lock:
            known = self._known.setdefault(request, {})
            artifact = _artifact(self._source(obj))
            report = await self._judge(request, obj, artifact, None, confirm=confirm, known=known)
            self._publish(request, report)
            return report

    async def _judge(
        self,
        request: Request,
        obj: Object,
        artifact: Mapping[str, Any] | None,
        files: Mapping[str, bytes] | None,
        *,
        confirm: bool,
        known: dict[ObjectRef, _Known],
    ) -> DriftReport:
        spec = obj.get("spec") or {}
        notes = self._notes(obj)
        try:
            _refuse(obj, artifact, cross_namespace=self._settings.cross_namespace)
            desired = await self._builder.build(obj, artifact or {}, files=files, keep=files is None)
            rules = drift.Rules(ignore.parse(spec.get("ignore") or []), self._settings.take_over)
        except errors.EngineError as error:
            problem = error.message if _NOT_COMPUTED in error.message else f"{_NOT_COMPUTED}{error.message}"
            if _REMOTE_BASE in problem and not self._settings.remote_bases:
                problem += ", which the controller refuses too (--no-remote-bases)"
            report = DriftReport(self._ref(request), _revision(artifact), self._now(), (), 0, line(problem), notes)
            return report if spec.get("kubeConfig") else await self._by_ownership(obj, report, known)
        comparison = _Comparison(request, desired, rules, known, notes)
        old = inventory.parse(obj.get("status"))
        stale = inventory.stale(old, [entry_of(item) for item in desired.objects]) if spec.get("prune") else []
        await self._watch({(e.ref.group, e.version, e.ref.kind) for e in (*map(entry_of, desired.objects), *stale)})
        await self._compare(comparison)
        await self._compare_stale(comparison, stale)
        if self._wants_more(comparison) and files is None:
            self._publish(request, comparison.report(self._ref(request), self._now()))
        await self._confirm(comparison, everything=confirm)
        comparison.tidy(stale)
        return comparison.report(self._ref(request), self._now())

    async def _compare(self, comparison: _Comparison) -> None:
        """The local verdict on every object; only what changed is read and compared again."""
        wanted = comparison.desired.objects
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            async with asyncio.TaskGroup() as group:
                for item in chunk:
                    group.create_task(self._compare_one(comparison, item))
            await asyncio.sleep(0)

    async def _compare_one(self, comparison: _Comparison, desired: Object) -> None:
        entry = entry_of(desired)
        try:
            live = await self._live(entry, comparison.known)
        except errors.NoKindMatch:
            live = None
        except errors.EngineError as error:
            comparison.set(entry.ref, drift.not_compared(entry, words(error)))
            return
        known = comparison.known.get(entry.ref)
        own = digest(desired)
        if known is not None and known.desired != own:
            known.desired, known.local, known.confirmed = own, None, None
        verdict = known.confirmed or known.local if known is not None else None
        if verdict is None:
            verdict = drift.local(desired, live, comparison.rules)
            if known is not None:
                known.local = verdict
        comparison.set(entry.ref, verdict)

    async def _compare_stale(self, comparison: _Comparison, stale: Iterable[Entry]) -> None:
        owner = objects.owner_labels(comparison.request.name, comparison.request.namespace)
        for entry in stale:
            try:
                live = await self._live(entry, comparison.known)
            except errors.NoKindMatch:
                continue
            except errors.EngineError as error:
                comparison.set(entry.ref, drift.not_compared(entry, words(error)))
                continue
            verdict = drift.to_prune(entry, live, owner)
            if verdict is not None:
                comparison.set(entry.ref, verdict)

    async def _by_ownership(self, obj: Object, report: DriftReport, known: dict[ObjectRef, _Known]) -> DriftReport:
        """What inventory and managedFields tell when nothing could be built: what is gone, and who else wrote."""
        entries = inventory.parse(obj.get("status"))
        await self._watch({(entry.ref.group, entry.version, entry.ref.kind) for entry in entries})
        found: list[ObjectDrift] = []
        unsaid = 0
        for entry in entries:
            try:
                live = await self._live(entry, known)
            except errors.EngineError as error:
                found.append(drift.not_compared(entry, words(error)))
                continue
            verdict = drift.by_ownership(entry, live, self._settings.take_over)
            if verdict is None:
                unsaid += 1
            else:
                found.append(verdict)
        more = f"{unsaid} objects are there; whether they are as wanted is not known" if unsaid else ""
        notes = (*report.notes, more) if more else report.notes
        return replace(report, objects=drift.ordered(found)[0], notes=notes)

    async def _confirm(self, comparison: _Comparison, *, everything: bool) -> None:
        async with asyncio.TaskGroup() as group:
            for item in comparison.desired.objects:
                if self._to_confirm(comparison, item, everything=everything):
                    group.create_task(self._confirm_one(comparison, item))

    def _to_confirm(self, comparison: _Comparison, desired: Object, *, everything: bool) -> bool:
        """Suspects, and everything of a selection, once for each state; Secrets and ciphertext are never sent."""
        known = comparison.known.get(entry_of(desired).ref)
        if known is None or known.confirmed is not None or known.local is None:
            return False
        if desired.get("kind") == "Secret" or "sops" in desired:
            return False
        return known.local.verdict is Verdict.DIFFERS or (everything and known.local.verdict is Verdict.EQUAL)

    async def _confirm_one(self, comparison: _Comparison, desired: Object) -> None:
        entry = entry_of(desired)
        known = comparison.known[entry.ref]
        assert known.local is not None
        try:
            res = await self._kinds.resource(entry.ref.group, entry.version, entry.ref.kind)
            async with self._budget.slot():
                dry = await self._api.apply(res, desired, manager=OWNER, dry_run=True)
        except (errors.NotAllowed, errors.LoginRequired):
            verdict = drift.unconfirmed(known.local, "not confirmed: you may not dry-run it")
        except errors.TooManyRequests as error:
            self._budget.pause(error.retry_after)
            verdict = drift.unconfirmed(known.local, "not confirmed: the API server is busy")
        except (errors.Invalid, errors.Conflict) as error:
            verdict = drift.failing(known.local, words(error))
        except errors.EngineError as error:
            verdict = drift.unconfirmed(known.local, f"not confirmed: {words(error)}")
        else:
            verdict = drift.confirmed(desired, known.live, dry, comparison.rules)
            known.confirmed = verdict
        comparison.set(entry.ref, verdict)

    # --- reading ------------------------------------------------------------------------------------------

    async def _live(self, entry: Entry, known: dict[ObjectRef, _Known]) -> Object | None:
        """The live object, from memory as long as the watch shows that nothing but its status changed."""
        ref = entry.ref
        seen = self._caches.watches.metadata(ref)
        have = known.get(ref)
        if seen is not None and have is not None and have.fingerprint == fingerprint(seen):
            return have.live
        res = await self._kinds.resource(ref.group, entry.version, ref.kind)
        async with self._reads:
            try:
                live = await self._api.get(res, ref.namespace, ref.name)
            except errors.NotFound:
                known.pop(ref, None)
                return None
        mark = fingerprint(live)
        if have is None or have.fingerprint != mark:
            known[ref] = _Known(mark, _without_status(live))
        return live

    async def _watch(self, wanted: Iterable[tuple[str, str, str]]) -> None:
        """See to it that changes of these kinds are noticed, and that what is there is known."""
        found = []
        for group, version, kind in wanted:
            with suppress(errors.NoKindMatch):
                found.append(await self._kinds.resource(group, version, kind))
        for res in found:
            self._caches.watches.watch(res)
        with suppress(TimeoutError):
            # Kinds that may not be listed never sync: their objects are read one by one.
            async with asyncio.timeout(_SYNC):
                await self._caches.watches.synced(
                    res for res in found if self._caches.watches.is_starting(res.group, res.kind)
                )

    # --- telling ------------------------------------------------------------------------------------------

    def _wants_more(self, comparison: _Comparison) -> bool:
        """Whether a dry run is going to follow: then the local verdict is told first."""
        return any(self._to_confirm(comparison, item, everything=False) for item in comparison.desired.objects)

    def _publish(self, request: Request, report: DriftReport) -> None:
        self._reports[request] = report
        for callback in tuple(self._listeners):
            callback(report.ref, report)

    def _forget(self, request: Request) -> None:
        self._known.pop(request, None)
        self._locks.pop(request, None)
        if self._reports.pop(request, None) is not None:
            for callback in tuple(self._listeners):
                callback(self._ref(request), None)

    def _notes(self, obj: Object) -> tuple[str, ...]:
        """What is assumed, and as whom the comparison is made."""
        name = (obj.get("spec") or {}).get("serviceAccountName") or self._settings.service_account
        namespace = obj["metadata"].get("namespace")
        whom = (f"as you, not as system:serviceaccount:{namespace}:{name}",) if name else ()
        return tuple(map(line, (*self._settings.assumptions, *whom)))

    def _source(self, obj: Object) -> Object | None:
        for node in graph.sources(obj):
            cache = self._caches.sources.get(node.kind)
            if cache is not None:
                return cache.get(node.namespace, node.name)
        return None

    def _ref(self, request: Request) -> Ref:
        return Ref(self._settings.cluster, kinds.KUSTOMIZE_GROUP, "Kustomization", request.namespace, request.name)

    def _now(self) -> datetime:
        return self._clock.now()


class _Comparison:
    """One computation: what is wanted, and the verdicts so far."""

    def __init__(
        self,
        request: Request,
        desired: Desired,
        rules: drift.Rules,
        known: dict[ObjectRef, _Known],
        notes: tuple[str, ...],
    ) -> None:
        self.request = request
        self.desired = desired
        self.rules = rules
        self.known = known
        self._notes = notes
        self._verdicts: dict[ObjectRef, ObjectDrift] = {}

    def set(self, ref: ObjectRef, verdict: ObjectDrift) -> None:
        """The newest verdict on an object."""
        self._verdicts[ref] = verdict

    def tidy(self, stale: Iterable[Entry]) -> None:
        """Forget objects that are neither wanted nor to be pruned."""
        wanted = {entry_of(item).ref for item in self.desired.objects} | {entry.ref for entry in stale}
        for ref in [ref for ref in self.known if ref not in wanted]:
            del self.known[ref]

    def report(self, ref: Ref, now: datetime) -> DriftReport:
        """The verdicts so far as a report."""
        told, equal = drift.ordered(list(self._verdicts.values()))
        return DriftReport(ref, line(self.desired.revision), now, told, equal, "", self._notes)


def _refuse(obj: Object, artifact: Mapping[str, Any] | None, *, cross_namespace: bool) -> None:
    spec = obj.get("spec") or {}
    if spec.get("kubeConfig"):
        raise errors.Unsupported(f"{_NOT_COMPUTED}remote cluster (spec.kubeConfig)")
    own = str(obj["metadata"].get("namespace") or "")
    other = next((node for node in graph.sources(obj) if node.namespace != own), None)
    if other is not None and not cross_namespace:
        raise errors.Refused(
            f"the controller will not apply it: can't access '{other}', cross-namespace references have been blocked"
        )
    if artifact is None:
        raise errors.Unavailable("its source has no artifact yet")


def _revision(artifact: Mapping[str, Any] | None) -> str:
    return line(str((artifact or {}).get("revision") or ""))


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


def _without_status(obj: Object) -> Object:
    """What is kept in memory: the status is big, changes often and is never compared."""
    return {key: value for key, value in obj.items() if key != "status"}
