"""ValueAddTransformer: one value into a field of many objects, whole or as a part of a path."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldPath, FieldSpec, split_path
from engine.kustomize.files import Files
from engine.kustomize.nodes import kind_of, untagged, written
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import Object
from engine.kustomize.selector import Selector
from engine.kustomize.transform.base import Config
from engine.kustomize.transform.namespace import SetNamespace


class ValueAdd:
    """Puts a value into fields."""

    def __init__(self, value: str, targets: Sequence[Config]) -> None:
        self._value = value
        self._targets = [(Selector(target["selector"]) if "selector" in target else None, target) for target in targets]

    def apply(self, resources: ResMap) -> None:
        """Put it there."""
        for selector, target in self._targets:
            for resource in list(resources) if selector is None else selector.select(resources):
                path = target["fieldPath"]
                if path == "metadata/namespace":
                    SetNamespace(self._value, ()).put(resource)
                else:
                    self._put(resource.obj, path, target.get("filePathPosition", 0))

    def _put(self, obj: Object, path: str, position: int) -> None:
        def updated(present: object) -> str:
            if isinstance(present, (dict, list)):
                raise BuildError(f"{path} is {kind_of(present)}, not a string", field=path)
            whole = self._value if position <= 0 else insert_path_part(written(present), position - 1, self._value)
            return untagged(whole, present)

        parts = [part.replace("/", "\\/") for part in split_path(path)]
        FieldPath(FieldSpec("/".join(parts), create=True), str).apply(obj, updated)


def insert_path_part(path: str, position: int, part: str) -> str:
    """The path with one more part at a position; past its end at the end."""
    absolute = path.startswith("/")
    parts = [piece for piece in path.split("/") if piece]
    parts.insert(min(position, len(parts)), part)
    return ("/" if absolute else "") + "/".join(parts)


def value_add_transformer(config: Config, files: Files) -> ValueAdd:
    """`value` (else the directory's name) for `targets`, which may stand in a file."""
    targets = [*config.get("targets", ())]
    if config.get("targetFilePath"):
        from engine.kustomize.kustomization import PLUGINS
        from engine.kustomize.shapes import Place

        path = config["targetFilePath"]
        for document in files.documents(path, "targetFilePath"):
            targets.extend(PLUGINS["ValueAddTransformer"].read(document, Place(path, strict=False)).get("targets", ()))
    if not targets:
        raise BuildError("must specify at least one target", path=files.root, field="targets")
    if any(not target.get("fieldPath") for target in targets):
        raise BuildError("fieldPath cannot be empty", path=files.root, field="targets.fieldPath")
    return ValueAdd(config.get("value", "").strip() or posixpath.basename(files.root), targets)
