# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Types, kinds and deep equality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.helm.template.signature import go
from engine.helm.template.types import go_kind, go_type, is_nil


def deep_equal(one: Any, other: Any) -> bool:
    """reflect.DeepEqual: types count, nil is not empty."""
    cls = one.__class__
    if cls is other.__class__ and cls in (str, int, bool, float, bytes):
        return bool(one == other)
    if one is None or other is None:
        return one is other
    if go_type(one) != go_type(other) or is_nil(one) != is_nil(other):
        return False
    if isinstance(one, Mapping):
        return (
            isinstance(other, Mapping)
            and len(one) == len(other)
            and all(key in other and deep_equal(value, other[key]) for key, value in one.items())
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(deep_equal, one, other))
    return bool(one == other)


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
