"""Go's types on Python values.

| Go                       | here                         |
|--------------------------|------------------------------|
| nil                      | None                         |
| bool, string             | bool, str                    |
| int, int64, uint8, …     | int, `Int64`, `Uint8`, …     |
| float64                  | float                        |
| map[string]interface{}   | dict                         |
| []interface{}            | list                         |
| []string, []int, …       | `Strings`, `Ints`, …         |
| []byte                   | bytes                        |
| structs and named types  | objects with `go_type`       |

An object tells its type in `go_type`, its kind in `go_kind` (struct unless it is a dict or a list), the methods that a
template may call in `go_methods` (a set of names), its fields in `go_fields` (template's name → attribute).
A `go_string()` is its String method, `go_zero` what a mapping gives for a key that it lacks (None when not told).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final


class Int64(int):
    """An int64, as Sprig's arithmetic gives."""

    go_type: ClassVar[str] = "int64"
    go_kind: ClassVar[str] = "int64"
    __slots__ = ()


class Uint8(int):
    """A uint8 (a byte)."""

    go_type: ClassVar[str] = "uint8"
    go_kind: ClassVar[str] = "uint8"
    __slots__ = ()


class Uint64(int):
    """A uint64."""

    go_type: ClassVar[str] = "uint64"
    go_kind: ClassVar[str] = "uint64"
    __slots__ = ()


class Strings(list[str]):
    """A []string."""

    go_type: ClassVar[str] = "[]string"
    go_element: ClassVar[str] = "string"
    __slots__ = ()


class Ints(list[int]):
    """A []int."""

    go_type: ClassVar[str] = "[]int"
    go_element: ClassVar[str] = "int"
    __slots__ = ()


class Chunks(list[list[Any]]):
    """A [][]interface {}."""

    go_type: ClassVar[str] = "[][]interface {}"
    go_element: ClassVar[str] = "[]interface {}"
    __slots__ = ()


class ValuesMap(dict[str, Any]):
    """Helm's own type of the topmost mapping of values."""

    go_type: ClassVar[str] = "common.Values"
    __slots__ = ()


class StringDict(dict[str, str]):
    """A map[string]string: what it lacks reads as ""."""

    go_type: ClassVar[str] = "map[string]string"
    go_zero: ClassVar[str] = ""
    __slots__ = ()


class NilDict(dict[str, Any]):
    """A nil map[string]interface{}: empty, and null in JSON."""

    __slots__ = ()


class NilList(list[Any]):
    """A nil []interface{}: empty, and null in JSON."""

    __slots__ = ()


EMPTY_INTERFACE: Final = "interface {}"
_TYPES: Final[dict[type, str]] = {
    str: "string", bool: "bool", int: "int", float: "float64", dict: "map[string]interface {}",
    list: "[]interface {}", tuple: "[]interface {}", bytes: "[]uint8", type(None): "<nil>", complex: "complex128",
}  # fmt: skip
_KINDS: Final[dict[type, str]] = {
    str: "string", bool: "bool", int: "int", float: "float64", dict: "map", list: "slice", tuple: "slice",
    bytes: "slice", type(None): "invalid", complex: "complex128",
}  # fmt: skip
_BASIC: Final = {
    "string": "string", "bool": "bool", "float64": "float", "int": "int", "int64": "int", "int32": "int",
    "uint8": "uint", "uint64": "uint", "complex128": "complex",
}  # fmt: skip


def go_type(value: Any) -> str:
    """%T."""
    known = _TYPES.get(value.__class__)
    if known is not None:
        return known
    declared = getattr(value, "go_type", None)
    if declared is not None:
        return str(declared)
    for base, name in _TYPES.items():
        if isinstance(value, base):
            return name
    return str(value.__class__.__name__)


def go_kind(value: Any) -> str:
    """reflect.Kind: `map`, `slice`, `struct`, `ptr`, …"""
    known = _KINDS.get(value.__class__)
    if known is not None:
        return known
    declared = getattr(value, "go_kind", None)
    if declared is not None:
        return str(declared)
    for base, name in _KINDS.items():
        if isinstance(value, base):
            return name
    return "ptr" if go_type(value).startswith("*") else "struct"


def basic_kind(value: Any) -> str:
    """What comparison knows: `bool`, `int`, `uint`, `float`, `string`, `complex`, or ""."""
    return _BASIC.get(go_kind(value), "")


def wrap64(value: int) -> int:
    """What is left of an integer in 64 signed bits."""
    return (value + 2**63) % 2**64 - 2**63


def is_nil(value: Any) -> bool:
    """Whether a value is nil of its type."""
    return value is None or isinstance(value, (NilDict, NilList)) or getattr(value, "is_nil", False) is True
