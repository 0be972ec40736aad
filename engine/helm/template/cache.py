"""Compiled templates, kept by the content of their texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import Protocol

from engine.helm.template import nodes as n


@dataclass(frozen=True, slots=True)
class Compiled:
    """A text's templates in the order in which they are complete, the text itself last; good under any name.

    `templates` has their names ("" for the text itself) and whether they are empty, `codes` the functions that were
    wanted so far by their names in `sources.Source`.
    """

    templates: tuple[tuple[str, bool], ...]
    codes: dict[str, CodeType] = field(default_factory=dict)

    @classmethod
    def of(cls, trees: list[n.Tree]) -> Compiled:
        """What was parsed, nothing of it compiled."""
        *named, whole = trees
        return cls((*((tree.name, tree.is_empty) for tree in named), ("", whole.is_empty)))


class Cache(Protocol):
    """Compiled texts by content; kept across renderings, and by some across processes."""

    def get(self, text: str) -> Compiled | None:
        """What was put; codes are added to it as they are wanted."""

    def put(self, text: str, compiled: Compiled, *, is_file: bool) -> None:
        """Keep it. Texts that are no file of a chart are made of values: they must stay in memory."""


class MemoryCache:
    """The newest texts, up to a number of characters."""

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self._limit = limit
        self._size = 0
        self._entries: dict[str, Compiled] = {}

    def get(self, text: str) -> Compiled | None:
        """What was put, if it is still there."""
        found = self._entries.pop(text, None)
        if found is not None:
            self._entries[text] = found
        return found

    def put(self, text: str, compiled: Compiled, *, is_file: bool) -> None:
        """Keep it, and let the oldest go."""
        if self._entries.pop(text, None) is None:
            self._size += len(text)
        self._entries[text] = compiled
        while self._size > self._limit and len(self._entries) > 1:
            oldest = next(iter(self._entries))
            del self._entries[oldest]
            self._size -= len(oldest)
