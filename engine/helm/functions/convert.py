"""Conversions that many functions share: Sprig's text of a value, spf13/cast's numbers, and what counts as empty."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from engine.helm.template.errors import CallError, TemplateLimit
from engine.helm.template.gofmt import value_text
from engine.helm.template.quote import from_bytes
from engine.helm.template.types import Strings, Uint8, go_kind

_FLOAT: Final = re.compile(
    r"[+-]?(DIGITS\.?(?:DIGITS)?|\.DIGITS)([eE][+-]?DIGITS)?".replace("DIGITS", "[0-9]+(?:_[0-9]+)*")
)
_HEX_FLOAT: Final = re.compile(r"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+", re.ASCII)
_INT: Final = re.compile(
    r"([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]((?:_?[0-7])+)|(0(?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))",
    re.ASCII,
)
_BASES: Final = (16, 2, 8, 8, 10)
_MIN: Final = -(2**63)
#: Lists and maps in one another that functions follow.
MAX_DEPTH: Final = 500
_MAX_TEXT: Final = 64 * 1024 * 1024
_MAX_ELEMENTS: Final = 1_000_000
_MAX_NODES: Final = 200_000


def bounded_text(size: int) -> None:
    """Refuse to make a text that is larger than any chart needs."""
    if size > _MAX_TEXT:
        raise TemplateLimit(f"a function would return more than {_MAX_TEXT} characters")


def bounded_list(size: int) -> None:
    """Refuse to make a list that is longer than any chart needs."""
    if size > _MAX_ELEMENTS:
        raise TemplateLimit(f"a function would return more than {_MAX_ELEMENTS} elements")


class Nodes:
    """How many values a function may still go through: what shares its parts is larger than it looks."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = _MAX_NODES

    def take(self, count: int = 1) -> None:
        """So many more."""
        self.left -= count
        if self.left < 0:
            raise TemplateLimit(f"a value holds more than {_MAX_NODES} others")


def deeper(depth: int) -> int:
    """One level further into a value, unless that is deeper than any chart goes (or the value holds itself)."""
    if depth >= MAX_DEPTH:
        raise TemplateLimit(f"a value is nested deeper than {MAX_DEPTH} levels")
    return depth + 1


def holds_itself(value: Any) -> bool:
    """Whether a list or map is found again on some way into it."""
    path: dict[int, None] = {}
    left: list[tuple[Any, bool]] = [(value, False)]
    while left:
        item, leave = left.pop()
        if leave:
            path.popitem()
            continue
        if not isinstance(item, (Mapping, list, tuple)):
            continue
        if id(item) in path:
            return True
        path[id(item)] = None
        left.append((item, True))
        left += ((inner, False) for inner in (item.values() if isinstance(item, Mapping) else item))
    return False


def text_of(value: Any) -> str:
    """Sprig's strval."""
    if value.__class__ is str:
        return value
    if isinstance(value, bytes):
        return from_bytes(value)
    return value_text(value)


def texts_of(value: Any) -> list[str]:
    """Sprig's strslice: nils are left out, a single value is a list of one."""
    if isinstance(value, Strings):
        return value
    if isinstance(value, bytes):
        return [str(byte) for byte in value]
    if isinstance(value, (list, tuple)):
        return [text_of(item) for item in value if item is not None]
    return [] if value is None else [text_of(value)]


def is_empty(value: Any) -> bool:
    """Sprig's empty: zero values, but no struct."""
    if value is None:
        return True
    if isinstance(value, (str, bool, int, float, Mapping, list, tuple, bytes)):
        return not value
    return False


def parse_int(text: str) -> int | None:
    """strconv.ParseInt(text, 0, 64)."""
    match = _INT.fullmatch(text)
    if match is None:
        return None
    sign, *groups = match.groups()
    for digits, base in zip(groups, _BASES, strict=True):
        if digits is not None:
            bare = digits.replace("_", "")
            if len(bare) > 80:
                return None
            number = int(bare, base) * (-1 if sign == "-" else 1)
            return number if _MIN <= number < 2**63 else None
    return None


def parse_float(text: str) -> float | None:
    """strconv.ParseFloat: out of range is None."""
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        return None if math.isinf(number) else number
    if _HEX_FLOAT.fullmatch(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            return None
    word = text.lower().lstrip("+-")
    if word in ("inf", "infinity") and len(text) - len(word) <= 1:
        return -math.inf if text.startswith("-") else math.inf
    return math.nan if word == "nan" and len(text) == 3 else None


def to_int64(value: Any) -> int:
    """cast.ToInt64: what cannot be converted is 0."""
    cls = value.__class__
    if cls is int:
        return value  # type: ignore[no-any-return]
    if cls is float:
        return float_to_int(value)
    if cls is bool:
        return int(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return parse_int(_trim_zero_decimal(value)) or 0
    return 0


def float_to_int(value: float) -> int:
    """A float64 as int64, as amd64 converts it."""
    if math.isnan(value) or not -(2.0**63) <= value < 2.0**63:
        return _MIN
    return int(value)


def _trim_zero_decimal(text: str) -> str:
    """1.000 → 1; other decimals stay, and are no integers then."""
    whole, point, fraction = text.rpartition(".")
    return whole if point and fraction and not fraction.strip("0") else text


def to_float64(value: Any) -> float:
    """cast.ToFloat64: what cannot be converted is 0."""
    cls = value.__class__
    if cls is float:
        return value  # type: ignore[no-any-return]
    if isinstance(value, (bool, int)):
        return float(value)
    if isinstance(value, str):
        number = parse_float(value)
        return 0.0 if number is None else number
    return 0.0


def sequence(value: Any, verb: str) -> list[Any]:
    """The elements of a slice; anything else is refused in Sprig's words."""
    if isinstance(value, list):
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, bytes):
        return [Uint8(byte) for byte in value]
    if value is None:
        raise CallError("runtime error: invalid memory address or nil pointer dereference")
    raise CallError(f"{verb} {go_kind(value)}")
