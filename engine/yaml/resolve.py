"""What a plain scalar means: the resolution rules of go-yaml v2 and v3.

Both end in JSON values, because that is where every Kubernetes program takes them: an integral
float becomes an int, infinities and NaN are refused, a date is a string.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import Enum
from typing import Final

Scalar = str | int | float | bool | None


class Profile(Enum):
    """Whose rules: V2 = sigs.k8s.io/yaml (controllers, Helm), V3 = kyaml (kustomize)."""

    V2 = 2
    V3 = 3


class NotJSON(ValueError):
    """A value that YAML has and JSON has not: an infinity or NaN."""


_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE: Final = frozenset(("true", "True", "TRUE"))
_FALSE: Final = frozenset(("false", "False", "FALSE"))
_OLD_TRUE: Final = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"))
_OLD_FALSE: Final = frozenset(("n", "N", "no", "No", "NO", "off", "Off", "OFF"))
#: Infinities and NaN; as keys they are texts.
NOT_JSON: Final = frozenset(
    (".nan", ".NaN", ".NAN", *(sign + inf for sign in ("", "+", "-") for inf in (".inf", ".Inf", ".INF")))
)

#: The only first characters with which a plain scalar can be anything but a string.
_HINTS: Final = frozenset("0123456789+-.yYnNtTfFoO~")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
#: What Go's ParseFloat takes after a leading dot.
_DOT_FLOAT: Final = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+)?", re.ASCII)
_INT: Final = re.compile(r"([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt]|[ ])(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d\d:\d\d)?)?",
    re.ASCII,
)
_SPACED_ZONE: Final = re.compile(r"\d+-\d+-\d+ .*(?:Z|[-+]\d\d:\d\d)", re.ASCII)
_BASE60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MAX_INT64: Final = 2**63 - 1
_MAX_UINT64: Final = 2**64 - 1
_MIN_INT64: Final = -(2**63)


def number(value: float) -> int | float:
    """A float as JSON carries it: integral ones that fit 64 bits are ints."""
    if not math.isfinite(value):
        raise NotJSON(f"{value} is not a JSON number")
    return int(value) if value.is_integer() and abs(value) <= 2**53 else value


def _integer(text: str) -> int | None:
    match = _INT.fullmatch(text)
    if match is None:
        return None
    sign, binary, hexadecimal, octal, decimal = match.groups()
    for digits, base in ((binary, 2), (hexadecimal, 16), (octal, 8), (decimal, 10)):
        if digits is not None:
            if len(digits) > 80:
                return None
            value = int(digits, base)
            if sign == "-":
                value = -value
            elif sign == "+" and value > _MAX_INT64:
                return None
            return value if _MIN_INT64 <= value <= _MAX_UINT64 else None
    return None


def _number(text: str) -> int | float | None:
    """An int or float, or None for a string."""
    plain = text.replace("_", "")
    integer = _integer(plain)
    if integer is not None:
        return integer
    if _FLOAT.fullmatch(plain) is None:
        return None
    value = float(plain)
    return None if math.isinf(value) else number(value)


def timestamp(text: str) -> str | None:
    """The instant in RFC 3339, or None when the text is no timestamp."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None or _SPACED_ZONE.fullmatch(text) is not None:
        return None
    year, month, day = (int(part) for part in match.group(1, 2, 3))
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] + leap:
        return None
    hour, minute, second = (int(part or 0) for part in match.group(4, 5, 6))
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = (match.group(7) or "").rstrip("0").rstrip(".")
    zone = match.group(8)
    if match.group(4) is not None and zone is None and " " not in text:
        return None
    date = f"{year:04d}-{month:02d}-{day:02d}"
    return f"{date}T{hour:02d}:{minute:02d}:{second:02d}{fraction}{'Z' if zone in (None, '+00:00') else zone}"


def plain_v2(text: str) -> Scalar:
    """A plain scalar by go-yaml v2's rules, as sigs.k8s.io/yaml hands it on."""
    if text and text[0] not in _HINTS:
        return text
    value = _word(text, old_booleans=True)
    if value is not text:
        return value
    if text[0] in "0123456789+-" and timestamp(text) is None:
        found = _number(text)
        if found is not None:
            return float(found) if isinstance(found, int) and found > _MAX_INT64 else found
    return text


def plain_v3(text: str) -> Scalar:
    """A plain scalar by go-yaml v3's rules, as kustomize prints it."""
    if text and text[0] not in _HINTS:
        return text
    value = _word(text, old_booleans=False)
    if value is not text:
        return value
    if text[0] in "0123456789+-":
        instant = timestamp(text)
        if instant is not None:
            return instant
        found = _number(text)
        if found is not None:
            return found
    return text


def _word(text: str, *, old_booleans: bool) -> Scalar:
    """Nulls, booleans, infinities and dotted floats; the very same text when it is none of them."""
    if text in _NULLS:
        return None
    if text in _TRUE or (old_booleans and text in _OLD_TRUE):
        return True
    if text in _FALSE or (old_booleans and text in _OLD_FALSE):
        return False
    if text in NOT_JSON:
        raise NotJSON(f"{text} is not a JSON number")
    if text[0] == "." and _DOT_FLOAT.fullmatch(text):
        value = float(text)
        return text if math.isinf(value) else number(value)
    return text


def reads_as_string(text: str) -> bool:
    """Whether the text, printed plain, is a string again for old and new readers of YAML."""
    if not text or text[0] not in _HINTS:
        return bool(text)
    try:
        value = plain_v2(text)
    except NotJSON:
        return False
    if not isinstance(value, str):
        return False
    return not (text[0] in "0123456789+-" and (timestamp(text) is not None or _BASE60.fullmatch(text)))


#: The rule of each profile.
RULES: Final[dict[Profile, Callable[[str], Scalar]]] = {Profile.V2: plain_v2, Profile.V3: plain_v3}
