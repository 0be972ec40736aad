"""One object, several served versions: between what is stored and what a request speaks.

Custom resources convert by name alone (strategy None); events are stored as core/v1 and served by two groups.
"""

from __future__ import annotations

from typing import Any

from engine.embedded.registry import EVENTS, Resource

Object = dict[str, Any]

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
_EVENTS_GROUP = "events.k8s.io"


def is_renamed_event(resource: Resource) -> bool:
    """Whether requests speak events.k8s.io/v1."""
    return resource.group == _EVENTS_GROUP and resource.plural == EVENTS


def to_storage(resource: Resource, obj: Object) -> Object:
    """A decoded object as it is stored; shares what it does not rename."""
    if is_renamed_event(resource):
        renamed = {_CORE_FIELDS.get(name, name): value for name, value in obj.items()}
        return {**renamed, "kind": "Event", "apiVersion": "v1"}
    if resource.custom is not None and obj.get("apiVersion") != resource.custom.storage_api_version:
        return {**obj, "apiVersion": resource.custom.storage_api_version}
    return obj


def to_version(resource: Resource, obj: Object) -> Object:
    """A stored object as this resource's version shows it; shares what it does not rename."""
    if obj.get("apiVersion") == resource.api_version and obj.get("kind") == resource.kind:
        return obj
    head = {"kind": resource.kind, "apiVersion": resource.api_version}
    if is_renamed_event(resource):
        rest = {_EVENT_FIELDS.get(name, name): value for name, value in obj.items()}
        if not rest.get("reportingController"):
            rest.pop("reportingController", None)
            rest.pop("reportingInstance", None)
        return {**head, **{name: value for name, value in rest.items() if name not in head}}
    return {**head, **{name: value for name, value in obj.items() if name not in head}}
