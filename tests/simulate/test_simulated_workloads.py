"""Workloads come up, roll over, fail as told, and report what kstatus reads."""

from __future__ import annotations

from typing import Any

import pytest

from engine.embedded.simulate import FAIL

APPS = "apps/v1"


def workload(kind: str = "Deployment", name: str = "web", image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": APPS,
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [{"name": "c", "image": image, "ports": [{"name": "http", "containerPort": 80}]}]
                },
            },
            **spec,
        },
    }


def conditions(obj: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c.get("reason", "")) for c in (obj.get("status") or {}).get("conditions") or ()}


def is_rolled_out(obj: dict[str, Any], replicas: int) -> bool:
    """kstatus' rule for a Deployment that is Current."""
    status = obj.get("status") or {}
    counts = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"))
    return (
        status.get("observedGeneration") == obj["metadata"]["generation"]
        and all(count == replicas for count in counts)
        and conditions(obj).get("Progressing") == ("True", "NewReplicaSetAvailable")
        and conditions(obj).get("Available") == ("True", "MinimumReplicasAvailable")
    )


async def rolled_out(world: Any, replicas: int, name: str = "web") -> Any:
    def check() -> Any:
        found = world.get(APPS, "Deployment", name)
        return found if is_rolled_out(found, replicas) else None

    return await world.until(check)


async def test_a_deployment_becomes_available(world: Any) -> None:
    world.api.create(workload(replicas=3))
    deployment = await rolled_out(world, 3)

    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert "unavailableReplicas" not in deployment["status"]
    (replica_set,) = world.api.list(APPS, "ReplicaSet", "default")
    assert replica_set["metadata"]["ownerReferences"][0]["uid"] == deployment["metadata"]["uid"]
    pods = world.pods()
    assert len(pods) == 3
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    assert all(pod["spec"]["nodeName"].startswith("node-") for pod in pods)


async def test_it_takes_time_and_is_progressing_meanwhile(world: Any) -> None:
    world.api.create(workload(replicas=1))
    await world.settle()
    deployment = world.get(APPS, "Deployment", "web")
    assert conditions(deployment)["Progressing"] == ("True", "ReplicaSetUpdated")
    assert conditions(deployment)["Available"] == ("False", "MinimumReplicasUnavailable")
    await rolled_out(world, 1)


async def test_no_replicas_are_available_at_once(world: Any) -> None:
    world.api.create(workload(replicas=0))
    await world.settle()
    assert is_rolled_out(world.get(APPS, "Deployment", "web"), 0)
    assert world.pods() == []


async def test_managers_are_those_of_a_cluster(world: Any) -> None:
    world.api.create(workload(replicas=1))
    deployment = await rolled_out(world, 1)
    assert {(m["manager"], m.get("subresource", "")) for m in deployment["metadata"]["managedFields"]} == {
        ("test", ""),
        ("kube-controller-manager", ""),
        ("kube-controller-manager", "status"),
    }
    (pod,) = world.pods()
    assert ("kubelet", "status") in {(m["manager"], m.get("subresource", "")) for m in pod["metadata"]["managedFields"]}


async def test_a_rollout_never_falls_below_what_must_be_available(world: Any) -> None:
    world.api.create(workload(replicas=4))
    await rolled_out(world, 4)
    least, most = 99, 0

    world.api.patch(APPS, "Deployment", "default", "web", set_image("nginx:2"))

    def check() -> Any:
        nonlocal least, most
        pods = world.pods()
        ready = [pod for pod in pods if {"type": "Ready", "status": "True"}.items() <= ready_of(pod).items()]
        least, most = min(least, len(ready)), max(most, len(pods))
        found = world.get(APPS, "Deployment", "web")
        done = is_rolled_out(found, 4) and len(pods) == 4
        return found if done else None

    deployment = await world.until(check)

    assert (least, most) == (3, 5)
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert {pod["spec"]["containers"][0]["image"] for pod in world.pods()} == {"nginx:2"}
    assert sorted(rs["spec"]["replicas"] for rs in world.api.list(APPS, "ReplicaSet", "default")) == [0, 4]


