"""The scale subresource: replicas of a workload as an autoscaling/v1 Scale."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.embedded import convert, status
from engine.embedded.options import WriteOptions
from engine.embedded.registry import Resource
from engine.embedded.seams import patch
from engine.embedded.verbs import write
from engine.embedded.verbs.write import Outcome, Target

if TYPE_CHECKING:
    from engine.embedded.core import Core

Object = dict[str, Any]
_BUILTIN = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".spec.selector",
}


def read(resource: Resource, obj: Mapping[str, Any]) -> Object:
    """The Scale of an object."""
    paths = _paths(resource)
    found = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = _at(obj, paths.get("labelSelectorPath") or "")
    scale: Object = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: found[name] for name in kept if name in found},
        "spec": {},
        "status": {"replicas": _number(_at(obj, paths["statusReplicasPath"]))},
    }
    if wanted := _number(_at(obj, paths["specReplicasPath"])):
        scale["spec"]["replicas"] = wanted
    if selector:
        scale["status"]["selector"] = selector if isinstance(selector, str) else selector_text(selector)
    return scale


def change(core: Core, target: Target, body: Object, options: WriteOptions, *, merge: bool) -> Outcome:
    """A PUT or a merge patch of the Scale; only spec.replicas is taken from it."""
    resource = target.resource
    record = core.store.get(resource.storage, target.namespace, target.name)
    if record is None:
        raise status.not_found(resource, target.name)
    before = read(resource, convert.to_version(resource, record.obj))
    after = patch.merge_patch(before, body) if merge else body
    wanted = (after.get("spec") or {}).get("replicas", 0)
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 0:
        message = "spec.replicas: Invalid value: must be greater than or equal to 0"
        raise status.bad_request(message)
    said = after.get("metadata") or {}

    def set_replicas(live: Object) -> Object:
        for field in ("resourceVersion", "uid"):
            if said.get(field):
                live["metadata"][field] = said[field]
        _set(live, _paths(resource)["specReplicasPath"], wanted)
        return live

    plain = Target(resource, target.namespace, target.name)
    outcome = write.modify(core, plain, set_replicas, options, subresource="scale")
    return Outcome(read(resource, convert.to_version(resource, outcome.obj)), 200, outcome.warnings)


def selector_text(selector: Mapping[str, Any]) -> str:
    """A label selector, or a plain map of labels, as text."""
    labels = selector.get("matchLabels", {} if "matchExpressions" in selector else selector)
    parts = [f"{key}={labels[key]}" for key in sorted(labels or {})]
    for expression in selector.get("matchExpressions") or ():
        key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
        forms = {"Exists": key, "DoesNotExist": f"!{key}"}
        parts.append(forms.get(operator, f"{key} {operator.lower()} ({','.join(values)})"))
    return ",".join(parts)


def _paths(resource: Resource) -> Mapping[str, str]:
    return (resource.custom.scale or {}) if resource.custom is not None else _BUILTIN


def _at(obj: Any, path: str) -> Any:
    for part in path.strip(".").split("."):
        if not isinstance(obj, Mapping) or not part:
            return None
        obj = obj.get(part)
    return obj


def _set(obj: Object, path: str, value: int) -> None:
    *parents, last = path.strip(".").split(".")
    for part in parents:
        child = obj.get(part)
        if not isinstance(child, dict):
            child = obj[part] = {}
        obj = child
    obj[last] = copy.copy(value)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
