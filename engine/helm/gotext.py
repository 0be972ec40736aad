"""Small rules of Go's text handling that charts depend on."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

#: unicode.IsSpace; Python's str.strip() takes a few control characters more.
SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000"
)
_EXPONENT_FROM: Final = 6
_ESCAPED: Final = re.compile("[\ud800-\udfff]")


def trim_space(text: str) -> str:
    """strings.TrimSpace."""
    return text.strip(SPACE)


def trim_left(text: str) -> str:
    """strings.TrimLeftFunc(…, unicode.IsSpace)."""
    return text.lstrip(SPACE)


def go_float(value: float) -> str:
    """strconv.FormatFloat(value, 'g', -1, 64): the shortest digits, with an exponent from 1e+06 on and below 1e-04."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) + int(exponent) - 1 if text != "0" else 0
    minus = "-" if sign else ""
    if -4 <= power < _EXPONENT_FROM:
        if power < 0:
            return f"{minus}0.{'0' * (-power - 1)}{text}"
        whole, rest = text[: power + 1].ljust(power + 1, "0"), text[power + 1 :]
        return f"{minus}{whole}.{rest}" if rest else f"{minus}{whole}"
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{minus}{text[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"


def decode(data: bytes) -> str:
    """Bytes as a Go string is: what is not UTF-8 comes out again as it went in (surrogateescape)."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text from `decode`."""
    return text.encode("utf-8", "surrogateescape")


def valid(text: str) -> str:
    """The text with U+FFFD for each byte that is not UTF-8, as Go's JSON has it."""
    return text if text.isascii() else _ESCAPED.sub("\ufffd", text)
