"""Kubernetes' strategic merge patch: lists merge by key where their type says so, directives steer the rest.

Directives: `$patch: replace|delete|merge` in a map or an item, `$retainKeys`, `$setElementOrder/<list>` and
`$deleteFromPrimitiveList/<list>` beside a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.embedded.patch.errors import bad_request, check_depth, failed, rejected, unreadable
from engine.openapi import Schema

PATCH = "$patch"
RETAIN_KEYS = "$retainKeys"
ELEMENT_ORDER = "$setElementOrder/"
DELETE_FROM = "$deleteFromPrimitiveList/"

#: No value was sent for the list that an order is asked for.
_UNTOUCHED: Any = object()
_GO = {type(None): "%!s(<nil>)", str: "string", bool: "bool", int: "int64", float: "float64"}

Items = list[Any]
Map = dict[str, Any]


def strategic_merge(doc: Map, patch: Any, schema: Schema | None) -> Map:
    """`doc` with `patch` merged in as its type says. Neither is changed in place.

    Without a schema every list is replaced. Raises PatchError.
    """
    if not isinstance(patch, dict):
        raise unreadable(patch, "map[string]interface {}")
    check_depth([patch])
    return _merge_maps(doc, patch, schema)


def _merge_maps(doc: Map, patch: Map, schema: Schema | None) -> Map:
    if PATCH in patch:
        return _directed(patch)
    out = _retained(doc, patch)
    ordered = {key.removeprefix(ELEMENT_ORDER) for key in patch if key.startswith(ELEMENT_ORDER)}
    for key, value in patch.items():
        if key.startswith(ELEMENT_ORDER):
            name = key.removeprefix(ELEMENT_ORDER)
            _ordered(out, name, patch.get(name, _UNTOUCHED), value, _child(schema, name))
        elif key.startswith(DELETE_FROM):
            _delete_from(out, key.removeprefix(DELETE_FROM), value)
        elif key != RETAIN_KEYS and key not in ordered:
            _merge_field(out, key, value, _child(schema, key))
    return out


def _child(schema: Schema | None, name: str) -> Schema | None:
    return None if schema is None else schema.child(name)


def _directed(patch: Map) -> Map:
    directive = patch[PATCH]
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != PATCH}
    if directive == "delete":
        return {}
    raise failed(f"unknown patch type: {str(directive)[:40]}")


def _merge_field(out: Map, key: str, value: Any, schema: Schema | None) -> None:
    if value is None:
        out.pop(key, None)
        return
    old = out.get(key)
    strategy = () if schema is None else schema.patch_strategy
    if isinstance(old, dict) and isinstance(value, dict):
        out[key] = value if "replace" in strategy else _merge_maps(old, value, schema)
    elif isinstance(old, list) and isinstance(value, list):
        out[key] = _merge_lists(old, value, schema) if "merge" in strategy else value
    elif (plain := _plain(value)) is _DROPPED:
        out.pop(key, None)
    else:
        out[key] = plain


_DROPPED = object()


def _plain(value: Any, *, nulls: bool = False) -> Any:
    """What a patch adds where nothing was: without directives, maps that hold `$patch`, and nulls.

    _DROPPED when nothing is added. Nulls of appended items are kept (`nulls`): decoding makes zero values of them.
    """
    if isinstance(value, dict):
        if PATCH in value:
            return _DROPPED
        kept = {
            name: _plain(inner, nulls=nulls)
            for name, inner in value.items()
            if (nulls or inner is not None) and not _is_directive(name)
        }
        return {name: inner for name, inner in kept.items() if inner is not _DROPPED}
    if isinstance(value, list):
        items = (_plain(item, nulls=nulls) for item in value)
        return [item for item in items if item is not _DROPPED]
    return value


def _is_directive(name: str) -> bool:
    return name in (PATCH, RETAIN_KEYS) or name.startswith((ELEMENT_ORDER, DELETE_FROM))


def _retained(doc: Map, patch: Map) -> Map:
    """A copy of the map, with only the fields that $retainKeys names where it is there."""
    if RETAIN_KEYS not in patch:
        return dict(doc)
    keys = patch[RETAIN_KEYS]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise bad_request("invalid patch format of retainKeys")
    for name, value in patch.items():
        if value is not None and not _is_directive(name) and name not in keys:
            raise bad_request("invalid patch format of retainKeys")
    return {name: value for name, value in doc.items() if name in keys}


def _delete_from(out: Map, name: str, values: Any) -> None:
    if not isinstance(out.get(name), list):
        return
    if not isinstance(values, list) or any(isinstance(value, (dict, list)) for value in values):
        raise bad_request("invalid patch format of primitive list")
    gone = _places(values, "")
    out[name] = [item for item in out[name] if _identity(item, "") not in gone]


def _ordered(out: Map, name: str, patch: Any, order: Any, schema: Schema | None) -> None:
    """Merge a list and put the items that `order` names into that order, the others where they stood."""
    for given in (order, patch):
        if given is not _UNTOUCHED and not isinstance(given, list):
            raise failed(f"expected a []interface {{}}, but received a {_GO.get(type(given), 'map')}")
    old = out.get(name)
    merges = schema is not None and "merge" in schema.patch_strategy
    key = schema.merge_key if schema is not None else ""
    if patch is not _UNTOUCHED:
        _check_order(patch, order, key)
    if not isinstance(old, list):
        if patch is _UNTOUCHED:
            return
        old, merged = [], _plain(patch)
    elif patch is _UNTOUCHED:
        merged = old
    else:
        merged = _merge_lists(old, patch, schema) if merges else patch
        old = _edited(old, patch, key) if merges else old
    out[name] = _normalized(merged, order, old, key)


def _edited(old: Items, patch: Items, key: str) -> Items:
    """The old list as the API server's edits in place leave it: new items fill the places that deletions free.

    It then decides where items stand that the order does not name.
    """
    gone = {_identity(item, key) for item in patch if isinstance(item, dict) and item.get(PATCH) == "delete"}
    kept = [item for item in old if _identity(item, key) not in gone]
    known = _places(kept, key)
    new = [item for item in patch if not (isinstance(item, dict) and PATCH in item)]
    kept += [item for item in new if _identity(item, key) not in known][: len(old) - len(kept)]
    return kept


def _check_order(patch: Items, order: Items, key: str) -> None:
    """The patched items must stand in the order that is asked for."""
    following = iter([_identity(item, key) for item in order])
    for item in patch:
        if isinstance(item, dict) and item.get(PATCH) == "delete":
            continue
        if not any(_identity(item, key) == other for other in following):
            raise failed(f"The order in patch list doesn't match {ELEMENT_ORDER.rstrip('/')} list")


def _merge_lists(old: Items, patch: Items, schema: Schema | None) -> Items:
    if not old and not patch:
        return old
    kinds = {_kind(item) for item in (*old, *patch)}
    if len(kinds) > 1:
        raise failed("list element types are not identical")
    if "list" in kinds:
        raise rejected("lists of lists are not supported")
    if "map" not in kinds:
        merged = list({_identity(item, ""): item for item in (*old, *patch)}.values())
        return _normalized(merged, patch, old, "")
    key = "" if schema is None else schema.merge_key
    if not key:
        raise failed("cannot merge lists without merge key")
    return _merge_items(old, patch, key, None if schema is None else schema.items)


def _kind(item: Any) -> str:
    return "map" if isinstance(item, dict) else "list" if isinstance(item, list) else "scalar"


def _merge_items(old: Items, patch: Items, key: str, schema: Schema | None) -> Items:
    plain, old = _special_items(old, patch, key)
    merged = list(old)
    places = dict(_places(old, key))
    for item in plain:
        if key not in item:
            raise failed(f"map: {sorted(item)} does not contain declared merge key: {key}")
        place = places.setdefault(_identity(item, key), len(merged))
        if place == len(merged):
            merged.append(_plain(item, nulls=True))
        else:
            merged[place] = _merge_maps(merged[place], item, schema)
    return _normalized(merged, plain, old, key)


def _special_items(old: Items, patch: Items, key: str) -> tuple[Items, Items]:
    """The items of the patch that are no directives, and the old list after the directives."""
    plain: Items = []
    gone: set[str] = set()
    replace = False
    for item in patch:
        directive = item.get(PATCH)
        if PATCH not in item:
            plain.append(item)
        elif directive == "delete":
            if key not in item:
                raise failed(f"map: {sorted(item)} does not contain declared merge key: {key}")
            gone.add(_identity(item, key))
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise failed("merging lists cannot yet be specified in the patch")
        else:
            raise failed(f"unknown patch type: {str(directive)[:40]}")
    if replace:
        return [], plain
    return plain, [known for known in old if _identity(known, key) not in gone]


def _normalized(items: Items, order: Items, old: Items, key: str) -> Items:
    """Items that `order` names in that order; the others keep the old list's order and slip in before the first
    named item that stood after them.
    """
    wanted = _places(order, key)
    stood = _places(old, key)
    named = sorted((item for item in items if _identity(item, key) in wanted), key=lambda i: wanted[_identity(i, key)])
    others = sorted(
        (item for item in items if _identity(item, key) not in wanted),
        key=lambda i: stood.get(_identity(i, key), len(stood)),
    )
    out: Items = []
    while named and others:
        left, right = stood.get(_identity(others[0], key)), stood.get(_identity(named[0], key))
        before = left is not None and right is not None and left < right
        out.append(others.pop(0) if before else named.pop(0))
    return [*out, *named, *others]


def _places(items: Iterable[Any], key: str) -> Mapping[str, int]:
    places: dict[str, int] = {}
    for index, item in enumerate(items):
        places.setdefault(_identity(item, key), index)
    return places


def _identity(item: Any, key: str) -> str:
    """What makes an item the same item: its merge key's value, or itself."""
    value = item.get(key) if isinstance(item, dict) and key else item
    return f"{type(value).__name__}:{value}"
