"""Desired against live, leaf by leaf, as server-side apply would judge it; pure.

What only the live object has is no difference: it is defaulted or somebody else's. Empty is as good as absent,
quantities compare by value, keyed lists by key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.apply import quantity
from engine.apply.managers import TakeOver, managed_fields
from engine.apply.paths import Path, Step, child, field, owns, read
from engine.model import Change
from engine.openapi import MISSING, Schema

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_SKIPPED: Final = frozenset({"apiVersion", "kind", "status"})
_METADATA: Final = ("labels", "annotations")
_QUANTITY: Final = ".Quantity"


@dataclass(frozen=True, slots=True)
class Difference:
    """One path whose live value the next apply would change; the absent side is None."""

    path: Path
    change: Change
    wanted: Any
    live: Any


def differences(desired: Mapping[str, Any], live: Mapping[str, Any], schema: Schema | None) -> list[Difference]:
    """What an apply of `desired` would set in `live`; labels and annotations are all that counts of metadata."""
    found: list[Difference] = []
    own = _own_fields(live)
    wanted = {key: value for key, value in desired.items() if key not in _SKIPPED and key != "metadata"}
    metadata = desired.get("metadata") or {}
    wanted["metadata"] = {key: metadata[key] for key in _METADATA if metadata.get(key)}
    _mapping(wanted, live, schema, (), _Walk(found, own))
    return found


def surplus(desired: Mapping[str, Any], live: Mapping[str, Any], take_over: TakeOver | None) -> list[Difference]:
    """What is owned by Flux, or will be once it takes over, and not wanted: the next apply removes it.

    `take_over` None leaves foreign managers alone (`ssa: Merge`).
    """
    rules = take_over or TakeOver(managers=())
    owned = rules.owned(live)
    others = [entry.get("fieldsV1") or {} for entry in rules.others(live)]
    found: dict[Path, Difference] = {}
    for path in _owned_paths(owned, live, ()):
        if path[0].name in _SKIPPED:
            continue
        path = _up_to_missing_element(path, desired)
        here = read(live, path)
        if here in _EMPTY or read(desired, path) is not None or any(owns(other, path) for other in others):
            continue
        found[path] = Difference(path, Change.ADDED, None, here)
    return _outermost(found)


def between(dry: Mapping[str, Any], live: Mapping[str, Any], schema: Schema | None) -> list[Difference]:
    """Everything that differs between the result of a dry run and the live object, metadata's rest and status apart."""
    content = {key for key in (*dry, *live) if key not in _SKIPPED and key != "metadata"}
    found: list[Difference] = []
    for key in sorted(content):
        _both(dry.get(key), live.get(key), _below(schema, field(key)), (field(key),), found)
    for key in _METADATA:
        sides = [(obj.get("metadata") or {}).get(key) for obj in (dry, live)]
        _both(sides[0] or {}, sides[1] or {}, None, (field("metadata"), field(key)), found)
    return found


# --- desired against live ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """What a comparison collects, and what Flux owns of the live object."""

    found: list[Difference]
    own: Mapping[str, Any]

    def add(self, path: Path, wanted: Any, live: Any) -> None:
        change = Change.REMOVED if live is None else Change.CHANGED
        self.found.append(Difference(path, change, wanted, live))


def _compare(wanted: Any, live: Any, schema: Schema | None, path: Path, walk: _Walk) -> None:
    if wanted in _EMPTY and live in _EMPTY:
        return
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        if schema is not None and schema.map_type == "atomic":
            _atomic(wanted, live, schema, path, walk)
        else:
            _mapping(wanted, live, schema, path, walk)
    elif isinstance(wanted, list) and isinstance(live, list):
        _list(wanted, live, schema, path, walk)
    elif isinstance(wanted, Mapping) and live is None:
        # An absent struct may be wanted for its leaves only, and empty ones don't count.
        _mapping(wanted, {}, schema, path, walk)
    elif not same(wanted, live, schema):
        walk.add(path, wanted, live)


def _mapping(
    wanted: Mapping[str, Any], live: Mapping[str, Any], schema: Schema | None, path: Path, walk: _Walk
) -> None:
    for key, value in wanted.items():
        step = field(key)
        _compare(value, live.get(key), _below(schema, step), (*path, step), walk)


def _atomic(wanted: Mapping[str, Any], live: Mapping[str, Any], schema: Schema, path: Path, walk: _Walk) -> None:
    """A map that is replaced as a whole: what it has in addition is defaulted, unless it has become somebody else's."""
    before = len(walk.found)
    _mapping(wanted, live, schema, path, walk)
    if len(walk.found) == before and set(live) - set(wanted) and not owns(walk.own, path):
        walk.add(path, wanted, live)


def _list(wanted: list[Any], live: list[Any], schema: Schema | None, path: Path, walk: _Walk) -> None:
    if schema is not None and schema.list_type == "map" and schema.map_keys:
        items = schema.items
        for index, item in enumerate(wanted):
            step = _element(item, index, schema)
            place, found = _find(live, step)
            _compare(item, found, items, (*path, Step(index=place if place >= 0 else index, keys=step.keys)), walk)
        return
    if schema is not None and schema.list_type == "set":
        for index, item in enumerate(wanted):
            if item not in live:
                walk.add((*path, Step(index=index, value=orjson.dumps(item).decode())), item, None)
        return
    if len(wanted) != len(live):
        walk.add(path, wanted, live)
        return
    items = schema.items if schema is not None else None
    for index, (item, other) in enumerate(zip(wanted, live, strict=True)):
        _compare(item, other, items, (*path, Step(index=index)), walk)


