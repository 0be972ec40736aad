"""eq, ne, lt, le, gt and ge."""

from __future__ import annotations

from typing import Any

from engine.helm.template.errors import CallError
from engine.helm.template.gofmt import value_text
from engine.helm.template.quote import to_bytes
from engine.helm.template.types import basic_kind, go_kind, go_type, is_nil


def equal(first: Any, *others: Any) -> bool:
    """Eq."""
    if not others:
        raise CallError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _equal(first: Any, other: Any) -> bool:
    cls = first.__class__
    if cls is other.__class__ and (cls is str or cls is int or cls is float or cls is bool):
        return bool(first == other)
    one, two = basic_kind(first), basic_kind(other)
    if one != two:
        if {one, two} == {"int", "uint"}:
            return bool(first == other)
        if first is not None and other is not None:
            raise CallError(f"incompatible types for comparison: {go_type(first)} and {go_type(other)}")
        return False
    if one:
        return bool(first == other)
    if first is None or other is None:
        return is_nil(first) == is_nil(other)
    if go_kind(first) != go_kind(other):
        raise CallError(
            f"non-comparable types {value_text(first)}: {go_type(first)}, {go_type(other)}: {value_text(other)}"
        )
    if is_nil(first) or is_nil(other):
        return is_nil(first) == is_nil(other)
    if go_kind(other) in ("map", "slice"):
        raise CallError(f"non-comparable type {value_text(other)}: {go_type(other)}")
    return go_type(first) == go_type(other) and bool(first is other or first == other)


def not_equal(first: Any, other: Any) -> bool:
    """Ne."""
    return not _equal(first, other)


def less(first: Any, other: Any) -> bool:
    """Lt."""
    one, two = basic_kind(first), basic_kind(other)
    if not one or not two:
        raise CallError("invalid type for comparison")
    if one != two and {one, two} != {"int", "uint"}:
        raise CallError(f"incompatible types for comparison: {go_type(first)} and {go_type(other)}")
    if one in ("bool", "complex"):
        raise CallError("invalid type for comparison")
    if one == "string" and not (first.isascii() and other.isascii()):
        return to_bytes(first) < to_bytes(other)
    return bool(first < other)


def less_or_equal(first: Any, other: Any) -> bool:
    """Le."""
    return less(first, other) or _equal(first, other)


def greater(first: Any, other: Any) -> bool:
    """Gt."""
    return not less_or_equal(first, other)


def greater_or_equal(first: Any, other: Any) -> bool:
    """Ge."""
    return not less(first, other)
