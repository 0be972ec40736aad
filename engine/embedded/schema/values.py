"""Pruning and defaulting of custom resources, in place."""

from __future__ import annotations

import copy
from typing import Any

from engine.embedded.schema.structural import MISSING, Structural

#: Fields that every object and every embedded resource has, whatever its schema says.
_OBJECT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})


def prune(obj: dict[str, Any], schema: Structural) -> list[str]:
    """Drop the fields that `schema` does not know; their paths, sorted (`spec.zzz`, `spec.list[0].x`)."""
    dropped: list[str] = []
    _prune(obj, schema, "", dropped, root=True)
    return sorted(dropped)


def _prune(value: Any, schema: Structural, path: str, dropped: list[str], *, root: bool = False) -> None:
    if isinstance(value, list):
        if schema.items is not None:
            for index, item in enumerate(value):
                _prune(item, schema.items, f"{path}[{index}]", dropped)
    elif isinstance(value, dict):
        _prune_fields(value, schema, path, dropped, is_object=root or schema.embedded)


def _prune_fields(value: dict[str, Any], schema: Structural, path: str, dropped: list[str], *, is_object: bool) -> None:
    prefix = f"{path}." if path else ""
    for name in list(value):
        if is_object and name in _OBJECT_FIELDS:
            continue
        child = schema.properties.get(name, schema.additional)
        if child is not None:
            _prune(value[name], child, prefix + name, dropped)
        elif not schema.preserve_unknown:
            del value[name]
            dropped.append(prefix + name)


def default(obj: dict[str, Any], schema: Structural) -> None:
    """Fill in defaults; a null where none may stand is dropped, or replaced by the field's default."""
    _default(obj, schema)


def _default(value: Any, schema: Structural) -> None:
    if isinstance(value, dict):
        for name, child in schema.properties.items():
            if name in value:
                if value[name] is None and not child.nullable:
                    _replace_null(value, name, child)
            elif child.default is not MISSING:
                value[name] = copy.deepcopy(child.default)
        for name, child_value in value.items():
            below = schema.properties.get(name) or schema.additional
            if below is not None and isinstance(child_value, (dict, list)):
                _default(child_value, below)
    elif isinstance(value, list) and schema.items is not None:
        for item in value:
            if isinstance(item, (dict, list)):
                _default(item, schema.items)


def _replace_null(value: dict[str, Any], name: str, child: Structural) -> None:
    if child.default is MISSING:
        del value[name]
    else:
        value[name] = copy.deepcopy(child.default)
