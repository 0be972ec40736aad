"""Waiting for health misses no change between an object being seen and being watched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from engine.apply.live import Proofs
from engine.apply.wait import HealthWait
from engine.clock import Clock
from engine.flux.inventory import entry_of
from engine.kube.types import ResourceType

JOB = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"namespace": "a", "name": "b"}}


def thing(version: str, *, ready: bool) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True" if ready else "False", "reason": "R", "message": ""}
    metadata = {**JOB["metadata"], "resourceVersion": version, "uid": "u", "generation": 1}  # type: ignore[dict-item]
    return {**JOB, "metadata": metadata, "status": {"observedGeneration": 1, "conditions": [condition]}}


class World:
    """A watch that has shown the newest state already, and a server that has it."""

    def __init__(self) -> None:
        self.now = thing("2", ready=True)
        self.reads = 0

    def metadata(self, _: object) -> dict[str, Any]:
        return self.now

    def is_live(self, *_: str) -> bool:
        return True

    def subscribe(self, _: object) -> Callable[[], None]:
        return lambda: None

    async def resource(self, group: str, version: str, kind: str) -> ResourceType:
        return ResourceType(group, version, kind, "things", namespaced=True)

    async def get(self, *_: object) -> dict[str, Any]:
        self.reads += 1
        return self.now


async def test_a_change_between_the_apply_and_the_watch_is_not_waited_for_until_the_sweep() -> None:
    world = World()
    entry = entry_of(world.now)
    wait = HealthWait(world, world, world, world, Proofs(world), Clock())  # type: ignore[arg-type]
    async with asyncio.timeout(1.0):
        await wait.until_current([entry], 60.0, seen={entry.ref: thing("1", ready=False)}, fail_fast=False)
    assert world.reads == 1
