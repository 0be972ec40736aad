"""What compiled templates call: fields, ranges, comparison, arguments and printing, by Go's rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

from engine.helm.template.errors import CallError, GoError, TemplateLimit
from engine.helm.template.gofmt import bounded, sprint, sprintf, sprintln, value_text
from engine.helm.template.quote import from_bytes, to_bytes
from engine.helm.template.types import (
    EMPTY_INTERFACE,
    NilDict,
    NilList,
    StringDict,
    Uint8,
    basic_kind,
    go_kind,
    go_type,
    is_nil,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one rendering."""

    #: Helm's own bound for `include` of one name within itself.
    recursion: int = 1000
    #: Bytes (counted as characters) that one template may write, and that one function may return.
    output: int = 64 * 1024 * 1024
    #: Elements of one `range`, and of a list that a function makes.
    elements: int = 10_000_000
    #: Seconds for everything that is executed by one call of `execute`.
    seconds: float = 60.0


class Output(list[str]):
    """What a template writes; counted every few thousand pieces."""

    __slots__ = ("_counted", "_limit", "_size", "mark")
    _STEP: Final = 4096

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.mark = self._STEP
        self._counted = 0
        self._size = 0
        self._limit = limit

    def check(self) -> None:
        """Count what is new."""
        self._size += sum(map(len, self[self._counted :]))
        self._counted = len(self)
        self.mark = self._counted + self._STEP
        if self._size > self._limit:
            raise TemplateLimit(f"a template writes more than {self._limit} characters")

    def text(self) -> str:
        """Everything written."""
        self.check()
        return "".join(self)


class Budget:
    """The time and the depth that are left to one rendering."""

    __slots__ = ("deadline", "depth", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.deadline = time.monotonic() + limits.seconds
        self.depth = 0

    def check(self) -> None:
        """Raise when the time is over."""
        if time.monotonic() > self.deadline:
            raise TemplateLimit(f"rendering takes longer than {self.limits.seconds:g} seconds")


# Fields


def chain(value: Any, names: Sequence[str]) -> Any:
    """`.a.b.c` on a value that may not be nil on the way."""
    for name in names:
        if value.__class__ is dict:
            value = value.get(name)
        else:
            value = field(value, name)
    return value


def loose_chain(value: Any, names: Sequence[str]) -> Any:
    """`.a.b.c` on what a pipeline gave: a field of nothing is nothing."""
    return None if value is None else chain(value, names)


def field(value: Any, name: str) -> Any:
    """One field, method without arguments, or map entry."""
    if value is None:
        raise GoError(f"nil pointer evaluating {EMPTY_INTERFACE}.{name}")
    methods = getattr(value, "go_methods", None)
    if methods is not None and name in methods:
        return method(value, name)
    if isinstance(value, Mapping):
        return value.get(name, "" if isinstance(value, StringDict) or go_type(value) == "map[string]string" else None)
    fields: Mapping[str, str] | None = getattr(value, "go_fields", None)
    if fields is not None and name in fields:
        return getattr(value, fields[name])
    raise GoError(f"can't evaluate field {name} in type {_static_type(value)}")


def _static_type(value: Any) -> str:
    return EMPTY_INTERFACE if value.__class__ in (str, bool, int, float, list) else go_type(value)


def method(value: Any, name: str, *args: Any) -> Any:
    """A method's result; its own complaint names it."""
    function = getattr(value, name)
    try:
        return function(*args)
    except TypeError as problem:
        raise GoError(f"wrong number of args for {name}: got {len(args)}") from problem
    except CallError as problem:
        raise GoError(f"error calling {name}: {problem}") from problem


def call_field(value: Any, name: str, *args: Any) -> Any:
    """A field with arguments: only methods take them."""
    methods = getattr(value, "go_methods", ())
    if name in methods:
        return method(value, name, *args)
    if value is None:
        raise GoError(f"nil pointer evaluating {EMPTY_INTERFACE}.{name}")
    if isinstance(value, Mapping):
        raise GoError(f"{name} is not a method but has arguments")
    if name in getattr(value, "go_fields", ()):
        raise GoError(f"{name} has arguments but cannot be invoked as function")
    raise GoError(f"can't evaluate field {name} in type {_static_type(value)}")


def loose_call_field(value: Any, name: str, *args: Any) -> Any:
    """The same on what a pipeline gave."""
    return None if value is None else call_field(value, name, *args)


# Printing and ranging


def show(value: Any) -> str:
    """What an action prints."""
    return "<no value>" if value is None else value_text(value)


def elements(value: Any, budget: Budget) -> Sequence[Any]:
    """What `range` with at most one variable walks."""
    cls = value.__class__
    if cls is list:
        found: Sequence[Any] = value
    elif isinstance(value, Mapping):
        found = [value[key] for key in sorted(value)]
    elif isinstance(value, (list, tuple, bytes)):
        found = value if cls is not bytes else [Uint8(byte) for byte in value]
    elif value is None:
        return ()
    elif isinstance(value, int) and cls is not bool:
        if value > budget.limits.elements:
            raise TemplateLimit(f"a range over more than {budget.limits.elements} elements")
        found = range(value) if cls is int else [cls(number) for number in range(value)]
    else:
        raise GoError(f"range can't iterate over {value_text(value)}")
    budget.check()
    return found


def items(value: Any, budget: Budget) -> Iterable[tuple[Any, Any]]:
    """What `range` with two variables walks; false when there is nothing."""
    if isinstance(value, Mapping):
        budget.check()
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, int) and value.__class__ is not bool:
        raise GoError(f"can't use {value} to iterate over more than one variable")
    return list(enumerate(elements(value, budget)))


