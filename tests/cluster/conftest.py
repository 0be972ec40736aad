"""Every test in this folder runs twice, under the same name: on the embedded API server and on the real one."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine import errors, yaml
from engine.clock import Clock
from engine.demo.gitserver import GitServer
from engine.demo.repository import DemoRepository
from engine.embedded.server import EmbeddedServer
from engine.flux import crds
from engine.kube.client import Client
from engine.kube.config import ClusterConfig, load_config
from engine.model import Ref, Stance
from engine.session import Session
from engine.settings import Access, Driving, EngineSettings, Publishing
from tests.cluster.realcluster import RealCluster

WITHIN = 30.0
"""Seconds that a condition has to come true; generous, because CI's machine is small."""


@dataclass
class Api:
    """An API server under test."""

    kind: str
    config: ClusterConfig


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """An API server: a fresh embedded one, or the session's real one."""
    if request.param == "real":
        cluster: RealCluster = request.getfixturevalue("real_cluster")
        yield Api("real", load_config([cluster.kubeconfig]))
        return
    server = EmbeddedServer()
    await server.start()
    yield Api("embedded", ClusterConfig.for_server(server.url, server.token))
    await server.stop()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[Client]:
    """An administrator's client; Flux's definitions are installed."""
    async with Client(api.config) as found:
        await found.discovery.refresh()
        for definition in crds.definitions():
            await apply(found, definition)
        await eventually(lambda: _served(found))
        yield found


async def _served(client: Client) -> bool:
    await client.discovery.refresh()
    kinds = {res.kind for res in client.discovery.resources()}
    return {"Kustomization", "GitRepository", "HelmRelease", "ImagePolicy"} <= kinds


@pytest.fixture
async def namespace(client: Client) -> AsyncIterator[str]:
    """A namespace of the test's own."""
    name = f"t-{secrets.token_hex(4)}"
    await apply(client, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    with contextlib.suppress(errors.EngineError):
        res = await client.discovery.resource("", "v1", "Namespace")
        await client.delete(res, "", name)


@pytest.fixture
async def git(tmp_path: Path) -> AsyncIterator[GitServer]:
    """A real git server on loopback."""
    server = GitServer(tmp_path / "git")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def repository(git: GitServer, tmp_path: Path) -> DemoRepository:
    """An empty repository on that server; its URL is `git.url("fleet")`."""
    found = DemoRepository(tmp_path / "git" / "fleet.git", Clock())
    await found.create()
    return found


@dataclass
class World:
    """A running session and short ways to ask it."""

    session: Session
    namespace: str

    def ref(self, kind: str, name: str) -> Ref:
        """A Flux object of the test's namespace."""
        group = {"Kustomization": "kustomize", "GitRepository": "source"}[kind]
        return Ref(self.session.context, f"{group}.toolkit.fluxcd.io", kind, self.namespace, name)

    async def until(self, kind: str, name: str, holds: Callable[[Any], bool]) -> Any:
        """Wait for a Flux object to be as wanted; returns it."""
        ref = self.ref(kind, name)
        return await eventually(
            lambda: _seen(self.session, ref, holds), say=lambda: repr(self.session.store.resource(ref))
        )


async def _seen(session: Session, ref: Ref, holds: Callable[[Any], bool]) -> Any:
    resource = session.store.resource(ref)
    return resource if resource is not None and holds(resource) else None


Opening = Callable[[Stance], Awaitable[World]]


@pytest.fixture
async def opened(api: Api, client: Client, namespace: str, tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens sessions in a stance; all end with the test."""
    tasks: list[asyncio.Task[None]] = []

    async def open_session(stance: Stance) -> World:
        settings = EngineSettings(
            access=Access(namespace=namespace),
            stance=stance,
            publishing=Publishing(interval=0.02),
            driving=Driving(storage=tmp_path / "artifacts", lease_namespace=namespace),
            state=tmp_path / "state",
        )
        session = Session(settings, Clock(), config=lambda: api.config)
        tasks.append(asyncio.ensure_future(session.run()))
        await eventually(lambda: _board(session))
        return World(session, namespace)

    yield open_session
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _board(session: Session) -> bool:
    """Connected, and every kind listed once."""
    watches = session.watches
    return session.board is not None and all(
        i.status.state == "live" for i in (watches.flux.values() if watches else ())
    )


async def apply(client: Client, manifest: dict[str, Any] | str, manager: str = "test") -> dict[str, Any]:
    """Server-side apply of one object (or YAML text)."""
    obj = yaml.load(manifest) if isinstance(manifest, str) else manifest
    group, _, version = str(obj["apiVersion"]).rpartition("/")
    return await client.apply(await client.discovery.resource(group, version, str(obj["kind"])), obj, manager=manager)


async def eventually(
    holds: Callable[[], Awaitable[Any]], *, within: float = WITHIN, say: Callable[[], str] = lambda: ""
) -> Any:
    """Wait until the coroutine returns something true; returns that."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        found = await holds()
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {say()}")
        await asyncio.sleep(0.05)
