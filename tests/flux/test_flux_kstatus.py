from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.flux import kstatus
from engine.flux.kstatus import State

CRD_API = "apiextensions.k8s.io/v1"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def make(api: str, kind: str, spec: dict | None = None, status: dict | None = None, **metadata) -> dict:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "x", **metadata},
        "spec": spec or {},
        "status": status or {},
    }


def cond(kind: str, status: str, reason: str = "R", message: str = "m") -> dict:
    return {"type": kind, "status": status, "reason": reason, "message": message}


ROLLED = [cond("Progressing", "True", "NewReplicaSetAvailable"), cond("Available", "True")]


def deployment(spec: dict | None = None, **status) -> dict:
    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1, "conditions": ROLLED}
    return make("apps/v1", "Deployment", {"progressDeadlineSeconds": 600} | (spec or {}), counts | status)


def stateful(spec: dict | None = None, **status) -> dict:
    counts = {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1, "updatedReplicas": 1}
    return make("apps/v1", "StatefulSet", spec, counts | {"currentRevision": "a", "updateRevision": "a"} | status)


def daemon(**status) -> dict:
    counts = dict.fromkeys(
        (
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberReady",
        ),
        2,
    )
    return make("apps/v1", "DaemonSet", {}, counts | {"observedGeneration": 1} | status, generation=1)


def pod(phase: str, *conditions: dict, containers: list | None = None, **metadata) -> dict:
    return make(
        "v1",
        "Pod",
        {},
        {"phase": phase, "conditions": list(conditions), "containerStatuses": containers or []},
        **metadata,
    )


def crashing(name: str) -> dict:
    return {"name": name, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}


OLD, YOUNG = "2026-01-01T11:59:00Z", "2026-01-01T11:59:50Z"
UNSCHEDULABLE = cond("PodScheduled", "False", "Unschedulable")

