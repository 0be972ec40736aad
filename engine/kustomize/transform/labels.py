"""labels and commonLabels, and LabelTransformer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldSpec
from engine.kustomize.files import Files
from engine.kustomize.keys import is_text, unreadable
from engine.kustomize.resmap import ResMap
from engine.kustomize.transform.base import Config, parse_specs, paths


class SetEntries:
    """Sets entries of the mappings at some places."""

    def __init__(self, entries: Mapping[str, str], specs: Iterable[FieldSpec]) -> None:
        self._entries = dict(sorted(entries.items()))
        self._unreadable = next((key for key in self._entries if not is_text(key)), None)
        self._paths = paths(specs, dict)

    def apply(self, resources: ResMap) -> None:
        """Set them in every resource."""
        if not self._entries:
            return
        for resource in resources:
            self._paths.apply(resource.obj, self._set)

    def _set(self, value: Any) -> Any:
        if self._unreadable is not None:
            raise unreadable(self._unreadable, "labels or annotations")
        if value is None:
            return dict(self._entries)
        if not isinstance(value, dict):
            raise BuildError(f"labels or annotations cannot be set in a {type(value).__name__}")
        value.update(self._entries)
        return value


def label_transformer(config: Config, files: Files) -> SetEntries:
    """Sets labels wherever the field specs say."""
    del files
    return SetEntries(config.get("labels", {}), parse_specs(config))
