# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Types, kinds and deep equality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.helm.template.signature import go
from engine.helm.template.types import go_kind, go_type, is_nil


def deep_equal(one: Any, other: Any) -> bool:
    """reflect.DeepEqual: types count, nil is not empty."""
    return _equal(one, other, set())


def _equal(one: Any, other: Any, compared: set[tuple[int, int]]) -> bool:
    cls = one.__class__
    if cls is other.__class__ and cls in (str, int, bool, float, bytes):
        return bool(one == other)
    if one is None or other is None:
        return one is other
    if go_type(one) != go_type(other) or is_nil(one) != is_nil(other):
        return False
    if not isinstance(one, (Mapping, list, tuple)):
        return bool(one == other)
    pair = (id(one), id(other))
    if pair in compared:  # once is enough, and ends what holds itself
        return True
    compared.add(pair)
    if len(one) != len(other):
        return False
    if isinstance(one, Mapping):
        return all(key in other and _equal(value, other[key], compared) for key, value in one.items())
    return all(_equal(value, its, compared) for value, its in zip(one, other, strict=True))


@go("any, any -> bool")
def deep_equal_(one: Any, other: Any) -> bool:
    return deep_equal(one, other)


@go("any -> string")
def type_of(value: Any) -> str:
    return go_type(value)


@go("string, any -> bool")
def type_is(target: str, value: Any) -> bool:
    return target == go_type(value)


@go("string, any -> bool")
def type_is_like(target: str, value: Any) -> bool:
    return go_type(value) in (target, "*" + target)


@go("any -> string")
def kind_of(value: Any) -> str:
    return go_kind(value)


@go("string, any -> bool")
def kind_is(target: str, value: Any) -> bool:
    return target == go_kind(value)


FUNCTIONS: Final = {
    "typeOf": type_of, "typeIs": type_is, "typeIsLike": type_is_like, "kindOf": kind_of, "kindIs": kind_is,
    "deepEqual": deep_equal_,
}  # fmt: skip