def ready_of(pod: dict[str, Any]) -> dict[str, Any]:
    return next((c for c in (pod.get("status") or {}).get("conditions") or () if c["type"] == "Ready"), {})


def set_image(image: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}


async def test_rolling_back_reuses_the_replicaset_with_a_new_revision(world: Any) -> None:
    world.api.create(workload(replicas=1))
    await rolled_out(world, 1)
    first = world.api.get(APPS, "Deployment", "default", "web")["spec"]["template"]["spec"]["containers"]
    for containers in (set_image("nginx:2")["spec"]["template"]["spec"]["containers"], first):
        world.api.patch(
            APPS, "Deployment", "default", "web", {"spec": {"template": {"spec": {"containers": containers}}}}
        )
        await world.settle()
        await rolled_out(world, 1)
    assert len(world.api.list(APPS, "ReplicaSet", "default")) == 2
    deployment = world.get(APPS, "Deployment", "web")
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


async def test_recreate_stops_the_old_before_the_new_start(world: Any) -> None:
    world.api.create(workload(replicas=2, strategy={"type": "Recreate"}))
    await rolled_out(world, 2)
    world.api.patch(APPS, "Deployment", "default", "web", set_image("nginx:2"))
    mixed = False

    def check() -> Any:
        nonlocal mixed
        images = {pod["spec"]["containers"][0]["image"] for pod in world.pods()}
        mixed = mixed or len(images) > 1
        found = world.get(APPS, "Deployment", "web")
        return is_rolled_out(found, 2) and images == {"nginx:2"}

    await world.until(check)
    assert not mixed


async def test_scaling_and_a_lost_pod_are_made_good(world: Any) -> None:
    world.api.create(workload(replicas=1))
    await rolled_out(world, 1)
    world.api.patch(APPS, "Deployment", "default", "web", {"spec": {"replicas": 3}})
    await rolled_out(world, 3)
    world.api.delete("v1", "Pod", "default", world.pods()[0]["metadata"]["name"])
    await world.until(lambda: len(world.pods()) == 3)
    await rolled_out(world, 3)
    world.api.patch(APPS, "Deployment", "default", "web", {"spec": {"replicas": 1}})
    await rolled_out(world, 1)
    assert len(world.pods()) == 1


@pytest.mark.parametrize(
    ("how", "reason", "phase"),
    [
        ("image-pull", "ImagePullBackOff", "Pending"),
        ("crash-loop", "CrashLoopBackOff", "Running"),
        ("never-ready", "", "Running"),
    ],
)
@pytest.mark.parametrize("where", ["workload", "template"])
async def test_a_workload_fails_as_it_is_told(world: Any, how: str, reason: str, phase: str, where: str) -> None:
    deployment = workload(replicas=1, progressDeadlineSeconds=5)
    holder = deployment if where == "workload" else deployment["spec"]["template"]
    holder["metadata"]["annotations"] = {FAIL: how}
    world.api.create(deployment)

    found = await world.until(
        lambda: (
            conditions(world.get(APPS, "Deployment", "web")).get("Progressing") == ("False", "ProgressDeadlineExceeded")
        )
    )

    assert found
    assert conditions(world.get(APPS, "Deployment", "web"))["Available"][0] == "False"
    (pod,) = world.pods()
    (container,) = pod["status"]["containerStatuses"]
    assert pod["status"]["phase"] == phase
    assert (container["state"].get("waiting") or {}).get("reason", "") == reason
    assert not container["ready"]


