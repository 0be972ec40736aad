"""The store publishes at once after quiet, coalesces under load, and overlays drift."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from engine.clock import Clock
from engine.model import DriftReport, ObjectDrift, Ref, Resource, Stance, State, Verdict
from engine.settings import Publishing
from engine.snapshot import Operation, Progress, Snapshot
from engine.store import Store, blocked

CLOCK = Clock()


def ref(name: str) -> Ref:
    return Ref("c", "kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", name)


def resource(name: str, state: State = State.READY, *depends_on: str) -> Resource:
    return Resource(
        ref(name), "v1", "u", "1", 1, None, state, None, "", depends_on=tuple(ref(other) for other in depends_on)
    )


def store(interval: float = 0.05) -> Store:
    return Store("c", Stance.OBSERVE, read_only=False, settings=Publishing(interval=interval), clock=CLOCK)


async def until(found: Store, seen: Callable[[Snapshot], bool]) -> None:
    """Wait for a snapshot of which this is true."""
    async with asyncio.timeout(10):
        while not seen(found.snapshot):
            await asyncio.sleep(0.005)


def drift(name: str, verdict: Verdict) -> DriftReport:
    return DriftReport(ref(name), "r", CLOCK.now(), (ObjectDrift("ConfigMap", "", "v1", "n", "x", verdict),))


async def test_first_change_after_quiet_is_published_at_once() -> None:
    found = store(interval=10)
    found.put(resource("a"))
    await until(found, lambda snapshot: snapshot.version > 0)
    assert found.snapshot.version == 1
    assert found.snapshot.changed == {ref("a")}


async def test_many_changes_become_few_snapshots_and_none_is_lost() -> None:
    found = store()
    wakes = 0

    def wake() -> None:
        nonlocal wakes
        wakes += 1

    found.subscribe(wake)
    began = CLOCK.monotonic()
    for number in range(500):
        found.put(resource(f"k{number}"))
        if number % 50 == 0:
            await asyncio.sleep(0)
    await until(found, lambda snapshot: len(snapshot.resources) == 500)
    assert wakes <= 2 + (CLOCK.monotonic() - began) / 0.05
    assert found.snapshot.version == wakes


async def test_a_published_snapshot_never_changes() -> None:
    found = store(interval=0)
    found.put(resource("a"))
    found.publish()
    before = found.snapshot
    found.remove(ref("a"))
    found.publish()
    assert ref("a") in before.resources
    assert ref("a") not in found.snapshot.resources


async def test_drift_colours_ready_objects_only_and_goes_with_the_next_report() -> None:
    found = store(interval=0)
    found.put(resource("a"))
    found.put(resource("b", State.FAILING))
    for name in ("a", "b"):
        found.put_drift(ref(name), drift(name, Verdict.DIFFERS))
    found.publish()
    assert found.snapshot.resources[ref("a")].state is State.DRIFTED
    assert found.snapshot.resources[ref("b")].state is State.FAILING
    found.put_drift(ref("a"), drift("a", Verdict.EXCLUDED))
    found.publish()
    assert found.snapshot.changed == {ref("a")}, "drift alone is a change too"
    assert found.snapshot.resources[ref("a")].state is State.READY


def test_blocked_objects_point_at_the_first_failing_ancestor() -> None:
    known = {
        r.ref: r
        for r in (
            resource("root", State.FAILING),
            resource("middle", State.BLOCKED, "root"),
            resource("leaf", State.BLOCKED, "middle"),
            resource("lonely", State.BLOCKED, "nowhere"),
        )
    }
    assert blocked(known) == {
        ref("middle"): ref("root"),
        ref("leaf"): ref("root"),
        ref("lonely"): ref("nowhere"),
    }


def test_a_dependency_cycle_ends() -> None:
    known = {r.ref: r for r in (resource("a", State.BLOCKED, "b"), resource("b", State.BLOCKED, "a"))}
    assert set(blocked(known)) == {ref("a"), ref("b")}


async def test_the_board_keeps_running_operations_and_forgets_old_ended_ones() -> None:
    found = Store("c", Stance.OBSERVE, read_only=False, settings=Publishing(operations=2), clock=CLOCK)
    for number in range(5):
        done = Operation(f"d{number}", "suspend", ref("a"), CLOCK.now(), Progress.DONE)
        found.put_operation(done)
    found.put_operation(replace(done, id="running", progress=Progress.REQUESTED))
    found.publish()
    assert {operation.id for operation in found.snapshot.operations} == {"running", "d4", "d3"}


async def test_watchers_hear_every_change_of_their_object() -> None:
    found = store()
    heard: list[Resource | None] = []
    end = found.watch(ref("a"), heard.append)
    found.put(resource("a"))
    found.put(resource("b"))
    found.remove(ref("a"))
    end()
    found.put(resource("a"))
    assert [item.ref.name if item else None for item in heard] == ["a", None]


async def test_a_comparison_older_than_what_was_applied_is_no_drift() -> None:
    found = store()
    found.put(resource("a"))
    found.put_drift(ref("a"), drift("a", Verdict.DIFFERS))
    assert found.resource(ref("a")).state is State.DRIFTED  # type: ignore[union-attr]
    found.put(replace(resource("a"), revision="main@sha1:new"))
    await until(found, lambda snapshot: ref("a") in snapshot.resources)
    assert found.snapshot.resources[ref("a")].state is State.READY
    assert ref("a") not in found.snapshot.drift
