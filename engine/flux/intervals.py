"""When something is due again: intervals with jitter, retries, timeouts and the error back-off (flux.md 1.1, 4)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from engine.flux import duration

MIN_RETRY_DELAY = 0.75
MAX_RETRY_DELAY = 900.0
REQUEUE_DEPENDENCY = 30.0
JITTER_PERCENTAGE = 5
_TIMEOUT_FLOOR = 30.0


def jittered(seconds: float, percentage: int = JITTER_PERCENTAGE, rng: random.Random | None = None) -> float:
    """The interval, moved uniformly by up to ± percentage; 0 switches jitter off."""
    if percentage <= 0:
        return seconds
    spread = seconds * min(percentage, 100) / 100
    # Spreads load; nothing secret hangs on it.
    return seconds + (rng or random).uniform(-spread, spread)


def backoff(failures: int, first: float = MIN_RETRY_DELAY, limit: float = MAX_RETRY_DELAY) -> float:
    """Delay after the n-th failure in a row (1, 2, …): doubling from `first` up to `limit`."""
    return float(min(limit, first * 2 ** min(max(failures, 1) - 1, 40)))


def interval(obj: Mapping[str, Any]) -> float:
    """`spec.interval` in seconds."""
    return duration.seconds((obj.get("spec") or {}).get("interval"))


def retry_interval(obj: Mapping[str, Any]) -> float:
    """`spec.retryInterval`, by default the interval."""
    return duration.seconds((obj.get("spec") or {}).get("retryInterval"), interval(obj))


def timeout(obj: Mapping[str, Any]) -> float:
    """A Kustomization's timeout: spec.timeout or interval − 30 s, never below 30 s."""
    given = (obj.get("spec") or {}).get("timeout")
    value = duration.seconds(given) if given else interval(obj) - _TIMEOUT_FLOOR
    return max(value, _TIMEOUT_FLOOR)
