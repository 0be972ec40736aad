"""strconv.FormatFloat: the shortest digits that read back, or a given number of them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

_MANTISSA_BITS: Final = 52


def format_float(value: float, verb: str, precision: int) -> str:
    """`verb` is one of e E f g G x X b; precision -1 asks for the shortest digits."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if verb in "xX":
        text = _hexadecimal(value, precision)
        return text.upper() if verb == "X" else text
    if verb == "b":
        return _binary(value)
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if verb in "eE":
        return sign + _exponential(*_digits(value, precision + 1 if precision >= 0 else -1), precision, verb)
    if verb == "f":
        return sign + _fixed(value, precision)
    return sign + _general(value, verb, precision)


def _digits(value: float, count: int) -> tuple[str, int]:
    """Significant digits and the place of the point behind the first `place` of them."""
    if value == 0:
        return "0" * max(count, 1), 1
    number = Decimal(repr(abs(value))) if count < 0 else Decimal(abs(value))
    if count < 0:
        _, digits, exponent = number.as_tuple()
        text = "".join(map(str, digits))
        place = len(text) + int(exponent)
        return text.rstrip("0") or "0", place
    shown = f"{number:.{max(count, 1) - 1}e}"
    mantissa, _, exponent_text = shown.partition("e")
    return mantissa.replace(".", ""), int(exponent_text) + 1


def _exponential(digits: str, place: int, precision: int, verb: str) -> str:
    fraction = digits[1:] if precision < 0 else digits[1:].ljust(precision, "0")
    exponent = place - 1 if digits.strip("0") else 0
    mantissa = digits[0] + ("." + fraction if fraction else "")
    return f"{mantissa}{verb}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _fixed(value: float, precision: int) -> str:
    if precision >= 0:
        quantum = Decimal(1).scaleb(-precision)
        number = Decimal(abs(value))
        if precision > 20 or number > 10**20:
            return f"{number:.{precision}f}"
        return f"{number.quantize(quantum, rounding=ROUND_HALF_EVEN):f}"
    digits, place = _digits(value, -1)
    if value == 0:
        return "0"
    if place <= 0:
        return "0." + "0" * -place + digits
    if len(digits) <= place:
        return digits + "0" * (place - len(digits))
    return f"{digits[:place]}.{digits[place:]}"


def _general(value: float, verb: str, precision: int) -> str:
    shortest = precision < 0
    if not shortest and precision == 0:
        precision = 1
    digits, place = _digits(value, -1 if shortest else precision)
    digits = digits.rstrip("0") or "0"
    threshold = 6 if shortest else precision
    if not shortest and threshold > len(digits) >= place:
        threshold = len(digits)
    exponent = place - 1 if value else 0
    if exponent < -4 or exponent >= threshold:
        return _exponential(digits, place, -1, "e" if verb == "g" else "E")
    if value == 0:
        return "0"
    if place <= 0:
        return "0." + "0" * -place + digits
    if len(digits) <= place:
        return digits + "0" * (place - len(digits))
    return f"{digits[:place]}.{digits[place:]}"


def _hexadecimal(value: float, precision: int) -> str:
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if value == 0:
        return f"{sign}0x0{'.' + '0' * precision if precision > 0 else ''}p+00"
    mantissa, exponent = math.frexp(abs(value))
    mantissa, exponent = mantissa * 2, exponent - 1
    bits = int(mantissa * (1 << 60))
    digits = 15
    if precision >= 0 and precision < 15:
        shift = (15 - precision) * 4
        extra = bits & ((1 << (60 + 4)) - 1) & ((1 << shift) - 1)
        bits >>= shift
        if extra > 1 << (shift - 1) or (extra == 1 << (shift - 1) and bits & 1):
            bits += 1
        digits = precision
        if bits >> (4 * digits) > 1:
            bits >>= 1
            exponent += 1
    text = f"{bits:x}"
    head, fraction = text[: len(text) - digits], text[len(text) - digits :] if digits else ""
    if precision < 0:
        fraction = fraction.rstrip("0")
    elif precision > 15:
        fraction = fraction.ljust(precision, "0")
    mark = "-" if exponent < 0 else "+"
    return f"{sign}0x{head}{'.' + fraction if fraction else ''}p{mark}{abs(exponent):02d}"


def _binary(value: float) -> str:
    mantissa, exponent = math.frexp(value)
    whole = int(mantissa * (1 << (_MANTISSA_BITS + 1)))
    power = exponent - (_MANTISSA_BITS + 1) if value else -1074
    return f"{whole}p{'-' if power < 0 else '+'}{abs(power)}"
