"""The cells of a table's row: by JSONPath for custom resources, by function for the common built-in kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.embedded.registry import Column, Resource

Object = Mapping[str, Any]


def age(since: str | None, now: datetime) -> str:
    """How long ago, as kubectl writes it: 5s, 3m12s, 4h, 2d3h, 17d, 2y45d."""
    if not since:
        return "<unknown>"
    try:
        seconds = int((now - datetime.fromisoformat(since)).total_seconds())
    except (ValueError, TypeError):
        return "<invalid>"
    return duration(seconds)


def duration(seconds: int) -> str:
    """A span as kubectl writes it; "<invalid>" for one that ends before it begins."""
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = seconds // 3600
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return _two(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _two(first: int, unit: str, second: int, second_unit: str) -> str:
    return f"{first}{unit}{second}{second_unit}" if second else f"{first}{unit}"


def cells(resource: Resource, columns: Sequence[Column], obj: Object, now: datetime) -> list[Any]:
    """One value per column."""
    made: dict[str, Any] = {
        "Name": obj["metadata"].get("name"),
        "Age": age(obj["metadata"].get("creationTimestamp"), now),
    }
    printer = PRINTERS.get(resource.storage)
    if printer is not None:
        made |= printer(obj, now)
    return [made.get(column.name, "<none>") for column in columns]


PRINTERS: dict[str, Callable[[Object, datetime], dict[str, Any]]] = {}
