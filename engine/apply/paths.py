"""Paths in objects, in the three ways they are written: JSON pointer, for people, and as managedFields name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.apply.managers import escape

_POD_SPECS: Final = ("spec.jobTemplate.spec.template.spec.", "spec.template.spec.")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a field (`name`), or an element of a list at `index`.

    Elements of keyed lists have `keys`, those of sets a `value` (JSON); others have only their place.
    """

    name: str = ""
    index: int = -1
    keys: tuple[tuple[str, Any], ...] = ()
    value: str = ""

    @property
    def pointer(self) -> str:
        """As a step of a JSON pointer."""
        return str(self.index) if self.index >= 0 else escape(self.name)

    @property
    def display(self) -> str:
        """As people write it: `.name`, `[web]`, `[80/TCP]`, `[2]`."""
        if self.keys:
            return f"[{'/'.join(str(value) for _, value in self.keys)}]"
        if self.value:
            return f"[{orjson.loads(self.value)}]"
        if self.index >= 0:
            return f"[{self.index}]"
        return f"[{self.name}]" if "." in self.name or "/" in self.name else f".{self.name}"

    @property
    def managed(self) -> str:
        """As managedFields name it; "" for a place in an atomic list, which they don't tell apart."""
        if self.keys:
            return "k:" + orjson.dumps(dict(self.keys), option=orjson.OPT_SORT_KEYS).decode()
        if self.value:
            return f"v:{self.value}"
        return "" if self.index >= 0 else f"f:{self.name}"


Path = tuple[Step, ...]


def field(name: str) -> Step:
    """The step to a field."""
    return Step(name=name)


def pointer(path: Iterable[Step]) -> str:
    """The JSON pointer."""
    return "".join(f"/{step.pointer}" for step in path)


def display(path: Iterable[Step]) -> str:
    """`spec.replicas`, `…containers[web].env[DEBUG]`: the way to a pod's spec is taken for granted."""
    text = "".join(step.display for step in path).removeprefix(".")
    for prefix in _POD_SPECS:
        if text.startswith(prefix):
            return "…" + text.removeprefix(prefix)
    return text


def child(node: Any, step: Step) -> Any:
    """What a step leads to, None when it leads nowhere. Keyed elements are found by their keys."""
    if isinstance(node, Mapping):
        return node.get(step.name) if step.index < 0 else None
    if not isinstance(node, Sequence) or isinstance(node, str):
        return None
    if step.keys:
        return next((item for item in node if _has_keys(item, step.keys)), None)
    if step.value:
        value = orjson.loads(step.value)
        return next((item for item in node if item == value), None)
    return node[step.index] if 0 <= step.index < len(node) else None


def read(node: Any, path: Iterable[Step]) -> Any:
    """The value at a path, or None."""
    for step in path:
        node = child(node, step)
        if node is None:
            return None
    return node


def owns(fields: Mapping[str, Any], path: Iterable[Step]) -> bool:
    """Whether a field set holds the node at this path, something below it, or the atomic value it is part of."""
    node: Any = fields
    for depth, step in enumerate(path):
        name = step.managed
        if not name:
            return depth > 0
        if name not in node:
            return depth > 0 and not node
        node = node[name]
    return True


def _has_keys(item: Any, keys: Iterable[tuple[str, Any]]) -> bool:
    return isinstance(item, Mapping) and all(item.get(key) == value for key, value in keys)
