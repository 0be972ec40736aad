"""What all reconcilers share: triggers, retries, finalizer, suspension, patches, the fence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest

from engine import errors
from engine.clock import VirtualClock
from engine.controllers import base
from engine.controllers.base import Controller, FluxReconciler, Pass, Result, Services
from engine.controllers.cluster import Fenced, resource_of
from engine.controllers.patcher import Patcher
from engine.flux import conditions
from engine.flux.kinds import FINALIZER, GIT_REPOSITORY, REQUESTED_AT, FluxKind
from engine.kube.types import PatchType
from engine.mergepatch import merge_patch
from tests.controllers.memory import Memory, Recorder

RES = resource_of(GIT_REPOSITORY)


def repository(name: str = "app", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"namespace": "ns", "name": name},
        "spec": {"interval": "10m", "url": "https://example.com/x", **spec},
    }


class Worker(FluxReconciler):
    """Does what the test says."""

    kind: ClassVar[FluxKind] = GIT_REPOSITORY
    manager: ClassVar[str] = "source-controller"
    owned: ClassVar[frozenset[str]] = frozenset({"Ready", "Reconciling", "Stalled"})

    def __init__(self, services: Services, memory: Memory) -> None:
        super().__init__(services, memory.cache(RES))
        self.passes: list[tuple[str, float]] = []
        self.finished: list[str] = []
        self.act: Callable[[Pass], Awaitable[Result]] = self._nothing

    async def _nothing(self, run: Pass) -> Result:
        return Result(requeue_after=600)

    async def work(self, run: Pass) -> Result:
        self.passes.append((run.object["metadata"]["name"], self.services.clock.monotonic()))
        return await self.act(run)

    async def delete(self, run: Pass) -> Result:
        run.remove_finalizer()
        return Result()

    async def finish(self, run: Pass, result: Result, error: Exception | None) -> None:
        self.finished.append(type(error).__name__ if error else "fine")


class World:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.memory = Memory()
        self.allowed = True
        services = Services(
            Fenced(self.memory, lambda: self.allowed), Recorder(), self.clock, jitter=lambda seconds: seconds
        )
        self.worker = Worker(services, self.memory)
        self.controller = Controller(
            "test", self.worker, self.memory.cache(RES), clock=self.clock, concurrent=2, may_run=lambda: self.allowed
        )
        self.task = asyncio.create_task(self.controller.run())

    def put(self, **changes: Any) -> None:
        self.memory.put(repository(**changes), RES.plural)

    def annotate(self, value: str | None, name: str = "app") -> None:
        patch = {"metadata": {"namespace": "ns", "name": name, "annotations": {REQUESTED_AT: value}}}
        self.memory.put(patch, RES.plural)

    @property
    def live(self) -> dict[str, Any]:
        found = self.memory.live(RES.plural, "ns", "app")
        assert found is not None
        return found

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@pytest.fixture
async def world():
    world = World()
    await asyncio.sleep(0)
    yield world
    await world.stop()


async def test_the_first_pass_adds_the_finalizer_and_the_real_one_follows(world: World) -> None:
    world.put()
    await world.clock.advance(0.7)
    assert world.live["metadata"]["finalizers"] == [FINALIZER]
    assert world.worker.passes == []
    await world.clock.advance(0.1)
    assert world.worker.passes == [("app", 0.75)]


async def test_every_object_gets_a_pass_at_the_start() -> None:
    world = World()
    for name in ("a", "b"):
        world.memory.put(repository(name), RES.plural)
    await world.clock.advance(1)
    assert {name for name, _ in world.worker.passes} == {"a", "b"}
    await world.stop()


async def test_errors_back_off_and_success_starts_over(world: World) -> None:
    async def fail(run: Pass) -> Result:
        raise errors.Unavailable("no")

    world.worker.act = fail
    world.put()
    await world.clock.advance(6.8)
    assert [when for _, when in world.worker.passes] == [0.75, 2.25, 5.25]
    world.worker.act = world.worker._nothing
    await world.clock.advance(600)
    assert [when for _, when in world.worker.passes][3:] == [11.25]
    assert world.worker.finished[1:] == ["Unavailable"] * 3 + ["fine"]


async def test_what_breaks_one_object_breaks_no_other(world: World) -> None:
    async def act(run: Pass) -> Result:
        if run.object["metadata"]["name"] == "app":
            raise RuntimeError("a bug")
        return Result()

    world.worker.act = act
    world.put()
    world.put(name="other")
    await world.clock.advance(3)
    assert [name for name, _ in world.worker.passes].count("app") == 2
    assert [name for name, _ in world.worker.passes].count("other") == 1


async def test_a_terminal_error_waits_for_a_change(world: World) -> None:
    async def fail(run: Pass) -> Result:
        raise base.TerminalError("never")

    world.worker.act = fail
    world.put()
    await world.clock.advance(3600)
    assert len(world.worker.passes) == 1
    world.put(interval="1m")
    await world.clock.advance(1)
    assert len(world.worker.passes) == 2


async def test_only_generation_token_creation_and_deletion_trigger(world: World) -> None:
    world.put()
    await world.clock.advance(1)
    metadata = {"namespace": "ns", "name": "app"}
    world.memory.put({"metadata": {**metadata, "labels": {"a": "b"}}}, RES.plural)
    world.memory.put({"metadata": metadata, "status": {"x": 1}}, RES.plural)
    await world.clock.advance(1)
    assert len(world.worker.passes) == 1
    world.annotate("1")
    await world.clock.advance(1)
    assert len(world.worker.passes) == 2
    world.annotate(None)
    await world.clock.advance(1)
    assert len(world.worker.passes) == 2
    world.put(interval="5m")
    await world.clock.advance(1)
    assert len(world.worker.passes) == 3


async def test_the_token_is_written_back_even_when_the_pass_fails_or_is_suspended(world: World) -> None:
    async def fail(run: Pass) -> Result:
        raise errors.Unavailable("no")

    world.worker.act = fail
    world.put()
    world.annotate("t1")
    await world.clock.advance(1)
    assert world.live["status"]["lastHandledReconcileAt"] == "t1"
    world.put(suspend=True)
    passes = len(world.worker.passes)
    world.annotate("t2")
    await world.clock.advance(1)
    assert world.live["status"]["lastHandledReconcileAt"] == "t2"
    assert len(world.worker.passes) == passes


async def test_deletion_lets_the_object_go_also_when_it_is_suspended(world: World) -> None:
    world.put(suspend=True)
    await world.clock.advance(1)
    await world.memory.delete(RES, "ns", "app")
    await world.clock.advance(1)
    assert world.memory.live(RES.plural, "ns", "app") is None
    await world.clock.advance(3600)
    assert world.worker.passes == []


async def test_an_object_is_worked_on_by_one_pass_at_a_time(world: World) -> None:
    running, most = 0, 0

    async def act(run: Pass) -> Result:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await world.clock.sleep(10)
        running -= 1
        return Result()

    world.worker.act = act
    world.put()
    await world.clock.advance(1)
    for token in "abc":
        world.annotate(token)
        await world.clock.advance(1)
    await world.clock.advance(60)
    assert most == 1
    assert len(world.worker.passes) == 2


async def test_a_pass_never_works_on_what_it_has_itself_outdated(world: World) -> None:
    seen: list[Any] = []

    async def act(run: Pass) -> Result:
        seen.append(run.status.get("count", 0))
        run.status["count"] = run.status.get("count", 0) + 1
        return Result(requeue_after=5)

    world.worker.act = act
    world.put()
    await world.clock.advance(0.5)
    world.memory.lagging = True
    await world.clock.advance(14)
    assert seen == [0, 1, 2]


async def test_nothing_is_written_behind_the_fence(world: World) -> None:
    world.put()
    await world.clock.advance(1)
    world.memory.writes.clear()

    async def lose(run: Pass) -> Result:
        world.allowed = False
        run.status["x"] = 1
        return Result()

    world.worker.act = lose
    world.annotate("t1")
    await world.clock.advance(1)
    passes = len(world.worker.passes)
    await world.clock.advance(3600)
    assert world.memory.writes == []
    assert len(world.worker.passes) == passes  # nothing is fetched or built for nothing either
    world.worker.act = world.worker._nothing
    world.allowed = True
    await world.clock.advance(6)
    assert world.live["status"]["lastHandledReconcileAt"] == "t1"


async def test_an_object_that_goes_during_its_pass_is_no_error(world: World) -> None:
    async def act(run: Pass) -> Result:
        run.status["x"] = 1
        world.memory._remove(RES.plural, world.live)
        return Result()

    world.worker.act = act
    world.put()
    await world.clock.advance(60)
    assert len(world.worker.passes) == 1


# ---- patcher


def patcher(memory: Memory, clock: VirtualClock | None = None) -> Patcher:
    obj = memory.live(RES.plural, "ns", "app")
    assert obj is not None
    return Patcher(
        memory, RES, obj, manager="m", owned={"Ready", "Reconciling", "Stalled"}, clock=clock or VirtualClock()
    )


def make(memory: Memory) -> None:
    memory.put(repository(), RES.plural)


async def test_nothing_changed_is_nothing_sent() -> None:
    memory = Memory()
    make(memory)
    await patcher(memory).patch()
    assert memory.writes == []


async def test_conditions_and_status_go_in_one_request_and_again_only_what_is_new() -> None:
    memory, clock = Memory(), VirtualClock()
    make(memory)
    patch = patcher(memory)
    conditions.mark_true(patch.object, "Ready", "Succeeded", "done", clock.now())
    patch.object["status"]["artifact"] = {"revision": "a"}
    await patch.patch()
    await patch.patch()
    patch.object["status"]["artifact"]["revision"] = "b"
    await patch.patch()
    assert [(verb, where) for verb, where, _ in memory.writes] == [("patch", f"{RES.plural}/status")] * 2
    assert memory.writes[1][2] == {"status": {"artifact": {"revision": "b"}}}


async def test_a_conflict_merges_only_what_was_changed_here() -> None:
    memory, clock = Memory(), VirtualClock()
    make(memory)
    patch = patcher(memory, clock)
    conditions.mark_true(patch.object, "Ready", "Succeeded", "ours", clock.now())
    other = {"type": "Foreign", "status": "True", "reason": "R", "message": "theirs", "lastTransitionTime": "x"}
    stalled = {"type": "Stalled", "status": "True", "reason": "R", "message": "theirs", "lastTransitionTime": "x"}
    await memory.patch(
        RES,
        "ns",
        "app",
        {"status": {"conditions": [other, stalled]}},
        type=PatchType.MERGE,
        manager="x",
        subresource="status",
    )
    patching = asyncio.create_task(patch.patch())
    await asyncio.sleep(0)
    await clock.advance(1)
    await patching
    found = memory.live(RES.plural, "ns", "app")
    assert found is not None
    assert [(c["type"], c["message"]) for c in found["status"]["conditions"]] == [
        ("Stalled", "theirs"),
        ("Ready", "ours"),
        ("Foreign", "theirs"),
    ]
    assert conditions.message(patch.object, "Foreign") == "theirs"


async def test_a_conflict_that_does_not_end_is_given_up() -> None:
    memory, clock = Memory(), VirtualClock()
    make(memory)
    tries = 0

    def refuse(body: Any) -> None:
        nonlocal tries
        tries += 1
        raise errors.Conflict("again")

    memory.before_patch = refuse
    patch = patcher(memory, clock)
    conditions.mark_true(patch.object, "Ready", "Succeeded", "x", clock.now())
    patching = asyncio.create_task(patch.patch())
    await asyncio.sleep(0)
    await clock.advance(5)
    with pytest.raises(errors.Conflict):
        await patching
    assert tries == 5


async def test_a_finalizer_of_somebody_else_stays() -> None:
    memory, clock = Memory(), VirtualClock()
    make(memory)
    patch = patcher(memory, clock)
    patch.object["metadata"]["finalizers"] = [FINALIZER]
    memory.put({"metadata": {"namespace": "ns", "name": "app", "finalizers": ["theirs"]}}, RES.plural)
    patching = asyncio.create_task(patch.patch())
    await asyncio.sleep(0)
    await clock.advance(1)
    await patching
    found = memory.live(RES.plural, "ns", "app")
    assert found is not None
    assert found["metadata"]["finalizers"] == ["theirs", FINALIZER]


async def test_the_status_is_written_before_the_finalizer_goes() -> None:
    memory = Memory()
    memory.put(repository() | {"metadata": {"namespace": "ns", "name": "app", "finalizers": [FINALIZER]}}, RES.plural)
    await memory.delete(RES, "ns", "app")
    patch = patcher(memory)
    patch.object["status"]["lastHandledReconcileAt"] = "x"
    patch.object["metadata"]["finalizers"] = []
    await patch.patch()
    assert [where for _, where, _ in memory.writes] == [f"{RES.plural}/status", RES.plural]
    assert memory.live(RES.plural, "ns", "app") is None


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {}, {"a": None}),
        ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": 5}),
    ],
)
def test_merge_patches(before: dict, after: dict, patch: dict) -> None:
    assert merge_patch(before, after) == patch
