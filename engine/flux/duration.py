"""Go's durations: parsing `1h30m`, printing as time.Duration prints, and Flux's rounding."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from engine.errors import Malformed

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_LONGEST = 100


def parse(text: str) -> timedelta:
    """A Go duration; raises Malformed. Precision ends at the microsecond."""
    rest = text.strip()
    sign = -1 if rest.startswith("-") else 1
    rest = rest.removeprefix("-") if sign < 0 else rest.removeprefix("+")
    if rest == "0":
        return timedelta()
    total, at = 0.0, 0
    for match in _PART.finditer(rest[:_LONGEST]):
        if match.start() != at:
            break
        total += float(match[1]) * _NANOSECONDS[match[2]]
        at = match.end()
    if not rest or at != len(rest):
        raise Malformed(f'"{text[:_LONGEST]}" is not a duration', fix="write it as in 1h30m or 90s")
    if total / 1e9 > timedelta.max.total_seconds():
        raise Malformed(f'the duration "{text[:_LONGEST]}" is too long')
    return timedelta(microseconds=sign * round(total / 1_000))


def seconds(text: str | None, default: float = 0.0) -> float:
    """The seconds of a duration field that the API server has validated; the default when it is not set."""
    return parse(text).total_seconds() if text else default


def text(value: timedelta | float) -> str:
    """As Go prints it: `1h0m0s`, `1m30s`, `1.5s`, `250ms`, `12.345µs`, `0s`. Floats are seconds."""
    micros = round((value.total_seconds() if isinstance(value, timedelta) else value) * 1_000_000)
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    if micros == 0:
        return "0s"
    if micros < 1_000:
        return f"{sign}{micros}µs"
    if micros < 1_000_000:
        return f"{sign}{_decimal(micros, 1_000)}ms"
    minutes, rest = divmod(micros, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    shown = f"{_decimal(rest, 1_000_000)}s"
    if hours:
        shown = f"{hours}h{minutes}m{shown}"
    elif minutes:
        shown = f"{minutes}m{shown}"
    return sign + shown


def since(start: datetime, end: datetime) -> str:
    """How long something took, as Go prints it."""
    return text(end - start)


def _decimal(value: int, unit: int) -> str:
    """value/unit without trailing zeros."""
    whole, part = divmod(value, unit)
    if not part:
        return str(whole)
    return f"{whole}.{str(part).zfill(len(str(unit)) - 1).rstrip('0')}"
