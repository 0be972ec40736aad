"""Go's time.Duration: reading and printing. A duration is nanoseconds."""

from __future__ import annotations

import re
from typing import Final

SECOND: Final = 10**9
_UNITS: Final = {
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND,
}  # fmt: skip
_PIECE: Final = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)")
_MAX: Final = 2**63


class BadDuration(ValueError):
    """A text that is no duration; in Go's words."""


def parse_duration(text: str) -> int:
    """time.ParseDuration; BadDuration when it is none."""
    bare = text[1:] if text[:1] in ("+", "-") else text
    if bare == "0":
        return 0
    if not bare:
        raise BadDuration(f"time: invalid duration {quoted(text)}")
    total, at = 0, 0
    while at < len(bare):
        match = _PIECE.match(bare, at)
        assert match is not None  # every group may be empty
        total += _piece(match, text)
        if total > _MAX:
            raise BadDuration(f"time: invalid duration {quoted(text)}")
        at = match.end()
    if text.startswith("-"):
        return -total
    if total == _MAX:
        raise BadDuration(f"time: invalid duration {quoted(text)}")
    return total


def _piece(match: re.Match[str], text: str) -> int:
    whole, fraction, unit = match.group(1), (match.group(2) or "")[1:], match.group(3)
    if (not whole and not fraction) or len(whole) > 30:
        raise BadDuration(f"time: invalid duration {quoted(text)}")
    if not unit:
        raise BadDuration(f"time: missing unit in duration {quoted(text)}")
    if unit not in _UNITS:
        raise BadDuration(f"time: unknown unit {quoted(unit)} in duration {quoted(text)}")
    digits = fraction[:18]
    part = int(int(digits) * (_UNITS[unit] / 10.0 ** len(digits))) if digits else 0
    return int(whole or 0) * _UNITS[unit] + part


def quoted(text: str) -> str:
    """A text in the quotes of package time, where everything beyond ASCII is written as bytes."""
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif " " <= char < "\x80":
            out.append(char)
        else:
            out += (f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
    return f'"{"".join(out)}"'


def duration_text(nanos: int) -> str:
    """Duration.String."""
    sign, size = ("-", -nanos) if nanos < 0 else ("", nanos)
    if size == 0:
        return "0s"
    if size < SECOND:
        for unit, scale in (("ns", 1), ("µs", 1000), ("ms", 1_000_000)):
            if size < scale * 1000:
                return f"{sign}{_decimal(size, scale)}{unit}"
    minutes, rest = divmod(size, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, SECOND)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{f'{hours}h' if hours else ''}{text}"


def _decimal(number: int, scale: int) -> str:
    whole, rest = divmod(number, scale)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(scale)) - 1, '0').rstrip('0')}"