def same(wanted: Any, live: Any, schema: Schema | None) -> bool:
    """Whether two leaves mean the same."""
    if wanted == live and isinstance(wanted, bool) == isinstance(live, bool):
        return True
    if schema is not None and schema.name.endswith(_QUANTITY):
        return quantity.same(wanted, live)
    # What Kubernetes writes as zero where nothing was said (a Service's targetPort) is filled in by the server.
    return schema is not None and schema.int_or_string and wanted == 0


def _element(item: Any, index: int, schema: Schema) -> Step:
    """The step to an element of a keyed list; keys it doesn't have take their default."""
    keys = []
    for key in schema.map_keys:
        value = item.get(key) if isinstance(item, Mapping) else None
        if value is None and schema.items is not None:
            below = schema.items.child(key)
            value = None if below is None or below.default is MISSING else below.default
        if value is not None:
            keys.append((key, value))
    return Step(index=index, keys=tuple(keys))


def _find(items: Sequence[Any], step: Step) -> tuple[int, Any]:
    found = child(items, step) if step.keys else None
    return (next(i for i, item in enumerate(items) if item is found), found) if found is not None else (-1, None)


def _below(schema: Schema | None, step: Step) -> Schema | None:
    return schema.child(step.name) if schema is not None else None


# --- what is owned and not wanted -------------------------------------------------------------------------


def _own_fields(live: Mapping[str, Any]) -> Mapping[str, Any]:
    rules = TakeOver()
    return next((entry.get("fieldsV1") or {} for entry in managed_fields(live) if rules.owns(entry)), {})


def _owned_paths(fields: Mapping[str, Any], live: Any, path: Path) -> Iterator[Path]:
    """The paths of all leaves of a field set that the live object has."""
    for name, below in fields.items():
        if name == ".":
            yield path
            continue
        step = _step(name, live)
        here = child(live, step) if step is not None else None
        if step is None or here is None:
            continue
        if below:
            yield from _owned_paths(below, here, (*path, step))
        else:
            yield (*path, step)


def _step(name: str, live: Any) -> Step | None:
    kind, _, rest = name.partition(":")
    if kind == "f":
        return field(rest)
    if not isinstance(live, list):
        return None
    if kind == "k":
        wanted = Step(index=0, keys=tuple(orjson.loads(rest).items()))
        place, found = _find(live, wanted)
        return Step(index=place, keys=wanted.keys) if found is not None else None
    if kind == "v":
        value = orjson.loads(rest)
        return Step(index=live.index(value), value=rest) if value in live else None
    return None


def _up_to_missing_element(path: Path, desired: Any) -> Path:
    """A list's element that isn't wanted is one difference, not one for each of its leaves."""
    node = desired
    for depth, step in enumerate(path):
        node = child(node, step)
        if node is None and (step.keys or step.value):
            return path[: depth + 1]
        if node is None:
            continue
    return path


def _outermost(found: Mapping[Path, Difference]) -> list[Difference]:
    """Without those that lie inside another one."""
    return [
        difference
        for path, difference in found.items()
        if not any(path[:size] in found for size in range(1, len(path)))
    ]


# --- two complete objects ---------------------------------------------------------------------------------


def _both(dry: Any, live: Any, schema: Schema | None, path: Path, found: list[Difference]) -> None:
    if dry == live:
        return
    if isinstance(dry, Mapping) and isinstance(live, Mapping):
        for key in dict.fromkeys((*dry, *live)):
            step = field(key)
            _both(dry.get(key), live.get(key), _below(schema, step), (*path, step), found)
        return
    if isinstance(dry, list) and isinstance(live, list) and _both_lists(dry, live, schema, path, found):
        return
    change = Change.REMOVED if live is None else Change.ADDED if dry is None else Change.CHANGED
    found.append(Difference(path, change, dry, live))


def _both_lists(dry: list[Any], live: list[Any], schema: Schema | None, path: Path, found: list[Difference]) -> bool:
    """Compare lists element by element where that makes sense; False when they can only be compared whole."""
    items = schema.items if schema is not None else None
    if schema is not None and schema.list_type == "map" and schema.map_keys:
        before = len(found)
        for index, item in enumerate(dry):
            step = _element(item, index, schema)
            place, other = _find(live, step)
            _both(item, other, items, (*path, Step(index=max(place, 0), keys=step.keys)), found)
        for index, item in enumerate(live):
            step = _element(item, index, schema)
            if _find(dry, step)[0] < 0:
                found.append(Difference((*path, step), Change.ADDED, None, item))
        return len(found) > before
    if len(dry) != len(live):
        return False
    for index, (item, other) in enumerate(zip(dry, live, strict=True)):
        _both(item, other, items, (*path, Step(index=index)), found)
    return True
