"""Suspend and resume: `spec.suspend`, with who, when and why as annotations under `fluxtui.io/`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

from engine import errors
from engine.acts.base import Act, Receipt, Track, World, handled, must_be_suspendable, token
from engine.acts.preview import of_reconcile, of_suspend
from engine.commands import Resume, Suspend
from engine.flux import kinds
from engine.flux.conditions import stamp
from engine.flux.revision import short
from engine.kube.types import Object
from engine.model import Effect
from engine.project import SUSPENDED_AT, SUSPENDED_BY, SUSPENDED_REASON

REASON_LIMIT: Final = 500
"""Characters of a person's reason: it is a note, not a document."""


class SuspendAct(Act[Suspend]):
    """`spec.suspend: true`."""

    def check(self, command: Suspend, world: World) -> None:
        """Nothing to do for what is suspended already."""
        must_be_suspendable(command.ref)
        if world.resource(command.ref).suspended:
            raise errors.Refused(f"{command.ref} is suspended already")

    async def effect(self, command: Suspend, world: World) -> AsyncGenerator[Effect, None]:
        """Who will no longer get updates, and whether a parent will undo it."""
        async for effect in of_suspend(command.ref, world):
            yield effect

    async def prepare(self, command: Suspend, world: World) -> Receipt:
        """The note that goes with it."""
        return {
            SUSPENDED_AT: stamp(world.clock.now()),
            SUSPENDED_BY: world.who,
            SUSPENDED_REASON: command.reason[:REASON_LIMIT],
        }

    async def send(self, command: Suspend, world: World, receipt: Receipt) -> None:
        """Field and note in one patch."""
        note = {key: value or None for key, value in receipt.items()}
        await world.merge(command.ref, {"metadata": {"annotations": note}, "spec": {"suspend": True}})

    async def landed(self, command: Suspend, world: World, receipt: Receipt) -> bool:
        """The field is set."""
        return _suspended(await world.live(command.ref))

    async def follow(self, command: Suspend, world: World, receipt: Receipt, track: Track) -> str:
        """Done when the watch shows it."""
        await world.until(command.ref, lambda seen: True if seen is None or seen.suspended else None)
        return f'suspended: "{receipt[SUSPENDED_REASON]}"' if receipt[SUSPENDED_REASON] else "suspended"

    def inverse(self, command: Suspend, receipt: Receipt) -> bool:
        """Resume takes it back."""
        return True


class ResumeAct(Act[Resume]):
    """`spec.suspend: false`, as the flux CLI writes it; the controller then reconciles, which is followed."""

    def check(self, command: Resume, world: World) -> None:
        """Nothing to do for what is not suspended."""
        must_be_suspendable(command.ref)
        if not world.resource(command.ref).suspended:
            raise errors.Refused(f"{command.ref} is not suspended")

    async def effect(self, command: Resume, world: World) -> AsyncGenerator[Effect, None]:
        """What has been waiting."""
        async for effect in of_reconcile(command.ref, world):
            yield effect

    async def prepare(self, command: Resume, world: World) -> Receipt:
        """A request token too, so that the pass that follows can be told from earlier ones."""
        resource = world.resource(command.ref)
        note = resource.suspension
        return {"token": token(world.clock.now()), "reason": note.reason}

    async def send(self, command: Resume, world: World, receipt: Receipt) -> None:
        """Field, note and request in one patch."""
        note: dict[str, str | None] = dict.fromkeys((SUSPENDED_AT, SUSPENDED_BY, SUSPENDED_REASON))
        if _has_passes(command):
            note[kinds.REQUESTED_AT] = receipt["token"]
        await world.merge(command.ref, {"metadata": {"annotations": note}, "spec": {"suspend": False}})

    async def landed(self, command: Resume, world: World, receipt: Receipt) -> bool:
        """The field is off."""
        return not _suspended(await world.live(command.ref))

    async def follow(self, command: Resume, world: World, receipt: Receipt, track: Track) -> str:
        """Until the first pass has ended."""
        await world.until(command.ref, lambda seen: True if seen is None or not seen.suspended else None)
        if not _has_passes(command):
            return "resumed"
        resource = await handled(command.ref, world, receipt["token"], track)
        return f"resumed at {short(resource.revision)}" if resource.revision else "resumed"

    def inverse(self, command: Resume, receipt: Receipt) -> bool:
        """Suspend takes it back."""
        return True


def _has_passes(command: Resume) -> bool:
    entry = kinds.by_group_kind(command.ref.group, command.ref.kind)
    return entry is not None and not entry.static


def _suspended(obj: Object) -> bool:
    spec: Any = obj.get("spec") or {}
    return bool(spec.get("suspend"))
