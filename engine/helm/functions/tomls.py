# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""TOML as BurntSushi/toml writes and reads it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from engine.helm.functions.times import Time
from engine.helm.template.errors import CallError
from engine.helm.template.floats import format_float
from engine.helm.template.signature import go
from engine.helm.template.types import Int64, go_kind, is_nil

_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_ESCAPES: Final = {
    **{chr(code): f"\\u{code:04x}" for code in (*range(0x20), 0x7F)},
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r",
}  # fmt: skip
_TABLE: Final = str.maketrans(_ESCAPES)
_MAX_DEPTH: Final = 200


class NotTOML(ValueError):
    """A value that TOML has no words for."""


def dumps(value: Any) -> str:
    """A document; NotTOML in the words of Go's library."""
    if value is None:
        raise CallError("reflect: call of reflect.Value.Type on zero Value")
    writer = _Writer()
    writer.encode((), value)
    return "".join(writer.out)


def _quoted(text: str) -> str:
    return f'"{text.translate(_TABLE)}"'


def _key(name: str) -> str:
    return name if name and not set(name) - _BARE else _quoted(name)


def _is_table(value: Any) -> bool:
    """A map, or a list of nothing but maps."""
    if isinstance(value, Mapping) or (go_kind(value) == "struct" and not isinstance(value, Time)):
        return not is_nil(value)
    return isinstance(value, (list, tuple)) and _is_table_array(value)


def _is_table_array(items: Any) -> bool:
    if not items:
        return False
    if any(item is None or is_nil(item) for item in items):
        raise NotTOML("toml: cannot encode array with nil element")
    for item in items:
        if isinstance(item, (list, tuple)):
            _is_table_array(item)
    return all(isinstance(item, Mapping) for item in items)


class _Writer:
    def __init__(self) -> None:
        self.out: list[str] = []

    def newline(self) -> None:
        if self.out:
            self.out.append("\n")

    def encode(self, key: tuple[str, ...], value: Any) -> None:
        """A value under its full key."""
        if len(key) > _MAX_DEPTH:
            raise NotTOML("the value is nested too deeply")
        if value is None or is_nil(value):
            return
        if isinstance(value, Mapping):
            self.table(key, value)
        elif isinstance(value, (list, tuple)) and _is_table_array(value):
            self.array_of_tables(key, value)
        else:
            self.pair(key, value, inline=False)

    def table(self, key: tuple[str, ...], value: Mapping[str, Any]) -> None:
        if len(key) == 1:
            self.newline()
        if key:
            self.out.append(f"{self.indent(key)}[{'.'.join(map(_key, key))}]")
            self.newline()
        self.entries(key, value)

    def array_of_tables(self, key: tuple[str, ...], items: Any) -> None:
        if not key:
            raise NotTOML("toml: top-level values must be Go maps or structs")
        for item in items:
            self.newline()
            self.out.append(f"{self.indent(key)}[[{'.'.join(map(_key, key))}]]")
            self.newline()
            self.entries(key, item)

    def entries(self, key: tuple[str, ...], value: Mapping[str, Any]) -> None:
        names = sorted(value)
        tables = [name for name in names if _is_table(value[name])]
        for name in [*(name for name in names if name not in tables), *tables]:
            self.encode((*key, name), value[name])

    def pair(self, key: tuple[str, ...], value: Any, *, inline: bool) -> None:
        if not key:
            self.element(value)
            return
        self.out.append(f"{'' if inline else self.indent(key)}{_key(key[-1])} = ")
        self.element(value)
        if not inline:
            self.newline()

    @staticmethod
    def indent(key: tuple[str, ...]) -> str:
        return "  " * (len(key) - 1)

    def element(self, value: Any) -> None:
        """A value on the right of =, or in an array."""
        if isinstance(value, (list, tuple)):
            self.out.append("[")
            for index, item in enumerate(value):
                self.out.append(", " if index else "")
                self.element(item)
            self.out.append("]")
        elif isinstance(value, Mapping):
            self.inline_table(value)
        else:
            self.out.append(_scalar(value))

    def inline_table(self, value: Mapping[str, Any]) -> None:
        names = sorted(value)
        tables = [name for name in names if _is_table(value[name])]
        direct = [name for name in names if name not in tables]
        self.out.append("{")
        for group, more in ((direct, bool(tables)), (tables, False)):
            for index, name in enumerate(group):
                if value[name] is None or is_nil(value[name]):
                    continue
                self.pair((name,), value[name], inline=True)
                if more or index != len(group) - 1:
                    self.out.append(", ")
        self.out.append("}")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        text = format_float(value, "g", -1)
        return text if "e" in text or "." in text else text + ".0"
    if isinstance(value, Time):
        return value.go_json()
    own = getattr(value, "go_json", None)
    if own is not None:
        return _quoted(str(own()))
    raise NotTOML(f"unexpected type: {value.__class__.__name__}")


def _read(value: Any) -> Any:
    """Tomllib's values as Go's library gives them."""
    if isinstance(value, (bool, str, float)):
        return value
    if isinstance(value, int):
        return Int64(value)
    if isinstance(value, dict):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, datetime):
        return Time.of(value)
    if isinstance(value, date):
        return Time.of(datetime(value.year, value.month, value.day))
    assert isinstance(value, time)
    return Time.of(datetime.combine(date(1, 1, 1), value))


@go("any -> string")
def to_toml(value: Any) -> str:
    try:
        return dumps(value)
    except NotTOML as problem:
        return str(problem)


@go("any -> string")
def must_to_toml(value: Any) -> str:
    try:
        return dumps(value)
    except NotTOML as problem:
        raise CallError(str(problem)) from problem


@go("string -> map")
def from_toml(text: str) -> dict[str, Any]:
    try:
        read = _read(tomllib.loads(text.replace("\r\n", "\n")))
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        return {"Error": f"toml: {problem}"}
    assert isinstance(read, dict)
    return read


FUNCTIONS: Final = {"toToml": to_toml, "mustToToml": must_to_toml, "fromToml": from_toml}
