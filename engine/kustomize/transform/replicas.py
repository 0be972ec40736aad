"""replicas, and ReplicaCountTransformer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldPath, FieldSpec
from engine.kustomize.files import Files
from engine.kustomize.nodes import INT, Tagged, kind_of
from engine.kustomize.resmap import ResMap
from engine.kustomize.transform.base import Config, parse_specs


class SetReplicas:
    """Sets the replica count of the objects that have or had a name."""

    def __init__(self, name: str, count: int, specs: Iterable[FieldSpec]) -> None:
        self._name = name
        self._count = _number(str(count))
        self._specs = [(spec, FieldPath(spec, _number)) for spec in specs]

    def apply(self, resources: ResMap) -> None:
        """Set the count; a name that matches nothing is an error."""
        found = False
        for spec, path in self._specs:
            matches = resources.matching_any_id(
                self._name,
                lambda known, spec=spec: known.name == self._name and spec.gvk.selects(known.gvk),  # type: ignore[misc]
            )
            for resource in matches:
                found = True
                path.apply(resource.obj, self._set)
        if not found:
            kinds = ", ".join(str(spec.gvk) for spec, _ in self._specs)
            raise BuildError(
                f"resource with name {self._name} does not match a config with the following GVK [{kinds}]",
                field="replicas",
                fix="correct the name, or remove the entry",
            )

    def _set(self, value: Any) -> Any:
        if isinstance(value, (dict, list)):
            raise BuildError(f"replicas of {self._name} is {kind_of(value)}", field="replicas")
        return self._count


def _number(text: str) -> Tagged:
    return Tagged(text, INT)


def replica_transformer(config: Config, files: Files) -> SetReplicas:
    """Sets the replica count that `replica` names."""
    del files
    replica = config.get("replica", {})
    return SetReplicas(replica.get("name", ""), replica.get("count", 0), parse_specs(config))
