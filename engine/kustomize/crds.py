"""`crds`: OpenAPI definitions of custom types whose `x-kubernetes-*` marks say where names and labels are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.kustomize.config import EMPTY, NameReference, TransformerConfig
from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldSpec
from engine.kustomize.ids import Gvk

#: Marks, and the field specs that a marked property joins.
_MARKS: Final = {
    "x-kubernetes-annotation": "common_annotations",
    "x-kubernetes-label-selector": "common_labels",
    "x-kubernetes-identity": "name_prefix",
}
_TYPE_FIELDS: Final = frozenset(("apiVersion", "kind", "metadata"))
_MAX_DEPTH: Final = 32


def config_from_crds(document: Any, path: str) -> TransformerConfig:
    """What a file of definitions adds to the transformers' configuration."""
    if not isinstance(document, dict):
        raise BuildError("a mapping from type names to their schemas is expected", path=path, field="crds")
    config = EMPTY
    for name in sorted(document):
        if _properties(document, name).keys() >= _TYPE_FIELDS:
            for found in _marked(document, name, Gvk(kind=name.rpartition(".")[2]), ()):
                config = config.merged(found)
    return config


def _properties(definitions: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    definition = definitions.get(name)
    schema = definition.get("Schema", definition.get("schema")) if isinstance(definition, dict) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return properties if isinstance(properties, dict) else {}


def _marked(
    definitions: Mapping[str, Any], name: str, gvk: Gvk, parents: tuple[str, ...]
) -> Iterator[TransformerConfig]:
    if len(parents) > _MAX_DEPTH:
        raise BuildError(f"the type {name} refers to itself", field="crds")
    for field, raw in _properties(definitions, name).items():
        if not isinstance(raw, dict):
            continue
        place = (*parents, field)
        for mark, target in _MARKS.items():
            if mark in raw:
                changes: dict[str, Any] = {target: (FieldSpec("/".join(place), gvk),)}
                yield EMPTY._replace(**changes)
        version, kind = raw.get("x-kubernetes-object-ref-api-version"), raw.get("x-kubernetes-object-ref-kind")
        if version and kind:
            referred = Gvk("", str(version), str(kind))
            key = str(raw.get("x-kubernetes-object-ref-name-key", "name"))
            referrers = (FieldSpec("/".join((*place, key)), gvk),)
            yield TransformerConfig(name_reference=(NameReference(referred, referrers),))
        if "$ref" in raw:
            yield from _marked(definitions, str(raw["$ref"]), gvk, place)
