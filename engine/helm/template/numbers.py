"""Go's number literals."""

from __future__ import annotations

import math
import re
from typing import Final

from engine.helm.template.nodes import Number
from engine.helm.template.quote import quote, unquote_char

_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LOOSE_UNDERSCORE: Final = re.compile(r"(?<![0-9a-fA-FxXoObB])_|_(?![0-9a-fA-F])")
_COMPLEX: Final = re.compile(r"(.*[^eEpP+-])([+-].*)i")


def character(pos: int, text: str) -> Number:
    """A quoted character, which is an integer; ValueError when it is none."""
    code = unquote_char(text)
    return Number(pos, text, code, code, float(code))


def number(pos: int, text: str) -> Number:
    """A number under every type that holds it; ValueError when there is none."""
    if text.endswith("i"):
        return _complex(pos, text)
    integer = _integer(text)
    if integer is not None and -(2**63) <= integer < 2**64:
        signed = integer if integer < 2**63 else None
        unsigned = integer if integer == 0 or (integer > 0 and text[0] != "+") else None
        if signed is not None or unsigned is not None:
            return Number(pos, text, signed, unsigned, float(integer))
    value = _float(text)
    if value is None:
        raise ValueError(f"illegal number syntax: {quote(text)}")
    if not set(".eEpP") & set(text):
        raise ValueError(f"integer overflow: {quote(text)}")
    return Number(pos, text, *_whole(value), value)


def _complex(pos: int, text: str) -> Number:
    parts = _COMPLEX.fullmatch(text)
    real = _float(parts.group(1)) if parts else 0.0
    imaginary = _float(parts.group(2) if parts else text[:-1])
    if real is None or imaginary is None:
        raise ValueError(f"illegal number syntax: {quote(text)}")
    if imaginary:
        return Number(pos, text, None, None, None, complex(real, imaginary))
    return Number(pos, text, *_whole(real), real, complex(real, imaginary))


def _whole(value: float) -> tuple[int | None, int | None]:
    """A float as int64 and as uint64, where it is one."""
    if not value.is_integer():
        return None, None
    number = int(value)
    return number if -(2**63) <= number < 2**63 else None, number if 0 <= number < 2**64 else None


def _integer(text: str) -> int | None:
    """strconv.ParseInt(text, 0, …) without its range: a leading zero means octal, underscores separate digits."""
    if _LOOSE_UNDERSCORE.search(text):
        return None
    digits = text.lstrip("+-")
    try:
        if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567_":
            return int(digits, 8) * (-1 if text[0] == "-" else 1)
        return int(text, 0)
    except ValueError:
        return None


def _float(text: str) -> float | None:
    """strconv.ParseFloat; None when it is no float or too large for one."""
    if _LOOSE_UNDERSCORE.search(text):
        return None
    plain = text.replace("_", "")
    is_hexadecimal = "x" in plain.lower()
    if not (is_hexadecimal and "p" in plain.lower()) and not _FLOAT.fullmatch(plain):
        return None
    try:
        value = float.fromhex(plain) if is_hexadecimal else float(plain)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
