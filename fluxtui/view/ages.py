"""Ages in one unit (`8s 6m 3h 9d`), and when each changes next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_NEVER: Final = 3_600.0
_STEP: Final = 10
_GO: Final = re.compile(r"(\d{1,9}\.\d{1,9})(s|ms|µs)")


def seconds_since(then: datetime, now: datetime) -> float:
    """Seconds since `then`, never negative: clocks disagree."""
    return max(0.0, (now - then).total_seconds())


def _unit(seconds: float) -> tuple[int, str]:
    return next(((size, letter) for size, letter in _UNITS if seconds >= size), (1, "s"))


def age(then: datetime | None, now: datetime) -> str:
    """`8s`, `6m`, `3h`, `9d`; "" without a time."""
    if then is None:
        return ""
    seconds = seconds_since(then, now)
    size, letter = _unit(seconds)
    return f"{int(seconds // size)}{letter}"


def spoken(then: datetime | None, now: datetime) -> str:
    """As `age`, with the unit apart: `14 min`, `3 h`; for sentences."""
    if then is None:
        return ""
    seconds = seconds_since(then, now)
    size, letter = _unit(seconds)
    return f"{int(seconds // size)} {'min' if letter == 'm' else letter}"


def brief(then: datetime | None, now: datetime) -> str:
    """As `age`, in steps of ten seconds: `now 10s 50s 1m`; what stands in many rows may not tick in all of them."""
    if then is None:
        return ""
    seconds = seconds_since(then, now)
    if seconds < _STEP:
        return "now"
    return f"{int(seconds // _STEP * _STEP)}s" if seconds < 60 else age(then, now)


def coarse(then: datetime, now: datetime) -> str:
    """As `spoken`, in steps of ten seconds and "now" before the first: it may stand in every title without ticking."""
    seconds = seconds_since(then, now)
    if seconds < _STEP:
        return "now"
    return f"{int(seconds // _STEP * _STEP)} s" if seconds < 60 else spoken(then, now)


def next_coarse(times: Iterable[datetime | None], now: datetime) -> float:
    """Seconds until the first of these, as `brief` and `coarse` tell them, reads differently; at most an hour."""
    soonest = _NEVER
    for then in times:
        if then is not None:
            seconds = seconds_since(then, now)
            size = _unit(seconds)[0] if seconds >= 60 else _STEP
            soonest = min(soonest, size - seconds % size)
    return soonest


def duration(start: datetime, end: datetime) -> str:
    """How long something took: `0.4 s`, `12 s`, `3 min`."""
    seconds = max(0.0, (end - start).total_seconds())
    return f"{seconds:.1f} s" if seconds < 10 else spoken(end - timedelta(seconds=seconds), end)


def brief_duration(go: str) -> str:
    """Go's `1.896520144s` or `14.839ms` at the precision that people read: `1.9s`, `15ms`; others as they are."""
    found = _GO.fullmatch(go)
    if found is None:
        return go
    number, unit = float(found[1]), found[2]
    return f"{number:.1f}{unit}" if unit == "s" and number < 10 else f"{number:.0f}{unit}"


def next_change(times: Iterable[datetime | None], now: datetime) -> float:
    """Seconds until the first of these ages reads differently; an hour when none does before."""
    soonest = _NEVER
    for then in times:
        if then is None:
            continue
        seconds = seconds_since(then, now)
        size, _ = _unit(seconds)
        soonest = min(soonest, size - seconds % size)
    return soonest
