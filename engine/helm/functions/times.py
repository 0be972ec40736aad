"""Go's time.Time as templates see it. An instant is nanoseconds since 1970, shown in a zone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.helm.functions.durations import SECOND
from engine.helm.functions.layouts import DAYS, MONTHS, write

#: Seconds of 400 years.
_CYCLE: Final = 146_097 * 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def zone(name: str) -> tzinfo | None:
    """time.LoadLocation: "" and UTC, Local, or a name of the tz database; None when it is unknown."""
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return _local()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _local() -> tzinfo:
    """The machine's zone: TZ, else /etc/localtime, else UTC."""
    name = os.environ.get("TZ")
    if name is not None:
        return (zone(name.removeprefix(":")) if name not in ("Local", ":Local") else None) or UTC
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, key="Local")
    except (OSError, ValueError):
        return UTC


class _Month(int):
    """A time.Month."""

    go_type: ClassVar[str] = "time.Month"
    go_kind: ClassVar[str] = "int"
    go_methods: ClassVar[frozenset[str]] = frozenset(("String",))
    __slots__ = ()

    def go_string(self) -> str:
        """Its name."""
        return MONTHS[self - 1]

    String = go_string


class _Weekday(int):
    """A time.Weekday; Sunday is 0."""

    go_type: ClassVar[str] = "time.Weekday"
    go_kind: ClassVar[str] = "int"
    go_methods: ClassVar[frozenset[str]] = frozenset(("String",))
    __slots__ = ()

    def go_string(self) -> str:
        """Its name."""
        return DAYS[self - 1]

    String = go_string


def _part(read: Callable[[datetime], Any]) -> Callable[[Time], Any]:
    """A method that reads the wall clock."""
    return lambda time: read(time.wall()[0])


def _count(unit: int) -> Callable[[Time], int]:
    """A method that counts units of so many nanoseconds since 1970."""
    return lambda time: time.nanos // unit


@dataclass(frozen=True, slots=True)
class Time:
    """An instant, and the zone in which it is shown. Its methods have Go's names."""

    nanos: int
    zone: tzinfo

    go_type: ClassVar[str] = "time.Time"
    go_kind: ClassVar[str] = "struct"
    go_methods: ClassVar[frozenset[str]] = frozenset(
        ("Format", "Unix", "UnixNano", "UnixMicro", "UnixMilli", "Year", "Month", "Day", "Hour", "Minute", "Second",
         "Nanosecond", "YearDay", "Weekday", "UTC", "Local", "AddDate", "String", "IsZero", "Before", "After", "Equal")
    )  # fmt: skip

    @staticmethod
    def of(moment: datetime) -> Time:
        """A datetime; without a zone it is UTC."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        delta = aware - _EPOCH
        nanos = (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1000
        return Time(nanos, aware.tzinfo or UTC)

    @staticmethod
    def at(date: tuple[int, int, int], clock: tuple[int, int, int], nanos: int, zone: tzinfo) -> Time:
        """time.Date, of parts that are in range; the year may be 0."""
        cycles = 1 if date[0] < 1 else 0
        moment = datetime(date[0] + 400 * cycles, date[1], date[2], *clock, tzinfo=zone)
        return Time.of(moment).plus(nanos - cycles * _CYCLE * SECOND)

    @staticmethod
    def unix(seconds: int) -> Time:
        """time.Unix, in UTC."""
        return Time(seconds * SECOND, UTC)

    def within(self, zone: tzinfo) -> Time:
        """The same instant elsewhere."""
        return Time(self.nanos, zone)

    def plus(self, nanos: int) -> Time:
        """Later by a duration."""
        return Time(self.nanos + nanos, self.zone)

    def wall(self) -> tuple[datetime, int]:
        """The wall clock without what is below a second, and the year: datetime's own may be some 400 away."""
        seconds = self.nanos // SECOND
        cycle = (seconds - ZERO.nanos // SECOND) // _CYCLE
        # Within the years that datetime knows, and as near to the real ones as that allows: zones have a history.
        cycles = cycle - max(1, min(cycle, 23))
        seconds -= cycles * _CYCLE
        moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(self.zone)
        return moment, moment.year + cycles * 400

    def go_string(self) -> str:
        """String()."""
        return self.Format("2006-01-02 15:04:05.999999999 -0700 MST")

    String = go_string

    def go_json(self) -> str:
        """MarshalJSON: RFC 3339 with nanoseconds; ValueError for years that it has no words for."""
        if not 0 <= self.wall()[1] <= 9999:
            raise ValueError("Time.MarshalJSON: year outside of range [0,9999]")
        return self.Format("2006-01-02T15:04:05.999999999Z07:00")

    def Format(self, layout: str) -> str:  # noqa: N802
        """The text by a layout."""
        moment, year = self.wall()
        return write(layout, moment, year, self.nanos % SECOND)

    Unix = _count(SECOND)
    UnixMilli = _count(10**6)
    UnixMicro = _count(10**3)
    UnixNano = _count(1)
    Month = _part(lambda wall: _Month(wall.month))
    Day = _part(lambda wall: wall.day)
    Hour = _part(lambda wall: wall.hour)
    Minute = _part(lambda wall: wall.minute)
    Second = _part(lambda wall: wall.second)
    YearDay = _part(lambda wall: wall.timetuple().tm_yday)
    Weekday = _part(lambda wall: _Weekday(wall.isoweekday() % 7))

    def Year(self) -> int:  # noqa: N802, D102
        return self.wall()[1]

    def Nanosecond(self) -> int:  # noqa: N802, D102
        return self.nanos % SECOND

    def UTC(self) -> Time:  # noqa: N802, D102
        return self.within(UTC)

    def Local(self) -> Time:  # noqa: N802, D102
        return self.within(_local())

    def IsZero(self) -> bool:  # noqa: N802, D102
        return self.nanos == ZERO.nanos

    def Before(self, other: Time) -> bool:  # noqa: N802, D102
        return self.nanos < other.nanos

    def After(self, other: Time) -> bool:  # noqa: N802, D102
        return self.nanos > other.nanos

    def Equal(self, other: Time) -> bool:  # noqa: N802, D102
        return self.nanos == other.nanos

    def AddDate(self, years: int, months: int, days: int) -> Time:  # noqa: N802
        """Calendar arithmetic; a day that a month lacks runs into the next."""
        moment, _ = self.wall()
        month = moment.month - 1 + months
        start = moment.replace(year=moment.year + years + month // 12, month=month % 12 + 1, day=1)
        moved = Time.of(start + timedelta(days=moment.day - 1 + days))
        return Time(moved.nanos + self.nanos % SECOND, self.zone)


#: time.Time{}.
ZERO: Final = Time(-62_135_596_800 * SECOND, UTC)
