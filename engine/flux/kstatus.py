"""Health of any object, from the object alone (flux.md 5): Current, InProgress, Failed, Terminating…

`compute` is pure; NotFound and Unknown come from whoever reads the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

Object = Mapping[str, Any]

_SCHEDULE_WINDOW: Final = timedelta(seconds=15)


class State(StrEnum):
    """kstatus's words."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Status:
    """A state and a sentence about it."""

    state: State
    message: str = ""


def compute(obj: Object, pods: Iterable[Object] = (), now: datetime | None = None) -> Status:
    """The object's health. `pods` are the Pods it owns (they count for StatefulSet and ReplicaSet).

    `now` is needed to call a Pod unschedulable; without it such a Pod is in progress.
    """
    group_kind = _group_kind(obj)
    if group_kind == ("batch", "Job"):
        return _job(obj)
    status = _generic(obj)
    if status is None:
        rule = _RULES.get(group_kind)
        if rule is not None:
            status = rule(obj)
        elif group_kind == ("", "Pod"):
            status = _pod(obj, now)
        else:
            status = _ready_condition(obj)
    if status.state is State.IN_PROGRESS and group_kind in _POD_OWNERS:
        return _with_pods(status, pods, now)
    return status


def needs_pods(group: str, kind: str) -> bool:
    """Whether the health of this kind also looks at the Pods it owns."""
    return (group, kind) in _POD_OWNERS


# --- generic rules ----------------------------------------------------------------------------------------


def _generic(obj: Object) -> Status | None:
    """Deletion, observed generation, Reconciling and Stalled; None when they say nothing."""
    metadata = _mapping(obj, "metadata")
    if metadata.get("deletionTimestamp"):
        return Status(State.TERMINATING, "Resource scheduled for deletion")
    observed, generation = _mapping(obj, "status").get("observedGeneration"), metadata.get("generation") or 0
    if isinstance(observed, int) and observed != generation:
        kind = obj.get("kind")
        return _progress(f"{kind} generation is {generation}, but latest observed generation is {observed}")
    for condition in _conditions(obj):
        if condition.get("status") != "True":
            continue
        if condition.get("type") == "Reconciling":
            return _progress(_text(condition))
        if condition.get("type") == "Stalled":
            return Status(State.FAILED, _text(condition))
    return None


def _ready_condition(obj: Object) -> Status:
    ready = _condition(obj, "Ready")
    if ready is None:
        return Status(State.CURRENT, "Resource is current")
    if ready.get("status") == "True":
        return Status(State.CURRENT, "Resource is Ready")
    return _progress(_text(ready))


# --- rules of kinds ---------------------------------------------------------------------------------------


def _always(_: Object) -> Status:
    return Status(State.CURRENT, "Resource is always ready")


def _service(obj: Object) -> Status:
    spec = _mapping(obj, "spec")
    if spec.get("type") == "LoadBalancer" and not spec.get("clusterIP"):
        return _progress("ClusterIP not set. Service type: LoadBalancer")
    return Status(State.CURRENT, "Service is ready")


def _claim(obj: Object) -> Status:
    phase = _mapping(obj, "status").get("phase") or "unknown"
    if phase == "Bound":
        return Status(State.CURRENT, "PVC is Bound")
    return _progress(f"PVC is not Bound. phase: {phase}")


