"""Bytes into resources: documents, lists in lists, and what every resource must have."""

from __future__ import annotations

from typing import Any, Final

from engine import yaml
from engine.kustomize.errors import BuildError
from engine.kustomize.resource import Blanks, Resource

_LIST_KINDS: Final = frozenset(("List", "ResourceList"))


def resources_from(content: bytes | str, path: str, limits: yaml.Limits) -> list[Resource]:
    """The resources of a YAML or JSON file; BuildError when it holds anything else."""
    blanks: Blanks = {}

    def note(mapping: Any, key: Any) -> None:
        if isinstance(mapping, dict):
            blanks[id(mapping), key] = mapping

    documents = [
        document for document in parse(content, path, limits, note, text_keys=True) if document not in ({}, [], None)
    ]
    for document in documents:
        _require_identity(document, path)
    resources = [Resource(obj) for obj in _unrolled(documents, path)]
    if blanks:
        for resource in resources:
            resource.blanks = blanks
    return resources


def parse(
    content: bytes | str,
    path: str,
    limits: yaml.Limits,
    on_blank: yaml.OnBlank | None = None,
    *,
    text_keys: bool = False,
) -> list[Any]:
    """The documents of a file under kustomize's own rules of YAML."""
    try:
        return yaml.load_all(
            content, profile=yaml.Profile.V3, name=path, limits=limits, on_blank=on_blank, text_keys=text_keys
        )
    except yaml.YAMLError as error:
        raise BuildError.of_yaml(error) from error


def _unrolled(documents: list[Any], path: str) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    queue = list(documents)
    if len(queue) == 1 and queue[0].get("kind") in _LIST_KINDS and isinstance(queue[0].get("items"), list):
        queue = _items(queue[0], path)
    position = 0
    while position < len(queue):
        document = queue[position]
        position += 1
        if not str(document["kind"]).endswith("List") or "items" not in document:
            result.append(document)
            continue
        queue.extend(_items(document, path))
    return result


def _items(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
    items = document.get("items")
    if items is None:
        return []
    if not isinstance(items, list):
        raise BuildError(f"items of a {document['kind']} is not a list", path=path, field="items")
    kept = [item for item in items if item not in ({}, [], None)]
    for item in kept:
        _require_identity(item, path)
    return kept


def _require_identity(obj: Any, path: str) -> None:
    if not isinstance(obj, dict):
        raise BuildError(
            f"{'a list' if isinstance(obj, list) else 'a scalar'} stands where a Kubernetes object is expected",
            path=path,
            fix="give it apiVersion, kind and metadata",
        )
    kind = obj.get("kind")
    if not isinstance(kind, str) or not kind:
        raise BuildError("an object without kind", path=path, field="kind", fix="set apiVersion and kind")
    if kind.endswith("List"):
        return
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("name") in (None, ""):
        raise BuildError(f"a {kind} without a name", path=path, field="metadata.name", fix="name it")
