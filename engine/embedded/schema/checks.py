"""The value keywords of a schema (enum, pattern, minimum, …), each compiled once into a test.

The wording is that of the API server's validator. `compile_checks` groups the tests by the JSON type that they judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.embedded.schema.fielderrors import FieldError, invalid, not_supported, too_long, too_many, type_invalid
from engine.embedded.schema.formats import FORMATS
from engine.embedded.schema.patterns import compile_pattern

#: (path, value) → what is wrong, or None.
Check = Callable[[str, Any], FieldError | None]


def _max_length(limit: int, _: Mapping[str, Any]) -> Check:
    return lambda path, value: too_long(path, limit) if len(value) > limit else None


def _min_length(limit: int, _: Mapping[str, Any]) -> Check:
    text = f"in body should be at least {limit} chars long"
    return lambda path, value: invalid(path, value, f"{path} {text}") if len(value) < limit else None


def _pattern(pattern: str, _: Mapping[str, Any]) -> Check:
    search = compile_pattern(pattern).search
    text = f"in body should match '{pattern}'"
    return lambda path, value: None if search(value) else invalid(path, value, f"{path} {text}")


def _format(name: str, _: Mapping[str, Any]) -> Check | None:
    known = FORMATS.get(name)
    if known is None:
        return None
    text = f"in body must be of type {name}"
    return lambda path, value: None if known(value) else type_invalid(path, value, f'{path} {text}: "{value}"')


def _maximum(limit: float, schema: Mapping[str, Any]) -> Check:
    if schema.get("exclusiveMaximum"):
        text = f"in body should be less than {limit}"
        return lambda path, value: invalid(path, value, f"{path} {text}") if value >= limit else None
    text = f"in body should be less than or equal to {limit}"
    return lambda path, value: invalid(path, value, f"{path} {text}") if value > limit else None


def _minimum(limit: float, schema: Mapping[str, Any]) -> Check:
    if schema.get("exclusiveMinimum"):
        text = f"in body should be greater than {limit}"
        return lambda path, value: invalid(path, value, f"{path} {text}") if value <= limit else None
    text = f"in body should be greater than or equal to {limit}"
    return lambda path, value: invalid(path, value, f"{path} {text}") if value < limit else None


def _multiple_of(factor: float, _: Mapping[str, Any]) -> Check:
    text = f"in body should be a multiple of {factor}"
    return lambda path, value: invalid(path, value, f"{path} {text}") if value % factor else None


def _too_many(limit: int, _: Mapping[str, Any]) -> Check:
    return lambda path, value: too_many(path, len(value), limit) if len(value) > limit else None


def _too_few(noun: str) -> Callable[[int, Mapping[str, Any]], Check]:
    def build(limit: int, _: Mapping[str, Any]) -> Check:
        text = f"in body should have at least {limit} {noun}"
        return lambda path, value: invalid(path, len(value), f"{path} {text}") if len(value) < limit else None

    return build


def _enum(allowed: list[Any], _: Mapping[str, Any]) -> Check:
    return lambda path, value: None if _among(value, allowed) else not_supported(path, value, allowed)


def _among(value: Any, allowed: list[Any]) -> bool:
    return any(isinstance(value, bool) is isinstance(choice, bool) and value == choice for choice in allowed)


_KEYWORDS: dict[str, dict[str, Callable[[Any, Mapping[str, Any]], Check | None]]] = {
    "string": {"maxLength": _max_length, "minLength": _min_length, "pattern": _pattern, "format": _format},
    "number": {"multipleOf": _multiple_of, "maximum": _maximum, "minimum": _minimum},
    "array": {"minItems": _too_few("items"), "maxItems": _too_many},
    "object": {"maxProperties": _too_many, "minProperties": _too_few("properties")},
    "": {"enum": _enum},
}


def compile_checks(schema: Mapping[str, Any]) -> dict[str, tuple[Check, ...]]:
    """Tests by JSON type (integer counts as number; "" judges every type). PatternError for a pattern that is none."""
    compiled: dict[str, tuple[Check, ...]] = {}
    for kind, keywords in _KEYWORDS.items():
        built = [build(schema[word], schema) for word, build in keywords.items() if schema.get(word) is not None]
        checks = tuple(check for check in built if check is not None)
        if checks:
            compiled[kind] = checks
    return compiled
