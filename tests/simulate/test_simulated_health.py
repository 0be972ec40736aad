"""What the simulation reports is what kstatus calls healthy, failed or on its way (flux.md 5)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.embedded.simulate import FAIL
from engine.flux.kstatus import State, compute

CONTAINERS = [{"name": "c", "image": "nginx:1"}]
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": CONTAINERS}}
SELECTED = {"selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}
STORAGE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}

WORKLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "Deployment": ("apps/v1", {**SELECTED, "replicas": 2, "progressDeadlineSeconds": 5}),
    "StatefulSet": ("apps/v1", {**SELECTED, "replicas": 2, "serviceName": "a"}),
    "DaemonSet": ("apps/v1", SELECTED),
    "ReplicaSet": ("apps/v1", {**SELECTED, "replicas": 2}),
    "Job": ("batch/v1", {"template": {"spec": {"restartPolicy": "Never", "containers": CONTAINERS}}}),
    "Pod": ("v1", {"containers": CONTAINERS}),
    "PersistentVolumeClaim": ("v1", STORAGE),
    "Service": ("v1", {"type": "LoadBalancer", "ports": [{"port": 80}]}),
}


def create(world: Any, kind: str, fail: str = "") -> None:
    group_version, spec = WORKLOADS[kind]
    metadata: dict[str, Any] = {"name": "a", "namespace": "default"}
    if fail:
        metadata["annotations"] = {FAIL: fail}
    world.api.create({"apiVersion": group_version, "kind": kind, "metadata": metadata, "spec": spec})


def state(world: Any, kind: str) -> State:
    return compute(world.get(WORKLOADS[kind][0], kind, "a"), world.pods(), world.clock.now()).state


@pytest.mark.parametrize("kind", WORKLOADS)
async def test_it_becomes_current(world: Any, kind: str) -> None:
    create(world, kind)
    await world.until(lambda: state(world, kind) is State.CURRENT)
    await world.clock.advance(60)
    await world.settle()
    assert state(world, kind) is State.CURRENT


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "PersistentVolumeClaim"])
async def test_it_is_on_its_way_first(world: Any, kind: str) -> None:
    create(world, kind)
    await world.settle()
    assert state(world, kind) is State.IN_PROGRESS


@pytest.mark.parametrize("fail", ["image-pull", "crash-loop", "never-ready"])
async def test_a_failing_deployment_is_failed_after_its_deadline(world: Any, fail: str) -> None:
    create(world, "Deployment", fail)
    await world.until(lambda: state(world, "Deployment") is State.FAILED)


@pytest.mark.parametrize(
    ("kind", "expected"), [("StatefulSet", State.FAILED), ("Job", State.FAILED), ("Pod", State.FAILED)]
)
async def test_a_crash_loop_is_seen_through_the_pods(world: Any, kind: str, expected: State) -> None:
    create(world, kind, "crash-loop")
    await world.until(lambda: state(world, kind) is expected)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_a_workload_that_never_gets_ready_stays_in_progress(world: Any, kind: str) -> None:
    create(world, kind, "never-ready")
    await world.settle()
    await world.clock.advance(120)
    await world.settle()
    assert state(world, kind) is State.IN_PROGRESS
