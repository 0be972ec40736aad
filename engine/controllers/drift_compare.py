"""Comparing one Kustomization with the cluster: what is read, what is remembered, what a dry run confirms."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
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
from engine.controllers.drift_budget import Budget
from engine.controllers.kustomization_build import Builder, Desired
from engine.flux import graph, inventory
from engine.flux.inventory import Entry, ObjectRef, entry_of, ref_of
from engine.kube.types import Object, Page, ResourceType
from engine.model import DriftReport, ObjectDrift, Ref, Verdict
from engine.safe import line

_SYNC: Final = 10.0
_NOT_COMPUTED: Final = "not computed: "
_REMOTE_BASE: Final = "remote base URL"
_CHUNK: Final = 20
"""Objects compared without letting anything else run."""
_LIST: Final = 4
"""From so many unknown objects of a kind on, one list is cheaper than reading each."""


class Api(Protocol):
    """The part of the client that drift needs."""

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        """One object; errors.NotFound."""

    def list(self, res: ResourceType, namespace: str = "", *, label_selector: str = "") -> AsyncIterator[Page]:
        """Pages of a list."""

    async def apply(
        self, res: ResourceType, obj: Object, *, manager: str, force: bool = True, dry_run: bool = False
    ) -> Object:
        """Server-side apply."""


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
class Known:
    """What is remembered of one live object: the state read, and the verdicts about it."""

    fingerprint: bytes
    live: Object
    desired: bytes = b""
    local: ObjectDrift | None = None
    confirmed: ObjectDrift | None = None


class Comparer:
    """Computes reports. `settings` may be replaced while it works: the next report obeys them."""

    def __init__(
        self, api: Api, watches: Watches, builder: Builder, kinds: Kinds, *, clock: Clock, settings: Settings
    ) -> None:
        self.settings = settings
        self._api = api
        self._watches = watches
        self._builder = builder
        self._kinds = kinds
        self._clock = clock
        self._budget = Budget(settings.at_once, settings.per_second, clock)
        self._reads = asyncio.Semaphore(settings.at_once)

    async def judge(
        self,
        ref: Ref,
        obj: Object,
        artifact: Mapping[str, Any] | None,
        files: Mapping[str, bytes] | None,
        *,
        confirm: bool,
        known: dict[ObjectRef, Known],
        tell: Callable[[DriftReport], None] | None = None,
    ) -> DriftReport:
        """The report on one Kustomization at an artifact, or at these files.

        `known` remembers objects and verdicts; `tell` hears the local verdict when a dry run is to follow.
        """
        spec = obj.get("spec") or {}
        notes = self._notes(obj)
        try:
            _refuse(obj, artifact, cross_namespace=self.settings.cross_namespace)
            desired = await self._builder.build(obj, artifact or {}, files=files, keep=files is None)
            rules = drift.Rules(ignore.parse(spec.get("ignore") or []), self.settings.take_over, desired.hidden)
        except errors.EngineError as error:
            problem = error.message if _NOT_COMPUTED in error.message else f"{_NOT_COMPUTED}{error.message}"
            if _REMOTE_BASE in problem and not self.settings.remote_bases:
                problem += ", which the controller refuses too (--no-remote-bases)"
            report = DriftReport(ref, _revision(artifact), self._clock.now(), (), 0, line(problem), notes)
            return report if spec.get("kubeConfig") else await self._by_ownership(obj, report, known, look=confirm)
        comparison = Comparison(ref, desired, rules, known, notes)
        old = inventory.parse(obj.get("status"))
        stale = inventory.stale(old, [entry_of(item) for item in desired.objects]) if spec.get("prune") else []
        await self._watch({(e.ref.group, e.version, e.ref.kind) for e in (*map(entry_of, desired.objects), *stale)})
        await self._read_many(comparison)
        await self._compare(comparison)
        await self._compare_stale(comparison, stale)
        if tell is not None and self._wants_more(comparison):
            tell(comparison.report(self._clock.now()))
        await self._confirm(comparison, everything=confirm)
        comparison.tidy(stale)
        return comparison.report(self._clock.now())

    async def _read_many(self, comparison: Comparison) -> None:
        """Read what is not known yet by owner label, kind by kind, where that takes fewer requests."""
        unknown: defaultdict[tuple[str, str, str], set[ObjectRef]] = defaultdict(set)
        for entry in map(entry_of, comparison.desired.objects):
            if entry.ref not in comparison.known and self._watches.metadata(entry.ref) is not None:
                unknown[entry.ref.group, entry.version, entry.ref.kind].add(entry.ref)
        owner = objects.owner_labels(comparison.ref.name, comparison.ref.namespace)
        selector = ",".join(f"{key}={value}" for key, value in owner.items())
        for (group, version, kind), refs in unknown.items():
            if len(refs) < _LIST:
                continue
            # Who may not list may still read: then the objects are read one by one.
            with suppress(errors.EngineError):
                res = await self._kinds.resource(group, version, kind)
                async for page in self._api.list(res, label_selector=selector):
                    for obj in page.items:
                        if (ref := ref_of(obj)) in refs:
                            comparison.known[ref] = Known(fingerprint(obj), _without_status(obj))

    async def _compare(self, comparison: Comparison) -> None:
        """The local verdict on every object; only what changed is read and compared again."""
        wanted = comparison.desired.objects
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            async with asyncio.TaskGroup() as group:
                for item in chunk:
                    group.create_task(self._compare_one(comparison, item))
            await asyncio.sleep(0)

    async def _compare_one(self, comparison: Comparison, desired: Object) -> None:
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

    async def _compare_stale(self, comparison: Comparison, stale: Iterable[Entry]) -> None:
        owner = objects.owner_labels(comparison.ref.name, comparison.ref.namespace)
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

    async def _by_ownership(
        self, obj: Object, report: DriftReport, known: dict[ObjectRef, Known], *, look: bool
    ) -> DriftReport:
        """What inventory and managedFields tell when nothing could be built: what is gone, and who else wrote.

        Without `look` an object that the watch does not show is taken for gone: nobody asks about each.
        """
        entries = inventory.parse(obj.get("status"))
        await self._watch({(entry.ref.group, entry.version, entry.ref.kind) for entry in entries})
        found: list[ObjectDrift] = []
        unsaid = 0
        for entry in entries:
            if not look and self._not_shown(entry.ref):
                found.append(drift.not_shown(entry))
                continue
            try:
                live = await self._live(entry, known)
            except errors.EngineError as error:
                found.append(drift.not_compared(entry, words(error)))
                continue
            verdict = drift.by_ownership(entry, live, self.settings.take_over)
            if verdict is None:
                unsaid += 1
            else:
                found.append(verdict)
        more = f"{unsaid} objects are there; whether they are as wanted is not known" if unsaid else ""
        notes = (*report.notes, more) if more else report.notes
        return replace(report, objects=drift.ordered(found)[0], notes=notes)

    def _not_shown(self, ref: ObjectRef) -> bool:
        return self._watches.is_live(ref.group, ref.kind) and self._watches.metadata(ref) is None

    async def _confirm(self, comparison: Comparison, *, everything: bool) -> None:
        async with asyncio.TaskGroup() as group:
            for item in comparison.desired.objects:
                if self._to_confirm(comparison, item, everything=everything):
                    group.create_task(self._confirm_one(comparison, item))

    def _to_confirm(self, comparison: Comparison, desired: Object, *, everything: bool) -> bool:
        """Suspects, and everything of a selection, once for each state; Secrets and ciphertext are never sent."""
        known = comparison.known.get(entry_of(desired).ref)
        if known is None or known.confirmed is not None or known.local is None:
            return False
        if desired.get("kind") == "Secret" or "sops" in desired:
            return False
        return known.local.verdict is Verdict.DIFFERS or (everything and known.local.verdict is Verdict.EQUAL)

    async def _confirm_one(self, comparison: Comparison, desired: Object) -> None:
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

    async def _live(self, entry: Entry, known: dict[ObjectRef, Known]) -> Object | None:
        """The live object, from memory as long as the watch shows that nothing but its status changed."""
        ref = entry.ref
        seen = self._watches.metadata(ref)
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
            known[ref] = Known(mark, _without_status(live))
        return live

    async def _watch(self, wanted: Iterable[tuple[str, str, str]]) -> None:
        """See to it that changes of these kinds are noticed, and that what is there is known."""
        found = []
        for group, version, kind in wanted:
            with suppress(errors.NoKindMatch):
                found.append(await self._kinds.resource(group, version, kind))
        for res in found:
            self._watches.watch(res)
        with suppress(TimeoutError):
            # Kinds that may not be listed never sync: their objects are read one by one.
            async with asyncio.timeout(_SYNC):
                await self._watches.synced(res for res in found if self._watches.is_starting(res.group, res.kind))

    def _wants_more(self, comparison: Comparison) -> bool:
        """Whether a dry run is going to follow: then the local verdict is told first."""
        return any(self._to_confirm(comparison, item, everything=False) for item in comparison.desired.objects)

    def _notes(self, obj: Object) -> tuple[str, ...]:
        """What is assumed, and as whom the comparison is made."""
        name = (obj.get("spec") or {}).get("serviceAccountName") or self.settings.service_account
        namespace = obj["metadata"].get("namespace")
        whom = (f"as you, not as system:serviceaccount:{namespace}:{name}",) if name else ()
        return tuple(map(line, (*self.settings.assumptions, *whom)))


class Comparison:
    """One computation: what is wanted, and the verdicts so far."""

    def __init__(
        self,
        ref: Ref,
        desired: Desired,
        rules: drift.Rules,
        known: dict[ObjectRef, Known],
        notes: tuple[str, ...],
    ) -> None:
        self.ref = ref
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

    def report(self, now: datetime) -> DriftReport:
        """The verdicts so far as a report."""
        told, equal = drift.ordered(list(self._verdicts.values()))
        return DriftReport(self.ref, line(self.desired.revision), now, told, equal, "", self._notes)


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


def _without_status(obj: Object) -> Object:
    """What is kept in memory: the status is big, changes often and is never compared."""
    return {key: value for key, value in obj.items() if key != "status"}
