"""The scale subresource: replicas of a workload as an autoscaling/v1 Scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine import openapi
from engine.embedded import fieldmanager, patch, status
from engine.embedded.options import WriteOptions
from engine.embedded.registry import Resource
from engine.embedded.schema.fielderrors import invalid
from engine.embedded.values import clone
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


def change(core: Core, target: Target, body: Any, options: WriteOptions, *, merge: bool) -> Outcome:
    """A PUT or a merge patch of the Scale; only spec.replicas is taken from it."""
    resource = target.resource
    record = core.store.get(resource.storage, target.namespace, target.name)
    if record is None:
        raise status.not_found(resource, target.name)
    live = record.obj
    before = read(resource, live)
    after = patch.merge_patch(before, body) if merge else body
    wanted = _wanted(after)
    write.check_preconditions(resource, record, after.get("metadata") or {})
    obj = clone(live)
    _set(obj, _paths(resource)["specReplicasPath"], wanted)
    entries = _owners(core, resource, live, before, {**before, "spec": {"replicas": wanted}}, options)
    obj["metadata"].pop("managedFields", None)
    if entries:
        obj["metadata"]["managedFields"] = entries
    outcome = write.settle(core, resource, record, obj, options, [], [])
    return Outcome(read(resource, outcome.obj), 200, outcome.warnings)


def _wanted(scale: Any) -> int:
    spec = scale.get("spec") if isinstance(scale, dict) else None
    wanted = spec.get("replicas", 0) if isinstance(spec, dict) else 0
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise status.bad_request("Scale.spec.replicas is not a number")
    if wanted < 0:
        error = invalid("spec.replicas", wanted, "must be greater than or equal to 0")
        raise status.invalid("autoscaling", "Scale", str(scale["metadata"].get("name") or ""), [error])
    return wanted


def _owners(
    core: Core, resource: Resource, live: Object, before: Object, after: Object, options: WriteOptions
) -> list[dict[str, Any]]:
    """ManagedFields of the object after its Scale was written."""
    entries = live["metadata"].get("managedFields")
    replicas = tuple(f"f:{part}" for part in _paths(resource)["specReplicasPath"].strip(".").split("."))
    owners = fieldmanager.scale_managers(entries, replicas, resource.api_version)
    owned = {**before, "metadata": {**before["metadata"], "managedFields": owners}}
    written = fieldmanager.update(
        owned,
        {**after, "metadata": {**after["metadata"], "managedFields": owners}},
        manager=options.manager,
        schema=openapi.schema("autoscaling", "v1", "Scale"),
        api_version="autoscaling/v1",
        subresource="scale",
        now=core.now(),
    )
    after_entries = written["metadata"].get("managedFields")
    return fieldmanager.parent_managers(entries, after_entries, replicas, resource.api_version)


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
    obj[last] = value


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
