"""An API server in this process with the simulation on, and a clock that the test owns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from engine.clock import VirtualClock
from engine.embedded.facade import Facade
from engine.embedded.server import EmbeddedServer


@dataclass
class World:
    server: EmbeddedServer
    api: Facade
    clock: VirtualClock

    async def until(self, wanted: Callable[[], Any], *, within: float = 30.0, step: float = 0.1) -> Any:
        """Let time pass until `wanted` holds; at most `within` simulated seconds."""
        passed = 0.0
        while passed <= within:
            for _ in range(3):
                await self.settle()
                if found := wanted():
                    return found
            await self.clock.advance(step)
            passed += step
        raise AssertionError(f"not so after {within} s: {wanted()!r}")

    async def settle(self) -> None:
        """Wait until what was written is published and looked at."""
        for _ in range(5):
            await self.server.core.store.durable()
            for _ in range(20):
                await asyncio.sleep(0)

    def get(self, group_version: str, kind: str, name: str, namespace: str = "default") -> Any:
        return self.api.get(group_version, kind, namespace, name)

    def pods(self, namespace: str = "default") -> list[dict[str, Any]]:
        return self.api.list("v1", "Pod", namespace)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = VirtualClock()
    server = EmbeddedServer(clock=clock, simulate=True)
    await server.start()
    yield World(server, server.facade("test"), clock)
    await server.stop()
