"""Values files: every document of a file merged, every number a float as Go's JSON has it."""

from __future__ import annotations

from typing import Any

from engine import yaml
from engine.errors import Malformed

Values = dict[str, Any]


def load_values(text: str | bytes, *, name: str = "values.yaml") -> Values:
    """The values in a YAML text; documents later in it win, `null` counts. Malformed."""
    values: Values = {}
    for document in yaml.load_all(text, name=name, unique_keys=False):
        if not isinstance(document, dict):
            raise Malformed(f"{name} does not hold a mapping of values", fix="write `key: value` lines")
        values = merge_maps(values, numbers_as_floats(document, name))
    return values


def merge_maps(under: Values, over: Values) -> Values:
    """Both mappings in one; where both have a mapping it goes deeper, else `over` wins (null too)."""
    merged = dict(under)
    for key, value in over.items():
        have = merged.get(key)
        merged[key] = merge_maps(have, value) if isinstance(value, dict) and isinstance(have, dict) else value
    return merged


def numbers_as_floats(value: Any, name: str = "") -> Any:
    """The same value with every integer as a float64."""
    kind = value.__class__
    if kind is dict:
        return {key: numbers_as_floats(item, name) for key, item in value.items()}
    if kind is list:
        return [numbers_as_floats(item, name) for item in value]
    return float(value) if kind is int else value


def copy_values(value: Any) -> Any:
    """A copy that shares no mapping and no list with the original."""
    kind = value.__class__
    if kind is dict:
        return {key: copy_values(item) for key, item in value.items()}
    if kind is list:
        return [copy_values(item) for item in value]
    return value
