"""The JSONPath of printer columns: fields, indexes, wildcards and filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.errors import Malformed

_STEP = re.compile(
    r"""
      \.(?P<field>(?:\\.|[^.\[\]\\])+)           # .name, a dot in it escaped
    | \[\s*'(?P<quoted>(?:\\.|[^'\\])*)'\s*\]    # ['name']
    | \[\s*"(?P<double>(?:\\.|[^"\\])*)"\s*\]
    | \[\s*(?P<index>-?\d+)\s*\]
    | \[\s*(?P<wild>\*)\s*\]
    | \[\?\(\s*@(?P<left>[^=!<>]*?)\s*(?:(?P<op>==|!=|<=|>=|<|>)\s*(?P<right>.*?))?\s*\)\]
    """,
    re.VERBOSE,
)
_MAX_PATH = 1024


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path; `find` gives what it leads to, nothing where it leads nowhere."""

    steps: tuple[Callable[[Any], Iterable[Any]], ...]

    def find(self, value: Any) -> list[Any]:
        """All values at this path, in order."""
        found = [value]
        for step in self.steps:
            found = [below for one in found for below in step(one)]
        return found


@lru_cache(maxsize=1024)
def compile_path(text: str) -> Path:
    """Raises Malformed for what is no path."""
    if len(text) > _MAX_PATH:
        raise Malformed("a JSONPath is longer than 1024 characters")
    rest = text.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps: list[Callable[[Any], Iterable[Any]]] = []
    at = 0
    if rest == ".":
        return Path(())
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None:
            raise Malformed(f"JSONPath {text!r} cannot be read from {rest[at : at + 20]!r}")
        steps.append(_step(match))
        at = match.end()
    return Path(tuple(steps))


def _step(match: re.Match[str]) -> Callable[[Any], Iterable[Any]]:
    parts = match.groupdict()
    if parts["wild"] or parts["field"] == "*":
        return _children
    if parts["index"] is not None:
        index = int(parts["index"])
        return lambda value: value[index : index + 1 or None] if isinstance(value, list) else ()
    if parts["left"] is not None:
        return _filter(parts["left"], parts["op"], parts["right"])
    name = re.sub(r"\\(.)", r"\1", parts["field"] or parts["quoted"] or parts["double"] or "")
    return lambda value: (value[name],) if isinstance(value, Mapping) and name in value else ()


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return tuple(value.values())
    return value if isinstance(value, list) else ()


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _filter(left: str, operator: str | None, right: str | None) -> Callable[[Any], Iterable[Any]]:
    path = compile_path(left or ".")
    wanted = None if right is None else _literal(right)

    def kept(item: Any) -> bool:
        found = path.find(item)
        if not found or operator is None:
            return bool(found)
        try:
            return _COMPARE[operator](found[0], wanted)
        except TypeError:
            return False

    return lambda value: [item for item in _children(value) if kept(item)]


def _literal(text: str) -> Any:
    if text[:1] in ("'", '"') and text[-1:] == text[:1]:
        return text[1:-1]
    constants = {"true": True, "false": False, "null": None}
    if text in constants:
        return constants[text]
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise Malformed(f"a JSONPath filter compares with {text!r}, which is no literal") from None