CASES = [
    # (1)-(3), in this order, for every kind
    (make("v1", "ConfigMap", deletionTimestamp="2026-01-01T00:00:00Z"), "Terminating"),
    (make("x.io/v1", "Any", {}, {"observedGeneration": 1}, generation=2), "InProgress"),
    (make("x.io/v1", "Any", {}, {"observedGeneration": 2}, generation=2), "Current"),
    (make("x.io/v1", "Any", {}, {"observedGeneration": -1}, generation=1), "InProgress"),
    (make("x.io/v1", "Any", {}, {"conditions": [cond("Reconciling", "True")]}), "InProgress"),
    (make("x.io/v1", "Any", {}, {"conditions": [cond("Stalled", "True")]}), "Failed"),
    (make("x.io/v1", "Any", {}, {"conditions": [cond("Stalled", "True"), cond("Reconciling", "True")]}), "Failed"),
    (make("apps/v1", "Deployment", {}, {"conditions": [cond("Stalled", "True")]}), "Failed"),
    # (5), (6)
    (make("x.io/v1", "Any", {}, {"conditions": [cond("Ready", "True")]}), "Current"),
    (make("x.io/v1", "Any", {}, {"conditions": [cond("Ready", "False")]}), "InProgress"),
    (make("x.io/v1", "Any", {}, {"conditions": [cond("Ready", "Unknown")]}), "InProgress"),
    (make("x.io/v1", "Any"), "Current"),
    # kinds
    (make("v1", "Service", {"type": "LoadBalancer"}), "InProgress"),
    (make("v1", "Service", {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}), "Current"),
    (make("v1", "Service", {"type": "ClusterIP"}), "Current"),
    (make("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}), "Current"),
    (make("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}), "InProgress"),
    (deployment(), "Current"),
    (deployment(conditions=[cond("Progressing", "False", "ProgressDeadlineExceeded")]), "Failed"),
    (deployment({"replicas": 2}), "InProgress"),
    (deployment(updatedReplicas=0), "InProgress"),
    (deployment(replicas=2), "InProgress"),
    (deployment(availableReplicas=0), "InProgress"),
    (deployment(readyReplicas=0), "InProgress"),
    (deployment(conditions=[ROLLED[1]]), "InProgress"),
    (deployment(conditions=[ROLLED[0]]), "InProgress"),
    (deployment({"progressDeadlineSeconds": None}, conditions=[ROLLED[1]]), "Current"),
    (deployment({"replicas": 0}, replicas=0, updatedReplicas=0, readyReplicas=0, availableReplicas=0), "Current"),
    (stateful(), "Current"),
    (stateful({"updateStrategy": {"type": "OnDelete"}}, replicas=0), "Current"),
    (stateful({"replicas": 2}), "InProgress"),
    (stateful(readyReplicas=0), "InProgress"),
    (stateful(replicas=2), "InProgress"),
    (stateful(currentReplicas=0), "InProgress"),
    (stateful(updateRevision="b"), "InProgress"),
    (
        stateful(
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            replicas=3,
            readyReplicas=3,
            updateRevision="b",
        ),
        "Current",
    ),
    (
        stateful({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}}, replicas=3, readyReplicas=3),
        "InProgress",
    ),
    (daemon(), "Current"),
    (daemon(numberReady=1), "InProgress"),
    (daemon(updatedNumberScheduled=1), "InProgress"),
    (make("apps/v1", "DaemonSet", {}, {"desiredNumberScheduled": 0}), "InProgress"),
    (make("apps/v1", "DaemonSet", {}, {"observedGeneration": 0}), "InProgress"),
    (
        make(
            "apps/v1",
            "ReplicaSet",
            {},
            {"replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
        ),
        "Current",
    ),
    (make("apps/v1", "ReplicaSet", {}, {"replicas": 1, "fullyLabeledReplicas": 1, "readyReplicas": 1}), "InProgress"),
    (make("apps/v1", "ReplicaSet", {"replicas": 0}, {"conditions": [cond("ReplicaFailure", "True")]}), "InProgress"),
    (make("policy/v1", "PodDisruptionBudget", {}, {"observedGeneration": 1}, generation=1), "Current"),
    (make("batch/v1", "CronJob"), "Current"),
    (make("batch/v1", "Job"), "InProgress"),
    (make("batch/v1", "Job", {}, {"active": 1, "startTime": "x"}), "InProgress"),
    (make("batch/v1", "Job", {"suspend": True}), "Current"),
    (make("batch/v1", "Job", {}, {"conditions": [cond("Complete", "True")]}), "Current"),
    (make("batch/v1", "Job", {}, {"conditions": [cond("Failed", "True")]}), "Failed"),
    (make("batch/v1", "Job", {}, {"conditions": [cond("Complete", "True")]}, deletionTimestamp="x"), "Current"),
    (make(CRD_API, "CustomResourceDefinition", {}, {"conditions": [cond("Established", "True")]}), "Current"),
    (make(CRD_API, "CustomResourceDefinition"), "InProgress"),
    (make(CRD_API, "CustomResourceDefinition", {}, {"conditions": [cond("NamesAccepted", "False")]}), "Failed"),
    (
        make(CRD_API, "CustomResourceDefinition", {}, {"conditions": [cond("Established", "False", "Installing")]}),
        "InProgress",
    ),
    (make(CRD_API, "CustomResourceDefinition", {}, {"conditions": [cond("Established", "False")]}), "Failed"),
    (pod("Succeeded"), "Current"),
    (pod("Failed"), "Current"),
    (pod("Running", cond("Ready", "True")), "Current"),
    (pod("Running", cond("Ready", "False")), "InProgress"),
    (pod("Running", cond("Ready", "False"), containers=[crashing("a")]), "Failed"),
    (pod("Pending"), "InProgress"),
    (pod("Pending", UNSCHEDULABLE, creationTimestamp=OLD), "Failed"),
    (pod("Pending", UNSCHEDULABLE, creationTimestamp=YOUNG), "InProgress"),
    (make("v1", "Pod"), "InProgress"),
]


@pytest.mark.parametrize(("obj", "state"), CASES, ids=[f"{i}-{o['kind']}-{s}" for i, (o, s) in enumerate(CASES)])
def test_health_by_rule(obj, state):
    assert kstatus.compute(obj, now=NOW).state == state


def test_an_observed_generation_that_lags_is_told_in_kstatus_s_words():
    status = kstatus.compute(make("x.io/v1", "Any", {}, {"observedGeneration": 1}, generation=2))
    assert status.message == "Any generation is 2, but latest observed generation is 1"


@pytest.mark.parametrize(
    ("pods", "state"),
    [
        ([], "InProgress"),
        ([pod("Running", containers=[crashing("a")])], "Failed"),
        ([pod("Running", containers=[crashing("a")], deletionTimestamp="x")], "InProgress"),
        ([pod("Pending", UNSCHEDULABLE, creationTimestamp=OLD)], "InProgress"),
    ],
)
def test_failed_pods_fail_a_stateful_set_in_progress_but_no_deployment(pods, state):
    assert kstatus.compute(stateful(readyReplicas=0), pods, NOW).state == state
    assert kstatus.compute(deployment(readyReplicas=0), pods, NOW).state == State.IN_PROGRESS


@pytest.mark.parametrize(
    "obj",
    [
        {},
        {"status": []},
        {"status": {"conditions": {}}, "metadata": None},
        {"spec": None, "kind": "Deployment", "apiVersion": "apps/v1"},
    ],
)
def test_objects_of_any_shape_have_a_health(obj):
    assert kstatus.compute(obj).state in set(State)