# Arguments


def _mismatch(value: Any, wanted: str, nothing: str) -> NoReturn:
    if value is None:
        raise GoError(nothing)
    raise GoError(f"wrong type for value; expected {wanted}; got {go_type(value)}")


def _nothing(wanted: str, *, loose: bool) -> str:
    """How nil is refused: a pipeline's nil has no type, a field's is an empty interface."""
    if loose:
        return f"invalid value; expected {wanted}"
    return f"wrong type for value; expected {wanted}; got {EMPTY_INTERFACE}"


def _scalar(cls: type, wanted: str, *, loose: bool) -> Callable[[Any], Any]:
    nothing = _nothing(wanted, loose=loose)

    def check(value: Any) -> Any:
        if value.__class__ is cls:
            return value
        if value is None or go_type(value) != wanted:
            _mismatch(value, wanted, nothing)
        return cls(value)

    return check


def _container(cls: type, wanted: str, *, loose: bool) -> Callable[[Any], Any]:
    nothing = _nothing(wanted, loose=loose)
    # A named type is assignable to the unnamed one it is made of.
    alike = {wanted, "common.Values"} if cls is dict else {wanted}

    def check(value: Any) -> Any:
        if value.__class__ is cls:
            return value
        if value is None and loose:
            return NilDict() if cls is dict else NilList()
        if value is None or go_type(value) not in alike:
            _mismatch(value, wanted, nothing)
        return value

    return check


def _named(wanted: str, *, loose: bool) -> Callable[[Any], Any]:
    nothing = _nothing(wanted, loose=loose)

    def check(value: Any) -> Any:
        if value is None or go_type(value) != wanted:
            _mismatch(value, wanted, nothing)
        return value

    return check


#: Types of parameters in signatures → (Go's name, class).
_SCALARS: Final = {"string": str, "bool": bool, "int": int, "float64": float}
_CONTAINERS: Final = {"map": (dict, "map[string]interface {}"), "list": (list, "[]interface {}")}
#: Types that take any value as it is.
FREE: Final = frozenset(("any", "value"))


