"""Reads a mapping into the shape that its fields must have, as Go's JSON decoder does.

Field names match whatever their case; null means absent; a wrong type or an unknown field is an
error that names it. Lenient reading (plugin configurations) ignores unknown fields and takes any
scalar for a string.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from engine.kustomize.errors import BuildError


class Place(NamedTuple):
    """Where a value stands, for errors, and how strictly it is read."""

    path: str
    field: str = ""
    strict: bool = True

    def child(self, name: str | int) -> Place:
        """A field or item of the value here."""
        joined = f"{self.field}[{name}]" if isinstance(name, int) else f"{self.field}.{name}".lstrip(".")
        return Place(self.path, joined, self.strict)

    def error(self, message: str, fix: str = "") -> BuildError:
        """An error about this place."""
        return BuildError(message, path=self.path, field=self.field, fix=fix)


class Shape(Protocol):
    """What a field must hold."""

    def read(self, raw: Any, place: Place) -> Any:
        """The value in its proper type; BuildError when it has another."""


class Scalar(NamedTuple):
    """A string, boolean or whole number."""

    type: type
    name: str

    def read(self, raw: Any, place: Place) -> Any:
        """The scalar; zero for null."""
        if raw is None:
            return self.type()
        if isinstance(raw, self.type) and (self.type is bool or not isinstance(raw, bool)):
            return raw
        if self.type is str and not place.strict and isinstance(raw, (bool, int, float)):
            return json.dumps(raw)
        fix = "put it in quotes" if self.type is str and isinstance(raw, (bool, int, float)) else ""
        raise place.error(f"{self.name} is expected, not {_kind(raw)}", fix)


class ListOf(NamedTuple):
    """A list of one shape."""

    item: Shape

    def read(self, raw: Any, place: Place) -> list[Any]:
        """The items; none for null."""
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise place.error(f"a list is expected, not {_kind(raw)}")
        return [self.item.read(item, place.child(index)) for index, item in enumerate(raw)]


class MapOf(NamedTuple):
    """A mapping from any name to one shape."""

    value: Shape

    def read(self, raw: Any, place: Place) -> dict[str, Any]:
        """The mapping; empty for null."""
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            raise place.error(f"a mapping is expected, not {_kind(raw)}")
        return {key: self.value.read(value, place.child(key)) for key, value in raw.items()}


class Struct:
    """A mapping with known fields; absent ones stay absent."""

    __slots__ = ("_by_lower", "fields")

    def __init__(self, fields: Mapping[str, Shape]) -> None:
        self.fields = fields
        self._by_lower = {name.lower(): name for name in fields}

    def read(self, raw: Any, place: Place) -> dict[str, Any]:
        """The fields that are set, under their proper names."""
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            raise place.error(f"a mapping is expected, not {_kind(raw)}")
        result: dict[str, Any] = {}
        for key, value in raw.items():
            name = key if key in self.fields else self._by_lower.get(key.lower())
            if name is not None:
                if value is not None:
                    result[name] = self.fields[name].read(value, place.child(name))
            elif place.strict:
                raise place.child(key).error("unknown field", _suggestion(key, self.fields))
        return result


def _kind(raw: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(raw), type(raw).__name__)


def _suggestion(key: str, known: Mapping[str, Shape]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, known, n=1)
    return f"did you mean {close[0]}?" if close else "remove it"


STRING: Final = Scalar(str, "a string")
BOOL: Final = Scalar(bool, "true or false")
INT: Final = Scalar(int, "a whole number")
STRINGS: Final = ListOf(STRING)
STRING_MAP: Final = MapOf(STRING)
