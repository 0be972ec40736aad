from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from tests.kube.scripted import ScriptedServer


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    await scripted.start()
    yield scripted
    await scripted.stop()


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[Client]:
    async with Client(ClusterConfig.for_server(server.url, "the-token"), environ={}) as made:
        yield made
