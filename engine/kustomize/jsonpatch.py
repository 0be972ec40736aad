"""JSON Patch (RFC 6902) with the liberties of the library that kustomize uses: negative list indices."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine import yaml
from engine.errors import Malformed
from engine.kustomize.errors import BuildError
from engine.kustomize.limits import check_size

Operation = Mapping[str, Any]


def parse_patch(text: str, limits: yaml.Limits) -> list[Operation]:
    """The operations of a patch in JSON or YAML; BuildError when it is none."""
    try:
        raw = json.loads(text) if text.startswith("[") else _first_document(text, limits)
    except (ValueError, Malformed, RecursionError) as error:
        raise BuildError(f"not a JSON patch: {error}") from error
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise BuildError("a JSON patch must be a list of operations", fix="start it with `- op: …`")
    return raw


def _first_document(text: str, limits: yaml.Limits) -> Any:
    return next(iter(yaml.load_all(text, name="patch", limits=limits, unique_keys=False)), None)


def apply_patch(document: Any, operations: list[Operation]) -> Any:
    """The document, changed; BuildError names the operation that does not apply."""
    for index, operation in enumerate(operations):
        kind = operation.get("op")
        apply = _OPERATIONS.get(str(kind))
        if apply is None:
            raise BuildError(f'unknown JSON patch operation "{kind}"', field=f"[{index}].op")
        try:
            document = apply(document, operation)
        except _DoesNotApplyError as error:
            raise BuildError(
                f"{kind} operation does not apply at {operation.get('path')}: {error}",
                field=f"[{index}]",
                fix="check the path against the object that is patched",
            ) from error
        if kind == "copy":
            check_size(document, "the object that is patched")
    return document


class _DoesNotApplyError(Exception):
    """The operation does not fit the document."""


def _parts(pointer: Any) -> list[str]:
    if not isinstance(pointer, str):
        raise _DoesNotApplyError("path is not a string")
    if pointer == "":
        return []
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _parent(document: Any, parts: list[str]) -> Any:
    node = document
    for part in parts[:-1]:
        node = _get(node, part)
        if not isinstance(node, (dict, list)):
            raise _DoesNotApplyError(f'doc is missing path: "{part}" is not there')
    return node


def _index(node: list[Any], part: str, size: int) -> int:
    try:
        index = int(part)
    except ValueError as error:
        raise _DoesNotApplyError(f'"{part}" is not a list index') from error
    if not -size <= index < size:
        raise _DoesNotApplyError(f"list index {index} is out of bounds")
    return index + size if index < 0 else index


def _get(node: Any, part: str) -> Any:
    if isinstance(node, dict):
        if part not in node:
            raise _DoesNotApplyError(f'key "{part}" is missing')
        return node[part]
    if isinstance(node, list):
        return node[_index(node, part, len(node))]
    raise _DoesNotApplyError(f'"{part}" is looked for in a scalar')


def _lookup(document: Any, pointer: Any) -> Any:
    parts = _parts(pointer)
    return _get(_parent(document, parts), parts[-1]) if parts else document


def _insert(document: Any, pointer: Any, value: Any) -> Any:
    parts = _parts(pointer)
    if not parts:
        return value
    node, last = _parent(document, parts), parts[-1]
    if isinstance(node, dict):
        node[last] = value
    elif isinstance(node, list):
        node.insert(len(node) if last == "-" else _index(node, last, len(node) + 1), value)
    else:
        raise _DoesNotApplyError("the parent is a scalar")
    return document


def _delete(document: Any, pointer: Any) -> Any:
    parts = _parts(pointer)
    if not parts:
        raise _DoesNotApplyError("the whole document cannot be removed")
    node, last = _parent(document, parts), parts[-1]
    _get(node, last)
    if isinstance(node, list):
        del node[_index(node, last, len(node))]
    else:
        del node[last]
    return document


def _value(operation: Operation) -> Any:
    return copy_value(operation.get("value"))


def copy_value(value: Any) -> Any:
    """A deep copy of a JSON value."""
    if value.__class__ is dict:
        return {key: copy_value(child) for key, child in value.items()}
    if value.__class__ is list:
        return [copy_value(child) for child in value]
    return value


def _replace(document: Any, operation: Operation) -> Any:
    parts = _parts(operation.get("path"))
    if not parts:
        return _value(operation)
    node, last = _parent(document, parts), parts[-1]
    if isinstance(node, list):
        node[_index(node, last, len(node))] = _value(operation)
    elif isinstance(node, dict):
        # Also when the key is missing: the library adds it.
        node[last] = _value(operation)
    else:
        raise _DoesNotApplyError("the parent is a scalar")
    return document


def _copy(document: Any, operation: Operation) -> Any:
    parts = _parts(operation.get("from"))
    parent = _parent(document, parts) if parts else None
    # A missing key is copied as null.
    value = parent.get(parts[-1]) if isinstance(parent, dict) else _lookup(document, operation.get("from"))
    return _insert(document, operation.get("path"), copy_value(value))


def _move(document: Any, operation: Operation) -> Any:
    value = _lookup(document, operation.get("from"))
    return _insert(_delete(document, operation.get("from")), operation.get("path"), value)


def _test(document: Any, operation: Operation) -> Any:
    expected = operation.get("value")
    parts = _parts(operation.get("path"))
    parent = _parent(document, parts) if parts else None
    # A missing key equals null.
    actual = parent.get(parts[-1]) if isinstance(parent, dict) else _lookup(document, operation.get("path"))
    if not _same(actual, expected):
        raise _DoesNotApplyError("the value differs from the one tested for")
    return document


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON texts: 1 is not 1.0, and true is not 1."""
    if left.__class__ is not right.__class__:
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


_OPERATIONS: Final[dict[str, Callable[[Any, Operation], Any]]] = {
    "add": lambda document, operation: _insert(document, operation.get("path"), _value(operation)),
    "remove": lambda document, operation: _delete(document, operation.get("path")),
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
