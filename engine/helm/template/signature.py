"""The Go signature of a template function: what the engine checks before it calls.

Written as text beside the function: `@go("string, ...any -> string")`. Types: string, bool, int, float64, any, value
(reflect.Value: takes nil as it is), map, list, or another type's Go name in full. Python parameters are positional.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Signature:
    """Fixed parameters, the variadic one's type or "", the result's type."""

    fixed: tuple[str, ...]
    variadic: str
    result: str

    def parameter(self, index: int) -> str:
        """The type that an argument must have."""
        return self.fixed[index] if index < len(self.fixed) else self.variadic

    def problem(self, name: str, count: int, written: int) -> str:
        """What is wrong with this many arguments (`written` without the piped one), or ""."""
        if self.variadic:
            if count < len(self.fixed):
                return f"wrong number of args for {name}: want at least {len(self.fixed)} got {written}"
        elif count != len(self.fixed):
            return f"wrong number of args for {name}: want {len(self.fixed)} got {count}"
        return ""


#: Types that take any value as it is.
FREE: Final = frozenset(("any", "value"))
#: Our short names of types → Go's.
_GO_NAMES: Final = {"map": "map[string]interface {}", "list": "[]interface {}", "any": "interface {}"}
ANY: Final = Signature((), "any", "any")


@lru_cache(maxsize=512)
def signature(text: str) -> Signature:
    """Read `a, b, ...c -> d`."""
    parameters, _, result = text.partition("->")
    names = [part.strip() for part in parameters.split(",") if part.strip()]
    variadic = names.pop()[3:] if names and names[-1].startswith("...") else ""
    return Signature(tuple(names), variadic, result.strip() or "any")


def go(text: str) -> Callable[[_F], _F]:
    """Give a function its Go signature."""

    def mark(function: _F) -> _F:
        function.__dict__["go_signature"] = signature(text)
        return function

    return mark


def signature_of(function: Callable[..., Any]) -> Signature:
    """A function's signature; anything goes when it has none."""
    found = getattr(function, "go_signature", None)
    return found if isinstance(found, Signature) else ANY


def go_name(kind: str) -> str:
    """A parameter's type as Go writes it."""
    return _GO_NAMES.get(kind, kind)


def is_nullable(kind: str) -> bool:
    """Whether a parameter of this type may be given `nil`."""
    return kind in FREE or go_name(kind).startswith(("[]", "map", "*"))