def _deployment(obj: Object) -> Status:
    spec = _mapping(obj, "spec")
    progressing = _condition(obj, "Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Status(State.FAILED, "Progress deadline exceeded")
    wanted, status = _int(spec, "replicas", 1), _mapping(obj, "status")
    replicas, updated = _int(status, "replicas"), _int(status, "updatedReplicas")
    ready, available = _int(status, "readyReplicas"), _int(status, "availableReplicas")
    waiting = _first(
        (wanted > replicas, f"replicas: {replicas}/{wanted}"),
        (wanted > updated, f"Updated: {updated}/{wanted}"),
        (replicas > wanted, f"Pending termination: {replicas - wanted}"),
        (updated > available, f"Available: {available}/{updated}"),
        (wanted > ready, f"Ready: {ready}/{wanted}"),
        (not _rolled_out(spec, progressing), "ReplicaSet not Available"),
        ((_condition(obj, "Available") or {}).get("status") != "True", "Deployment not Available"),
    )
    return waiting or Status(State.CURRENT, f"Deployment is available. Replicas: {replicas}")


def _rolled_out(spec: Mapping[str, Any], progressing: Mapping[str, Any]) -> bool:
    """Progressing says the new ReplicaSet is available; without a progress deadline nothing ever says it."""
    if spec.get("progressDeadlineSeconds") in (None, 2**31 - 1):
        return True
    return progressing.get("status") == "True" and progressing.get("reason") == "NewReplicaSetAvailable"


def _stateful_set(obj: Object) -> Status:
    spec, status = _mapping(obj, "spec"), _mapping(obj, "status")
    strategy = _mapping(spec, "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return Status(State.CURRENT, "StatefulSet is using the ondelete update strategy")
    wanted, replicas = _int(spec, "replicas", 1), _int(status, "replicas")
    ready, current, updated = (_int(status, field) for field in ("readyReplicas", "currentReplicas", "updatedReplicas"))
    waiting = _first(
        (wanted > replicas, f"Replicas: {replicas}/{wanted}"),
        (wanted > ready, f"Ready: {ready}/{wanted}"),
        (replicas > wanted, f"Pending termination: {replicas - wanted}"),
    )
    if waiting:
        return waiting
    partition = _mapping(strategy, "rollingUpdate").get("partition")
    if isinstance(partition, int):
        if updated < wanted - partition:
            return _progress(f"updated: {updated}/{wanted - partition}")
        return Status(State.CURRENT, f"Partition rollout complete. updated: {updated}")
    waiting = _first(
        (wanted > current, f"current: {current}/{wanted}"),
        (
            status.get("currentRevision") != status.get("updateRevision"),
            "Waiting for updated revision to match current",
        ),
    )
    return waiting or Status(State.CURRENT, f"All replicas scheduled as expected. Replicas: {replicas}")


def _daemon_set(obj: Object) -> Status:
    status = _mapping(obj, "status")
    if "observedGeneration" not in status:
        return _progress("Missing .status.observedGeneration")
    if "desiredNumberScheduled" not in status:
        return _progress("Missing .status.desiredNumberScheduled")
    desired = _int(status, "desiredNumberScheduled")
    counts = {
        "Current": _int(status, "currentNumberScheduled"),
        "Updated": _int(status, "updatedNumberScheduled"),
        "Available": _int(status, "numberAvailable"),
        "Ready": _int(status, "numberReady"),
    }
    waiting = _first(*((desired > count, f"{word}: {count}/{desired}") for word, count in counts.items()))
    return waiting or Status(State.CURRENT, f"All replicas scheduled as expected. Replicas: {desired}")


def _replica_set(obj: Object) -> Status:
    if (_condition(obj, "ReplicaFailure") or {}).get("status") == "True":
        return _progress("Replica Failure condition. Check Pods")
    status, wanted = _mapping(obj, "status"), _int(_mapping(obj, "spec"), "replicas", 1)
    replicas = _int(status, "replicas")
    counts = {
        "Labelled": _int(status, "fullyLabeledReplicas"),
        "Available": _int(status, "availableReplicas"),
        "Ready": _int(status, "readyReplicas"),
    }
    waiting = _first(
        *((wanted > count, f"{word}: {count}/{wanted}") for word, count in counts.items()),
        (replicas > wanted, f"Pending termination: {replicas - wanted}"),
    )
    return waiting or Status(State.CURRENT, f"ReplicaSet is available. Replicas: {replicas}")


def _job(obj: Object) -> Status:
    """Flux's own reader of Jobs: only a finished or suspended one is Current."""
    if _mapping(obj, "spec").get("suspend"):
        return Status(State.CURRENT, "Job is suspended")
    for condition in _conditions(obj):
        if condition.get("status") != "True":
            continue
        if condition.get("type") == "Complete":
            return Status(State.CURRENT, "Job Completed")
        if condition.get("type") == "Failed":
            return Status(State.FAILED, "Job Failed")
    return _progress("Job in progress")


def _crd(obj: Object) -> Status:
    for condition in _conditions(obj):
        kind, value = condition.get("type"), condition.get("status")
        if kind == "NamesAccepted" and value == "False":
            return Status(State.FAILED, _text(condition))
        if kind != "Established":
            continue
        if value == "False" and condition.get("reason") != "Installing":
            return Status(State.FAILED, _text(condition))
        if value == "True":
            return Status(State.CURRENT, "CRD is established")
    return _progress("Install in progress")


def _pod(obj: Object, now: datetime | None) -> Status:
    phase = _mapping(obj, "status").get("phase")
    if phase == "Succeeded":
        return Status(State.CURRENT, "Pod has completed successfully")
    if phase == "Failed":
        return Status(State.CURRENT, "Pod has completed, but not successfully")
    if phase == "Running":
        return _running_pod(obj)
    if phase == "Pending":
        if _unschedulable(obj) and now is not None and _older(obj, now, _SCHEDULE_WINDOW):
            return Status(State.FAILED, "Pod could not be scheduled")
        return _progress("Pod is in the Pending phase")
    return _progress("Pod phase not available")


def _running_pod(obj: Object) -> Status:
    if (_condition(obj, "Ready") or {}).get("status") == "True":
        return Status(State.CURRENT, "Pod is Ready")
    crashing = [
        str(container.get("name"))
        for container in _mapping(obj, "status").get("containerStatuses") or []
        if _mapping(_mapping(container, "state"), "waiting").get("reason") == "CrashLoopBackOff"
    ]
    if crashing:
        return Status(State.FAILED, f"Containers in CrashLoop state: {','.join(crashing)}")
    return _progress("Pod is running but is not Ready")


def _with_pods(status: Status, pods: Iterable[Object], now: datetime | None) -> Status:
    """A workload in progress has failed once one of its Pods has."""
    failed = sum(
        1
        for pod in pods
        if not _mapping(pod, "metadata").get("deletionTimestamp")
        and compute(pod, now=now).state is State.FAILED
        and not _unschedulable(pod)
    )
    return Status(State.FAILED, f"{failed} pods have failed") if failed else status


_RULES: Final[Mapping[tuple[str, str], Callable[[Object], Status]]] = {
    ("", "ConfigMap"): _always,
    ("", "Secret"): _always,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "CronJob"): _always,
    ("policy", "PodDisruptionBudget"): _always,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
}
_POD_OWNERS = frozenset({("apps", "StatefulSet"), ("apps", "ReplicaSet")})


# --- reading ----------------------------------------------------------------------------------------------


def _progress(message: str) -> Status:
    return Status(State.IN_PROGRESS, message)


def _first(*checks: tuple[bool, str]) -> Status | None:
    """In progress, with the text of the first check that holds."""
    return next((_progress(text) for holds, text in checks if holds), None)


def _group_kind(obj: Object) -> tuple[str, str]:
    return str(obj.get("apiVersion") or "").rpartition("/")[0], str(obj.get("kind") or "")


def _mapping(obj: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = obj.get(key)
    return value if isinstance(value, Mapping) else {}


def _int(obj: Mapping[str, Any], key: str, default: int = 0) -> int:
    value = obj.get(key)
    return value if isinstance(value, int) else default


def _conditions(obj: Object) -> list[Mapping[str, Any]]:
    conditions = _mapping(obj, "status").get("conditions")
    return [c for c in conditions if isinstance(c, Mapping)] if isinstance(conditions, list) else []


def _condition(obj: Object, kind: str) -> Mapping[str, Any] | None:
    return next((condition for condition in _conditions(obj) if condition.get("type") == kind), None)


def _text(condition: Mapping[str, Any]) -> str:
    return str(condition.get("message") or "")


def _unschedulable(pod: Object) -> bool:
    condition = _condition(pod, "PodScheduled") or {}
    return condition.get("status") == "False" and condition.get("reason") == "Unschedulable"


def _older(obj: Object, now: datetime, age: timedelta) -> bool:
    created = _mapping(obj, "metadata").get("creationTimestamp")
    try:
        return isinstance(created, str) and now - datetime.fromisoformat(created) > age
    except (ValueError, TypeError):
        # A time nobody can read says nothing about age.
        return False
