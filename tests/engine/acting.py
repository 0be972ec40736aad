"""A session that observes an embedded API server with a scripted controller beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import answers, api
from engine.api import Effect, Outcome
from engine.clock import Clock
from engine.commands import Command
from engine.embedded.server import EmbeddedServer
from engine.flux import crds, kinds
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.model import Ref
from engine.session import Session
from engine.settings import EngineSettings, Publishing
from engine.snapshot import Operation
from tests.engine.flux_stub import NS, FluxStub

OLD, NEW = "a" * 40, "b" * 40
WITHIN = 20.0


@dataclass
class Stage:
    """The server, an administrator's client, the scripted controller, and sessions as they are opened."""

    server: EmbeddedServer
    client: Client
    flux: FluxStub
    state: Path
    config: ClusterConfig
    running: list[asyncio.Task[None]] = field(default_factory=list)

    async def open(self, config: ClusterConfig | None = None, **settings: Any) -> Session:
        """A session, connected and with every kind listed."""
        wanted = EngineSettings(state=self.state, publishing=Publishing(interval=0.01), **settings)
        session = Session(wanted, Clock(), config=lambda: config or self.config)
        self.running.append(asyncio.ensure_future(session.run()))
        async with asyncio.timeout(WITHIN):
            await session.synced(*kinds.KINDS)
        return session

    async def close(self) -> None:
        """End all sessions."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """A ready GitRepository `fleet` with Kustomizations `apps` and `infra` on it."""
    async with EmbeddedServer(folder / "api") as server:
        config = ClusterConfig.for_server(server.url, server.token)
        async with Client(config) as client:
            await client.discovery.refresh()
            for obj in (*crds.definitions(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}}):
                group, _, version = str(obj["apiVersion"]).rpartition("/")
                await client.apply(
                    await client.discovery.resource(group, version, str(obj["kind"])), obj, manager="test"
                )
            async with FluxStub(client) as flux:
                await flux.source("fleet", revision=f"main@sha1:{NEW}")
                for name in ("apps", "infra"):
                    await flux.kustomization(name, source="fleet", revision=f"main@sha1:{NEW}")
                made = Stage(server, client, flux, folder / "state", config)
                try:
                    yield made
                finally:
                    await made.close()


def ref(session: Session, kind: str, name: str) -> Ref:
    """A Flux object in the namespace of the tests."""
    entry = kinds.by_kind(kind)
    assert entry is not None
    return Ref(session.context, entry.group, kind, NS, name)


async def until(holds: Callable[[], Any], within: float = WITHIN, say: Callable[[], str] = str) -> Any:
    """Wait until it holds; what it returned."""
    try:
        async with asyncio.timeout(within):
            while not (found := holds()):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never came true: {say()}") from None
    return found


async def submit(session: Session, command: Command) -> Outcome:
    """The first answer to a command."""
    assert session.board is not None
    return await session.board.submit(command)


async def done(session: Session, command: Command) -> Operation:
    """Submit and follow to the end."""
    outcome = await submit(session, command)
    assert outcome.accepted, outcome.message
    return await ended(session, outcome.operation)


async def ended(session: Session, operation: str) -> Operation:
    """An operation once it is final."""

    def final() -> Operation | None:
        found = session.store.operation(operation)
        return found if found is not None and found.progress.final else None

    found: Operation = await until(final, say=lambda: repr(session.store.operation(operation)))
    return found


async def effects(session: Session, command: Command) -> list[Effect]:
    """Every partial effect of a command, the best last."""
    return [value async for value in answers.effect(api.EffectOf(command.ref, command), session)]


async def effect(session: Session, command: Command) -> Effect:
    """The whole effect."""
    found = await effects(session, command)
    assert found[-1].complete
    return found[-1]
