"""What the watches know of managed objects, and what that proves (design.md 3.9).

One metadata informer for each managed kind, by owner label. `Proofs` remembers, for an object whose desired state was
found applied, what its metadata looked like: as long as the watch shows the same, nothing has to be asked.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.clock import Clock
from engine.flux.inventory import ObjectRef
from engine.flux.kinds import KUSTOMIZE_GROUP
from engine.kube.client import Client
from engine.kube.informer import Informer
from engine.kube.types import Object, ResourceType
from engine.tasks import cancel

OWNER_SELECTOR: Final = f"{KUSTOMIZE_GROUP}/name"
_FINGERPRINT: Final = "fingerprint"
"""Where a slim object keeps its own; no API object has such a field."""
#: Told of the kind's resource, the old metadata object (None when it came) and the new one (None when it went).
OnChange = Callable[[ResourceType, Object | None, Object | None], None]


class Watches:
    """Metadata informers of managed kinds, started when a kind is first seen in an inventory."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._informers: dict[tuple[str, str], Informer] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._handlers: list[OnChange] = []

    def watch(self, res: ResourceType) -> Informer:
        """Watch this kind from now on."""
        key = (res.group, res.kind)
        informer = self._informers.get(key)
        if informer is None:
            informer = Informer(
                self._client, res, label_selector=OWNER_SELECTOR, metadata_only=True, transform=_slim, clock=self._clock
            )
            self._informers[key] = informer
            informer.subscribe(lambda _kind, old, new: self._tell(res, old, new))
            self._tasks[key] = asyncio.create_task(informer.run(), name=f"watch of managed {res.plural}")
        return informer

    def metadata(self, ref: ObjectRef) -> Object | None:
        """The object's metadata, or None when it is not there, not labelled, or not watched."""
        informer = self._informers.get((ref.group, ref.kind))
        return informer.get(ref.namespace, ref.name) if informer else None

    def is_live(self, group: str, kind: str) -> bool:
        """Whether the copy of this kind can be trusted now."""
        informer = self._informers.get((group, kind))
        return informer is not None and informer.status.state == "live"

    def is_starting(self, group: str, kind: str) -> bool:
        """Whether the first list of this kind is still under way."""
        informer = self._informers.get((group, kind))
        return informer is not None and informer.status.state == "starting"

    async def synced(self, kinds: Iterable[ResourceType]) -> None:
        """Wait until these kinds, which are watched, were listed once."""
        for res in kinds:
            await self.watch(res).synced()

    def subscribe(self, handler: OnChange) -> Callable[[], None]:
        """Be told of every change; returns what ends it."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler) if handler in self._handlers else None

    async def close(self) -> None:
        """End all watches."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        self._informers.clear()
        await cancel(*tasks)

    def _tell(self, res: ResourceType, old: Object | None, new: Object | None) -> None:
        for handler in tuple(self._handlers):
            handler(res, old, new)


@dataclass(frozen=True, slots=True)
class Proof:
    """That an object with this fingerprint has this desired state."""

    desired: bytes
    fingerprint: bytes


class Proofs:
    """Verdicts that stay true until desired state or live metadata change."""

    def __init__(self, watches: Watches) -> None:
        self._watches = watches
        self._proofs: dict[ObjectRef, Proof] = {}
        self._healthy: dict[ObjectRef, tuple[str, str]] = {}

    def applied(self, ref: ObjectRef, desired: bytes, live: Object) -> None:
        """This object was found to have its desired state."""
        self._proofs[ref] = Proof(desired, fingerprint(live))

    def holds(self, ref: ObjectRef, desired: bytes) -> Object | None:
        """The live metadata when the watch shows that the desired state still is what was applied, else None."""
        proof = self._proofs.get(ref)
        if proof is None or proof.desired != desired or not self._watches.is_live(ref.group, ref.kind):
            return None
        live = self._watches.metadata(ref)
        return live if live is not None and fingerprint(live) == proof.fingerprint else None

    def current(self, ref: ObjectRef, live: Object) -> None:
        """This object was seen to be Current."""
        metadata = live.get("metadata") or {}
        self._healthy[ref] = (str(metadata.get("uid")), str(metadata.get("resourceVersion")))

    def is_current(self, ref: ObjectRef) -> bool:
        """Whether the watch shows the very version that was Current."""
        known = self._healthy.get(ref)
        if known is None or not self._watches.is_live(ref.group, ref.kind):
            return False
        metadata = (self._watches.metadata(ref) or {}).get("metadata") or {}
        return known == (str(metadata.get("uid")), str(metadata.get("resourceVersion")))

    def forget(self, ref: ObjectRef) -> None:
        """The object is no longer managed."""
        self._proofs.pop(ref, None)
        self._healthy.pop(ref, None)


def digest(desired: Mapping[str, Any]) -> bytes:
    """A short digest of a desired object."""
    return hashlib.blake2b(orjson.dumps(desired, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def fingerprint(obj: Object) -> bytes:
    """What changes when anything but the status of an object changes.

    Kinds without a generation change it with their resourceVersion.
    """
    known = obj.get(_FINGERPRINT)
    if isinstance(known, bytes):
        return known
    metadata = obj.get("metadata") or {}
    owners = [
        (entry.get("manager"), entry.get("operation"), entry.get("time"), entry.get("fieldsV1"))
        for entry in metadata.get("managedFields") or []
        if entry.get("subresource") != "status"
    ]
    generation = metadata.get("generation")
    parts = [
        metadata.get("uid"),
        generation or metadata.get("resourceVersion"),
        metadata.get("labels"),
        metadata.get("annotations"),
        metadata.get("deletionTimestamp"),
        owners,
    ]
    return hashlib.blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _slim(obj: Object) -> Object:
    """What is kept of a watched object: managedFields are big, and only whether they changed is asked of them."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": metadata, _FINGERPRINT: fingerprint(obj)}
