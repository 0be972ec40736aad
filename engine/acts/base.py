"""What every act has, and the world it acts in."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from engine import errors, project
from engine.clock import Clock
from engine.commands import Command
from engine.flux import graph, kinds
from engine.kube.client import Client
from engine.kube.types import Object, PatchType, ResourceType
from engine.model import DriftReport, Effect, Ref, Resource, State
from engine.settings import EngineSettings
from engine.snapshot import Progress
from engine.store import Store

MANAGER: Final = "fluxtui"
"""The field manager of a person's acts; never `kubectl…`, whose fields Flux takes away (flux.md 4.7)."""

PATIENCE: Final = 30.0
"""Seconds without a sign of the controller until the operation says so."""

Receipt = dict[str, str]
"""What an act wrote down of itself: enough to follow it after a restart, and to undo it. No secrets."""

C = TypeVar("C", bound=Command)
T = TypeVar("T")


class Effects(Protocol):
    """Previews of what a reconcile would do; the drift monitor is one."""

    async def effect(self, obj: Object, *, files: Mapping[str, bytes] | None = None, revision: str = "") -> Effect:
        """What reconciling this Kustomization (as given) would change; with another revision's files if given."""


class Earlier(Protocol):
    """Earlier revisions of sources; git is one."""

    async def files(self, source: Object, revision: str) -> Mapping[str, bytes]:
        """What the artifact of a revision held; EngineError when it cannot be read from here."""


@dataclass(slots=True)
class World:
    """The cluster that acts are carried out on."""

    cluster: str
    client: Client
    store: Store
    clock: Clock
    settings: EngineSettings
    who: str
    objects: Callable[[], Iterable[Object]] = tuple
    """Every Flux object as last seen."""
    effects: Effects | None = None
    earlier: Earlier | None = None
    done: Mapping[str, tuple[Command, Receipt]] = field(default_factory=dict)
    """Operations that were carried out, by id: what `Undo` takes back."""

    def resource(self, ref: Ref) -> Resource:
        """The object as it is known; errors.NotFound."""
        known = self.store.resource(ref)
        if known is None:
            raise errors.NotFound(f"{ref} is not there", fix="it may have been deleted; look at its panel")
        return known

    async def type_of(self, ref: Ref) -> ResourceType:
        """The served resource of an object's kind."""
        return await self.client.discovery.resource(ref.group, "", ref.kind)

    async def live(self, ref: Ref) -> Object:
        """The object, read now."""
        return await self.client.get(await self.type_of(ref), ref.namespace, ref.name)

    async def merge(self, ref: Ref, body: Mapping[str, Any]) -> Object:
        """A merge patch as ourselves, sent once."""
        return await self.client.patch(
            await self.type_of(ref), ref.namespace, ref.name, body, type=PatchType.MERGE, manager=MANAGER
        )

    async def until(self, ref: Ref, judge: Callable[[Resource | None], T | None]) -> T:
        """Wait until `judge` says something about the object (None: it is gone); it is asked at every change.

        What `judge` raises is raised here.
        """
        verdict = judge(self.store.resource(ref))
        if verdict is not None:
            return verdict
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def changed(resource: Resource | None) -> None:
            if future.done():
                return
            try:
                found = judge(resource)
            except errors.EngineError as error:
                future.set_exception(error)
            else:
                if found is not None:
                    future.set_result(found)

        end = self.store.watch(ref, changed)
        try:
            return await future
        finally:
            end()

    def consumers(self, ref: Ref) -> tuple[Ref, ...]:
        """Every known object that consumes this source: what is built from it, includes it, or pushes to it."""
        source = graph.Node(ref.kind, ref.namespace, ref.name)
        return tuple(sorted(project.ref_of(self.cluster, obj) for obj in graph.consumers(source, self.objects())))

    def drift(self, ref: Ref) -> DriftReport | None:
        """What is known of an object's drift."""
        return self.store.snapshot.drift.get(ref)


class Track(Protocol):
    """Where an act reports how far it is."""

    def __call__(self, progress: Progress, message: str = "") -> None:
        """Show this on the operations board."""


