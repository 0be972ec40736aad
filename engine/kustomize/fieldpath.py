"""Dotted field paths of replacements and vars: a.b[0].c, [name=x], *, - (engines.md B2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import re2

from engine import yaml
from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import split_path
from engine.kustomize.keys import is_text, unreadable
from engine.kustomize.load import parse_nodes
from engine.kustomize.nodes import is_null, kind_of, plain, put, written

_KEYED: Final = re.compile(r"\[([^=]*)=(.*)\]", re.DOTALL)
_TEXT_LIMITS: Final = yaml.Limits(max_bytes=4 * 1024 * 1024)
#: What a missing part of a path is made of.
Maker = Callable[[], Any]


class Slot(NamedTuple):
    """A place in an object that can be read and written."""

    container: Any
    key: Any

    @property
    def value(self) -> Any:
        """What is there."""
        return self.container[self.key]

    def set(self, value: Any) -> None:
        """Write over what is there."""
        if isinstance(self.container, dict):
            put(self.container, self.key, value)
        else:
            self.container[self.key] = value


def split_field_path(path: str) -> list[str]:
    r"""The parts of a path: dots separate, but not after a backslash or within [brackets]."""
    parts: list[str] = []
    pending: list[str] = []
    for part in split_path(path, "."):
        if pending:
            pending.append(part)
        elif part.startswith("[") and not part.endswith("]"):
            pending = [part]
            continue
        else:
            parts.append(part)
            continue
        if part.endswith("]"):
            parts.append(_joined(pending))
            pending = []
    if pending:
        parts.append(_joined(pending))
    return parts


def _joined(pieces: list[str]) -> str:
    whole = ".".join(pieces)
    return whole if "=" in whole else whole.strip("[]")


def lookup(node: Any, parts: list[str]) -> Any:
    """The node at a path, or None; list items by index, `-` for the last, or [key=value]."""
    found = lookup_slot(Slot([node], 0), parts)
    return None if found is None else found.value


def lookup_slot(slot: Slot, parts: list[str]) -> Slot | None:
    """The place of the node at a path, or None."""
    for part in (part.strip() for part in parts):
        if not part:
            continue
        node = slot.value
        if is_null(node):
            return None
        key = _key(node, part)
        if key is None:
            return None
        slot = Slot(node, key)
    return slot


def _key(node: Any, part: str) -> str | int | None:
    """The key or index that a part of a path means in a node, or None when it is not there."""
    keyed = _KEYED.fullmatch(part)
    if part.isdecimal() or part == "-" or keyed is not None:
        items = _list(node, part)
        if keyed is not None:
            key, value = keyed.groups()
            return next((index for index, item in enumerate(items) if _is_item(item, key, value)), None)
        if part == "-" and not items:
            raise BuildError('"-" is looked for in an empty list')
        index = len(items) - 1 if part == "-" else int(part)
        return index if index < len(items) else None
    if part == "*":
        raise BuildError("wildcard is not supported in a source path")
    return part if part in _mapping(node, part) else None


def _is_item(item: Any, key: str, value: str) -> bool:
    if not key:
        return written(item) == value
    return isinstance(item, dict) and key in item and written(item[key]) == value


def find(slot: Slot, parts: list[str], make: Maker | None) -> list[Slot]:
    """Every place that a target path means; `make` gives the last part when it has to be made."""
    if not parts:
        return [slot]
    part, rest = parts[0], parts[1:]
    node = slot.value
    if is_null(node):
        # What is put below a null is lost, with kustomize as here.
        node = _below_null(part)
    keyed = _KEYED.fullmatch(part)
    if part.isdecimal():
        return _find_index(node, int(part), rest, make)
    if keyed is not None:
        return _find_keyed(node, keyed[1], keyed[2], rest, make)
    if part == "*":
        items = _list(node, part)
        return [found for index in range(len(items)) for found in find(Slot(items, index), rest, make)]
    fields = _mapping(node, part)
    if part not in fields:
        if make is None:
            return []
        if not is_text(part):
            raise unreadable(part, "a path")
        fields[part] = _made(rest, make)
    elif rest and isinstance(fields[part], str):
        return _find_in_text(fields[part], rest, make)
    return find(Slot(fields, part), rest, make)


def _below_null(part: str) -> Any:
    return [] if part.isdecimal() or part == "*" or _KEYED.fullmatch(part) else {}


def _find_in_text(scalar: str, parts: list[str], make: Maker | None) -> list[Slot]:
    """Places in a text that is YAML itself; what is put there does not come back into the text."""
    document = parse_text(written(scalar))
    return find(Slot([document], 0), parts, make)


def parse_text(content: str) -> Any:
    """The one document of a text, as a node; a BuildError when it is no YAML or empty."""
    documents = parse_nodes(content, "the text of a field", _TEXT_LIMITS)
    if not documents:
        raise BuildError("the text of a field is empty")
    return documents[0]


def _find_index(node: Any, index: int, rest: list[str], make: Maker | None) -> list[Slot]:
    items = _list(node, str(index))
    if index == len(items) and make is not None:
        items.append(_made(rest, make))
    if index >= len(items):
        raise BuildError(f"index {index} specified but only {len(items)} elements found")
    return find(Slot(items, index), rest, make)


def _find_keyed(node: Any, key: str, pattern: str, rest: list[str], make: Maker | None) -> list[Slot]:
    items = _list(node, f"[{key}={pattern}]")
    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        raise BuildError(f'the pattern "{pattern}" is not a regular expression (RE2)') from error
    found: list[Slot] = []
    for _ in range(2):
        for index, item in enumerate(items):
            value = item if not key else item.get(key) if isinstance(item, dict) else None
            if isinstance(value, str) and compiled.search(written(value)):
                found.extend(find(Slot(items, index), rest if key else [], make))
        if found or make is None:
            return found
        items.append({key: plain(pattern)} if key else plain(pattern))
    return found


def _list(node: Any, part: str) -> list[Any]:
    if not isinstance(node, list):
        raise BuildError(f'"{part}" is looked for in {kind_of(node)}, not in a list')
    return node


def _mapping(node: Any, part: str) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise BuildError(f'"{part}" is looked for in {kind_of(node)}, not in a mapping')
    return node


def _made(rest: list[str], make: Maker) -> Any:
    if not rest:
        return make()
    return [] if rest[0].isdecimal() or _KEYED.fullmatch(rest[0]) else {}
