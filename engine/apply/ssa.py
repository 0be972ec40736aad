"""One object: read, exclusions, dry run, take-over, drift, apply, force (flux.md 4.7 "Per object")."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from engine import errors
from engine.apply import errors as texts
from engine.apply import ignore, objects
from engine.apply.changes import Action, Change
from engine.apply.live import Proofs, digest
from engine.apply.managers import OWNER, TakeOver
from engine.clock import Clock
from engine.controllers.cluster import Cluster
from engine.flux.inventory import Entry, entry_of
from engine.kube.types import Object, PatchType, ResourceType

_IMMUTABLE: Final = re.compile("is immutable|immutable field")
_GONE_POLL: Final = 2.0
_CONFLICT_TRIES: Final = 3


class Kinds(Protocol):
    """The REST mapping: `engine.kube`'s discovery."""

    async def resource(self, group: str, version: str, kind: str) -> ResourceType:
        """The resource of a kind; errors.NoKindMatch."""

    async def refresh(self) -> None:
        """Ask again which kinds there are."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the objects of one Kustomization are applied."""

    force: bool = False
    rules: Sequence[ignore.Rule] = ()
    take_over: TakeOver = field(default_factory=TakeOver)
    known: frozenset[Entry] = frozenset()
    """The old inventory: what probably exists."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done with one object; `live` is the newest state known, None when there is none."""

    entry: Entry
    desired: Object
    action: Action
    res: ResourceType | None = None
    live: Object | None = None
    payload: Object | None = None
    proven: bool = False


