"""Values files: every document of a file merged, every number a float as Go's JSON has it."""

from __future__ import annotations

import re
from typing import Any, Final

from engine import yaml
from engine.errors import LimitExceeded, Malformed
from engine.helm.documents import documents
from engine.yaml.resolve import Scalar, plain_v2

Values = dict[str, Any]
_DEEPEST: Final = 200
_MINUS_NOTHING: Final = re.compile(r"-(?=[^.]*[.eE])[0_.]+(?:[eE].*)?")


def load_values(data: str | bytes, *, name: str = "values.yaml") -> Values:
    """The values in a YAML text; documents later in it win, `null` counts. Malformed."""
    values: Values = {}
    try:
        text = data if isinstance(data, str) else data.decode()
        for part in documents(text):
            values = merge_maps(values, read_values(part))
    except Malformed as error:
        raise Malformed(f"cannot load {name}: {error.message}", fix=error.fix) from error
    except UnicodeDecodeError as error:
        raise Malformed(f"cannot load {name}: it is not UTF-8 from byte {error.start} on") from error
    return values


def read_values(text: str | bytes) -> Values:
    """The values in the first document of a text, whatever follows it."""
    document = yaml.load_first(text, plain=as_json_has_it)
    if document is not None and not isinstance(document, dict):
        raise Malformed("it does not hold a mapping of values", fix="write `key: value` lines")
    return dict(numbers_as_floats(document or {}))


def as_json_has_it(text: str) -> Scalar:
    """A plain scalar. The numbers go through JSON, where -0.0 stays below zero and -0 does not."""
    value = plain_v2(text)
    return -0.0 if value == 0 and value.__class__ is int and _MINUS_NOTHING.fullmatch(text) else value


def merge_maps(under: Values, over: Values) -> Values:
    """Both mappings in one; where both have a mapping it goes deeper, else `over` wins (null too)."""
    merged = dict(under)
    for key, value in over.items():
        have = merged.get(key)
        merged[key] = merge_maps(have, value) if isinstance(value, dict) and isinstance(have, dict) else value
    return merged


def numbers_as_floats(value: Any) -> Any:
    """The same value with every integer as a float64."""
    kind = value.__class__
    if kind is dict:
        return {key: numbers_as_floats(item) for key, item in value.items()}
    if kind is list:
        return [numbers_as_floats(item) for item in value]
    return float(value) if kind is int else value


def check_depth(value: Any, name: str) -> None:
    """LimitExceeded when a value is nested deeper than YAML may be."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise too_deep(name)


def too_deep(name: str) -> LimitExceeded:
    """What is said of values nested too deeply."""
    return LimitExceeded(f"{name} is nested deeper than {_DEEPEST} levels")


def copy_values(value: Any) -> Any:
    """A copy that shares no mapping and no list with the original."""
    kind = value.__class__
    if kind is dict:
        return {key: copy_values(item) for key, item in value.items()}
    if kind is list:
        return [copy_values(item) for item in value]
    return value
