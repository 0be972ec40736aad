"""What compiled templates call: printing, ranging, and all else by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar

from engine.helm.template.arguments import argument
from engine.helm.template.budget import Budget
from engine.helm.template.builtins import BUILTINS
from engine.helm.template.errors import GoError, TemplateLimit
from engine.helm.template.expressions import check_name
from engine.helm.template.fields import call_field, chain, loose_call_field, loose_chain
from engine.helm.template.gofmt import show, value_text
from engine.helm.template.signature import FREE, Signature
from engine.helm.template.types import Uint8

_T = TypeVar("_T")
#: What a variable holds whose declaration was skipped.
UNSET: Final = object()
#: Ranges that are shorter than this look at the budget once.
_SHORT: Final = 32


def elements(value: Any, budget: Budget) -> Iterable[Any]:
    """What `range` with at most one variable walks; false when there is nothing."""
    if isinstance(value, Mapping):
        found: Sequence[Any] = [value[key] for key in sorted(value)]
    elif isinstance(value, int) and not isinstance(value, bool):
        if value > budget.limits.elements:
            raise TemplateLimit(f"a range over more than {budget.limits.elements} numbers")
        numbers = range(value)
        found = numbers if value.__class__ is int else list(map(value.__class__, numbers))
    else:
        found = _sequence(value)
    return _watched(found, len(found), budget)


def items(value: Any, budget: Budget) -> Iterable[tuple[Any, Any]]:
    """What `range` with two variables walks; false when there is nothing."""
    if isinstance(value, Mapping):
        pairs = [(key, value[key]) for key in sorted(value)]
        return _watched(pairs, len(pairs), budget)
    if isinstance(value, int) and not isinstance(value, bool):
        raise GoError(f"can't use {value} to iterate over more than one variable")
    found = _sequence(value)
    return _watched(enumerate(found), len(found), budget)


def _sequence(value: Any) -> Sequence[Any]:
    match value:
        case None:
            return ()
        case bytes():
            return [Uint8(byte) for byte in value]
        case list() | tuple():
            return value
    raise GoError(f"range can't iterate over {value_text(value)}")


def _watched(found: Iterable[_T], size: int, budget: Budget) -> Iterable[_T]:
    budget.check()
    if not size:
        return ()
    return found if size < _SHORT else budget.watched(found)


def undefined(name: str) -> NoReturn:
    """An assignment to a variable that is not there."""
    raise GoError(f"undefined variable: {name}")


def fail(message: str) -> NoReturn:
    """Something that is known to fail, when it is reached."""
    raise GoError(message)


def namespace(functions: Mapping[str, Callable[..., Any]], signatures: Mapping[str, Signature]) -> dict[str, Any]:
    """The globals of compiled code: `functions` beside and before the builtin ones, checks for all their types."""
    helpers = (chain, loose_chain, call_field, loose_call_field, show, elements, items, undefined, fail)
    names: dict[str, Any] = {helper.__name__: helper for helper in helpers}
    names |= {"__builtins__": {"len": len}, "UNSET": UNSET}
    names |= {f"f_{name}": function for name, (function, _) in BUILTINS.items()}
    names |= {f"f_{name}": function for name, function in functions.items()}
    kinds = {kind for sign in signatures.values() for kind in (*sign.fixed, sign.variadic) if kind} - FREE
    for kind in kinds:
        for loose in (True, False):
            names[check_name(kind, loose=loose)] = argument(kind, loose)
    return names
