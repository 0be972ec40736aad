"""Writes back what a reconcile changed on its object, with the fewest requests (flux.md 1.3 "Patching").

Flux sends conditions, metadata and the rest of the status one after the other; here conditions and status go in one
merge patch, which carries the resourceVersion whenever a list is replaced. A conflict is answered by reading the object
again and merging only what this reconcile changed.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Collection, Mapping
from typing import Any

from engine import errors
from engine.clock import Clock
from engine.controllers.cluster import Cluster
from engine.flux import conditions
from engine.kube.types import Object, PatchType, ResourceType
from engine.mergepatch import merge_patch

TRIES = 5


class Patcher:
    """The working copy of one object during one reconcile, and what the API server knows of it.

    The reconciler changes `object` (its status and its finalizers, nothing else) and calls `patch`.
    """

    def __init__(
        self, cluster: Cluster, res: ResourceType, obj: Object, *, manager: str, owned: Collection[str], clock: Clock
    ) -> None:
        self._cluster = cluster
        self._res = res
        self._manager = manager
        self._owned = frozenset(owned)
        self._clock = clock
        self._known = obj
        self.object: Object = copy.deepcopy(obj)

    @property
    def resource_version(self) -> str:
        """The version that the last answer had."""
        return str(self._known["metadata"].get("resourceVersion", ""))

    async def patch(self) -> None:
        """Send what changed since the last call; nothing when nothing did.

        The status goes first: whoever removes the last finalizer has no object left to write to.
        """
        for make, subresource in ((self._status_patch, "status"), (self._finalizer_patch, "")):
            if make(self._known):
                self._adopt(await self._send(make, subresource))

    async def _send(self, make: Callable[[Object], dict[str, Any]], subresource: str) -> Object:
        metadata = self.object["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        live = self._known
        for _ in range(TRIES - 1):
            try:
                return await self._write(make(live), namespace, name, subresource)
            except errors.Conflict:
                # As long as Flux waits; spread, so that two writers do not meet again.
                await self._clock.sleep(random.uniform(0.1, 0.2))  # noqa: S311
            live = await self._cluster.get(self._res, namespace, name)
            if live["metadata"].get("uid") != metadata.get("uid"):
                raise errors.NotFound(f"{self._res.kind} {namespace}/{name} was deleted and created again")
            if not make(live):
                return live
        return await self._write(make(live), namespace, name, subresource)

    async def _write(self, body: dict[str, Any], namespace: str, name: str, subresource: str) -> Object:
        return await self._cluster.patch(
            self._res, namespace, name, body, type=PatchType.MERGE, manager=self._manager, subresource=subresource
        )

    def _adopt(self, answer: Object) -> None:
        """Take the server's answer as known.

        Finalizers that are still to be sent stay, and so do the spec and the generation that the reconcile works on: a
        newer one has its own pass.
        """
        mine = self.object
        metadata = {**copy.deepcopy(answer["metadata"]), "finalizers": self._wanted_finalizers(answer)}
        if "generation" in mine["metadata"]:
            metadata["generation"] = mine["metadata"]["generation"]
        mine["metadata"] = metadata
        if "status" in answer:
            mine["status"] = copy.deepcopy(answer["status"])
        self._known = answer

    def _status_patch(self, live: Object) -> dict[str, Any]:
        before = dict(self._known.get("status") or {})
        after = dict(self.object.get("status") or {})
        old, new = before.pop("conditions", None) or [], after.pop("conditions", None) or []
        body = merge_patch(before, after)
        if old != new:
            body["conditions"] = self._merged(old, new, conditions.all_of(live))
        if not body:
            return {}
        return {"metadata": _lock(live), "status": body} if _has_list(body) else {"status": body}

    def _merged(self, old: list[Any], new: list[Any], live: list[Any]) -> list[Any]:
        """The live conditions with those of ours that this reconcile changed; stored order."""
        before, after = _by_type(old), _by_type(new)
        merged = _by_type(live)
        for kind in self._owned & (before.keys() | after.keys()):
            if before.get(kind) == after.get(kind):
                continue
            if kind in after:
                merged[kind] = after[kind]
            else:
                merged.pop(kind, None)
        return conditions.in_order(merged.values())

    def _finalizer_patch(self, live: Object) -> dict[str, Any]:
        wanted = self._wanted_finalizers(live)
        if wanted == _finalizers(live):
            return {}
        return {"metadata": {**_lock(live), "finalizers": wanted}}

    def _wanted_finalizers(self, live: Object) -> list[str]:
        """The live finalizers, without those taken away here and with those added here."""
        before, after, now = _finalizers(self._known), _finalizers(self.object), _finalizers(live)
        kept = [name for name in now if name in after or name not in before]
        return kept + [name for name in after if name not in before and name not in now]


def _lock(live: Object) -> dict[str, Any]:
    return {"resourceVersion": live["metadata"].get("resourceVersion", "")}


def _has_list(body: Mapping[str, Any]) -> bool:
    """Whether a patch replaces a list, which only the newest reader may do."""
    return any(isinstance(v, list) or (isinstance(v, Mapping) and _has_list(v)) for v in body.values())


def _finalizers(obj: Object) -> list[str]:
    return list(obj["metadata"].get("finalizers") or [])


def _by_type(items: list[Any]) -> dict[str, Any]:
    return {str(item.get("type")): item for item in items}
