"""`fluxtui reconcile|suspend|resume|rollback`: the console's acts, one at a time, told as the flux CLI tells them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from engine import errors, project
from engine.acts.base import World
from engine.acts.board import Board
from engine.clock import Clock
from engine.commands import Command, Reconcile, Resume, Rollback, Suspend
from engine.flux import kinds
from engine.flux.kinds import FluxKind
from engine.journal import Journal
from engine.kube.client import Client
from engine.kube.informer import Informer
from engine.kube.types import Object, ResourceType
from engine.model import Ref, Stance
from engine.programs.common import Options, access, asynchronously, client, kind_of, namespace, say
from engine.session import who
from engine.settings import EngineSettings
from engine.snapshot import Operation, Progress
from engine.store import Store
from engine.tasks import Supervisor

WAITING: Final = {
    Progress.REQUESTED: ("◎", "waiting for {kind} reconciliation"),
    Progress.HANDLED: ("✔", "{kind} handled the request"),
    Progress.PROGRESSING: ("◎", "{message}"),
}


def main(options: Options) -> int:
    """Exit 0 when the act is done; 1 when it failed, was refused, or its result is unknown."""
    return asynchronously(lambda: _run(options))


async def _run(options: Options) -> int:
    verb = options["verb"]
    words = [*options["what"]]
    kind = kind_of(words[:-1])
    settings = EngineSettings(access=access(options), read_only=bool(options.get("read_only")))
    async with client(options) as api:
        scene = await _Scene.open(api, settings, kind, namespace(options), words[-1])
        try:
            return await scene.play(_command(verb, scene.ref, options), timeout=options.get("timeout") or 300.0)
        finally:
            await scene.close()


def _command(verb: str, ref: Ref, options: Options) -> Command:
    match verb:
        case "reconcile":
            return Reconcile(
                ref,
                with_source=bool(options.get("with_source")),
                force=bool(options.get("force")),
                reset=bool(options.get("reset")),
            )
        case "suspend":
            return Suspend(ref, reason=options.get("reason") or "")
        case "resume":
            return Resume(ref)
        case "rollback":
            return Rollback(ref, revision=options["to"])
    raise errors.Refused(f"there is no act {verb}")


@dataclass(slots=True)
class _Scene:
    """The smallest world an act needs: its object and that object's source, watched."""

    ref: Ref
    world: World
    board: Board
    supervisor: Supervisor

    @classmethod
    async def open(cls, api: Client, settings: EngineSettings, kind: FluxKind, place: str, name: str) -> _Scene:
        clock = Clock()
        cluster = api.config.context
        store = Store(cluster, Stance.OBSERVE, read_only=settings.read_only, settings=settings.publishing, clock=clock)
        supervisor = Supervisor(clock)
        res = await api.discovery.resource(kind.group, "", kind.kind)
        obj = await api.get(res, place, name)
        ref = project.ref_of(cluster, obj)
        await _watch(api, store, supervisor, cluster, res, ref)
        source = project.resource(cluster, obj).source
        if source is not None and kinds.by_group_kind(source.group, source.kind):
            found = await api.discovery.resource(source.group, "", source.kind)
            await _watch(api, store, supervisor, cluster, found, source)
        world = World(cluster, api, store, clock, settings, who())
        return cls(ref, world, Board(world, Journal(settings.state)), supervisor)

    async def play(self, command: Command, timeout: float) -> int:
        """Submit and narrate until the end."""
        outcome = await self.board.submit(command)
        if not outcome.accepted:
            say("✗", outcome.message)
            return 1
        kind = self.ref.kind
        say("►", f"{command.verb} {kind} {self.ref.name} in {self.ref.namespace} namespace")
        try:
            operation = await asyncio.wait_for(self._narrate(outcome.operation), timeout)
        except TimeoutError:
            say("✗", f"{kind} {self.ref.name} had no result after {timeout:.0f} s; it goes on without this command")
            return 1
        done = operation.progress is Progress.DONE
        say("✔" if done else "✗", operation.message or operation.progress.value)
        return 0 if done else 1

    async def _narrate(self, id: str) -> Operation:  # noqa: A002 - the operation's own word
        told: set[tuple[Progress, str]] = set()
        changed = asyncio.Event()
        end = self.world.store.subscribe(changed.set)
        try:
            while True:
                operation = self.world.store.operation(id)
                assert operation is not None
                if operation.progress.final:
                    return operation
                if (operation.progress, operation.message) not in told:
                    told.add((operation.progress, operation.message))
                    mark, text = WAITING[operation.progress]
                    message = operation.message or operation.progress.value
                    say(mark, text.format(kind=self.ref.kind, message=message))
                changed.clear()
                await changed.wait()
        finally:
            end()

    async def close(self) -> None:
        await self.board.close()
        await self.supervisor.stop()


async def _watch(api: Client, store: Store, supervisor: Supervisor, cluster: str, res: ResourceType, ref: Ref) -> None:
    """Feed the store with one object."""
    informer = Informer(api, res, namespace=ref.namespace, field_selector=f"metadata.name={ref.name}")

    def changed(_: str, old: Object | None, new: Object | None) -> None:
        if new is not None:
            store.put(project.resource(cluster, new))
        elif old is not None:
            store.remove(project.ref_of(cluster, old))

    informer.subscribe(changed)
    supervisor.start(f"watch {ref}", informer.run)
    await informer.synced()
