"""Kubernetes quantities: `100m`, `1.5Gi`, `2e3`; their value and the canonical text Go prints."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal
from typing import Any, Final

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+|)")
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_SUFFIX: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_LIMIT: Final = 64
_SMALLEST: Final = Decimal("1e-9")


def value(quantity: Any) -> Decimal | None:
    """The number a quantity stands for, or None when it is none."""
    found = _parse(quantity)
    return found[0] if found else None


def canonical(quantity: Any) -> str | None:
    """The text Go prints: no fraction, the largest suffix that fits, the suffix's own family; None when it is none."""
    found = _parse(quantity)
    if found is None:
        return None
    number, suffix = found
    number = number.quantize(_SMALLEST, rounding=ROUND_UP) if number.as_tuple().exponent < -9 else number  # type: ignore[operator]
    if suffix in _BINARY and abs(number) >= 1024 and number == number.to_integral_value():
        return _binary(int(number))
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        mantissa, exponent = _decimal(number)
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    mantissa, exponent = _decimal(number)
    return f"{mantissa}{_DECIMAL_SUFFIX[exponent]}"


def same(left: Any, right: Any) -> bool:
    """Whether both are quantities of the same value."""
    first = value(left)
    return first is not None and first == value(right)


def _parse(quantity: Any) -> tuple[Decimal, str] | None:
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return None
    match = _NUMBER.fullmatch(str(quantity)) if len(str(quantity)) <= _LIMIT else None
    if not match:
        return None
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _BINARY:
        return number * 1024 ** _BINARY[suffix], suffix
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix]), suffix
    exponent = int(suffix[1:])
    return (number.scaleb(exponent), suffix) if abs(exponent) <= _LIMIT else None


def _binary(number: int) -> str:
    for suffix, power in sorted(_BINARY.items(), key=lambda item: -item[1]):
        if number % 1024**power == 0:
            return f"{number // 1024**power}{suffix}"
    return str(number)


def _decimal(number: Decimal) -> tuple[int, int]:
    """(mantissa, exponent) with an integral mantissa and the largest exponent that is a multiple of three."""
    if number == 0:
        return 0, 0
    for exponent in range(18, -12, -3):
        scaled = number.scaleb(-exponent)
        if scaled == scaled.to_integral_value():
            return int(scaled), exponent
    return int(number.scaleb(9).to_integral_value(ROUND_UP)), -9