async def test_a_failure_that_is_taken_back_heals(world: Any) -> None:
    deployment = workload(replicas=1, progressDeadlineSeconds=3)
    deployment["metadata"]["annotations"] = {FAIL: "crash-loop"}
    world.api.create(deployment)
    await world.until(lambda: conditions(world.get(APPS, "Deployment", "web")).get("Progressing", ("",))[0] == "False")

    world.api.patch(APPS, "Deployment", "default", "web", {"metadata": {"annotations": {FAIL: None}}})

    await rolled_out(world, 1)


async def test_a_running_workload_can_be_told_to_fail(world: Any) -> None:
    world.api.create(workload(replicas=1))
    await rolled_out(world, 1)
    world.api.patch(APPS, "Deployment", "default", "web", {"metadata": {"annotations": {FAIL: "never-ready"}}})
    await world.until(lambda: conditions(world.get(APPS, "Deployment", "web"))["Available"][0] == "False")


async def test_a_statefulset_starts_in_order_and_claims_storage(world: Any) -> None:
    claims = [
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    ]
    world.api.create(workload("StatefulSet", "db", replicas=2, serviceName="db", volumeClaimTemplates=claims))
    seen = []

    def check() -> Any:
        seen.append(sorted(pod["metadata"]["name"] for pod in world.pods()))
        status = world.get(APPS, "StatefulSet", "db").get("status") or {}
        return status if status.get("readyReplicas") == 2 and status.get("currentReplicas") == 2 else None

    status = await world.until(check)

    assert ["db-0"] in seen
    assert seen[-1] == ["db-0", "db-1"]
    assert status["currentRevision"] == status["updateRevision"]
    await world.until(
        lambda: (
            [c["status"]["phase"] for c in world.api.list("v1", "PersistentVolumeClaim", "default")] == ["Bound"] * 2
        )
    )


async def test_a_statefulset_is_replaced_from_the_last_pod_on(world: Any) -> None:
    world.api.create(workload("StatefulSet", "db", replicas=2, serviceName="db"))
    await world.until(lambda: (world.get(APPS, "StatefulSet", "db").get("status") or {}).get("readyReplicas") == 2)
    old = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in world.pods()}
    world.api.patch(APPS, "StatefulSet", "default", "db", set_image("nginx:2"))
    order: list[str] = []

    def check() -> Any:
        order.extend(
            pod["metadata"]["name"]
            for pod in world.pods()
            if pod["metadata"]["uid"] not in old.values() and pod["metadata"]["name"] not in order
        )
        found = world.get(APPS, "StatefulSet", "db")["status"]
        return found.get("updatedReplicas") == 2 and found["currentRevision"] == found["updateRevision"]

    await world.until(check)
    assert order == ["db-1", "db-0"]


async def test_a_daemonset_is_on_every_node(world: Any) -> None:
    world.api.create(workload("DaemonSet", "agent"))
    status = await world.until(
        lambda: (s := world.get(APPS, "DaemonSet", "agent").get("status") or {}).get("numberAvailable") == 2 and s
    )
    assert status["desiredNumberScheduled"] == status["updatedNumberScheduled"] == status["numberReady"] == 2
    assert {pod["spec"]["nodeName"] for pod in world.pods()} == {"node-1", "node-2"}
    world.api.patch(APPS, "DaemonSet", "default", "agent", set_image("nginx:2"))
    await world.until(lambda: {p["spec"]["containers"][0]["image"] for p in world.pods()} == {"nginx:2"})
    await world.until(lambda: world.get(APPS, "DaemonSet", "agent")["status"].get("numberAvailable") == 2)


def job(**spec: Any) -> dict[str, Any]:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "n"}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": "default"},
        "spec": {"template": template, **spec},
    }


async def test_a_job_completes(world: Any) -> None:
    world.api.create(job(completions=3, parallelism=2))
    found = await world.until(
        lambda: (
            conditions(world.get("batch/v1", "Job", "once")).get("Complete") and world.get("batch/v1", "Job", "once")
        )
    )
    assert conditions(found)["Complete"] == ("True", "CompletionsReached")
    assert found["status"]["succeeded"] == 3
    assert found["status"]["completionTime"] >= found["status"]["startTime"]
    assert "active" not in found["status"]