class ObjectApplier:
    """Plans and applies single objects."""

    def __init__(self, cluster: Cluster, kinds: Kinds, proofs: Proofs, clock: Clock) -> None:
        self._cluster = cluster
        self._kinds = kinds
        self._proofs = proofs
        self._clock = clock

    async def plan(self, desired: Object, options: Options) -> Plan:
        """Find out, by a dry run, what has to be done. Takes foreign managers over and deletes what force demands."""
        entry = entry_of(desired)
        if objects.excluded(desired):
            return Plan(entry, desired, Action.SKIPPED)
        proven = self._proofs.holds(entry.ref, digest(desired))
        if proven is not None:
            return Plan(entry, desired, Action.UNCHANGED, live=proven, proven=True)
        try:
            res = await self._kinds.resource(entry.ref.group, entry.version, entry.ref.kind)
        except errors.NoKindMatch as error:
            raise texts.dry_run(entry.ref, entry.version, error) from error
        only_missing = objects.switched(desired, objects.SSA, "IfNotPresent")
        live = await self._read(res, entry) if only_missing or entry in options.known else None
        if live is not None and (only_missing or objects.excluded(live)):
            return Plan(entry, desired, Action.SKIPPED, res, live)
        return await self._planned(desired, entry, res, live, options)

    async def apply(self, plan: Plan) -> tuple[Change, Object | None]:
        """Carry a plan out; also gives the newest state known of the object."""
        live = plan.live
        if plan.payload is not None and plan.res is not None:
            try:
                live = await self._cluster.apply(plan.res, plan.payload, manager=OWNER)
            except errors.LeaseHeld:
                raise
            except errors.EngineError as error:
                raise texts.apply(plan.entry.ref, plan.entry.version, error) from error
            self._proofs.applied(plan.entry.ref, digest(plan.desired), live)
        return Change(plan.entry, plan.action), live

    async def _planned(
        self, desired: Object, entry: Entry, res: ResourceType, live: Object | None, options: Options
    ) -> Plan:
        try:
            dry = await self._cluster.apply(res, desired, manager=OWNER, dry_run=True)
        except errors.Retryable as error:
            if not isinstance(error, errors.Conflict):
                raise texts.dry_run(entry.ref, entry.version, error) from error
            return await self._refused(error, desired, entry, res, live, options)
        except errors.EngineError as error:
            return await self._refused(error, desired, entry, res, live, options)
        if not dry["metadata"].get("resourceVersion"):
            return Plan(entry, desired, Action.CREATED, res, None, desired)
        live = live or await self._read(res, entry)
        if live is None:
            # It went between the dry run and the read.
            return Plan(entry, desired, Action.CREATED, res, None, desired)
        if objects.excluded(live):
            return Plan(entry, desired, Action.SKIPPED, res, live)
        patched = None if objects.merges(desired, live) else await self._take_over(res, entry, live, options)
        ignored = ignore.paths_for(options.rules, desired)
        if patched is None and not drifted(dry, live, ignored):
            self._proofs.applied(entry.ref, digest(desired), live)
            return Plan(entry, desired, Action.UNCHANGED, res, live)
        payload = ignore.adopt(desired, live, ignored) if ignored else desired
        return Plan(entry, desired, Action.CONFIGURED, res, patched or live, payload)

    async def _refused(
        self,
        error: errors.EngineError,
        desired: Object,
        entry: Entry,
        res: ResourceType,
        live: Object | None,
        options: Options,
    ) -> Plan:
        """The dry run failed: an excluded object doesn't care, and force may create it anew."""
        live = live or await self._read_if_possible(res, entry)
        if live is not None and objects.excluded(live):
            return Plan(entry, desired, Action.SKIPPED, res, live)
        forced = options.force or any(objects.switched(obj, objects.FORCE, "enabled") for obj in (desired, live))
        if live is None or not forced or not _needs_force(error):
            raise texts.dry_run(entry.ref, entry.version, error) from error
        await self._delete_and_wait(res, entry, live)
        try:
            await self._cluster.apply(res, desired, manager=OWNER, dry_run=True)
        except errors.EngineError as again:
            raise texts.dry_run(entry.ref, entry.version, again) from again
        return Plan(entry, desired, Action.CREATED, res, None, desired)

    async def _take_over(self, res: ResourceType, entry: Entry, live: Object, options: Options) -> Object | None:
        """Make foreign managers' fields Flux's; None when there was nothing to do."""
        ref = entry.ref
        for attempt in range(_CONFLICT_TRIES):
            operations = options.take_over.patch(live)
            if not operations:
                return None
            # managedFields are replaced as a whole, so nobody may have written since they were read.
            lock = {"op": "replace", "path": "/metadata/resourceVersion", "value": _version(live)}
            try:
                return await self._cluster.patch(
                    res, ref.namespace, ref.name, [lock, *operations], type=PatchType.JSON, manager=OWNER
                )
            except errors.Conflict as error:
                if attempt == _CONFLICT_TRIES - 1:
                    raise texts.cleanup(ref, error) from error
                live = await self._cluster.get(res, ref.namespace, ref.name)
            except errors.LeaseHeld:
                raise
            except errors.EngineError as error:
                raise texts.cleanup(ref, error) from error
        return None

    async def _delete_and_wait(self, res: ResourceType, entry: Entry, live: Object) -> None:
        ref = entry.ref
        try:
            await self._cluster.delete(res, ref.namespace, ref.name, uid=str(live["metadata"].get("uid") or ""))
        except errors.NotFound:
            return
        except errors.LeaseHeld:
            raise
        except errors.EngineError as error:
            raise texts.ForceFailed(
                f"{ref} immutable field detected, failed to delete object: {texts.words(error)}", status=error.status
            ) from error
        while await self._read(res, entry) is not None:
            await self._clock.sleep(_GONE_POLL)

    async def _read(self, res: ResourceType, entry: Entry) -> Object | None:
        try:
            return await self._cluster.get(res, entry.ref.namespace, entry.ref.name)
        except errors.NotFound:
            return None
        except errors.EngineError as error:
            raise texts.dry_run(entry.ref, entry.version, error) from error

    async def _read_if_possible(self, res: ResourceType, entry: Entry) -> Object | None:
        """For an object whose dry run failed already: that error is the one to tell."""
        try:
            return await self._cluster.get(res, entry.ref.namespace, entry.ref.name)
        except errors.EngineError:
            return None


def drifted(dry: Mapping[str, Any], live: Mapping[str, Any], ignored: Sequence[str] = ()) -> bool:
    """Whether a dry run's result differs from live in labels, annotations or content (not metadata, status)."""
    if ignored:
        dry, live = ignore.without(dry, ignored), ignore.without(live, ignored)
    if any((of(dry) or {}) != (of(live) or {}) for of in (objects.labels_of, objects.annotations_of)):
        return True
    return _content(dry) != _content(live)


def _content(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def _needs_force(error: errors.EngineError) -> bool:
    """Whether the object has to be created anew to become what is wanted."""
    return isinstance(error, errors.Conflict | errors.Invalid) or bool(_IMMUTABLE.search(texts.words(error)))


def _version(obj: Object) -> str:
    return str(obj["metadata"].get("resourceVersion") or "")
