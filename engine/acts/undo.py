"""Undo: take back one operation of ours. Each kind of operation has its inverse."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from engine import errors
from engine.acts.base import Act, Receipt, Track, World, handled, token
from engine.acts.preview import of_unpin
from engine.acts.rollback import pin, pinned, source_in
from engine.acts.suspend import ResumeAct, SuspendAct
from engine.commands import Command, Resume, Rollback, Suspend, Undo
from engine.model import Effect
from engine.snapshot import Progress


class UndoAct(Act[Undo]):
    """Finds the operation and hands everything on to its inverse."""

    def check(self, command: Undo, world: World) -> None:
        """The inverse's own rules."""
        act, inverse = _inverse(command, world)
        act.check(inverse, world)

    async def effect(self, command: Undo, world: World) -> AsyncGenerator[Effect, None]:
        """The inverse's effect."""
        act, inverse = _inverse(command, world)
        async for effect in act.effect(inverse, world):
            yield effect

    async def prepare(self, command: Undo, world: World) -> Receipt:
        """The inverse's receipt."""
        act, inverse = _inverse(command, world)
        return await act.prepare(inverse, world)

    async def send(self, command: Undo, world: World, receipt: Receipt) -> None:
        """The inverse's write."""
        act, inverse = _inverse(command, world)
        await act.send(inverse, world, receipt)

    async def landed(self, command: Undo, world: World, receipt: Receipt) -> bool:
        """As the inverse sees it."""
        act, inverse = _inverse(command, world)
        return await act.landed(inverse, world, receipt)

    async def follow(self, command: Undo, world: World, receipt: Receipt, track: Track) -> str:
        """As the inverse follows it."""
        act, inverse = _inverse(command, world)
        return await act.follow(inverse, world, receipt, track)


@dataclass(frozen=True, slots=True)
class Unpin(Command):
    """The inverse of a rollback: put the source's commit back to what it was (mostly: none)."""

    pinned: Receipt


class UnpinAct(Act[Unpin]):
    """Takes the pin away, if it still is ours."""

    def check(self, command: Unpin, world: World) -> None:
        """The source must be there."""
        world.resource(source_in(command.ref, command.pinned))

    async def effect(self, command: Unpin, world: World) -> AsyncGenerator[Effect, None]:
        """Everyone who follows the source moves on with it."""
        async for effect in of_unpin(source_in(command.ref, command.pinned), world):
            yield effect

    async def prepare(self, command: Unpin, world: World) -> Receipt:
        """Refuses when somebody pinned another commit since."""
        source = source_in(command.ref, command.pinned)
        now = await pinned(source, world)
        if now != command.pinned["commit"]:
            state = f"pinned to {now[:8]}" if now else "no longer pinned"
            raise errors.Refused(f"{source} is {state}: somebody changed it since, so nothing was taken back")
        return command.pinned | {"token": token(world.clock.now())}

    async def send(self, command: Unpin, world: World, receipt: Receipt) -> None:
        """One patch of the source."""
        source = source_in(command.ref, receipt)
        await pin(source, world, receipt.get("before") or None, receipt["token"])

    async def landed(self, command: Unpin, world: World, receipt: Receipt) -> bool:
        """The pin is what it was before."""
        return await pinned(source_in(command.ref, receipt), world) == receipt.get("before", "")

    async def follow(self, command: Unpin, world: World, receipt: Receipt, track: Track) -> str:
        """The source's pass, then the Kustomization at its revision."""
        source = await handled(source_in(command.ref, receipt), world, receipt["token"], track)
        track(Progress.PROGRESSING, f"applying {source.revision}")
        await world.until(command.ref, lambda seen: True if seen is None or seen.revision == source.revision else None)
        return "follows its branch again" if not receipt.get("before") else f"pinned to {receipt['before'][:8]} again"


def _inverse(command: Undo, world: World) -> tuple[Act[Any], Command]:
    done = world.done.get(command.operation)
    if done is None:
        raise errors.Refused("this operation is not known here, so it cannot be taken back")
    original, receipt = done
    match original:
        case Suspend():
            return ResumeAct(), Resume(original.ref)
        case Resume():
            return SuspendAct(), Suspend(original.ref, reason=receipt.get("reason", ""))
        case Rollback():
            return UnpinAct(), Unpin(original.ref, receipt)
    raise errors.Refused(f"a {original.verb} cannot be taken back")
