"""Which fields each transformer works on: kustomize's defaults, widened by `configurations` (engines.md B3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldSpec, gvk_order, merge_specs
from engine.kustomize.ids import Gvk

Specs = tuple[FieldSpec, ...]


class NameReference(NamedTuple):
    """Fields (`referrers`) that hold the name of an object of this kind."""

    target: Gvk
    referrers: Specs


class TransformerConfig(NamedTuple):
    """The field specs of every transformer, each sorted in kustomize's order of kinds."""

    name_prefix: Specs = ()
    name_suffix: Specs = ()
    namespace: Specs = ()
    common_labels: Specs = ()
    labels: Specs = ()
    template_labels: Specs = ()
    common_annotations: Specs = ()
    name_reference: tuple[NameReference, ...] = ()
    var_reference: Specs = ()
    images: Specs = ()
    replicas: Specs = ()

    def merged(self, other: TransformerConfig) -> TransformerConfig:
        """Both, sorted."""
        if other is EMPTY or other == self:
            return self
        changes: dict[str, Any] = {
            field: sorted_specs(merge_specs(getattr(self, field), getattr(other, field)))
            for field in self._fields
            if field != "name_reference"
        }
        references = {reference.target: reference.referrers for reference in self.name_reference}
        for reference in other.name_reference:
            references[reference.target] = merge_specs(references.get(reference.target, ()), reference.referrers)
        return self._replace(**changes, name_reference=sorted_references(references))


EMPTY: Final = TransformerConfig()

#: Names in a configuration file.
_FIELDS: Final = {
    "namePrefix": "name_prefix",
    "nameSuffix": "name_suffix",
    "namespace": "namespace",
    "commonLabels": "common_labels",
    "labels": "labels",
    "templateLabels": "template_labels",
    "commonAnnotations": "common_annotations",
    "varReference": "var_reference",
    "images": "images",
    "replicas": "replicas",
}


def parse_config(raw: Any, path: str) -> TransformerConfig:
    """A file that `configurations` names."""
    if not isinstance(raw, dict):
        raise BuildError("a transformer configuration must be a mapping", path=path)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key == "nameReference":
            references = {_gvk(item): _specs(item.get("fieldSpecs"), path) for item in _mappings(value, key, path)}
            values["name_reference"] = sorted_references(references)
        elif key in _FIELDS:
            values[_FIELDS[key]] = sorted_specs(_specs(value, path))
        else:
            raise BuildError("unknown field in a transformer configuration", path=path, field=key)
    return TransformerConfig(**values)


def _gvk(raw: Mapping[str, Any]) -> Gvk:
    return Gvk(str(raw.get("group", "")), str(raw.get("version", "")), str(raw.get("kind", "")))


def _mappings(value: Any, field: str, path: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BuildError("a list of mappings is expected", path=path, field=field)
    return value


def _specs(value: Any, path: str) -> Specs:
    return tuple(FieldSpec.parse(item) for item in _mappings([] if value is None else value, "fieldSpecs", path))


def sorted_specs(specs: Iterable[FieldSpec]) -> Specs:
    """The specs in kustomize's order of kinds."""
    return tuple(sorted(specs, key=lambda spec: gvk_order(spec.gvk)))


def sorted_references(references: Mapping[Gvk, Specs]) -> tuple[NameReference, ...]:
    """The references in kustomize's order of kinds."""
    return tuple(
        NameReference(target, sorted_specs(references[target])) for target in sorted(references, key=gvk_order)
    )
