"""Roll back a Kustomization: pin its git source to an earlier commit, and follow it until that is applied.

`spec.ref.commit` is added: it outranks the rest of the ref (flux.md 3.1), and a parent that does not set it does not
revert it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from engine import errors
from engine.acts.base import Act, Receipt, Track, World, handled, must_not_be_suspended, token
from engine.acts.preview import of_rollback
from engine.commands import Rollback
from engine.flux import kinds, revision
from engine.model import Effect, Ref, Resource, State
from engine.snapshot import Progress


class RollbackAct(Act[Rollback]):
    """The source is written; everything that consumes it follows."""

    def check(self, command: Rollback, world: World) -> None:
        """Only Kustomizations whose source is git can be pinned to a commit."""
        why_not = unavailable(command.ref, world)
        if why_not:
            raise errors.Refused(why_not)
        if not revision.commit(command.revision):
            raise errors.Refused(f'"{command.revision}" names no commit', fix="choose one of the listed revisions")
        must_not_be_suspended(world.resource(command.ref))
        must_not_be_suspended(world.resource(source_of(command.ref, world)))

    async def effect(self, command: Rollback, world: World) -> AsyncGenerator[Effect, None]:
        """Everyone who follows the source, then the rendered difference."""
        async for effect in of_rollback(command, world):
            yield effect

    async def prepare(self, command: Rollback, world: World) -> Receipt:
        """The commit, and where it is pinned."""
        source = source_of(command.ref, world)
        return {
            "token": token(world.clock.now()),
            "commit": revision.commit(command.revision),
            "before": await pinned(source, world),
            "source_namespace": source.namespace,
            "source_name": source.name,
        }

    async def send(self, command: Rollback, world: World, receipt: Receipt) -> None:
        """Pin and request in one patch of the source."""
        await pin(source_in(command.ref, receipt), world, receipt["commit"], receipt["token"])

    async def landed(self, command: Rollback, world: World, receipt: Receipt) -> bool:
        """The pin is there."""
        return await pinned(source_in(command.ref, receipt), world) == receipt["commit"]

    async def follow(self, command: Rollback, world: World, receipt: Receipt, track: Track) -> str:
        """The source's pass, then the Kustomization at that commit."""
        source = source_in(command.ref, receipt)
        await handled(source, world, receipt["token"], track)
        track(Progress.PROGRESSING, f"applying {receipt['commit'][:8]}")
        await world.until(command.ref, lambda seen: _at(seen, receipt["commit"]))
        return f"rolled back to {receipt['commit'][:8]}"

    def inverse(self, command: Rollback, receipt: Receipt) -> bool:
        """Taking the pin away takes it back."""
        return True


def unavailable(ref: Ref, world: World) -> str:
    """Why this object cannot be rolled back, or ""."""
    if ref.kind == kinds.HELM_RELEASE.kind:
        return "rolling back a HelmRelease comes with its controller; until then use `helm rollback`"
    if ref.kind != kinds.KUSTOMIZATION.kind:
        return f"{ref.kind} is not rolled back itself; roll back the Kustomization that is built from it"
    resource = world.resource(ref)
    source = resource.source
    if source is None or source.kind != kinds.GIT_REPOSITORY.kind:
        kind = source.kind if source else "nothing"
        return f"{ref} is built from {kind}, and only a GitRepository can be pinned to an earlier commit"
    if world.store.resource(source) is None:
        return f"its source {source} is not there"
    return ""


def source_of(ref: Ref, world: World) -> Ref:
    """The Kustomization's GitRepository."""
    source = world.resource(ref).source
    if source is None:
        raise errors.Refused(f"{ref} has no source")
    return source


async def pin(source: Ref, world: World, commit: str | None, requested: str) -> None:
    """Add, change or (None) take away the commit of a GitRepository's ref, and ask for a pass."""
    annotations = {"metadata": {"annotations": {kinds.REQUESTED_AT: requested}}}
    await world.merge(source, annotations | {"spec": {"ref": {"commit": commit}}})


async def pinned(source: Ref, world: World) -> str:
    """The commit a GitRepository is pinned to, or ""."""
    spec = (await world.live(source)).get("spec") or {}
    return str((spec.get("ref") or {}).get("commit") or "")


def source_in(ref: Ref, receipt: Receipt) -> Ref:
    """The GitRepository that a receipt names."""
    entry = kinds.GIT_REPOSITORY
    return Ref(ref.cluster, entry.group, entry.kind, receipt["source_namespace"], receipt["source_name"])


def _at(seen: Resource | None, commit: str) -> bool | None:
    if seen is None:
        raise errors.NotFound("the Kustomization was deleted meanwhile")
    if seen.state in (State.FAILING, State.STALLED) and revision.commit(seen.attempted) == commit:
        raise errors.Terminal(f"{commit[:8]} was fetched but not applied: {seen.message}")
    return True if revision.commit(seen.revision) == commit else None
