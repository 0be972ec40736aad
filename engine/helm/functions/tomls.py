# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""TOML as BurntSushi/toml writes and reads it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Final

from engine.helm.functions.convert import Nodes, deeper
from engine.helm.functions.times import Time, zone
from engine.helm.template.errors import CallError
from engine.helm.template.floats import format_float
from engine.helm.template.signature import go
from engine.helm.template.types import Int64, is_nil

_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_ESCAPES: Final = {
    **{chr(code): f"\\u{code:04x}" for code in (*range(0x20), 0x7F)},
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r",
}  # fmt: skip
_TABLE: Final = str.maketrans(_ESCAPES)


class NotTOML(ValueError):
    """A value that TOML has no words for."""


def dumps(value: Any) -> str:
    """A document; NotTOML in the words of Go's library."""
    if value is None:
        raise CallError("reflect: call of reflect.Value.Type on zero Value")
    writer = _Writer()
    writer.encode(_Key(), value)
    return "".join(writer.out)


def _quoted(text: str) -> str:
    return f'"{text.translate(_TABLE)}"'


def _key(name: str) -> str:
    return name if name and not set(name) - _BARE else _quoted(name)


def _has_entries(value: Any) -> bool:
    """Whether it is a map or a struct."""
    if isinstance(value, Mapping):
        return not is_nil(value)
    return hasattr(value, "go_fields") and not hasattr(value, "go_json")


def _entries(value: Any) -> Mapping[str, Any]:
    """What stands in a map, by name, or in a struct, whose fields keep their order."""
    if isinstance(value, Mapping):
        return {name: value[name] for name in sorted(value)}
    fields: Mapping[str, str] = value.go_fields
    return {name: getattr(value, attribute) for name, attribute in fields.items()}


def _is_table(value: Any) -> bool:
    """A map, or a list of nothing but maps."""
    return _has_entries(value) or (isinstance(value, (list, tuple)) and _is_table_array(value))


def _is_table_array(items: Any) -> bool:
    if not items:
        return False
    if any(item is None or is_nil(item) for item in items):
        raise NotTOML("toml: cannot encode array with nil element")
    for item in items:
        if isinstance(item, (list, tuple)):
            _is_table_array(item)
    return all(map(_has_entries, items))


def _nothing(value: Any) -> bool:
    return value is None or is_nil(value)


def _parted(value: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The names of what is written in place, and of what becomes a table of its own behind it."""
    tables = [name for name in value if _is_table(value[name])]
    return [name for name in value if name not in tables], tables


@dataclass(frozen=True, slots=True)
class _Key:
    """Where a value stands: the whole path as it is written, its last part, how many there are."""

    path: str = ""
    last: str = ""
    depth: int = 0

    def to(self, name: str) -> _Key:
        """One step further."""
        last = _key(name)
        return _Key(f"{self.path}.{last}" if self.depth else last, last, deeper(self.depth))

    @property
    def indent(self) -> str:
        """Two spaces for every table around it."""
        return "  " * (self.depth - 1)


class _Writer:
    """A document in the making; `encode` knows the full key of each value."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.nodes = Nodes()

    def newline(self) -> None:
        if self.out:
            self.out.append("\n")

    def encode(self, key: _Key, value: Any) -> None:
        """A value under its full key."""
        self.nodes.take()
        if isinstance(value, Mapping) and is_nil(value):
            return
        if _has_entries(value):
            self.table(key, _entries(value))
        elif isinstance(value, (list, tuple)) and _is_table_array(value):
            self.array_of_tables(key, value)
        else:
            self.pair(key, value)

    def table(self, key: _Key, value: Mapping[str, Any]) -> None:
        if key.depth == 1:
            self.newline()
        if key.depth:
            self.out.append(f"{key.indent}[{key.path}]")
            self.newline()
        self.entries(key, value)

    def array_of_tables(self, key: _Key, items: Any) -> None:
        if not key.depth:
            raise NotTOML("toml: top-level values must be Go maps or structs")
        for item in items:
            self.newline()
            self.out.append(f"{key.indent}[[{key.path}]]")
            self.newline()
            self.entries(key, _entries(item))

    def entries(self, key: _Key, value: Mapping[str, Any]) -> None:
        direct, tables = _parted(value)
        for name in (*direct, *tables):
            if not _nothing(value[name]):
                self.encode(key.to(name), value[name])

    def pair(self, key: _Key, value: Any) -> None:
        if not key.depth:
            self.element(value, 0)
            return
        self.out.append(f"{key.indent}{key.last} = ")
        self.element(value, key.depth)
        self.newline()

    def element(self, value: Any, depth: int) -> None:
        """A value on the right of =, or in an array."""
        self.nodes.take()
        if isinstance(value, (list, tuple)):
            self.out.append("[")
            for index, item in enumerate(value):
                self.out.append(", " if index else "")
                self.element(item, deeper(depth))
            self.out.append("]")
        elif _has_entries(value):
            self.inline_table(_entries(value), deeper(depth))
        else:
            self.out.append(_scalar(value))

    def inline_table(self, value: Mapping[str, Any], depth: int) -> None:
        direct, tables = _parted(value)
        self.out.append("{")
        for group, more in ((direct, bool(tables)), (tables, False)):
            for index, name in enumerate(group):
                if _nothing(value[name]):
                    continue
                self.out.append(f"{_key(name)} = ")
                self.element(value[name], depth)
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
        return _time(value)
    own = getattr(value, "go_json", None)
    if own is not None:
        return _quoted(str(own()))
    raise NotTOML(f"unexpected type: {value.__class__.__name__}")


#: Times without an offset are at the local one, in zones whose names tell what was left out.
_LOCAL: Final = {
    "datetime-local": "2006-01-02T15:04:05.999999999",
    "date-local": "2006-01-02",
    "time-local": "15:04:05.999999999",
}


def _time(value: Time) -> str:
    layout = _LOCAL.get(value.zone.tzname(None) or "")
    return value.within(UTC).Format(layout) if layout else value.Format("2006-01-02T15:04:05.999999999Z07:00")


def _read(value: Any) -> Any:
    """Tomllib's values as Go's library gives them."""
    if isinstance(value, (bool, str, float)):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise NotTOML(f"{value} is out of range for int64")
        return Int64(value)
    if isinstance(value, dict):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    return _read_time(value)


def _read_time(value: date | time) -> Time:
    if isinstance(value, datetime):
        return Time.of(value if value.tzinfo else value.replace(tzinfo=_local("datetime-local")))
    if isinstance(value, date):
        return Time.at((value.year, value.month, value.day), (0, 0, 0), 0, _local("date-local"))
    clock = (value.hour, value.minute, value.second)
    return Time.at((0, 1, 1), clock, value.microsecond * 1000, _local("time-local"))


def _local(name: str) -> tzinfo:
    return timezone(datetime.now(zone("Local")).utcoffset() or timedelta(0), name)


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
    except (tomllib.TOMLDecodeError, NotTOML, RecursionError) as problem:
        return {"Error": f"toml: {problem}"}
    assert isinstance(read, dict)
    return read


FUNCTIONS: Final = {"toToml": to_toml, "mustToToml": must_to_toml, "fromToml": from_toml}
