"""Floats as Go prints them."""

from __future__ import annotations

import math
import struct
from typing import Final

#: Powers of ten from this one on are written as such.
_FROM_EXPONENT: Final = 6


def key_text(value: float) -> str:
    """A float as a key: sigs.k8s.io/yaml prints it with the precision of 32 bits."""
    narrow = _narrowed(value)
    if math.isinf(narrow):
        return ".inf" if narrow > 0 else "-.inf"
    if not narrow:
        return "-0" if math.copysign(1.0, value) < 0 else "0"
    texts = (f"{narrow:.{digits}e}" for digits in range(9))
    shortest = next((text for text in texts if _narrowed(float(text)) == narrow), repr(narrow))
    mantissa, _, exponent_text = shortest.partition("e")
    exponent = int(exponent_text)
    if -4 <= exponent < _FROM_EXPONENT:
        return _positional(mantissa, exponent)
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _narrowed(value: float) -> float:
    narrow: float = struct.unpack("f", struct.pack("f", value))[0]  # in the machine's own way: too large is infinite
    return narrow


def float_text(value: float) -> str:
    """A float as Go's %g with the shortest digits prints it (exponent from 1e+06 on); integral ones as ints."""
    if not value:
        return "0"
    mantissa, _, exponent_text = _shortest(value).partition("e")
    exponent = int(exponent_text)
    if value.is_integer() and abs(value) < 1e21:
        # JSON writes the digits out; whoever reads them gets an integer if 64 bits hold it.
        whole = int(_positional(mantissa, exponent))
        if -(2**63) <= whole < 2**64:
            return str(whole)
    if -4 <= exponent < _FROM_EXPONENT:
        return _positional(mantissa, exponent)
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _shortest(value: float) -> str:
    """The shortest digits that read back as the value, in d.ddde±x form."""
    text = repr(value)
    mantissa, _, exponent_text = text.partition("e")
    exponent = int(exponent_text or 0)
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) if whole != "0" else len(fraction.lstrip("0")) - len(fraction)
    digits = digits.rstrip("0") or "0"
    exponent += point - 1
    return f"{sign}{digits[0]}{'.' + digits[1:] if len(digits) > 1 else ''}e{exponent}"


def _positional(mantissa: str, exponent: int) -> str:
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "")
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if len(digits) <= exponent + 1:
        return sign + digits + "0" * (exponent + 1 - len(digits))
    return f"{sign}{digits[: exponent + 1]}.{digits[exponent + 1 :]}"
