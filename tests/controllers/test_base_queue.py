"""The work queue and the supervisor, on virtual time."""

from __future__ import annotations

import asyncio
import random

import pytest

from engine.clock import VirtualClock
from engine.controllers.queue import RateLimiter, WorkQueue
from engine.flux.intervals import jittered
from engine.tasks import Restart, Supervisor, cancel


async def test_a_key_is_handed_out_once_however_often_it_is_added() -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock())
    for key in ("a", "b", "a", "a"):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    assert len(queue) == 0


async def test_a_key_that_gets_dirty_while_it_is_processed_comes_again_afterwards() -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock())
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert queue.idle


async def test_the_earlier_of_two_points_in_time_counts() -> None:
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add_after("a", 60)
    queue.add_after("a", 600)
    queue.add_after("b", 600)
    queue.add_after("b", 30)
    await clock.advance(29)
    assert len(queue) == 0
    await clock.advance(2)
    assert await queue.get() == "b"
    await clock.advance(30)
    assert await queue.get() == "a"
    queue.done("a")
    await clock.advance(1000)
    assert len(queue) == 0
    await queue.close()


async def test_a_dropped_key_does_not_come() -> None:
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add_after("a", 10)
    queue.drop("a")
    await clock.advance(20)
    assert len(queue) == 0


async def test_waiting_workers_share_what_comes() -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock())
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    for key in "abc":
        queue.add(key)
    assert sorted(await asyncio.gather(*workers)) == ["a", "b", "c"]


def test_retries_double_up_to_the_longest_and_start_over() -> None:
    limiter: RateLimiter[str] = RateLimiter()
    assert [limiter.when("a") for _ in range(5)] == [0.75, 1.5, 3, 6, 12]
    assert limiter.when("b") == 0.75
    for _ in range(3000):
        assert limiter.when("a") <= 900
    assert limiter.when("a") == 900
    limiter.forget("a")
    assert limiter.when("a") == 0.75


def test_jitter_stays_within_its_share() -> None:
    spread = [jittered(100, 5, random.Random(number)) for number in range(200)]
    assert 95 <= min(spread) < 97
    assert 103 < max(spread) <= 105


async def test_a_failing_task_comes_back_after_a_while() -> None:
    clock = VirtualClock()
    runs: list[float] = []

    async def fail() -> None:
        runs.append(clock.monotonic())
        raise ValueError("no")

    supervisor = Supervisor(clock)
    entry = supervisor.start("fails", fail)
    await clock.advance(4)
    assert runs == [0, 0.5, 1.5, 3.5]
    assert (entry.state, entry.failures, entry.error) == ("waiting", 4, "no")
    assert await supervisor.stop() == ()


async def test_a_task_that_ends_by_itself_is_started_again_unless_it_is_meant_to() -> None:
    clock = VirtualClock()
    runs: list[str] = []

    async def end(name: str) -> None:
        runs.append(name)

    supervisor = Supervisor(clock)
    forever = supervisor.start("forever", lambda: end("forever"))
    once = supervisor.start("once", lambda: end("once"), once=True)
    await clock.advance(1)
    assert runs.count("once") == 1
    assert runs.count("forever") == 2
    assert (once.state, forever.error) == ("done", "task forever ended by itself")
    await supervisor.stop()


async def test_too_many_failures_escalate() -> None:
    clock = VirtualClock()
    told: list[tuple[str, str]] = []

    async def fail() -> None:
        raise ValueError("broken")

    supervisor = Supervisor(
        clock, restart=Restart(limit=3), escalate=lambda name, error: told.append((name, str(error)))
    )
    entry = supervisor.start("x", fail)
    await clock.advance(60)
    assert told == [("x", "broken")]
    assert entry.state == "failed"


async def test_failures_with_health_between_them_start_over() -> None:
    clock = VirtualClock()

    async def fail() -> None:
        await clock.sleep(100)
        raise ValueError("now and then")

    supervisor = Supervisor(clock, restart=Restart(limit=2))
    entry = supervisor.start("x", fail)
    for _ in range(50):
        await clock.advance(10)
    assert entry.state in ("running", "waiting")
    assert entry.failures == 1
    await supervisor.stop()


async def test_stop_names_those_that_do_not_end() -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    supervisor = Supervisor(VirtualClock())
    supervisor.start("stubborn", stubborn, once=True)
    supervisor.start("kind", asyncio.Event().wait)
    await asyncio.sleep(0)
    assert await supervisor.stop(deadline=0.05) == ("stubborn",)
    release.set()
    await supervisor.stop()


async def test_two_tasks_do_not_share_a_name() -> None:
    supervisor = Supervisor(VirtualClock())
    supervisor.start("x", asyncio.Event().wait)
    with pytest.raises(ValueError, match="runs already"):
        supervisor.start("x", asyncio.Event().wait)
    await supervisor.cancel("x")
    supervisor.start("x", asyncio.Event().wait)
    await supervisor.stop()


async def test_who_waits_for_cancelled_tasks_can_be_cancelled_too() -> None:
    entered = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            entered.set()
            await asyncio.sleep(3600)

    inner = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    outer = asyncio.create_task(cancel(inner))
    await entered.wait()
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert inner.cancelled()
