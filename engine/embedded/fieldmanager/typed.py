"""Values read through their type: which fields they set, and what merging and removing makes of them.

Nothing is changed in place. Results share every part that stayed as it was with the first argument, and are that very
object when nothing changed, which is how callers see that nothing did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.embedded.fieldmanager.fieldset import EMPTY, FieldSet
from engine.embedded.fieldmanager.nodes import ElementError, Node, Shape

ABSENT: Final = object()
_LEAF: Final = object()


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values: 1 equals 1.0, and neither equals true."""
    if left is right:
        return True
    if isinstance(left, bool) or isinstance(right, bool) or left != right:
        return False
    if isinstance(left, dict):
        return all(same(value, right[name]) for name, value in left.items())
    if isinstance(left, list):
        return all(same(*pair) for pair in zip(left, right, strict=True))
    return True


def fresh(value: Any) -> Any:
    """A copy that shares nothing with the value."""
    if isinstance(value, dict):
        return {name: fresh(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [fresh(item) for item in value]
    return value


def elements(items: Iterable[Any], node: Node) -> list[str]:
    """The path element of each item; an item without identity goes by its index."""
    return [_element(item, node, index) for index, item in enumerate(items)]


def _element(item: Any, node: Node, index: int) -> str:
    try:
        return node.element(item)
    except ElementError:
        return f"i:{index}"


# --- which fields a value sets -------------------------------------------------------------------------------------


def field_set(value: Any, node: Node) -> FieldSet:
    """Every field that the value sets: leaves, items of lists, keys of maps and empty maps."""
    below = _fields(value, node)
    return below if isinstance(below, FieldSet) else EMPTY


def _fields(value: Any, node: Node) -> Any:
    """_LEAF, or the set of what is below."""
    shape = node.shape_of(value)
    if shape is Shape.LEAF:
        return _LEAF
    if shape is Shape.MAP:
        return _map_fields(value, node) if isinstance(value, dict) else EMPTY
    return _list_fields(value, node) if isinstance(value, list) else EMPTY


def _map_fields(value: Mapping[str, Any], node: Node) -> FieldSet:
    members: list[str] = []
    children: dict[str, FieldSet] = {}
    named = node.named
    for name, inner in value.items():
        element = "f:" + name
        below = _fields(inner, node.field(name))
        if below is _LEAF:
            members.append(element)
            continue
        if inner is None or inner == {} or name not in named:
            members.append(element)
        if below:
            children[element] = below
    return FieldSet(frozenset(members), children)


def _list_fields(value: list[Any], node: Node) -> FieldSet:
    names = elements(value, node)
    repeated = {name for name, count in Counter(names).items() if count > 1}
    item_node = node.item()
    children: dict[str, FieldSet] = {}
    for name, item in zip(names, value, strict=True):
        if name not in repeated and (below := _fields(item, item_node)) is not _LEAF and below:
            children[name] = below
    return FieldSet(frozenset(names), children)


def with_named(fields: FieldSet, node: Node) -> FieldSet:
    """The set with every declared field on the way to a member: such a field goes when all below it goes."""
    if not fields.children:
        return fields
    members = set(fields.members)
    children: dict[str, FieldSet] = {}
    for element, below in fields.children.items():
        if element[0] == "f":
            name = element[2:]
            if name in node.named:
                members.add(element)
            children[element] = with_named(below, node.field(name))
        else:
            children[element] = with_named(below, node.item())
    return FieldSet(frozenset(members), children)


# --- merging -------------------------------------------------------------------------------------------------------


def merge(old: Any, new: Any, node: Node) -> Any:
    """What applying `new` over `old` gives: fields and items are added or replaced, none is removed."""
    shape = node.shape_of(new)
    if shape is Shape.MAP and isinstance(old, dict) and old:
        return _merge_maps(old, new, node) if isinstance(new, dict) else old
    if shape in (Shape.SET, Shape.KEYED) and isinstance(old, list) and old:
        return _merge_lists(old, new, node) if isinstance(new, list) else old
    return old if same(old, new) else new


def _merge_maps(old: dict[str, Any], new: dict[str, Any], node: Node) -> dict[str, Any]:
    out = old
    for name, value in new.items():
        before = old.get(name, ABSENT)
        after = value if before is ABSENT else merge(before, value, node.field(name))
        if after is not before:
            if out is old:
                out = dict(old)
            out[name] = after
    return out


def _merge_lists(old: list[Any], new: list[Any], node: Node) -> list[Any]:
    old_names, new_names = elements(old, node), elements(new, node)
    item_node = node.item()
    if old_names == new_names and len(set(old_names)) == len(old_names):
        merged = [merge(*pair, item_node) for pair in zip(old, new, strict=True)]
    else:
        merged = _interleave(dict(zip(old_names, old, strict=True)), old_names, new, new_names, item_node, old)
    unchanged = len(merged) == len(old) and all(a is b for a, b in zip(merged, old, strict=True))
    return old if unchanged else merged


def _interleave(
    known: Mapping[str, Any], old_names: list[str], new: list[Any], new_names: list[str], node: Node, old: list[Any]
) -> list[Any]:
    """Items of both lists: the new list's order among its own, items of the old one where they stood between them."""
    wanted = set(new_names)
    shared = [name for name in new_names if name in known]
    merged: list[Any] = []
    done: set[str] = set()
    left = right = following = 0
    while left < len(old_names) or right < len(new_names):
        name = old_names[left] if left < len(old_names) else None
        if name is not None and right < len(new_names):
            if name == new_names[right]:
                merged.append(merge(known[name], new[right], node))
                done.add(name)
                left, right, following = left + 1, right + 1, following + 1
                continue
            if name in wanted and following < len(shared) and shared[following] != name:
                left += 1
                continue
        if name is not None:
            if name not in wanted:
                merged.append(old[left])
                left += 1
                continue
            if name in done:
                left += 1
        if right < len(new_names):
            name = new_names[right]
            done.add(name)
            merged.append(merge(known[name], new[right], node) if name in known else new[right])
            right += 1
            if following < len(shared) and shared[following] == name:
                following += 1
    return merged


# --- removing ------------------------------------------------------------------------------------------------------


def remove(value: Any, fields: FieldSet, node: Node) -> Any:
    """The value without these fields and items; a container that loses all of them is None.

    The API server leaves the null: built-in types drop it when they are decoded, custom ones judge it.
    """
    shape = node.shape_of(value)
    if shape is Shape.MAP and isinstance(value, dict) and value:
        return _remove_from_map(value, fields, node)
    if shape in (Shape.SET, Shape.KEYED) and isinstance(value, list) and value:
        return _remove_from_list(value, fields, node)
    return None if shape is Shape.LEAF and isinstance(value, (dict, list)) else value


def _remove_from_map(value: dict[str, Any], fields: FieldSet, node: Node) -> Any:
    out: dict[str, Any] = {}
    changed = False
    for name, inner in value.items():
        element = "f:" + name
        if element in fields.members:
            changed = True
            continue
        below = fields.children.get(element)
        out[name] = inner if below is None else remove(inner, below, node.field(name))
        changed = changed or out[name] is not inner
    if not out:
        return None
    return out if changed else value


def _remove_from_list(value: list[Any], fields: FieldSet, node: Node) -> Any:
    out: list[Any] = []
    changed = False
    for element, item in zip(elements(value, node), value, strict=True):
        if element in fields.members:
            changed = True
            continue
        below = fields.children.get(element)
        kept = item if below is None else remove(item, below, node.item())
        changed = changed or kept is not item
        out.append(kept)
    if not out:
        return None
    return out if changed else value
