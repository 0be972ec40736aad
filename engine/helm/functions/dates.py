# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Sprig's functions of dates over a clock that tests can own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from engine.helm.functions.durations import BadDuration, duration_text, parse_duration
from engine.helm.functions.timeparse import BadTime, parse_time
from engine.helm.functions.times import ZERO, Time, zone
from engine.helm.template.errors import CallError
from engine.helm.template.signature import go

_HOUR: Final = 3600 * 10**9
_ROUNDS: Final = (
    ("y", 24 * 365 * _HOUR), ("mo", 24 * 30 * _HOUR), ("d", 24 * _HOUR), ("h", _HOUR), ("m", _HOUR // 60), ("s", 10**9),
)  # fmt: skip


def functions(now: Callable[[], datetime]) -> dict[str, Callable[..., Any]]:  # noqa: C901 - a table of closures
    """The functions over a clock."""
    local = zone("Local") or UTC

    def current() -> Time:
        return Time.of(now()).within(local)

    def instant(value: Any) -> Time:
        if isinstance(value, Time):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return Time.unix(int(value))
        return current()

    @go("-> time.Time")
    def now_() -> Time:
        return current()

    @go("string, any, string -> string")
    def date_in_zone(layout: str, value: Any, name: str) -> str:
        return instant(value).within(zone(name) or UTC).Format(layout)

    @go("string, any -> string")
    def date(layout: str, value: Any) -> str:
        return date_in_zone(layout, value, "Local")

    @go("any -> string")
    def html_date(value: Any) -> str:
        return date("2006-01-02", value)

    @go("any, string -> string")
    def html_date_in_zone(value: Any, name: str) -> str:
        return date_in_zone("2006-01-02", value, name)

    @go("any -> string")
    def ago(value: Any) -> str:
        seconds, rest = divmod(current().nanos - instant(value).nanos, 10**9)
        return duration_text((seconds + (rest >= 5 * 10**8)) * 10**9)

    @go("any -> string")
    def duration_round(value: Any) -> str:
        nanos = 0
        if isinstance(value, str):
            nanos = _or_zero(value)
        elif isinstance(value, Time):
            nanos = current().nanos - value.nanos
        elif getattr(value, "go_type", "") == "int64":
            nanos = int(value)
        size = abs(nanos)
        return next((f"{size // unit}{name}" for name, unit in _ROUNDS if size > unit), "0s")

    @go("string, string -> time.Time")
    def must_to_date(layout: str, text: str) -> Time:
        try:
            return parse_time(layout, text, local)
        except BadTime as problem:
            raise CallError(str(problem)) from problem

    @go("string, string -> time.Time")
    def to_date(layout: str, text: str) -> Time:
        try:
            return parse_time(layout, text, local)
        except BadTime:
            return ZERO

    return {
        "now": now_, "date": date, "date_in_zone": date_in_zone, "dateInZone": date_in_zone, "htmlDate": html_date,
        "htmlDateInZone": html_date_in_zone, "ago": ago, "durationRound": duration_round, "toDate": to_date,
        "mustToDate": must_to_date, "duration": duration, "date_modify": date_modify, "dateModify": date_modify,
        "must_date_modify": must_date_modify, "mustDateModify": must_date_modify, "unixEpoch": unix_epoch,
    }  # fmt: skip


@go("any -> string")
def duration(value: Any) -> str:
    seconds = 0
    if isinstance(value, str):
        bare = value[1:] if value[:1] in ("+", "-") else value
        if bare.isascii() and bare.isdigit() and len(bare) < 25:
            seconds = max(-(2**63), min(int(value), 2**63 - 1))
    elif getattr(value, "go_type", "") == "int64":
        seconds = int(value)
    nanos = (seconds * 10**9 + 2**63) % 2**64 - 2**63
    return duration_text(nanos)


@go("string, time.Time -> time.Time")
def date_modify(text: str, date: Time) -> Time:
    return date.plus(_or_zero(text))


@go("string, time.Time -> time.Time")
def must_date_modify(text: str, date: Time) -> Time:
    try:
        return date.plus(parse_duration(text))
    except BadDuration as problem:
        raise CallError(str(problem)) from problem


def _or_zero(text: str) -> int:
    try:
        return parse_duration(text)
    except BadDuration:
        return 0


@go("time.Time -> string")
def unix_epoch(date: Time) -> str:
    return str(date.Unix())
