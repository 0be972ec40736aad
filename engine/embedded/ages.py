"""Spans of time as kubectl writes them."""

from __future__ import annotations

from datetime import datetime

#: (below this many seconds, the large unit's seconds and sign, the small unit's or none).
_STEPS: tuple[tuple[int, tuple[int, str], tuple[int, str] | None], ...] = (
    (120, (1, "s"), None),
    (600, (60, "m"), (1, "s")),
    (3 * 3600, (60, "m"), None),
    (8 * 3600, (3600, "h"), (60, "m")),
    (48 * 3600, (3600, "h"), None),
    (8 * 86400, (86400, "d"), (3600, "h")),
    (2 * 365 * 86400, (86400, "d"), None),
    (8 * 365 * 86400, (365 * 86400, "y"), (86400, "d")),
)


def age(since: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 time was: 5s, 3m12s, 4h, 2d3h, 17d, 2y45d; "<unknown>" for none."""
    if not since:
        return "<unknown>"
    try:
        return duration(int((now - datetime.fromisoformat(since)).total_seconds()))
    except (ValueError, TypeError):
        return "<invalid>"


def duration(seconds: int) -> str:
    """Seconds as two units at most; "<invalid>" for a span that ends before it begins."""
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    for below, (large, sign), small in _STEPS:
        if seconds < below:
            rest = seconds % large // small[0] if small else 0
            return f"{seconds // large}{sign}" + (f"{rest}{small[1]}" if small and rest else "")
    return f"{seconds // (365 * 86400)}y"
