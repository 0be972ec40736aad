"""What every transformer is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from engine.kustomize.fieldspec import FieldPath, FieldPaths, FieldSpec, Make
from engine.kustomize.files import Files
from engine.kustomize.resmap import ResMap

#: A plugin's configuration, in the shape that `kustomization.PLUGINS` gives it.
Config = Mapping[str, Any]


class Transformer(Protocol):
    """Changes the resources of one kustomization."""

    def apply(self, resources: ResMap) -> None:
        """Change them in place; BuildError when it cannot."""


#: Makes a transformer from its configuration and the files beside the kustomization.
Factory = Callable[[Config, Files], Transformer]


def parse_specs(config: Config) -> tuple[FieldSpec, ...]:
    """The `fieldSpecs` of a configuration, which may be FieldSpecs already."""
    return tuple(
        spec if isinstance(spec, FieldSpec) else FieldSpec.parse(spec) for spec in config.get("fieldSpecs", ())
    )


def paths(specs: Iterable[FieldSpec], make: Make | None = None) -> FieldPaths:
    """The specs, ready to walk."""
    return FieldPaths(FieldPath(spec, make) for spec in specs)


CUSTOM_RESOURCE_DEFINITION: Final = "CustomResourceDefinition"
