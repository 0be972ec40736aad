"""The functions that text/template brings itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from engine.helm.template.comparison import equal, greater, greater_or_equal, less, less_or_equal, not_equal
from engine.helm.template.errors import CallError
from engine.helm.template.gofmt import bounded, show, sprint, sprintf, sprintln
from engine.helm.template.quote import from_bytes, to_bytes
from engine.helm.template.types import Uint8, basic_kind, go_kind, go_type


def _position(index: Any, size: int) -> int:
    if index is None:
        raise CallError("cannot index slice/array with nil")
    if basic_kind(index) not in ("int", "uint"):
        raise CallError(f"cannot index slice/array with type {go_type(index)}")
    if index < 0 or index > size:
        raise CallError(f"index out of range: {index}")
    return int(index)


def index_of(item: Any, *indexes: Any) -> Any:
    """Index."""
    if item is None:
        raise CallError("index of untyped nil")
    for index in indexes:
        if item is None:
            raise CallError("index of nil pointer")
        if isinstance(item, Mapping):
            item = _entry(item, index)
        elif isinstance(item, (str, list, tuple, bytes)):
            item = _element(item, index)
        else:
            raise CallError(f"can't index item of type {go_type(item)}")
    return item


def _entry(item: Mapping[str, Any], key: Any) -> Any:
    if key is None:
        raise CallError("value is nil; should be of type string")
    if go_kind(key) != "string":
        raise CallError(f"value has type {go_type(key)}; should be string")
    return item.get(key, getattr(item, "go_zero", None))


def _element(item: Any, index: Any) -> Any:
    sequence = to_bytes(item) if isinstance(item, str) else item
    position = _position(index, len(sequence))
    if position == len(sequence):
        kind = "string" if isinstance(item, str) else "slice"
        raise CallError(f"reflect: {kind} index out of range")
    found = sequence[position]
    return Uint8(found) if isinstance(sequence, bytes) else found


def slice_of(item: Any, *indexes: Any) -> Any:
    """slice, as text/template has it (Sprig's takes its place in Helm)."""
    if item is None:
        raise CallError("slice of untyped nil")
    if len(indexes) > 3:
        raise CallError(f"too many slice indexes: {len(indexes)}")
    if not isinstance(item, (str, list, tuple, bytes)):
        raise CallError(f"can't slice item of type {go_type(item)}")
    sequence = to_bytes(item) if isinstance(item, str) else item
    bounds = [0, len(sequence)]
    for place, index in enumerate(indexes[:2]):
        bounds[place] = _position(index, len(sequence))
    if bounds[0] > bounds[1]:
        raise CallError(f"invalid slice index: {bounds[0]} > {bounds[1]}")
    part = sequence[bounds[0] : bounds[1]]
    return from_bytes(part) if isinstance(item, str) and isinstance(part, bytes) else part


def length(item: Any) -> int:
    """Len."""
    if isinstance(item, str):
        return len(item) if item.isascii() else len(to_bytes(item))
    if item is None:
        raise CallError("len of nil pointer")
    if isinstance(item, (Mapping, list, tuple, bytes)):
        return len(item)
    raise CallError(f"len of type {go_type(item)}")


_HTML: Final = str.maketrans({'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"})
_JS: Final = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
}  # fmt: skip
_QUERY_SAFE: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")


def _arguments(values: Sequence[Any]) -> str:
    if len(values) == 1:
        return show(values[0])
    return sprint(*("<no value>" if value is None else value for value in values))


def html(*values: Any) -> str:
    """Html."""
    return bounded(_arguments(values).translate(_HTML))


def js(*values: Any) -> str:
    """Js."""
    out: list[str] = []
    for char in _arguments(values):
        code = ord(char)
        if char in _JS:
            out.append(_JS[char])
        elif code < 0x20 or (code >= 0x80 and not char.isprintable() and not 0xDC80 <= code <= 0xDCFF):
            out.append(f"\\u{code:04X}")
        else:
            out.append(char)
    return bounded("".join(out))


def urlquery(*values: Any) -> str:
    """Urlquery."""
    data = to_bytes(_arguments(values))
    return "".join(chr(byte) if byte in _QUERY_SAFE else "+" if byte == 0x20 else f"%{byte:02X}" for byte in data)


def call_value(name: str, function: Any, *args: Any) -> Any:
    """call: there are no function values in Helm's data. `name` is how the function is spelled."""
    if function is None:
        raise CallError("call of nil")
    raise CallError(f"non-function {name} of type {go_type(function)}")


def _written_as_python(*_: Any) -> Any:
    """and, or, not: the compiler knows them."""
    raise AssertionError


#: Go's own functions: name → (function, types of the parameters, type of the result).
BUILTINS: Final[dict[str, tuple[Callable[..., Any], str]]] = {
    "eq": (equal, "value, ...value -> bool"),
    "ne": (not_equal, "value, value -> bool"),
    "lt": (less, "value, value -> bool"),
    "le": (less_or_equal, "value, value -> bool"),
    "gt": (greater, "value, value -> bool"),
    "ge": (greater_or_equal, "value, value -> bool"),
    "index": (index_of, "value, ...value -> any"),
    "slice": (slice_of, "value, ...value -> any"),
    "len": (length, "value -> int"),
    "print": (sprint, "...any -> string"),
    "printf": (sprintf, "string, ...any -> string"),
    "println": (sprintln, "...any -> string"),
    "html": (html, "...any -> string"),
    "js": (js, "...any -> string"),
    "urlquery": (urlquery, "...any -> string"),
    "call": (call_value, "value, ...value -> any"),
    "and": (_written_as_python, "value, ...value -> any"),
    "or": (_written_as_python, "value, ...value -> any"),
    "not": (_written_as_python, "value -> bool"),
}
