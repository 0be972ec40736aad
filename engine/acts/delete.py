"""Delete in the background, as `kubectl delete` does; Flux's finalizers decide what goes with it (flux.md 4.3)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from engine import errors
from engine.acts.base import Act, Receipt, Track, World
from engine.acts.preview import of_delete
from engine.commands import Delete
from engine.model import Effect, Resource


class DeleteAct(Act[Delete]):
    """The very object that was seen: its uid is a precondition."""

    def check(self, command: Delete, world: World) -> None:
        """It must be there."""
        world.resource(command.ref)

    async def effect(self, command: Delete, world: World) -> AsyncGenerator[Effect, None]:
        """What goes with it."""
        async for effect in of_delete(command.ref, world):
            yield effect

    async def prepare(self, command: Delete, world: World) -> Receipt:
        """Which object of this name is meant."""
        return {"uid": world.resource(command.ref).uid}

    async def send(self, command: Delete, world: World, receipt: Receipt) -> None:
        """One DELETE."""
        ref = command.ref
        await world.client.delete(await world.type_of(ref), ref.namespace, ref.name, uid=receipt["uid"])

    async def landed(self, command: Delete, world: World, receipt: Receipt) -> bool:
        """It is gone, going, or another one."""
        try:
            metadata = (await world.live(command.ref))["metadata"]
        except errors.NotFound:
            return True
        return metadata.get("uid") != receipt["uid"] or bool(metadata.get("deletionTimestamp"))

    async def follow(self, command: Delete, world: World, receipt: Receipt, track: Track) -> str:
        """Until its finalizers let it go."""

        def gone(seen: Resource | None) -> bool | None:
            return True if seen is None or seen.uid != receipt["uid"] else None

        await world.until(command.ref, gone)
        return "deleted"
