"""What a Go struct has before anything is set: a create is compared with it, not with nothing.

A field that is a plain struct, or a list that is written even when it is empty, is there from the start, so creating
an object never comes to own the field itself (the `.` in fieldsV1), only what is set below it.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

_TEMPLATE = ("template", "template.metadata", "template.spec", "template.spec.containers")
_WORKLOAD = ("spec", *(f"spec.{path}" for path in _TEMPLATE))

#: (apiVersion, kind) → paths of fields that are there from the start. Kinds that are not named have only `spec`.
_PRESENT: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps/v1", "Deployment"): (*_WORKLOAD, "spec.strategy"),
    ("apps/v1", "ReplicaSet"): _WORKLOAD,
    ("apps/v1", "StatefulSet"): (*_WORKLOAD, "spec.updateStrategy"),
    ("apps/v1", "DaemonSet"): (*_WORKLOAD, "spec.updateStrategy"),
    ("batch/v1", "Job"): _WORKLOAD,
    ("batch/v1", "CronJob"): (
        "spec",
        "spec.jobTemplate",
        "spec.jobTemplate.metadata",
        "spec.jobTemplate.spec",
        *(f"spec.jobTemplate.spec.{path}" for path in _TEMPLATE),
    ),
    ("v1", "Pod"): ("spec", "spec.containers"),
    ("v1", "PodTemplate"): _TEMPLATE,
    ("v1", "ReplicationController"): ("spec",),
    ("v1", "PersistentVolumeClaim"): ("spec", "spec.resources"),
    ("v1", "LimitRange"): ("spec", "spec.limits"),
    ("v1", "Event"): ("involvedObject", "source"),
    ("autoscaling/v1", "HorizontalPodAutoscaler"): ("spec", "spec.scaleTargetRef"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"): ("spec", "spec.scaleTargetRef"),
    ("networking.k8s.io/v1", "NetworkPolicy"): ("spec", "spec.podSelector"),
    ("discovery.k8s.io/v1", "EndpointSlice"): ("endpoints", "ports"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): ("spec", "spec.names", "spec.versions"),
}
_COMMON = ("spec",)


def unowned_from_start(obj: Object) -> Object:
    """A created object whose managedFields do not name what was there from the start."""
    paths = _PRESENT.get((str(obj.get("apiVersion")), str(obj.get("kind"))), _COMMON)
    entries = obj["metadata"].get("managedFields")
    if not entries:
        return obj
    left: list[Object] = []
    for entry in entries:
        fields = entry["fieldsV1"]
        # The deepest first: a field that owns nothing below it goes with its own mark.
        for path in reversed(paths):
            steps = path.split(".")
            fields = _without_mark(fields, steps, empty=not _value(obj, steps))
        if fields:
            left.append({**entry, "fieldsV1": fields})
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    if left:
        metadata["managedFields"] = left
    return {**obj, "metadata": metadata}


def _without_mark(fields: Object, steps: list[str], *, empty: bool) -> Object:
    key = f"f:{steps[0]}"
    below = fields.get(key)
    if below is None:
        return fields
    if len(steps) > 1:
        changed = _without_mark(below, steps[1:], empty=empty)
    else:
        changed = {name: value for name, value in below.items() if name != "."}
    if changed == below and not (empty and len(steps) == 1):
        return fields
    if not changed and (empty or below):
        return {name: value for name, value in fields.items() if name != key}
    return {**fields, key: changed}


def _value(obj: Any, steps: list[str]) -> Any:
    for step in steps:
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj
