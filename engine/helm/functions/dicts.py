# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Sprig's functions of dictionaries; `set`, `unset` and the merges change the one they are given, as Go's maps do."""

from __future__ import annotations

from typing import Any, Final

from engine.helm.functions.convert import Nodes, deeper, is_empty, text_of
from engine.helm.template.errors import CallError
from engine.helm.template.signature import go
from engine.helm.template.types import NilDict, Strings, go_type

Dict = dict[str, Any]


@go("...any -> map")
def dict_(*pairs: Any) -> Dict:
    keys = [text_of(key) for key in pairs[::2]]
    return dict(zip(keys, (*pairs[1::2], "") if len(pairs) % 2 else pairs[1::2], strict=True))


@go("map, string -> any")
def get(mapping: Dict, key: str) -> Any:
    return mapping.get(key, "")


@go("map, string, any -> map")
def set_(mapping: Dict, key: str, value: Any) -> Dict:
    if isinstance(mapping, NilDict):
        raise CallError("assignment to entry in nil map")
    mapping[key] = value
    return mapping


@go("map, string -> map")
def unset(mapping: Dict, key: str) -> Dict:
    mapping.pop(key, None)
    return mapping


@go("map, string -> bool")
def has_key(mapping: Dict, key: str) -> bool:
    return key in mapping


@go("string, ...map -> any")
def pluck(key: str, *mappings: Dict) -> list[Any]:
    return [mapping[key] for mapping in mappings if key in mapping]


@go("...map -> []string")
def keys(*mappings: Dict) -> Strings:
    """Go's order is random; ours is sorted."""
    return Strings([key for mapping in mappings for key in sorted(mapping)])


@go("map -> any")
def values(mapping: Dict) -> list[Any]:
    """Go's order is random; ours is that of the keys."""
    return [mapping[key] for key in sorted(mapping)]


@go("map, ...string -> map")
def pick(mapping: Dict, *wanted: str) -> Dict:
    return {key: mapping[key] for key in wanted if key in mapping}


@go("map, ...string -> map")
def omit(mapping: Dict, *unwanted: str) -> Dict:
    return {key: value for key, value in mapping.items() if key not in unwanted}


@go("map, ...map -> any")
def merge(target: Dict, *sources: Dict) -> Dict:
    return _merge_all(target, sources, overwrite=False)


@go("map, ...map -> any")
def merge_overwrite(target: Dict, *sources: Dict) -> Dict:
    return _merge_all(target, sources, overwrite=True)


def _merge_all(target: Dict, sources: tuple[Dict, ...], *, overwrite: bool) -> Dict:
    if isinstance(target, NilDict):
        target = {}
    for source in sources:
        _Merge(overwrite=overwrite).run(target, source, 0)
    return target


class _Merge:
    """Mergo's rules: only empty values of the target are filled unless `overwrite`; what is taken is shared."""

    def __init__(self, *, overwrite: bool) -> None:
        self.overwrite = overwrite
        #: Pairs that were merged: a second time changes nothing.
        self.done: set[tuple[int, int]] = set()

    def run(self, target: Dict, source: Dict, depth: int) -> None:
        """Merge one pair."""
        depth = deeper(depth)
        self.done.add((id(target), id(source)))
        for key, value in list(source.items()):
            if value is None:
                if self.overwrite:
                    target[key] = None
                continue
            old = target.get(key)
            if isinstance(value, dict) and isinstance(old, dict):
                if (id(old), id(value)) not in self.done:
                    self.run(old, value, depth)
                if old:
                    continue
            if self.overwrite or is_empty(old):
                target[key] = value


@go("any -> any")
def deep_copy(value: Any) -> Any:
    if value is None:
        raise CallError("reflect: call of reflect.Value.Type on zero Value")
    return copied(value)


def copied(value: Any) -> Any:
    """A copy that shares no map and no list."""
    return _copied(value, 0, Nodes())


def _copied(value: Any, depth: int, nodes: Nodes) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    depth = deeper(depth)
    nodes.take(len(value))
    if isinstance(value, dict):
        same: Dict = value.__class__.__new__(value.__class__)
        same.update({key: _copied(item, depth, nodes) for key, item in value.items()})
        return same
    return value.__class__([_copied(item, depth, nodes) for item in value])


@go("...any -> any")
def dig(*args: Any) -> Any:
    if len(args) < 3:
        raise CallError("dig needs at least three arguments")
    *path, default, step = args
    _expect(step, "map[string]interface {}")
    for key in path:
        _expect(key, "string")
    for index, key in enumerate(path):
        if key not in step:
            return default
        step = step[key]
        if index < len(path) - 1:
            _expect(step, "map[string]interface {}")
    return step


def _expect(value: Any, wanted: str) -> None:
    if go_type(value) != wanted:
        found = "nil" if value is None else go_type(value)
        raise CallError(f"interface conversion: interface {{}} is {found}, not {wanted}")


FUNCTIONS: Final = {
    "dict": dict_, "get": get, "set": set_, "unset": unset, "hasKey": has_key, "pluck": pluck, "keys": keys,
    "values": values, "pick": pick, "omit": omit, "merge": merge, "mustMerge": merge,
    "mergeOverwrite": merge_overwrite, "mustMergeOverwrite": merge_overwrite, "deepCopy": deep_copy,
    "mustDeepCopy": deep_copy, "dig": dig,
}  # fmt: skip
