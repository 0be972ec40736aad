"""What the server itself writes into kinds that it is made of: namespaces, definitions, claims and volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.embedded import schema
from engine.embedded.registry import Resource
from engine.embedded.schema import FieldError

Object = dict[str, Any]

#: API groups whose objects are stored and do nothing here: group → the warning on create.
INERT = {
    "admissionregistration.k8s.io": "stored only: admission webhooks and policies are not called by this server",
    "apiregistration.k8s.io": "stored only: requests are not forwarded to aggregated API servers by this server",
}
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


def default(resource: Resource, obj: Object) -> None:
    """What a decode adds, and so what the writer comes to own."""
    if resource.storage == DEFINITIONS:
        status = obj.pop("status", None)
        schema.default_definition(obj)
        del obj["status"]
        if status is not None:
            obj["status"] = status


def new(resource: Resource, obj: Object) -> None:
    """What the server adds to a new object after the writer's ownership was recorded."""
    step = _NEW.get(resource.storage)
    if step is not None:
        step(obj)


def update(resource: Resource, obj: Object, live: Object) -> None:
    """What an update may not change, and is given back silently."""
    if resource.storage == "events":
        _event(obj)
    elif resource.storage == "namespaces":
        obj["spec"] = {**(obj.get("spec") or {}), "finalizers": (live.get("spec") or {}).get("finalizers") or []}


def validate(resource: Resource, obj: Object, live: Object | None) -> list[FieldError]:
    """Rules of the kinds that the server is made of."""
    return schema.validate_definition(obj, live) if resource.storage == DEFINITIONS else []


def _namespace(obj: Object) -> None:
    obj.setdefault("spec", {})["finalizers"] = ["kubernetes"]
    obj["status"] = {"phase": "Active"}


def _event(obj: Object) -> None:
    """Fields that are written even when they say nothing."""
    obj.setdefault("eventTime", None)
    obj.setdefault("reportingComponent", "")
    obj.setdefault("reportingInstance", "")


def _claim(obj: Object) -> None:
    _add_finalizer(obj, "kubernetes.io/pvc-protection")
    obj["status"] = {"phase": "Pending"}


def _volume(obj: Object) -> None:
    _add_finalizer(obj, "kubernetes.io/pv-protection")
    obj["status"] = {"phase": "Pending"}


def _add_finalizer(obj: Object, finalizer: str) -> None:
    finalizers = obj["metadata"].get("finalizers") or []
    if finalizer not in finalizers:
        obj["metadata"]["finalizers"] = [*finalizers, finalizer]


_NEW: dict[str, Callable[[Object], None]] = {
    "namespaces": _namespace,
    "events": _event,
    DEFINITIONS: schema.default_definition,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume,
}
