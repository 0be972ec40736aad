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
from engine.kustomize.nodes import Place, is_null, put, share
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
            added: dict[str, list[Place]] = {}
            self._paths.apply(resource.obj, partial(self._set, resources.budget, added))
            for key, places in added.items():
                if len(places) > 1:
                    share(self._entries[key], places)

    def _set(self, budget: Budget, added: dict[str, list[Place]], node: Any) -> Any:
        """Set them in one mapping; `added` gathers the places where an entry is new."""
        budget.add(NODE * len(self._entries))
        if self._unreadable is not None:
            raise unreadable(self._unreadable, "labels or annotations")
        if is_null(node):
            return node
        if not isinstance(node, dict):
            raise BuildError(f"labels or annotations cannot be set in a {type(node).__name__}")
        for key, value in self._entries.items():
            if key in node:
                put(node, key, value)
            else:
                node[key] = value
                added.setdefault(key, []).append((node, key))
        return node


def label_transformer(config: Config, files: Files) -> SetEntries:
    """Sets labels wherever the field specs say."""
    del files
    return SetEntries(config.get("labels", {}), parse_specs(config))
