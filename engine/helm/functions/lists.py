# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Sprig's functions of lists; none changes its argument."""

from __future__ import annotations

from typing import Any, Final

from engine.helm.functions.convert import bounded_list, is_empty, sequence, text_of, texts_of, to_int64
from engine.helm.functions.reflection import deep_equal
from engine.helm.template.errors import CallError
from engine.helm.template.quote import to_bytes
from engine.helm.template.signature import go
from engine.helm.template.types import Chunks, NilList, Strings, go_kind


@go("...any -> []interface {}")
def list_(*values: Any) -> list[Any]:
    return list(values)


@go("any, any -> any")
def append(items: Any, value: Any) -> list[Any]:
    return [*sequence(items, "Cannot push on type"), value]


@go("any, any -> any")
def prepend(items: Any, value: Any) -> list[Any]:
    return [value, *sequence(items, "Cannot prepend on type")]


@go("any -> any")
def first(items: Any) -> Any:
    found = sequence(items, "Cannot find first on type")
    return found[0] if found else None


@go("any -> any")
def last(items: Any) -> Any:
    found = sequence(items, "Cannot find last on type")
    return found[-1] if found else None


@go("any -> any")
def rest(items: Any) -> list[Any]:
    found = sequence(items, "Cannot find rest on type")
    return list(found[1:]) if found else NilList()


@go("any -> any")
def initial(items: Any) -> list[Any]:
    found = sequence(items, "Cannot find initial on type")
    return list(found[:-1]) if found else NilList()


@go("any -> any")
def reverse(items: Any) -> list[Any]:
    return list(sequence(items, "Cannot find reverse on type"))[::-1]


@go("any -> any")
def compact(items: Any) -> list[Any]:
    return [item for item in sequence(items, "Cannot compact on type") if not is_empty(item)]


@go("any -> any")
def uniq(items: Any) -> list[Any]:
    kept: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for item in sequence(items, "Cannot find uniq on type"):
        if item.__class__ in (str, int, bool):
            key = (item.__class__, item)
            if key in seen:
                continue
            seen.add(key)
        elif _holds(kept, item):
            continue
        kept.append(item)
    return kept


def _holds(items: list[Any] | tuple[Any, ...], wanted: Any) -> bool:
    return any(deep_equal(wanted, item) for item in items)


@go("any, ...any -> any")
def without(items: Any, *omitted: Any) -> list[Any]:
    return [item for item in sequence(items, "Cannot find without on type") if not _holds(omitted, item)]


@go("any, any -> bool")
def has(wanted: Any, items: Any) -> bool:
    if items is None:
        return False
    return _holds(sequence(items, "Cannot find has on type"), wanted)


@go("any, ...any -> any")
def slice_(items: Any, *indices: Any) -> Any:
    found = sequence(items, "list should be type of slice or array but")
    if not found:
        return None
    start = to_int64(indices[0]) if indices else 0
    end = to_int64(indices[1]) if len(indices) > 1 else len(found)
    # Go allows an end up to the capacity, which is the length here.
    if start < 0 or start > end or end > len(found):
        raise CallError("reflect.Value.Slice: slice index out of bounds")
    part = found[start:end]
    return items.__class__(part) if isinstance(items, list) and items.__class__ is not list else part


@go("...any -> any")
def concat(*lists: Any) -> list[Any]:
    joined: list[Any] = []
    for items in lists:
        joined += sequence(items, "Cannot concat type") if isinstance(items, (list, tuple)) else _no_list(items)
    bounded_list(len(joined))
    return joined or NilList()


def _no_list(items: Any) -> list[Any]:
    if items is None or isinstance(items, bytes):
        return sequence(items, "")
    raise CallError(f"Cannot concat type {go_kind(items)} as list")


@go("int, any -> any")
def chunk(size: int, items: Any) -> list[list[Any]]:
    found = sequence(items, "Cannot chunk type")
    count = (len(found) - 1) // size + 1 if size else -1
    # Sprig works with sizes below zero until it makes a list of that many.
    if count < 0 or (size < 0 and count and -len(found) % size == 0):
        raise CallError("runtime error: makeslice: len out of range")
    if size < 0:
        return Chunks([list(found)] if count else [])
    return Chunks([list(found[start : start + size]) for start in range(0, len(found), size)])


@go("any -> []string")
def sort_alpha(items: Any) -> Strings:
    if isinstance(items, (list, tuple, bytes)):
        texts = texts_of(items)
        return Strings(sorted(texts) if all(map(str.isascii, texts)) else sorted(texts, key=to_bytes))
    return Strings([text_of(items)])


FUNCTIONS: Final = {
    "list": list_, "tuple": list_, "append": append, "push": append, "mustAppend": append, "mustPush": append,
    "prepend": prepend, "mustPrepend": prepend, "first": first, "mustFirst": first, "last": last, "mustLast": last,
    "rest": rest, "mustRest": rest, "initial": initial, "mustInitial": initial, "reverse": reverse,
    "mustReverse": reverse, "compact": compact, "mustCompact": compact, "uniq": uniq, "mustUniq": uniq,
    "without": without, "mustWithout": without, "has": has, "mustHas": has, "slice": slice_, "mustSlice": slice_,
    "concat": concat, "chunk": chunk, "mustChunk": chunk, "sortAlpha": sort_alpha,
}  # fmt: skip
