"""Lists whose items are told apart by keys, as strategic merges see them."""

from __future__ import annotations

from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.nodes import is_null, kind_of, text, written


class _Missing:
    """No value at all, as opposed to null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def with_rest(merged: list[Any], target: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """The merged items, and what stood in the target; one without a key does there what it does with kustomize."""
    result = list(merged)
    for item in target:
        values = []
        for key in keys:
            if is_null(item) or (isinstance(item, dict) and key not in item):
                result.append(item)
            elif isinstance(item, dict):
                values.append(written(item[key]))
            else:
                raise mismatch({}, item, key)
        if len(keys) > 1:
            result = with_element(result, keys, values, MISSING)
        result = with_element(result, keys, values, item)
    return result


def with_element(items: list[Any], keys: tuple[str, ...], values: list[str], element: Any) -> list[Any]:
    """The items with the element in place of those that match, or at the end; MISSING removes these.

    An empty value matches any, and a key beyond the values whatever the one before it did; without values
    nothing matches and nothing stays.
    """
    result: list[Any] = []
    found = False
    for item in items:
        if is_null(item) or item == {}:
            continue
        if not isinstance(item, dict):
            if not (values and values[0]):
                raise mismatch({}, item, keys[0])
            result.append(item)
        elif values and all(
            key in item and (not value or written(item[key]) == value) for key, value in zip(keys, values, strict=False)
        ):
            found = True
            if element is not MISSING:
                result.append(element)
        elif values:
            result.append(item)
    if element is not MISSING and not is_null(element) and not found:
        result.append(element)
    return result


def key_values(item: Any, keys: tuple[str, ...]) -> tuple[str, ...]:
    """What an item has for the keys; "" for what it does not have."""
    return tuple(text(item.get(key)) for key in keys) if isinstance(item, dict) else ("",) * len(keys)


def joined_groups(groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Key values that differ only in what one of them leaves out are one and the same."""
    merged = list(dict.fromkeys(groups))
    if not merged or len(merged[0]) < 2:
        return merged
    for index in range(len(merged)):
        for other, right in enumerate(merged):
            joined = _joined(merged[index], right)
            if joined is not None:
                merged[index] = merged[other] = joined
    return merged


def _joined(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...] | None:
    pairs = list(zip(left, right, strict=True))
    if any(a and b and a != b for a, b in pairs) or not any(a == b for a, b in pairs):
        return None
    return tuple(a or b for a, b in pairs)


def _matches(item: Any, wanted: dict[str, str]) -> bool:
    return isinstance(item, dict) and all(key in item and written(item[key]) == value for key, value in wanted.items())


def find_item(items: list[Any], wanted: dict[str, str]) -> Any:
    """The first item with these values, or MISSING."""
    return next((item for item in items if _matches(item, wanted)), MISSING)


def mismatch(target: Any, patch: Any, path: str) -> BuildError:
    """The error of a patch that has another structure than the object."""
    return BuildError(
        f"wrong node kind: the object has {kind_of(target)} where the patch has {kind_of(patch)}",
        field=path,
        fix="give both the same structure",
    )
