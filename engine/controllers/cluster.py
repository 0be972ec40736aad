"""What controllers need of the world: an API to read and write, a cache, an event recorder.

`engine.kube` has them for a real or embedded API server; tests have them in memory. Every write of a controller goes
through `Fenced`, which lets nothing out while the Leases are not surely ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from engine import errors
from engine.flux.kinds import FluxKind
from engine.kube.types import Object, PatchType, ResourceType

#: Whether a write may go out at this very moment; see `Fenced`.
MayWrite = Callable[[], bool]
#: Told of `added`, `modified` or `deleted`, the old object (None when added) and the new one (None when deleted).
OnChange = Callable[[str, Object | None, Object | None], None]

NORMAL = "Normal"
WARNING = "Warning"


class Cluster(Protocol):
    """The part of `engine.kube.Client` that controllers use."""

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        """One object; errors.NotFound."""

    async def create(self, res: ResourceType, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        """POST; errors.AlreadyExists."""

    async def patch(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        body: Any,
        *,
        type: PatchType,  # noqa: A002
        manager: str,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """PATCH; errors.Conflict when the body carries an old resourceVersion."""

    async def apply(
        self,
        res: ResourceType,
        obj: Object,
        *,
        manager: str,
        force: bool = True,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Object:
        """Server-side apply."""

    async def delete(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
    ) -> Object:
        """DELETE with preconditions; errors.NotFound."""


class Cache(Protocol):
    """The part of `engine.kube.Informer` that controllers use."""

    def get(self, namespace: str, name: str) -> Object | None:
        """The object as last seen; never to be changed."""

    def objects(self) -> Iterable[Object]:
        """Every object as last seen."""

    def subscribe(self, handler: OnChange) -> Callable[[], None]:
        """Be told of every change from now on; returns what ends it."""

    async def synced(self) -> Any:
        """Wait for the first complete list."""


class Events(Protocol):
    """Records core/v1 Events about objects, and never fails a reconcile (flux.md 1.4)."""

    async def event(
        self,
        obj: Object,
        type: str,  # noqa: A002
        reason: str,
        message: str,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """`type` is NORMAL or WARNING; `obj` the object as it was read at the start of the reconcile."""


class Fenced:
    """A cluster whose writes stop when they may no longer go out (`may_write` says so right before each).

    A dry run is not a write.
    """

    def __init__(self, cluster: Cluster, may_write: MayWrite) -> None:
        self._cluster = cluster
        self._may_write = may_write

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        """As `Cluster.get`."""
        return await self._cluster.get(res, namespace, name)

    async def create(self, res: ResourceType, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        """As `Cluster.create`."""
        self._check(dry_run)
        return await self._cluster.create(res, obj, manager=manager, dry_run=dry_run)

    async def patch(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        body: Any,
        *,
        type: PatchType,  # noqa: A002
        manager: str,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """As `Cluster.patch`."""
        self._check(dry_run)
        return await self._cluster.patch(
            res, namespace, name, body, type=type, manager=manager, subresource=subresource, dry_run=dry_run
        )

    async def apply(
        self,
        res: ResourceType,
        obj: Object,
        *,
        manager: str,
        force: bool = True,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Object:
        """As `Cluster.apply`."""
        self._check(dry_run)
        return await self._cluster.apply(
            res, obj, manager=manager, force=force, dry_run=dry_run, subresource=subresource
        )

    async def delete(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
    ) -> Object:
        """As `Cluster.delete`."""
        self._check(dry_run=False)
        return await self._cluster.delete(
            res, namespace, name, uid=uid, resource_version=resource_version, propagation=propagation
        )

    def _check(self, dry_run: bool) -> None:
        if not dry_run and not self._may_write():
            raise errors.LeaseHeld(
                "nothing was written: the controllers' Leases could not be renewed in time",
                fix="writing goes on when this engine holds them again",
            )


def resource_of(kind: FluxKind) -> ResourceType:
    """The resource of a Flux kind, at the version this engine reads and writes."""
    return ResourceType(
        kind.group, kind.version, kind.kind, kind.plural, namespaced=True, subresources=frozenset({"status"})
    )
