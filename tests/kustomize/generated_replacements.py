"""`replacements` and `vars` of generated trees."""

from __future__ import annotations

from typing import Any

from tests.kustomize.generated_patches import selector
from tests.kustomize.generated_tree import Folder, group_version
from tests.kustomize.objects import TEXTS, Object, some
from tests.kustomize.values import text


def replacements(folder: Folder) -> Any:
    """One or two replacements, inline, in a file, or in a file that holds a list."""
    rng = folder.rng
    made = [replacement(folder) for _ in range(rng.choice((1, 1, 2)))]
    where = rng.random()
    if where < 0.15:
        return [{"path": folder.new("replacement", [made[0]])}]
    return [{"path": folder.new("replacements", [made])}] if where < 0.25 else made


def replacement(folder: Folder) -> Object:
    """A value from a field, or given as it stands, for fields of others."""
    rng = folder.rng
    return {**_source(folder), "targets": [_target(folder) for _ in range(rng.choice((1, 1, 1, 2)))]}


def _source(folder: Folder) -> Object:
    rng = folder.rng
    if rng.random() < 0.1:
        return {"sourceValue": text(rng)}
    obj = folder.target()
    group, version = group_version(obj)
    more = some(
        rng, 0.15, group=lambda: group, version=lambda: version, namespace=lambda: obj["metadata"].get("namespace", "")
    )
    options = some(rng, 0.1, options=lambda: {"delimiter": ":", "index": rng.choice((0, 1))})
    name = some(rng, 0.95, name=lambda: obj["metadata"]["name"])
    path = some(rng, 0.93, fieldPath=lambda: field_path(folder, obj))
    return {
        "source": {
            "kind": obj["kind"],
            **name,
            **path,
            **{key: value for key, value in more.items() if value},
            **options,
        }
    }


def _target(folder: Folder) -> Object:
    rng = folder.rng
    obj = folder.target()
    into = some(rng, 0.35, create=lambda: True, delimiter=lambda: rng.choice((":", "/", "-", ".")))
    if "delimiter" in into:
        into |= some(rng, 0.7, index=lambda: rng.choice((0, 1, -1, 5)))
    exact = {"kind": obj["kind"], **some(rng, 0.7, name=lambda: obj["metadata"]["name"])}
    paths = [field_path(folder, obj) + (".added" if into.get("create") and rng.random() < 0.3 else "")]
    return {
        "select": exact if rng.random() < 0.85 else selector(folder),
        **some(rng, 0.95, fieldPaths=lambda: paths),
        **some(rng, 0.9 if into else 0.0, options=lambda: into),
        **some(rng, 0.1, reject=lambda: [{"name": "web"}, {"labelSelector": "app=a"}][: rng.randint(1, 2)]),
    }


def field_path(folder: Folder, obj: Object) -> str:
    """A path to something in the object, perhaps into a text that is JSON or YAML."""
    rng = folder.rng
    node: Any = obj
    parts: list[str] = []
    while isinstance(node, (dict, list)) and node and (not parts or rng.random() < 0.85):
        if isinstance(node, dict):
            key = rng.choice(list(node))
            parts.append(f"[{key}]" if "." in key else key)
            node = node[key]
        else:
            at = rng.randrange(len(node))
            named = isinstance(node[at], dict) and "name" in node[at] and rng.random() < 0.6
            parts.append(f"[name={node[at]['name']}]" if named else rng.choice((str(at), str(at), "*")))
            node = node[at]
    if isinstance(node, str) and node in TEXTS:
        parts.append(rng.choice(TEXTS[node]))
    return ".".join(parts)


def variables(folder: Folder) -> Any:
    """`vars`: mostly of a field that is there."""
    rng = folder.rng
    obj = folder.target()
    ref = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": obj["metadata"]["name"]}
    there = ["metadata.name"]
    if "namespace" in obj["metadata"]:
        there.append("metadata.namespace")
    if isinstance(obj.get("spec"), dict):
        there.extend(f"spec.{key}" for key, value in obj["spec"].items() if not isinstance(value, (dict, list)))
    path = rng.choice(there) if rng.random() < 0.95 else "spec.absent"
    field = {} if rng.random() < 0.3 else {"fieldref": {rng.choice(("fieldpath", "fieldPath")): path}}
    folder.tree.vars += 1
    count = folder.tree.vars
    return [{"name": "VAR" if count == 1 else f"X{count}", "objref": ref, **field}]
