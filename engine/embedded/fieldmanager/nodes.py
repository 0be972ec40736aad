"""How server-side apply sees a Schema: which values are leaves, which merge by field, item key or value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from engine.embedded.fieldmanager.fieldset import key_element, value_element
from engine.openapi import ANYTHING, MISSING, Schema


class Shape(Enum):
    """How a node merges. ANY is decided by the value: maps merge, all else is a leaf."""

    ANY = auto()
    LEAF = auto()
    MAP = auto()
    SET = auto()
    KEYED = auto()


class ElementError(ValueError):
    """An item of a set or list-map that has no identity; the words are the API server's."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What the walkers need of a Schema. `keys` are a list-map's key fields with their defaults."""

    schema: Schema
    shape: Shape
    #: The fields that are declared by name: they exist without being owned.
    named: Mapping[str, Schema]
    other: Schema | None
    keys: tuple[tuple[str, Any], ...] = ()
    #: The element's text up to its value where there is one key.
    _one: str = ""

    def field(self, name: str) -> Node:
        """The node of a field or key; a field that is not declared merges as any value does."""
        child = self.named.get(name) or self.other
        return ANY if child is None else node(child)

    def item(self) -> Node:
        """The node of a list's items."""
        items = self.schema.items
        return ANY if items is None else node(items)

    def shape_of(self, value: Any) -> Shape:
        """How this value merges here."""
        if self.shape is not Shape.ANY:
            return self.shape
        return Shape.MAP if isinstance(value, dict) or value is None else Shape.LEAF

    def element(self, item: Any) -> str:
        """The path element of a list's item. Raises ElementError."""
        if self.shape is Shape.KEYED:
            return self._key(item)
        if isinstance(item, dict):
            raise ElementError("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise ElementError("not supported: associative list with lists as elements")
        if item is None:
            raise ElementError("associative list without keys has an element that's an explicit null")
        return value_element(item)

    def _key(self, item: Any) -> str:
        if item is None:
            raise ElementError("associative list with keys may not have a null element")
        if not isinstance(item, dict):
            raise ElementError("associative list with keys may not have non-map elements")
        if len(self.keys) == 1 and isinstance(key := item.get(self.keys[0][0]), str):
            return self._one + value_element(key)[2:] + "}"
        found = {}
        for name, default in self.keys:
            value = item.get(name, default)
            if value is MISSING:
                raise ElementError(
                    f'associative list with keys has an element that omits key field "{name}" '
                    "(and doesn't have default value)"
                )
            found[name] = value
        return key_element(found)


@lru_cache(maxsize=16384)
def node(schema: Schema) -> Node:
    """The node of a Schema."""
    shape, named, other = _shape(schema), schema.properties, schema.additional_properties
    if other is None and (schema.preserve_unknown or schema.embedded_resource or not named):
        other = ANYTHING
    keys: tuple[tuple[str, Any], ...] = ()
    if shape is Shape.KEYED and schema.items is not None:
        items = schema.items.properties
        keys = tuple((name, items[name].default if name in items else MISSING) for name in sorted(schema.map_keys))
    one = key_element({keys[0][0]: 0})[:-2] if len(keys) == 1 else ""
    return Node(schema, shape, named, other, keys, one)


def _shape(schema: Schema) -> Shape:
    if schema.type == "object":
        return Shape.LEAF if schema.map_type == "atomic" else Shape.MAP
    if schema.type == "array":
        return {"set": Shape.SET, "map": Shape.KEYED}.get(schema.list_type, Shape.LEAF)
    if schema.type or schema.int_or_string or schema.name.endswith(".Quantity"):
        return Shape.LEAF
    return Shape.MAP if schema.properties or schema.additional_properties else Shape.ANY


ANY = node(ANYTHING)
