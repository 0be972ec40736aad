"""JSON patch (RFC 6902), with the liberties of the API server's library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from engine.embedded.patch.errors import check_depth, rejected, too_large, unreadable

MAX_OPERATIONS = 10_000
MAX_COPIED = 3 * 1024 * 1024
_ABSENT: Final = object()

Pointer = list[str]


def json_patch(doc: dict[str, Any], operations: Any) -> dict[str, Any]:
    """`doc` after the operations, in order. Nothing is changed in place.

    Raises PatchError: 400 for a patch that cannot be read, 422 for one that does not apply, 413 for a huge one.
    """
    if not isinstance(operations, list):
        raise unreadable(operations, "[]handlers.jsonPatchOp")
    if len(operations) > MAX_OPERATIONS:
        raise too_large(f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}")
    check_depth(operations)
    document: Any = doc
    copied = 0
    for operation in operations:
        act, path = _read(operation)
        if operation["op"] == "copy":
            copied += len(orjson.dumps(_look(document, _pointer(operation.get("from")))))
            if copied > MAX_COPIED:
                raise too_large(f"the copies of a JSON patch may have {MAX_COPIED} bytes together")
        document = act(document, path, operation)
    if not isinstance(document, dict):
        raise rejected("the patched document is no object")
    check_depth([document])
    return document


Act = Callable[[Any, Pointer, Mapping[str, Any]], Any]


def _read(operation: Any) -> tuple[Act, Pointer]:
    if not isinstance(operation, dict):
        raise unreadable(operation, "handlers.jsonPatchOp")
    act = _ACTS.get(str(operation.get("op")))
    if act is None:
        raise rejected(f"unknown operation {str(operation.get('op'))[:40]!r}")
    return act, _pointer(operation.get("path"))


def _pointer(text: Any) -> Pointer:
    """The steps of a JSON pointer (RFC 6901)."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise rejected(f"{str(text)[:80]!r} is no JSON pointer")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _add(document: Any, path: Pointer, operation: Mapping[str, Any]) -> Any:
    return _put(document, path, operation.get("value"))


def _replace(document: Any, path: Pointer, operation: Mapping[str, Any]) -> Any:
    _look(document, path)
    return _change(document, path, lambda _: operation.get("value"))


def _remove(document: Any, path: Pointer, operation: Mapping[str, Any]) -> Any:
    del operation
    _find(document, path)
    return _change(document, path, lambda _: _ABSENT)


def _move(document: Any, path: Pointer, operation: Mapping[str, Any]) -> Any:
    source = _pointer(operation.get("from"))
    if path[: len(source)] == source and len(path) > len(source):
        raise rejected("a value cannot be moved into itself")
    value = _find(document, source)
    return _put(_change(document, source, lambda _: _ABSENT), path, value)


def _copy(document: Any, path: Pointer, operation: Mapping[str, Any]) -> Any:
    return _put(document, path, _look(document, _pointer(operation.get("from"))))


def _test(document: Any, path: Pointer, operation: Mapping[str, Any]) -> Any:
    found, wanted = _look(document, path), operation.get("value")
    if orjson.dumps(found, option=orjson.OPT_SORT_KEYS) != orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS):
        raise rejected(f"testing {'/'.join(['', *path])[:200]} failed")
    return document


_ACTS: Mapping[str, Act] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _find(document: Any, path: Pointer) -> Any:
    for step in path:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list):
            document = document[_index(step, len(document))]
        else:
            raise rejected(f"{step[:80]!r} is not there")
    return document


def _look(document: Any, path: Pointer) -> Any:
    """What is at the path; a field that is missing from a map that is there counts as null.

    The API server's library lets replace, copy and test do with such fields, against RFC 6902; values too.
    """
    if not path:
        return document
    parent = _find(document, path[:-1])
    if isinstance(parent, dict):
        return parent.get(path[-1])
    return _find(parent, path[-1:])


def _index(step: str, count: int) -> int:
    """An index below `count`; negative ones count from the end, as the API server's library does."""
    digits = step[1:] if step[:1] in ("-", "+") else step
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise rejected(f"{step[:80]!r} is no index")
    index = int(step)
    if not -count <= index < count:
        raise rejected(f"index {index} is out of bounds")
    return index % count


def _change(document: Any, path: Pointer, make: Callable[[Any], Any]) -> Any:
    """A copy along the path, with what is there replaced; _ABSENT removes it."""
    if not path:
        return make(document)
    step, rest = path[0], path[1:]
    if isinstance(document, dict):
        new = _change(document.get(step, _ABSENT), rest, make)
        if new is _ABSENT:
            return {name: value for name, value in document.items() if name != step}
        return {**document, step: new}
    if isinstance(document, list):
        index = _index(step, len(document))
        new = _change(document[index], rest, make)
        return [*document[:index], *([] if new is _ABSENT else [new]), *document[index + 1 :]]
    raise rejected(f"{step[:80]!r} is below a scalar or missing")


def _put(document: Any, path: Pointer, value: Any) -> Any:
    """A copy along the path, with the value added: into a list it is inserted."""
    if not path:
        raise rejected("the whole document can only be replaced")
    parent = path[:-1]
    if not isinstance(_find(document, parent), (dict, list)):
        raise rejected("the parent of the path is no container")
    return _change(document, parent, lambda container: _insert(container, path[-1], value))


def _insert(container: Any, step: str, value: Any) -> Any:
    if isinstance(container, dict):
        return {**container, step: value}
    index = len(container) if step == "-" else _index(step, len(container) + 1)
    return [*container[:index], value, *container[index:]]
