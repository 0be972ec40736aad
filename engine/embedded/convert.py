"""One object, several served versions: between what is stored and what a request speaks.

Custom resources convert by name alone (strategy None). Events are stored as core/v1 and also served by their own
group; autoscalers are stored as autoscaling/v2 and also served as v1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.embedded.registry import Registry, Resource

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Twin:
    """A served version that is stored as another one."""

    stored_as: tuple[str, str]
    to_storage: Callable[[Object], Object]
    from_storage: Callable[[Object], Object]


#: core/v1 Event field → events.k8s.io/v1 Event field.
_EVENT_FIELDS = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_CORE_FIELDS = {new: core for core, new in _EVENT_FIELDS.items()}


def _event_to_core(obj: Object) -> Object:
    return {_CORE_FIELDS.get(name, name): value for name, value in obj.items()}


def _event_from_core(obj: Object) -> Object:
    shown = {_EVENT_FIELDS.get(name, name): value for name, value in obj.items()}
    for name in ("reportingController", "reportingInstance"):
        if not shown.get(name):
            shown.pop(name, None)
    return shown


_CPU = "targetCPUUtilizationPercentage"


def _autoscaler_to_v2(obj: Object) -> Object:
    spec = {name: value for name, value in (obj.get("spec") or {}).items() if name != _CPU}
    wanted = (obj.get("spec") or {}).get(_CPU)
    if wanted is not None:
        target = {"type": "Utilization", "averageUtilization": wanted}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return {**obj, "spec": spec}


def _autoscaler_from_v2(obj: Object) -> Object:
    spec = {name: value for name, value in (obj.get("spec") or {}).items() if name not in ("metrics", "behavior")}
    for metric in (obj.get("spec") or {}).get("metrics") or ():
        resource = metric.get("resource") or {}
        wanted = (resource.get("target") or {}).get("averageUtilization")
        if resource.get("name") == "cpu" and wanted is not None:
            spec[_CPU] = wanted
    status = {
        name: value for name, value in (obj.get("status") or {}).items() if name not in ("currentMetrics", "conditions")
    }
    return {**obj, "spec": spec, "status": status}


_TWINS: dict[tuple[str, str], _Twin] = {
    ("events.k8s.io/v1", "Event"): _Twin(("v1", "Event"), _event_to_core, _event_from_core),
    ("autoscaling/v1", "HorizontalPodAutoscaler"): _Twin(
        ("autoscaling/v2", "HorizontalPodAutoscaler"), _autoscaler_to_v2, _autoscaler_from_v2
    ),
}


def stored_as(registry: Registry, resource: Resource) -> Resource:
    """The resource under whose type a write is judged and owned."""
    twin = _TWINS.get((resource.api_version, resource.kind))
    return resource if twin is None else registry.by_kind(*twin.stored_as) or resource


def to_storage(resource: Resource, obj: Object) -> Object:
    """A decoded object as it is stored; shares what it does not rename."""
    twin = _TWINS.get((resource.api_version, resource.kind))
    if twin is not None:
        api_version, kind = twin.stored_as
        return {**twin.to_storage(obj), "kind": kind, "apiVersion": api_version}
    if resource.custom is not None and obj.get("apiVersion") != resource.custom.storage_api_version:
        return {**obj, "apiVersion": resource.custom.storage_api_version}
    return obj


def to_version(resource: Resource, obj: Object) -> Object:
    """A stored object as this resource's version shows it; shares what it does not rename."""
    if obj.get("apiVersion") == resource.api_version and obj.get("kind") == resource.kind:
        return obj
    twin = _TWINS.get((resource.api_version, resource.kind))
    shown = obj if twin is None else twin.from_storage(obj)
    head = {"kind": resource.kind, "apiVersion": resource.api_version}
    return {**head, **{name: value for name, value in shown.items() if name not in head}}
