"""How two values of a type differ: the fields that were added, modified and removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.embedded.fieldmanager.fieldset import FieldSet, Path, of_paths
from engine.embedded.fieldmanager.nodes import Node, Shape
from engine.embedded.fieldmanager.typed import ABSENT, elements, same


@dataclass(slots=True)
class Comparison:
    """The paths that differ between two values."""

    added: list[Path] = field(default_factory=list)
    modified: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)

    def walk(self, path: Path, old: Any, new: Any, node: Node) -> None:
        """Compare two values, either of which may be ABSENT."""
        if old is new:
            return
        before, after = node.shape_of(old), node.shape_of(new)
        if new is ABSENT or (old is not ABSENT and before is not after):
            self._handle(before, path, old, new, node)
        if new is not ABSENT:
            self._handle(after, path, old, new, node)

    def _handle(self, shape: Shape, path: Path, old: Any, new: Any, node: Node) -> None:
        kind = dict if shape is Shape.MAP else list
        lefts = old if isinstance(old, kind) else kind()
        rights = new if isinstance(new, kind) else kind()
        if shape is Shape.LEAF or not (lefts or rights):
            if old is ABSENT or new is ABSENT or not same(old, new):
                self._record(path, old, new)
            return
        if isinstance(lefts, dict) and isinstance(rights, dict):
            for name in (*lefts, *(name for name in rights if name not in lefts)):
                left, right = lefts.get(name, ABSENT), rights.get(name, ABSENT)
                if left is not right:
                    self.walk((*path, "f:" + name), left, right, node.field(name))
        elif isinstance(lefts, list) and isinstance(rights, list):
            self._items(path, lefts, rights, node)
        if old is ABSENT or new is ABSENT:
            self._record(path, old, new)

    def _record(self, path: Path, old: Any, new: Any) -> None:
        if old is ABSENT:
            self.added.append(path)
        elif new is ABSENT:
            self.removed.append(path)
        else:
            self.modified.append(path)

    def _items(self, path: Path, lefts: list[Any], rights: list[Any], node: Node) -> None:
        item_node = node.item()
        before, after = (_by_element(items, node) for items in (lefts, rights))
        for element in (*before, *(name for name in after if name not in before)):
            olds, news = before.get(element, []), after.get(element, [])
            place = (*path, element)
            if len(olds) <= 1 and len(news) <= 1:
                self.walk(place, olds[0] if olds else ABSENT, news[0] if news else ABSENT, item_node)
            elif len(olds) > 1 and len(news) > 1:
                if not same(olds, news):
                    self.modified.append(place)
            elif len(olds) > 1:
                if news:
                    self.walk(place, ABSENT, news[0], item_node)
                self.removed.append(place)
            else:
                if olds:
                    self.walk(place, olds[0], ABSENT, item_node)
                self.added.append(place)


def _by_element(items: list[Any], node: Node) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for element, item in zip(elements(items, node), items, strict=True):
        found.setdefault(element, []).append(item)
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """What `compare` found."""

    added: FieldSet
    modified: FieldSet
    removed: FieldSet

    def without(self, fields: FieldSet) -> Difference:
        """The difference outside of these fields."""
        return Difference(self.added.without(fields), self.modified.without(fields), self.removed.without(fields))


def compare(old: Any, new: Any, node: Node) -> Difference:
    """The fields that are only in `new`, that differ, and that are only in `old`."""
    found = Comparison()
    found.walk((), old, new, node)
    return Difference(of_paths(found.added), of_paths(found.modified), of_paths(found.removed))
