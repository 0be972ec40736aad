"""What the server itself writes into single built-in kinds: finalizers, allocations, first statuses."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from engine.embedded import schema
from engine.embedded.registry import Resource
from engine.embedded.schema import FieldError

Object = dict[str, Any]
Taken = Callable[[str], bool]

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/16")


def default(resource: Resource, obj: Object) -> None:
    """What a decode adds, and so what the writer comes to own."""
    step = _DEFAULTS.get(resource.storage)
    if step is not None:
        step(obj)


def new(resource: Resource, obj: Object, taken: Taken) -> None:
    """What the server adds to a new object after the writer's ownership was recorded."""
    step = _NEW.get(resource.storage)
    if step is not None:
        step(obj, taken)


def update(resource: Resource, obj: Object, live: Object) -> None:
    """What an update may not change, and is given back silently."""
    step = _UPDATE.get(resource.storage)
    if step is not None:
        step(obj, live)


def validate(resource: Resource, obj: Object, live: Object | None) -> list[FieldError]:
    """Rules of kinds that the server's own machinery is made of."""
    if resource.storage == "customresourcedefinitions.apiextensions.k8s.io":
        return schema.validate_definition(obj, live)
    return []


def _default_namespace(obj: Object) -> None:
    name = obj["metadata"].get("name")
    if name:
        labels = obj["metadata"].get("labels") or {}
        obj["metadata"]["labels"] = {**labels, NAMESPACE_LABEL: name}


def _default_definition(obj: Object) -> None:
    status = obj.pop("status", None)
    schema.default_definition(obj)
    if status is None:
        del obj["status"]
    else:
        obj["status"] = status


def _new_namespace(obj: Object, _taken: Taken) -> None:
    _default_namespace(obj)
    obj.setdefault("spec", {})["finalizers"] = ["kubernetes"]
    obj["status"] = {"phase": "Active"}


def _new_definition(obj: Object, _taken: Taken) -> None:
    schema.default_definition(obj)


def _new_claim(obj: Object, _taken: Taken) -> None:
    _add_finalizer(obj, "kubernetes.io/pvc-protection")
    obj["status"] = {"phase": "Pending"}


def _new_volume(obj: Object, _taken: Taken) -> None:
    _add_finalizer(obj, "kubernetes.io/pv-protection")
    obj["status"] = {"phase": "Pending"}


def _add_finalizer(obj: Object, finalizer: str) -> None:
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def _new_service(obj: Object, taken: Taken) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("type") != "ExternalName":
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if not spec.get("clusterIP"):
            spec["clusterIP"] = _allocate(obj["metadata"]["uid"], taken)
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
    obj["status"] = {"loadBalancer": {}}


def _allocate(uid: str, taken: Taken) -> str:
    """An address of the service network, spread by uid, that no other service has."""
    size = SERVICE_NETWORK.num_addresses - 2
    start = int(uid.replace("-", ""), 16)
    for step in range(size):
        address = str(SERVICE_NETWORK[1 + (start + step) % size])
        if not taken(address):
            return address
    raise OverflowError("no free address is left in the service network")


def _new_job(obj: Object, _taken: Taken) -> None:
    uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
    spec = obj.setdefault("spec", {})
    obj["status"] = {}
    if spec.get("manualSelector"):
        return
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    obj["metadata"]["labels"] = {**(obj["metadata"].get("labels") or {}), **labels}
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **labels}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _update_namespace(obj: Object, live: Object) -> None:
    _default_namespace(obj)
    obj["spec"] = {**(obj.get("spec") or {}), "finalizers": (live.get("spec") or {}).get("finalizers") or []}


def _update_service(obj: Object, live: Object) -> None:
    spec, stored = obj.setdefault("spec", {}), live.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"):
        if field in stored and not spec.get(field):
            spec[field] = stored[field]


_DEFAULTS: dict[str, Callable[[Object], None]] = {
    "namespaces": _default_namespace,
    "customresourcedefinitions.apiextensions.k8s.io": _default_definition,
}
_NEW: dict[str, Callable[[Object, Taken], None]] = {
    "namespaces": _new_namespace,
    "customresourcedefinitions.apiextensions.k8s.io": _new_definition,
    "persistentvolumeclaims": _new_claim,
    "persistentvolumes": _new_volume,
    "services": _new_service,
    "jobs.batch": _new_job,
}
_UPDATE: dict[str, Callable[[Object, Object], None]] = {
    "namespaces": _update_namespace,
    "services": _update_service,
}
