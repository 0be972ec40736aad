"""Fields, map entries and methods, by Go's rules of nil."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.helm.template.arguments import argument
from engine.helm.template.errors import CallError, GoError
from engine.helm.template.signature import FREE, signature_of
from engine.helm.template.types import EMPTY_INTERFACE, ValuesMap, go_type


def chain(value: Any, names: Sequence[str], static_type: str = EMPTY_INTERFACE) -> Any:
    """`.a.b.c` on a value that may not be nil on the way.

    `static_type` is what Go knows of the value: an empty interface for what is in a mapping, "" for the type it has.
    """
    for name in names:
        cls = value.__class__
        if cls is dict or cls is ValuesMap:
            value = value.get(name)
            static_type = EMPTY_INTERFACE
        else:
            inner = EMPTY_INTERFACE if isinstance(value, Mapping) else ""
            value = field(value, name, static_type)
            static_type = inner
    return value


def loose_chain(value: Any, names: Sequence[str]) -> Any:
    """`.a.b.c` on what a pipeline gave: a field of nothing is nothing, and Go knows its type."""
    return None if value is None else chain(value, names, "")


def field(value: Any, name: str, static_type: str) -> Any:
    """One field, method without arguments, or map entry."""
    if name in getattr(value, "go_methods", ()):
        return method(value, name)
    if isinstance(value, Mapping):
        return value.get(name, getattr(value, "go_zero", None))
    fields: Mapping[str, str] = getattr(value, "go_fields", {})
    if name in fields:
        return getattr(value, fields[name])
    raise _no_field(value, name, static_type)


def _no_field(value: Any, name: str, static_type: str) -> GoError:
    if value is None:
        return GoError(f"nil pointer evaluating {EMPTY_INTERFACE}.{name}")
    return GoError(f"can't evaluate field {name} in type {static_type or go_type(value)}")


def method(value: Any, name: str, *args: Any) -> Any:
    """A method's result: its arguments are checked by its signature, its own complaint names it."""
    function = getattr(value, name)
    sign = signature_of(function)
    if wrong := sign.problem(name, len(args), len(args)):
        raise GoError(wrong)
    given = [_checked(arg, sign.parameter(index)) for index, arg in enumerate(args)]
    try:
        return function(*given)
    except CallError as problem:
        raise GoError(f"error calling {name}: {problem}") from problem


def _checked(value: Any, wanted: str) -> Any:
    return value if wanted in FREE else argument(wanted, True)(value)


def call_field(value: Any, name: str, *args: Any) -> Any:
    """A field with arguments: only methods take them."""
    if name in getattr(value, "go_methods", ()):
        return method(value, name, *args)
    if isinstance(value, Mapping):
        raise GoError(f"{name} is not a method but has arguments")
    if name in getattr(value, "go_fields", ()):
        raise GoError(f"{name} has arguments but cannot be invoked as function")
    raise _no_field(value, name, EMPTY_INTERFACE)


def loose_call_field(value: Any, name: str, *args: Any) -> Any:
    """The same on what a pipeline gave."""
    return None if value is None else call_field(value, name, *args)
