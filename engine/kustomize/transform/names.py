"""namePrefix and nameSuffix, and their transformers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldPath, FieldSpec
from engine.kustomize.files import Files
from engine.kustomize.limits import NODE, Budget
from engine.kustomize.nodes import kind_of, untagged, written
from engine.kustomize.resmap import ResMap
from engine.kustomize.transform.base import Config, Transformer, parse_specs

#: Kinds whose names mean something elsewhere and are left alone.
_KEPT: Final = frozenset(("CustomResourceDefinition", "Namespace"))


class Several:
    """Transformers in a row."""

    def __init__(self, *steps: Transformer) -> None:
        self._steps = steps

    def apply(self, resources: ResMap) -> None:
        """Apply each."""
        for step in self._steps:
            step.apply(resources)


class Rename:
    """Puts a prefix or a suffix on names."""

    def __init__(self, prefix: str, suffix: str, specs: Iterable[FieldSpec]) -> None:
        self._prefix = prefix
        self._suffix = suffix
        self._specs = [(spec, FieldPath(spec, str)) for spec in specs]

    def apply(self, resources: ResMap) -> None:
        """Rename, keeping the earlier identity."""
        for resource in resources:
            gvk = resource.original_id.gvk
            if gvk.kind in _KEPT or (gvk.group, gvk.kind) == ("apiregistration.k8s.io", "APIService"):
                continue
            for spec, path in self._specs:
                if not spec.gvk.selects(gvk):
                    continue
                if spec.path == "metadata/name" and (self._prefix or self._suffix):
                    resource.add_prefix(self._prefix)
                    resource.add_suffix(self._suffix)
                    resource.remember()
                path.apply(resource.obj, partial(self._renamed, resources.budget))

    def _renamed(self, budget: Budget, value: Any) -> Any:
        if isinstance(value, (dict, list)):
            raise BuildError(f"a prefix or suffix cannot be put on {kind_of(value)}")
        new = f"{self._prefix}{written(value)}{self._suffix}"
        # The earlier name is kept beside it.
        budget.add(len(new) + 2 * NODE)
        return untagged(new, value)


def prefix_transformer(config: Config, files: Files) -> Rename:
    """Puts a prefix on names."""
    return Rename(config.get("prefix", ""), "", _needed_specs(config, files))


def suffix_transformer(config: Config, files: Files) -> Rename:
    """Puts a suffix on names."""
    return Rename("", config.get("suffix", ""), _needed_specs(config, files))


def prefix_suffix_transformer(config: Config, files: Files) -> Several:
    """The older transformer of both."""
    return Several(prefix_transformer(config, files), suffix_transformer(config, files))


def _needed_specs(config: Config, files: Files) -> tuple[FieldSpec, ...]:
    if "fieldSpecs" not in config:
        raise BuildError("fieldSpecs is not expected to be nil", path=files.root, field="fieldSpecs")
    return parse_specs(config)
