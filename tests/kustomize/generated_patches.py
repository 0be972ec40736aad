"""Patches of generated trees: strategic merges, JSON operations, and what they are meant for."""

from __future__ import annotations

from typing import Any

from tests.kustomize.generated_tree import Folder, group_version, identity
from tests.kustomize.objects import Object, some, strings
from tests.kustomize.values import scalar, text

#: Fields that lists are merged by; a changed item mostly keeps them.
_MERGE_KEYS = ("name", "containerPort", "port", "mountPath", "topologyKey", "whenUnsatisfiable")


def selector(folder: Folder) -> Object:
    """What selects objects by regular expressions, labels and annotations."""
    rng = folder.rng
    obj = folder.target()
    metadata = obj["metadata"]
    group, version = group_version(obj)
    found = some(
        rng,
        0.5,
        kind=lambda: rng.choice((obj["kind"], obj["kind"], "Deployment|Service", ".*Set")),
        name=lambda: rng.choice((metadata["name"], metadata["name"], "w.*", "web|api", "we", "(web|db)(-1)?")),
        version=lambda: rng.choice((version, "v1", "v.*")),
        group=lambda: rng.choice((group, group, "apps|batch")),
        labelSelector=lambda: rng.choice(("app", "app=a", "app in (a,web)", "!tier", "app!=b,tier notin (a)")),
        annotationSelector=lambda: rng.choice(("app", "yes=a", "!Z")),
        namespace=lambda: rng.choice(("one", "default", "t.*")),
    )
    return found or {"kind": obj["kind"]}


def strategic(folder: Folder) -> Object:
    """A strategic merge patch for one object."""
    rng = folder.rng
    obj = folder.target()
    patch = identity(obj)
    if rng.random() < 0.08:
        return {**patch, "$patch": rng.choice(("delete", "replace"))}
    if rng.random() < 0.4:
        patch["metadata"].update(some(rng, 0.6, labels=lambda: strings(rng), annotations=lambda: strings(rng)))
    if rng.random() < 0.03:
        patch["metadata"][rng.choice(("labels", "annotations"))] = None
    rest = [key for key in obj if key not in patch]
    for key in rest[: rng.randint(0, len(rest))]:
        patch[key] = _changed(folder, obj[key])
    return patch


def _changed(folder: Folder, value: Any) -> Any:
    """Part of a value with other leaves, nulls and directives."""
    rng = folder.rng
    if rng.random() < 0.05:
        return None
    if isinstance(value, dict):
        changed = {key: _changed(folder, child) for key, child in value.items() if rng.random() < 0.6}
        if rng.random() < 0.15:
            changed[rng.choice(("new", "env", "labels"))] = text(rng)
        if rng.random() < 0.03:
            changed["$patch"] = rng.choice(("delete", "replace", "merge"))
        for key in _MERGE_KEYS:
            if key in value and rng.random() < 0.9:
                changed[key] = value[key]
        return changed
    if isinstance(value, list):
        items = [_changed(folder, child) for child in value if rng.random() < 0.7]
        if rng.random() < 0.25:
            items.append({"name": "added", "value": text(rng)} if value and isinstance(value[0], dict) else text(rng))
        if rng.random() < 0.05:
            items.append({"$patch": rng.choice(("delete", "replace"))})
        return [item for item in items if item is not None]
    return value if rng.random() < 0.3 else scalar(rng)


def operations(folder: Folder, obj: Object) -> list[Object]:
    """JSON patch operations that mostly fit an object."""
    rng = folder.rng
    made = []
    for _ in range(rng.randint(1, 3)):
        path, value = _place(folder, obj)
        op = rng.choice(("add",) * 6 + ("replace",) * 5 + ("remove", "test", "copy", "move"))
        operation: Object = {"op": op, "path": path}
        if op == "test":
            operation["value"] = value if rng.random() < 0.9 else scalar(rng)
        elif op in ("copy", "move"):
            operation |= {"from": path, "path": rng.choice(("/copied", "/metadata/copied"))}
        elif op != "remove":
            operation["value"] = rng.choice((scalar(rng), text(rng), {"k": scalar(rng)}))
        if op == "add" and rng.random() < 0.6:
            operation["path"] += rng.choice(
                ("/-", "/0", "/-1")
                if isinstance(value, list)
                else ("/new", "/a~1b")
                if isinstance(value, dict)
                else ("x",)
            )
        if op in ("remove", "replace", "move") and path in ("/kind", "/metadata", "/metadata/name", "/apiVersion"):
            operation = {"op": "add", "path": "/metadata/annotations/noted", "value": text(rng)}
        made.append(operation)
    return made


def _place(folder: Folder, obj: Object) -> tuple[str, Any]:
    """A JSON pointer into an object, and what is there."""
    rng = folder.rng
    node: Any = obj
    pointer = ""
    while isinstance(node, (dict, list)) and node and (not pointer or rng.random() < 0.75):
        key: Any = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        pointer += "/" + str(key).replace("~", "~0").replace("/", "~1")
        node = node[key]
    return pointer, node


def patches(folder: Folder) -> Any:
    """`patches`: merges with and without target, several in one text, and operations."""
    rng = folder.rng
    made = []
    for _ in range(rng.randint(1, 2)):
        kind = rng.random()
        if kind < 0.45:
            several = [strategic(folder) for _ in range(2 if rng.random() < 0.1 else 1)]
            made.append(folder.inline_or_file(several))
        elif kind < 0.7:
            patch = {**strategic(folder), "metadata": {"name": "ignored", "labels": strings(rng)}}
            options = some(rng, 0.2, options=lambda: {rng.choice(("allowNameChange", "allowKindChange")): True})
            made.append({**folder.inline_or_file([patch]), "target": selector(folder), **options})
        else:
            obj = folder.target()
            exact = {"kind": obj["kind"], "name": obj["metadata"]["name"]}
            target = exact if rng.random() < 0.85 else selector(folder)
            made.append({**folder.inline_or_file([operations(folder, obj)]), "target": target})
    return made


def patches_strategic_merge(folder: Folder) -> Any:
    """`patchesStrategicMerge`: a file, or the patch itself."""
    return [next(iter(folder.inline_or_file([strategic(folder)]).values()))]


def patches_json(folder: Folder) -> Any:
    """`patchesJson6902`."""
    obj = folder.target()
    group, version = group_version(obj)
    target = {"group": group, "version": version, "kind": obj["kind"], "name": obj["metadata"]["name"]}
    return [{**folder.inline_or_file([operations(folder, obj)]), "target": target}]
