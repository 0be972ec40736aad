"""Deleting what is no longer wanted (flux.md 4.8, 4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from engine import errors
from engine.apply import errors as texts
from engine.apply import objects
from engine.apply.changes import Action, Change
from engine.apply.errors import PruneError
from engine.apply.live import Proofs
from engine.apply.ssa import Kinds
from engine.clock import Clock
from engine.controllers.cluster import Cluster
from engine.flux import order
from engine.flux.inventory import Entry
from engine.kube.types import Object, ResourceType

_POLL: Final = 2.0


class Pruner:
    """Deletes managed objects, one by one, in reverse apply order."""

    def __init__(self, cluster: Cluster, kinds: Kinds, proofs: Proofs, clock: Clock) -> None:
        self._cluster = cluster
        self._kinds = kinds
        self._proofs = proofs
        self._clock = clock

    async def prune(self, entries: Iterable[Entry], owner: Mapping[str, str]) -> list[Change]:
        """Delete what carries the owner labels and isn't excluded. All are tried; raises PruneError."""
        changes: list[Change] = []
        failures: list[str] = []
        remaining: list[Entry] = []
        for entry in order.for_deletion(entries):
            try:
                changes.append(Change(entry, await self._one(entry, owner)))
                self._proofs.forget(entry.ref)
            except texts.ApplyError as error:
                failures.append(error.message)
                remaining.append(entry)
        if failures:
            raise PruneError("delete failed, errors: " + "".join(f"{failure};" for failure in failures), remaining)
        return changes

    async def wait_gone(self, entries: Iterable[Entry], timeout: float) -> bool:
        """Wait until none of the objects is there any more; False when `timeout` seconds were not enough."""
        deadline = self._clock.monotonic() + timeout
        left = list(entries)
        while left := [entry for entry in left if await self._read(entry) is not None]:
            if self._clock.monotonic() >= deadline:
                return False
            await self._clock.sleep(_POLL)
        return True

    async def _one(self, entry: Entry, owner: Mapping[str, str]) -> Action:
        found = await self._read(entry)
        if found is None:
            return Action.DELETED
        res, live = found
        if objects.unprunable(live) or not objects.owned_by(live, owner):
            return Action.SKIPPED
        ref = entry.ref
        try:
            await self._cluster.delete(res, ref.namespace, ref.name, uid=str(live["metadata"].get("uid") or ""))
        except errors.NotFound:
            return Action.DELETED
        except errors.LeaseHeld:
            raise
        except errors.EngineError as error:
            raise texts.ApplyError(f"{ref} delete failed: {texts.words(error)}", status=error.status) from error
        return Action.DELETED

    async def _read(self, entry: Entry) -> tuple[ResourceType, Object] | None:
        ref = entry.ref
        try:
            res = await self._kinds.resource(ref.group, entry.version, ref.kind)
            return res, await self._cluster.get(res, ref.namespace, ref.name)
        except (errors.NotFound, errors.NoKindMatch):
            # With its kind, every object of it is gone.
            return None
        except errors.EngineError as error:
            raise texts.ApplyError(f"{ref} query failed: {texts.words(error)}", status=error.status) from error
