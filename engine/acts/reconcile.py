"""Reconcile: write a request token, then follow it until it is handled (flux.md 1.1, B.5)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from engine import errors
from engine.acts.base import (
    Act,
    Receipt,
    Track,
    World,
    handled,
    must_be_reconciled,
    must_not_be_suspended,
    token,
)
from engine.acts.preview import of_reconcile
from engine.commands import Reconcile
from engine.flux import kinds
from engine.flux.revision import short
from engine.model import Effect, Ref, Resource
from engine.snapshot import Progress


class ReconcileAct(Act[Reconcile]):
    """The object, or its source first (`with_source`)."""

    def check(self, command: Reconcile, world: World) -> None:
        """Refuse what would never be handled."""
        must_be_reconciled(command.ref)
        resource = world.resource(command.ref)
        must_not_be_suspended(resource)
        if (command.force or command.reset) and command.ref.kind != kinds.HELM_RELEASE.kind:
            raise errors.Refused("force and reset are requests to helm-controller", fix="reconcile it plainly")
        source = _source(command, resource)
        if source is not None and (known := world.store.resource(source)) is not None:
            must_not_be_suspended(known)

    async def effect(self, command: Reconcile, world: World) -> AsyncGenerator[Effect, None]:
        """What the next pass will change."""
        async for effect in of_reconcile(command.ref, world):
            yield effect

    async def prepare(self, command: Reconcile, world: World) -> Receipt:
        """One token for both objects, so that a restarted session can tell how far it came."""
        source = _source(command, world.resource(command.ref))
        receipt = {"token": token(world.clock.now())}
        if source is not None:
            receipt |= {"source_group": source.group, "source_kind": source.kind}
            receipt |= {"source_namespace": source.namespace, "source_name": source.name}
        return receipt

    async def send(self, command: Reconcile, world: World, receipt: Receipt) -> None:
        """Ask the source, or the object when there is none to ask first."""
        source = _source_of(command, receipt)
        await (_request(source, world, receipt["token"]) if source else self._ask(command, world, receipt))

    async def landed(self, command: Reconcile, world: World, receipt: Receipt) -> bool:
        """The annotation is there."""
        return await _asked(_source_of(command, receipt) or command.ref, world, receipt["token"])

    async def follow(self, command: Reconcile, world: World, receipt: Receipt, track: Track) -> str:
        """The source's pass, then the object's."""
        source = _source_of(command, receipt)
        if source is not None:
            track(Progress.REQUESTED, f"waiting for {source}")
            await handled(source, world, receipt["token"], track)
            if not await _asked(command.ref, world, receipt["token"]):
                await self._ask(command, world, receipt)
        resource = await handled(command.ref, world, receipt["token"], track)
        return f"{'fetched' if resource.artifact else 'applied'} revision {short(resource.revision)}"

    async def _ask(self, command: Reconcile, world: World, receipt: Receipt) -> None:
        more = {}
        if command.force:
            more[kinds.FORCE_AT] = receipt["token"]
        if command.reset:
            more[kinds.RESET_AT] = receipt["token"]
        await _request(command.ref, world, receipt["token"], more)


def _source(command: Reconcile, resource: Resource) -> Ref | None:
    return resource.source if command.with_source else None


def _source_of(command: Reconcile, receipt: Receipt) -> Ref | None:
    if "source_name" not in receipt:
        return None
    parts = (receipt[f"source_{part}"] for part in ("group", "kind", "namespace", "name"))
    return Ref(command.ref.cluster, *parts)


async def _request(ref: Ref, world: World, value: str, more: dict[str, str] | None = None) -> None:
    await world.merge(ref, {"metadata": {"annotations": {kinds.REQUESTED_AT: value, **(more or {})}}})


async def _asked(ref: Ref, world: World, value: str) -> bool:
    metadata: dict[str, Any] = (await world.live(ref))["metadata"]
    return (metadata.get("annotations") or {}).get(kinds.REQUESTED_AT) == value
