"""Sets of field paths, in the form that managedFields stores them (FieldsV1).

A path element is written as the wire writes it: `f:name` a field or key, `k:{"name":"c"}` the item of a list-map,
`v:"x"` the item of a set, `i:0` an index. A FieldSet says which elements are members here, and what lies below which
element; an element may be both (`"f:data": {".": {}, "f:x": {}}`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from engine.errors import Malformed

Path = tuple[str, ...]
MAX_DEPTH = 128
#: Decoded sets kept: the managers of the objects that are written again and again.
CACHED = 512


@dataclass(frozen=True, slots=True)
class FieldSet:
    """An immutable set of paths. Empty children are never kept, so equal sets compare equal."""

    members: frozenset[str]
    children: Mapping[str, FieldSet]

    def __bool__(self) -> bool:
        return bool(self.members or self.children)

    def __or__(self, other: FieldSet) -> FieldSet:
        """What either holds."""
        if not other or other is self:
            return self
        if not self:
            return other
        children = dict(self.children)
        for element, below in other.children.items():
            mine = children.get(element)
            children[element] = below if mine is None else mine | below
        return FieldSet(self.members | other.members, children)

    def __sub__(self, other: FieldSet) -> FieldSet:
        """What is here and not there; what lies below a member of `other` stays."""
        if not other or not self:
            return self
        members = self.members - other.members
        children: dict[str, FieldSet] = {}
        for element, below in self.children.items():
            theirs = other.children.get(element)
            rest = below if theirs is None else below - theirs
            if rest:
                children[element] = rest
        return FieldSet(members, children)

    def __and__(self, other: FieldSet) -> FieldSet:
        """What both hold."""
        children: dict[str, FieldSet] = {}
        for element, below in self.children.items():
            theirs = other.children.get(element)
            if theirs is not None and (both := below & theirs):
                children[element] = both
        return FieldSet(self.members & other.members, children)

    def __le__(self, other: FieldSet) -> bool:
        """Whether `other` holds all of this."""
        if self is other:
            return True
        if not self.members <= other.members:
            return False
        return all(
            (theirs := other.children.get(element)) is not None and below <= theirs
            for element, below in self.children.items()
        )

    def without(self, other: FieldSet) -> FieldSet:
        """What is here and neither a member of `other` nor below one."""
        if not other or not self:
            return self
        children: dict[str, FieldSet] = {}
        for element, below in self.children.items():
            if element in other.members:
                continue
            theirs = other.children.get(element)
            rest = below if theirs is None else below.without(theirs)
            if rest:
                children[element] = rest
        return FieldSet(self.members - other.members, children)

    def has(self, path: Path) -> bool:
        """Whether the path itself is a member."""
        node: FieldSet | None = self
        for element in path[:-1]:
            node = node.children.get(element) if node is not None else None
        return node is not None and path[-1] in node.members

    def paths(self, prefix: Path = ()) -> Iterator[Path]:
        """Every member, in the wire's order."""
        for element in sorted(self.members | self.children.keys(), key=order):
            if element in self.members:
                yield (*prefix, element)
            if element in self.children:
                yield from self.children[element].paths((*prefix, element))


EMPTY = FieldSet(frozenset(), {})


def of_paths(paths: Iterable[Path]) -> FieldSet:
    """The set of these paths; the empty path is left out."""
    members: set[str] = set()
    below: dict[str, list[Path]] = {}
    for path in paths:
        if len(path) == 1:
            members.add(path[0])
        elif path:
            below.setdefault(path[0], []).append(path[1:])
    return FieldSet(frozenset(members), {element: of_paths(rest) for element, rest in below.items()})


def order(element: str) -> tuple[int, str | list[Any]]:
    """The wire's order: fields, then keys, values and indexes; numbers count as numbers."""
    kind, text = element[0], element[2:]
    if kind == "f":
        return 0, text
    value = orjson.loads(text)
    return ("fkvi".index(kind), [_rank(part) for part in (value.items() if kind == "k" else (value,))])


def _rank(value: Any) -> tuple[int, Any]:
    """A sort key for scalars of different types."""
    if isinstance(value, tuple):
        return 0, (value[0], _rank(value[1]))
    if isinstance(value, (int, float)):
        return 1, float(value)
    return 2, str(value)


def encode(fields: FieldSet) -> dict[str, Any]:
    """The set as FieldsV1."""
    out: dict[str, Any] = {}
    for element in sorted(fields.members | fields.children.keys(), key=order):
        below = fields.children.get(element)
        if below is None:
            out[element] = {}
        elif element in fields.members:
            out[element] = {".": {}, **encode(below)}
        else:
            out[element] = encode(below)
    return out


def decode(fields: Mapping[str, Any]) -> FieldSet:
    """The set that FieldsV1 describes; elements of unknown kinds are ignored. Raises Malformed."""
    return _decode_json(orjson.dumps(fields))


@lru_cache(maxsize=CACHED)
def _decode_json(text: bytes) -> FieldSet:
    return _decode(orjson.loads(text), 0)


def _decode(fields: Any, depth: int) -> FieldSet:
    if not isinstance(fields, dict):
        raise Malformed(f"fieldsV1 holds a {type(fields).__name__} where an object belongs")
    if depth > MAX_DEPTH:
        raise Malformed(f"fieldsV1 is nested deeper than {MAX_DEPTH} levels")
    members: set[str] = set()
    children: dict[str, FieldSet] = {}
    for written, below in fields.items():
        element = _canonical(written)
        if not element:
            continue
        inner = _decode(below, depth + 1)
        if not below or "." in below:
            members.add(element)
        if inner:
            children[element] = inner
    return FieldSet(frozenset(members), children)


def _canonical(written: str) -> str:
    """The one spelling of an element, or "" for what is none ("." says that the parent is a member)."""
    kind, text = written[:2], written[2:]
    if kind == "f:":
        return written
    if kind not in ("k:", "v:", "i:"):
        return ""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"fieldsV1: {written[:80]!r} is not a path element: {error}") from error
    if kind == "k:" and not isinstance(value, dict):
        raise Malformed(f"fieldsV1: {written[:80]!r} is not a key")
    return key_element(value) if kind == "k:" else f"{kind}{_scalar(value)}"


def key_element(keys: Mapping[str, Any]) -> str:
    """The element of a list-map's item."""
    return "k:" + _json({name: _whole(value) for name, value in keys.items()})


def value_element(value: Any) -> str:
    """The element of a set's item."""
    return "v:" + _scalar(value)


def _scalar(value: Any) -> str:
    return _json(_whole(value))


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, or half a surrogate pair
        return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _whole(value: Any) -> Any:
    """2.0 and 2 are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def text(path: Path) -> str:
    """The path as the API server writes it: `.spec.containers[name="c"].image`."""
    return "".join(_element_text(element) for element in path)


def _element_text(element: str) -> str:
    kind, rest = element[0], element[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        keys = orjson.loads(rest)
        return "[" + ",".join(f"{name}={_scalar(value)}" for name, value in keys.items()) + "]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"
