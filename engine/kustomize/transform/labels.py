"""labels and commonLabels, and LabelTransformer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldSpec, mapping
from engine.kustomize.files import Files
from engine.kustomize.keys import is_text, unreadable
from engine.kustomize.limits import NODE, Budget
from engine.kustomize.nodes import Place, is_null, kind_of, put, share
from engine.kustomize.resmap import ResMap
from engine.kustomize.transform.base import Config, parse_specs, paths


class SetEntries:
    """Sets entries of the mappings at some places."""

    def __init__(self, entries: Mapping[str, str], specs: Iterable[FieldSpec]) -> None:
        self._entries = dict(sorted(entries.items()))
        self._unreadable = next((key for key in self._entries if not is_text(key)), None)
        self._paths = paths(specs, mapping)

    def apply(self, resources: ResMap) -> None:
        """Set them in every resource."""
        if not self._entries:
            return
        for resource in resources:
            # Entry by entry: what one of them creates on its way is there for the next.
            for key, value in self._entries.items():
                added: list[Place] = []
                self._paths.apply(resource.obj, partial(self._set, resources.budget, added, key, value))
                if len(added) > 1:
                    share(value, added)

    def _set(self, budget: Budget, added: list[Place], key: str, value: str, node: Any) -> Any:
        """Set one in one mapping; `added` gathers the places where it is new."""
        budget.add(NODE)
        if self._unreadable is not None:
            raise unreadable(self._unreadable, "labels or annotations")
        if is_null(node):
            return node
        if not isinstance(node, dict):
            raise BuildError(f"labels or annotations cannot be set in {kind_of(node)}")
        if key in node:
            put(node, key, value)
        else:
            node[key] = value
            added.append((node, key))
        return node


def label_transformer(config: Config, files: Files) -> SetEntries:
    """Sets labels wherever the field specs say."""
    del files
    return SetEntries(config.get("labels", {}), parse_specs(config))