class Act(ABC, Generic[C]):
    """One kind of act. Stateless: everything is in the command, the receipt and the world."""

    @abstractmethod
    def check(self, command: C, world: World) -> None:
        """Raise errors.Refused (or NotFound) when there is no point in sending."""

    @abstractmethod
    def effect(self, command: C, world: World) -> AsyncGenerator[Effect, None]:
        """What it will do: first what the snapshot knows, then what has to be computed."""

    @abstractmethod
    async def prepare(self, command: C, world: World) -> Receipt:
        """What will be written, decided before it is: journaled first, then sent."""

    @abstractmethod
    async def send(self, command: C, world: World, receipt: Receipt) -> None:
        """The write. Called at most once."""

    @abstractmethod
    async def landed(self, command: C, world: World, receipt: Receipt) -> bool:
        """After an unclear answer: whether the object shows that the write arrived."""

    async def follow(self, command: C, world: World, receipt: Receipt, track: Track) -> str:
        """Wait for the result; returns it as a sentence or raises EngineError. At once, unless overridden."""
        return ""

    def inverse(self, command: C, receipt: Receipt) -> bool:
        """Whether `undo` can take it back."""
        return False


# --- shared by several acts -------------------------------------------------------------------------------


def token(now: datetime) -> str:
    """A request token as the flux CLI writes it: RFC 3339 with nanoseconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def must_not_be_suspended(resource: Resource) -> None:
    """Flux ignores requests on suspended objects, so none is sent."""
    if resource.suspended:
        raise errors.Refused(f"{resource.ref} is suspended, so it would not be reconciled", fix="resume it first (T)")


def must_be_reconciled(ref: Ref) -> None:
    """Static kinds have no controller pass that could handle a request."""
    entry = kinds.by_group_kind(ref.group, ref.kind)
    if entry is None or entry.static:
        raise errors.Refused(f"{ref.kind} objects are not reconciled: there is nothing to request")


def must_be_suspendable(ref: Ref) -> None:
    """Only kinds with `spec.suspend`."""
    entry = kinds.by_group_kind(ref.group, ref.kind)
    if entry is None or not entry.suspendable:
        raise errors.Refused(f"{ref.kind} has no suspend field", fix="act on the object that applies it instead")


async def handled(ref: Ref, world: World, requested: str, track: Track) -> Resource:
    """Wait until a request token is handled and the object is ready or has failed (flux.md 9, B.5 reconcile).

    Returns the ready object; raises errors.Terminal with the controller's words when it failed or is gone.
    """
    was_handled = False

    def outpaced(resource: Resource) -> bool:
        """Somebody asked again, and the controller answered that request: ours is answered with it."""
        asked, ours = project.time(resource.handled_at), project.time(requested)
        return asked is not None and ours is not None and asked > ours

    def judge(resource: Resource | None) -> Resource | errors.EngineError | None:
        nonlocal was_handled
        if resource is None or resource.deleting:
            return errors.NotFound(f"{ref} was deleted before it was reconciled")
        if resource.handled_at != requested and not outpaced(resource):
            if resource.state is State.RECONCILING and resource.requested_at == requested:
                track(Progress.PROGRESSING, resource.message)
            return None
        if not was_handled:
            was_handled = True
            track(Progress.HANDLED)
        return _result(resource)

    reminder = asyncio.ensure_future(_remind(ref, world, track))
    try:
        verdict: Resource | errors.EngineError = await world.until(ref, judge)
    finally:
        reminder.cancel()
    if isinstance(verdict, errors.EngineError):
        raise verdict
    return verdict


def _result(resource: Resource) -> Resource | errors.EngineError | None:
    if resource.state in (State.READY, State.DRIFTED):
        return resource
    if resource.state in (State.FAILING, State.STALLED, State.BLOCKED):
        return errors.Terminal(resource.message)
    if resource.suspended:
        return errors.Terminal(f"{resource.ref} was suspended meanwhile")
    return None


async def _remind(ref: Ref, world: World, track: Track) -> None:
    await world.clock.sleep(PATIENCE)
    entry = kinds.by_group_kind(ref.group, ref.kind)
    controller = entry.controller if entry else "its controller"
    track(Progress.REQUESTED, f"not handled after {PATIENCE:.0f} s: is {controller} running?")
