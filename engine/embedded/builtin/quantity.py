"""Quantities (`100m`, `1Gi`) in the form that the API server stores them in."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, InvalidOperation, localcontext
from typing import Any

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BY_POWER = {power: suffix for suffix, power in _DECIMAL.items()}
_NANO = Decimal("1e-9")
_MAX_LENGTH = 100


def canonical(value: Any) -> str | None:
    """The canonical text (`1000m` → `1`, `1024Mi` → `1Gi`, 0.5 → `500m`); None when it is no quantity.

    No digit is lost, no fraction is left, and the suffix is the largest possible in the family it was written in.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    parsed = _parse(text) if len(text) <= _MAX_LENGTH else None
    if parsed is None:
        return None
    number, family = parsed
    if family == "binary" and abs(number) >= 1024 and number == number.to_integral_value():
        return _binary(int(number))
    return _exponent(number) if family == "exponent" else _decimal(number)


def amount(value: Any) -> Decimal | None:
    """The number a quantity stands for; None when it is none."""
    parsed = _parse(str(value)) if not isinstance(value, bool) and len(str(value)) <= _MAX_LENGTH else None
    return None if parsed is None else parsed[0]


def _parse(text: str) -> tuple[Decimal, str] | None:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    suffix = text[len(digits) :]
    if suffix in _BINARY[1:] and not {"e", "E"} & set(digits):
        factor, family = Decimal(1024) ** _BINARY.index(suffix), "binary"
    elif suffix in _DECIMAL:
        exponent = "e" in digits or "E" in digits
        factor, family = Decimal(10) ** _DECIMAL[suffix], "exponent" if exponent else "decimal"
        if exponent and suffix:
            return None
    else:
        return None
    if not digits.strip("+-") or any(char not in "0123456789+-.eE" for char in digits):
        return None
    try:
        with localcontext() as context:
            context.prec, context.Emax = 60, 40
            number = Decimal(digits) * factor
            return number.quantize(_NANO, rounding=ROUND_CEILING) if number % _NANO else number, family
    except (InvalidOperation, ArithmeticError):
        return None


def _binary(number: int) -> str:
    power = 0
    while power < len(_BINARY) - 1 and number % 1024 == 0:
        number //= 1024
        power += 1
    return f"{number}{_BINARY[power]}"


def _decimal(number: Decimal) -> str:
    mantissa, power = _scaled(number)
    while power < 18 and mantissa and mantissa % 1000 == 0:
        mantissa //= 1000
        power += 3
    return f"{mantissa}{_BY_POWER[power]}" if mantissa else "0"


def _exponent(number: Decimal) -> str:
    mantissa, power = _scaled(number)
    while mantissa and mantissa % 1000 == 0:
        mantissa //= 1000
        power += 3
    return f"{mantissa}e{power}" if power and mantissa else str(mantissa)


def _scaled(number: Decimal) -> tuple[int, int]:
    """The number as an integer and the power of ten, a multiple of three, that it stands at."""
    power = 0
    while number != number.to_integral_value() and power > -9:
        number *= 1000
        power -= 3
    return int(number.to_integral_value(rounding=ROUND_CEILING)), power
