"""Trees made from a seed: bases, components, diamonds and overlays with every field of a kustomization."""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

from tests.kustomize.generated_fields import FEATURES
from tests.kustomize.generated_plugins import PLUGIN_FEATURES
from tests.kustomize.generated_tree import Fields, Folder, Tree
from tests.kustomize.objects import Object, make

_COMPONENT: Final = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
_KUSTOMIZATION: Final = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
_FEATURES: Final = {**FEATURES, **PLUGIN_FEATURES}


def tree(seed: int) -> dict[str, bytes]:
    """The files of a tree; `over` is what is built."""
    made = Tree(Random(seed))
    rng = made.rng
    bases = [_base(made, f"base{n}") for n in range(rng.choice((1, 1, 1, 2)))]
    components = [_component(made, f"comp{n}") for n in range(rng.choice((0, 0, 1, 2)))]
    middle = [_layer(made, f"mid{n}", bases, components[:1], 0.07) for n in range(rng.choice((0, 0, 0, 1, 1, 2)))]
    _layer(made, "over", middle or bases, components[len(middle[:1]) :], 0.11)
    return made.files


def _base(made: Tree, path: str) -> str:
    rng = made.rng
    known = {_key(obj) for obj in made.objects}
    objects = []
    for _ in range(rng.randint(1, 7)):
        obj = make(rng)
        if _key(obj) not in known:
            known.add(_key(obj))
            objects.append(obj)
    before, made.objects = made.objects, objects
    folder = Folder(made, path)
    cut = rng.randint(0, len(objects))
    resources = [
        _objects_file(folder, file, part) for file, part in (("a", objects[:cut]), ("b", objects[cut:])) if part
    ]
    folder.kustomization({"resources": resources, **_features(folder, 0.05)})
    made.objects = before + objects
    return path


def _objects_file(folder: Folder, name: str, objects: list[Object]) -> str:
    """A file of documents, of JSON, or of a List."""
    rng = folder.rng
    kind = rng.random()
    if kind < 0.05:
        plain = [obj for obj in (_as_json(obj) for obj in objects) if obj is not None]
        if len(plain) == len(objects):
            file = f"{name}.json"
            folder.write(file, json.dumps({"apiVersion": "v1", "kind": "List", "items": plain}, indent=2).encode())
            return file
    if kind < 0.1:
        wrapper = rng.choice(("List", "ConfigMapList", "ResourceList"))
        return folder.put(f"{name}.yaml", [{"apiVersion": "v1", "kind": wrapper, "items": objects}])
    return folder.put(f"{name}.yaml", objects)


def _as_json(value: Any) -> Any:
    """The value if JSON can spell it as it stands, else None."""
    if isinstance(value, dict):
        children = {key: _as_json(child) for key, child in value.items()}
        return None if None in children.values() else children
    if isinstance(value, list):
        items = [_as_json(item) for item in value]
        return None if None in items else items
    try:
        return json.loads(value) if type(value) is not str and isinstance(value, str) else value
    except ValueError:
        return None


def _component(made: Tree, path: str) -> str:
    folder = Folder(made, path)
    folder.kustomization({**_COMPONENT, **(_features(folder, 0.1) or {"namePrefix": "c-"})})
    return path


def _layer(made: Tree, path: str, below: list[str], components: list[str], chance: float) -> str:
    rng = made.rng
    folder = Folder(made, path)
    fields: Fields = {rng.choice(("resources", "resources", "bases")): [f"../{base}" for base in below]}
    if rng.random() < 0.25:
        made.layers += 1
        own = make(rng)
        own["metadata"]["name"] += f"-own{made.layers}"
        made.objects.append(own)
        folder.put("own.yaml", [own])
        fields.setdefault("resources", []).append("own.yaml")
    if components and rng.random() < 0.7:
        fields["components"] = [f"../{component}" for component in components]
    if rng.random() < 0.3:
        fields.update(_KUSTOMIZATION)
    fields.update(_features(folder, chance))
    if path.startswith("mid") and rng.random() < 0.95:
        fields["nameSuffix"] = f"-{path}"
    folder.kustomization(fields)
    return path


def _features(folder: Folder, chance: float) -> Fields:
    return {field: feature(folder) for field, feature in _FEATURES.items() if folder.rng.random() < chance}


def _key(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace", "")
