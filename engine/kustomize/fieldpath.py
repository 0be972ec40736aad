"""Dotted field paths of replacements and vars: a.b[0].c, [name=x], *, - (engines.md B2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import re2

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import split_path
from engine.kustomize.ids import text
from engine.kustomize.keys import is_text, unreadable

_KEYED: Final = re.compile(r"\[([^=]*)=(.*)\]", re.DOTALL)
#: What a missing part of a path is made of.
Maker = Callable[[], Any]


class Slot(NamedTuple):
    """A place in a document that can be read and written."""

    container: Any
    key: Any

    @property
    def value(self) -> Any:
        """What is there."""
        return self.container[self.key]

    def set(self, value: Any) -> None:
        """Put a value there."""
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
    """The value at a path, or None; list items by index, `-` for the last, or [key=value]."""
    for part in (part.strip() for part in parts):
        if not part:
            continue
        if node is None:
            return None
        node = _step(node, part)
    return node


def _step(node: Any, part: str) -> Any:
    keyed = _KEYED.fullmatch(part)
    if part.isdecimal() or part == "-" or keyed is not None:
        if not isinstance(node, list):
            raise BuildError(f'"{part}" is looked for in {_kind(node)}, not in a list')
        if keyed is not None:
            key, value = keyed.groups()
            return next((item for item in node if _is_item(item, key, value)), None)
        index = len(node) - 1 if part == "-" else int(part)
        return node[index] if 0 <= index < len(node) else None
    if part == "*":
        raise BuildError("wildcard is not supported in a source path")
    if not isinstance(node, dict):
        raise BuildError(f'"{part}" is looked for in {_kind(node)}, not in a mapping')
    return node.get(part)


def _is_item(item: Any, key: str, value: str) -> bool:
    if not key:
        return not isinstance(item, (dict, list)) and text(item) == value
    return isinstance(item, dict) and key in item and text(item[key]) == value


def find(slot: Slot, parts: list[str], make: Maker | None) -> list[Slot]:
    """Every place that a target path means; `make` gives the last part when it has to be made."""
    if not parts:
        return [slot]
    part, rest = parts[0], parts[1:]
    node = slot.value
    keyed = _KEYED.fullmatch(part)
    if part.isdecimal():
        return _find_index(node, int(part), rest, make)
    if keyed is not None:
        return _find_keyed(node, keyed[1], keyed[2], rest, make)
    if part == "*":
        items = _list(node, part)
        return [found for index in range(len(items)) for found in find(Slot(items, index), rest, make)]
    if node is None:
        return []
    if not isinstance(node, dict):
        raise BuildError(f'"{part}" is looked for in {_kind(node)}, not in a mapping')
    if part not in node:
        if make is None:
            return []
        if not is_text(part):
            raise unreadable(part, "a path")
        node[part] = _made(rest, make)
    return find(Slot(node, part), rest, make)


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
            if value is not None and not isinstance(value, (dict, list)) and compiled.search(text(value)):
                found.extend(find(Slot(items, index), rest if key else [], make))
        if found or make is None:
            return found
        items.append({key: pattern} if key else pattern)
    return found


def _list(node: Any, part: str) -> list[Any]:
    if not isinstance(node, list):
        raise BuildError(f'"{part}" is looked for in {_kind(node)}, not in a list')
    return node


def _made(rest: list[str], make: Maker) -> Any:
    if not rest:
        return make()
    return [] if rest[0].isdecimal() or _KEYED.fullmatch(rest[0]) else {}


def _kind(node: Any) -> str:
    return "a mapping" if isinstance(node, dict) else "a list" if isinstance(node, list) else "a scalar"
