# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Defaults, choices, and the ways to stop: required and fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.helm.functions.convert import is_empty
from engine.helm.template.errors import Asked
from engine.helm.template.signature import go


@go("any, ...any -> any")
def default(fallback: Any, *given: Any) -> Any:
    return fallback if not given or is_empty(given[0]) else given[0]


@go("any -> bool")
def empty(value: Any) -> bool:
    return is_empty(value)


@go("...any -> any")
def coalesce(*values: Any) -> Any:
    return next((value for value in values if not is_empty(value)), None)


@go("...any -> bool")
def all_(*values: Any) -> bool:
    return not any(map(is_empty, values))


@go("...any -> bool")
def any_(*values: Any) -> bool:
    return not all(map(is_empty, values))


@go("any, any, bool -> any")
def ternary(yes: Any, no: Any, condition: bool) -> Any:
    return yes if condition else no


@go("string, any -> any")
def required(message: str, value: Any) -> Any:
    if value is None or value == "":
        raise Asked(message)
    return value


@go("string, any -> any")
def required_leniently(message: str, value: Any) -> Any:
    """What lint makes of it: nothing is missing."""
    return "" if value is None or value == "" else value


@go("string -> string")
def fail(message: str) -> str:
    raise Asked(message)


@go("string -> string")
def fail_leniently(message: str) -> str:
    """What lint makes of it."""
    return ""


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "default": default, "empty": empty, "coalesce": coalesce, "all": all_, "any": any_, "ternary": ternary,
    "required": required, "fail": fail,
}  # fmt: skip
#: What takes their place for `helm lint`.
LENIENT: Final[dict[str, Callable[..., Any]]] = {"required": required_leniently, "fail": fail_leniently}
