"""Built-in kinds as Go's structs hold them: unknown fields fall away, null is absent, an empty map or list is none.

`conform` does in one pass what a decode into the struct and an encode from it do to a document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.embedded import status
from engine.openapi import Schema

#: Fields whose empty value is kept: Go writes them even when they are empty.
_KEPT_EMPTY = frozenset({"podSelector", "nodeSelectorTerms"})
_META_UNTYPED = frozenset({"managedFields"})


def conform(obj: dict[str, Any], schema: Schema, kind: str) -> list[str]:
    """Bring `obj` into the shape of its type, in place; the paths of the unknown fields that were dropped.

    A value of the wrong type is a 400 in Go's words.
    """
    unknown: list[str] = []
    _struct(obj, schema, "", kind, unknown)
    return unknown


def _struct(value: dict[str, Any], schema: Schema, path: str, kind: str, unknown: list[str]) -> None:
    properties = schema.properties
    for name in list(value):
        child = properties.get(name)
        at = f"{path}.{name}" if path else name
        if child is None:
            del value[name]
            unknown.append(at)
        elif name not in _META_UNTYPED:
            _field(value, name, child, at, kind, unknown, keep_empty=name in schema.required or name in _KEPT_EMPTY)


def _field(
    parent: dict[str, Any], name: str, schema: Schema, path: str, kind: str, unknown: list[str], *, keep_empty: bool
) -> None:
    value = parent[name]
    if value is None:
        del parent[name]
        return
    _check(value, schema, path, kind)
    if isinstance(value, dict):
        if schema.properties:
            _struct(value, schema, path, kind, unknown)
        elif schema.additional_properties is not None:
            _map(value, schema.additional_properties, path, kind, unknown)
            if not value and not keep_empty:
                del parent[name]
    elif isinstance(value, list):
        if schema.items is not None:
            _items(value, schema.items, path, kind, unknown)
        if not value and schema.type == "array" and not keep_empty:
            del parent[name]


def _map(value: dict[str, Any], schema: Schema, path: str, kind: str, unknown: list[str]) -> None:
    zero = _ZERO.get(schema.type)
    for key, item in value.items():
        if item is None and zero is not None:
            value[key] = zero()
            continue
        if item is None:
            continue
        _check(item, schema, path, kind, inside="map[string]")
        if isinstance(item, dict) and schema.properties:
            _struct(item, schema, f"{path}.{key}", kind, unknown)
        elif isinstance(item, list) and schema.items is not None:
            _items(item, schema.items, f"{path}.{key}", kind, unknown)


def _items(value: list[Any], schema: Schema, path: str, kind: str, unknown: list[str]) -> None:
    zero = _ZERO.get(schema.type)
    for index, item in enumerate(value):
        if item is None:
            if zero is not None:
                value[index] = zero()
            continue
        _check(item, schema, path, kind)
        if isinstance(item, dict) and schema.properties:
            _struct(item, schema, f"{path}[{index}]", kind, unknown)


_ZERO: dict[str, Callable[[], Any]] = {"string": str, "integer": int, "number": int, "boolean": bool}
_FITS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_SEEN = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
#: Strings in the schema that are written as numbers too.
_LOOSE_FORMATS = frozenset({"int-or-string", "quantity"})


def _check(value: Any, schema: Schema, path: str, kind: str, *, inside: str = "") -> None:
    wanted = _FITS.get(schema.type)
    if wanted is None or schema.int_or_string or schema.format in _LOOSE_FORMATS:
        return
    if isinstance(value, wanted) and not (isinstance(value, bool) and schema.type != "boolean"):
        return
    if isinstance(value, float) and schema.type == "integer" and value.is_integer():
        return
    if isinstance(value, (int, float)) and schema.name.endswith(".Quantity"):
        return
    raise status.ApiError(
        400,
        "BadRequest",
        f"json: cannot unmarshal {_SEEN[type(value)]} into Go struct field {kind}.{path} "
        f"of type {inside}{_go_type(schema)}",
    )


def _go_type(schema: Schema) -> str:
    if schema.type == "array":
        return "[]" + (_go_type(schema.items) if schema.items is not None else "interface {}")
    if schema.type == "object":
        if schema.additional_properties is not None:
            return "map[string]" + _go_type(schema.additional_properties)
        if schema.name:
            version, _, name = ".".join(schema.name.split(".")[-2:]).partition(".")
            return f"{version}.{name}"
        return "map[string]interface {}"
    return {"boolean": "bool", "integer": schema.format or "int", "number": schema.format or "float64"}.get(
        schema.type, "string"
    )
