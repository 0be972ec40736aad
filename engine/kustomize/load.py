"""Bytes into resources: documents, lists in lists, and what every resource must have."""

from __future__ import annotations

from typing import Any, Final

from engine import yaml
from engine.kustomize.errors import BuildError
from engine.kustomize.json_values import quoted_nodes, values
from engine.kustomize.nodes import is_empty, is_null, plain, styled, text
from engine.kustomize.resource import Resource

_LIST_KINDS: Final = frozenset(("List", "ResourceList"))


def resources_from(content: bytes | str, path: str, limits: yaml.Limits) -> list[Resource]:
    """The resources of a YAML or JSON file; BuildError when it holds anything else."""
    documents = [
        document for document in _parse(content, path, limits, plain=plain, styled=styled) if not is_empty(document)
    ]
    for document in documents:
        _require_identity(document, path)
    return [Resource(obj) for obj in _unrolled(documents, path)]


def parse(content: bytes | str, path: str, limits: yaml.Limits) -> list[Any]:
    """The documents of a file under kustomize's own rules of YAML, as JSON has them."""
    return _parse(content, path, limits)


def parse_nodes(content: bytes | str, path: str, limits: yaml.Limits) -> list[Any]:
    """The same as nodes."""
    return _parse(content, path, limits, plain=plain, styled=styled)


def _parse(content: bytes | str, path: str, limits: yaml.Limits, **options: Any) -> list[Any]:
    try:
        return yaml.load_all(content, profile=yaml.Profile.V3, name=path, limits=limits, **options)
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
        if not text(document["kind"]).endswith("List") or "items" not in document:
            result.append(document)
            continue
        # These go through JSON, which has one spelling for a number.
        queue.extend(quoted_nodes(values(item)) for item in _items(document, path))
    return result


def _items(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
    items = document.get("items")
    if is_null(items) or items is None:
        return []
    if not isinstance(items, list):
        raise BuildError(f"items of a {document['kind']} is not a list", path=path, field="items")
    kept = [item for item in items if not is_empty(item)]
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
    kind = text(obj.get("kind"))
    if not kind:
        raise BuildError("an object without kind", path=path, field="kind", fix="set apiVersion and kind")
    if kind.endswith("List"):
        return
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or not text(metadata.get("name")):
        raise BuildError(f"a {kind} without a name", path=path, field="metadata.name", fix="name it")