@lru_cache(maxsize=256)
def argument(wanted: str, loose: bool) -> Callable[[Any], Any]:
    """The check of an argument; `loose` when it comes out of a pipeline and not straight from a field."""
    if wanted in _SCALARS:
        return _scalar(_SCALARS[wanted], wanted, loose=loose)
    if wanted in _CONTAINERS:
        return _container(*_CONTAINERS[wanted], loose=loose)
    return _named(wanted, loose=loose)


# Comparison


def equal(first: Any, *others: Any) -> bool:
    """Eq."""
    if not others:
        raise CallError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _equal(first: Any, other: Any) -> bool:
    cls = first.__class__
    if cls is other.__class__ and (cls is str or cls is int or cls is float or cls is bool):
        return bool(first == other)
    one, two = basic_kind(first), basic_kind(other)
    if one != two:
        if {one, two} == {"int", "uint"}:
            return bool(first == other)
        if first is not None and other is not None:
            raise CallError(f"incompatible types for comparison: {go_type(first)} and {go_type(other)}")
        return False
    if one:
        return bool(first == other)
    if first is None or other is None or is_nil(first) or is_nil(other):
        return is_nil(first) == is_nil(other)
    if go_kind(first) != go_kind(other):
        raise CallError(
            f"non-comparable types {value_text(first)}: {go_type(first)}, {go_type(other)}: {value_text(other)}"
        )
    if go_kind(other) in ("map", "slice"):
        raise CallError(f"non-comparable type {value_text(other)}: {go_type(other)}")
    return go_type(first) == go_type(other) and bool(first is other or first == other)


def not_equal(first: Any, other: Any) -> bool:
    """Ne."""
    return not _equal(first, other)


def less(first: Any, other: Any) -> bool:
    """Lt."""
    one, two = basic_kind(first), basic_kind(other)
    if not one or not two:
        raise CallError("invalid type for comparison")
    if one != two and {one, two} != {"int", "uint"}:
        raise CallError(f"incompatible types for comparison: {go_type(first)} and {go_type(other)}")
    if one in ("bool", "complex"):
        raise CallError("invalid type for comparison")
    if one == "string" and not (first.isascii() and other.isascii()):
        return to_bytes(first) < to_bytes(other)
    return bool(first < other)


def less_or_equal(first: Any, other: Any) -> bool:
    """Le."""
    return less(first, other) or _equal(first, other)


def greater(first: Any, other: Any) -> bool:
    """Gt."""
    return not less_or_equal(first, other)


def greater_or_equal(first: Any, other: Any) -> bool:
    """Ge."""
    return not less(first, other)


# Builtins


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
    return item.get(key, "" if go_type(item) == "map[string]string" else None)


def _element(item: Any, index: Any) -> Any:
    sequence = to_bytes(item) if isinstance(item, str) else item
    position = _position(index, len(sequence))
    if position == len(sequence):
        raise CallError("reflect: slice index out of range")
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
        elif code < 0x20 or (code > 0x7E and not char.isprintable()):
            out.append(f"\\u{code:04X}")
        else:
            out.append(char)
    return bounded("".join(out))


def urlquery(*values: Any) -> str:
    """Urlquery."""
    data = to_bytes(_arguments(values))
    return "".join(chr(byte) if byte in _QUERY_SAFE else "+" if byte == 0x20 else f"%{byte:02X}" for byte in data)


def call_value(function: Any, *args: Any) -> Any:
    """call: there are no function values in Helm's data."""
    if function is None:
        raise CallError("call of nil")
    raise CallError(f"non-function {value_text(function)} of type {go_type(function)}")


def undefined(name: str) -> NoReturn:
    """An assignment to a variable that is not there."""
    raise GoError(f"undefined variable: {name}")


def fail(message: str) -> NoReturn:
    """Something that is known to fail, when it is reached."""
    raise GoError(message)


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
    "and": (call_value, "value, ...value -> any"),
    "or": (call_value, "value, ...value -> any"),
    "not": (call_value, "value -> bool"),
}
