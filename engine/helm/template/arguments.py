"""The checks of typed arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NoReturn

from engine.helm.template.errors import GoError
from engine.helm.template.signature import go_name
from engine.helm.template.types import EMPTY_INTERFACE, NilDict, NilList, go_type


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
_CONTAINERS: Final[dict[str, type]] = {"map": dict, "list": list}


@lru_cache(maxsize=256)
def argument(wanted: str, loose: bool) -> Callable[[Any], Any]:
    """The check of an argument; `loose` when it comes out of a pipeline and not straight from a field."""
    if wanted in _SCALARS:
        return _scalar(_SCALARS[wanted], wanted, loose=loose)
    if wanted in _CONTAINERS:
        return _container(_CONTAINERS[wanted], go_name(wanted), loose=loose)
    return _named(wanted, loose=loose)