async def test_a_job_that_wants_nothing_is_complete_at_once(world: Any) -> None:
    world.api.create(job(completions=0))
    await world.settle()
    assert conditions(world.get("batch/v1", "Job", "once"))["Complete"][0] == "True"
    assert world.pods() == []


async def test_a_job_that_crashes_gives_up(world: Any) -> None:
    failing = job(backoffLimit=1)
    failing["metadata"]["annotations"] = {FAIL: "crash-loop"}
    world.api.create(failing)
    await world.until(
        lambda: conditions(world.get("batch/v1", "Job", "once")).get("Failed") == ("True", "BackoffLimitExceeded")
    )
    assert world.get("batch/v1", "Job", "once")["status"]["failed"] == 2


async def test_a_finished_job_goes_after_its_time(world: Any) -> None:
    world.api.create(job(ttlSecondsAfterFinished=5))
    await world.until(lambda: conditions(world.get("batch/v1", "Job", "once")).get("Complete"))
    await world.until(lambda: world.get("batch/v1", "Job", "once") is None and not world.pods())


async def test_a_suspended_job_waits(world: Any) -> None:
    world.api.create(job(suspend=True))
    await world.settle()
    assert conditions(world.get("batch/v1", "Job", "once"))["Suspended"] == ("True", "JobSuspended")
    assert world.pods() == []
    world.api.patch("batch/v1", "Job", "default", "once", {"spec": {"suspend": False}})
    await world.until(lambda: conditions(world.get("batch/v1", "Job", "once")).get("Complete"))


async def test_a_service_knows_its_ready_pods(world: Any) -> None:
    world.api.create(workload(replicas=2))
    world.api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
        }
    )
    await rolled_out(world, 2)

    def endpoints() -> Any:
        slices = world.api.list("discovery.k8s.io/v1", "EndpointSlice", "default")
        return slices if slices and len(slices[0].get("endpoints") or ()) == 2 else None

    (found,) = await world.until(endpoints)
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert [port["port"] for port in found["ports"]] == [80]
    assert all(endpoint["conditions"]["ready"] for endpoint in found["endpoints"])
    await world.until(lambda: world.get("v1", "Service", "web")["status"]["loadBalancer"].get("ingress"))


async def test_nothing_is_written_while_nothing_changes(world: Any) -> None:
    world.api.create(workload(replicas=2))
    await rolled_out(world, 2)
    await world.settle()
    before = world.server.core.store.version
    await world.clock.advance(3600)
    await world.settle()
    assert world.server.core.store.version == before


async def test_many_replicas_come_in_bursts_and_have_a_bound(world: Any) -> None:
    world.api.create(workload(replicas=100_000))
    await world.until(lambda: len(world.pods()) == 200, step=1.0)
    await world.clock.advance(10)
    await world.settle()
    assert len(world.pods()) == 200
    world.api.patch(APPS, "Deployment", "default", "web", {"spec": {"replicas": 2}})
    await rolled_out(world, 2)


async def test_an_orphaned_replicaset_and_its_pods_are_adopted(world: Any) -> None:
    world.api.create(workload(replicas=2))
    await rolled_out(world, 2)
    pods = {pod["metadata"]["uid"] for pod in world.pods()}
    world.api.delete(APPS, "Deployment", "default", "web", propagation="Orphan")
    await world.until(lambda: world.get(APPS, "Deployment", "web") is None)
    assert {pod["metadata"]["uid"] for pod in world.pods()} == pods

    world.api.create(workload(replicas=2))
    deployment = await rolled_out(world, 2)

    (replica_set,) = world.api.list(APPS, "ReplicaSet", "default")
    assert replica_set["metadata"]["ownerReferences"][0]["uid"] == deployment["metadata"]["uid"]
    assert {pod["metadata"]["uid"] for pod in world.pods()} == pods
