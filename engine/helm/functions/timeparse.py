"""Reading times by Go's layouts, part after part as time.ParseInLocation does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Final

from engine.helm.functions.durations import quoted
from engine.helm.functions.layouts import DAYS, MONTHS, chunks
from engine.helm.functions.times import Time

_FRACTION: Final = re.compile(r"[.,]([0-9]+)")
_ABBREVIATION: Final = re.compile(
    r"ChST|MeST|GMT(?:[+-](?:[0-9]|0[0-9]+|1[0-9]|2[0-3])(?![0-9]))?|[+-](?:0*(?:[0-9]|1[0-9]|2[0-3]))(?![0-9])"
    r"|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])"
)
#: What the offsets look like: hours, minutes and seconds, with a sign.
_OFFSETS: Final[Mapping[str, re.Pattern[str]]] = {
    "-0700": re.compile("([+-])([0-9]{2})([0-9]{2})"),
    "-07": re.compile("([+-])([0-9]{2})"),
    "-07:00": re.compile("([+-])([0-9]{2}):([0-9]{2})"),
    "-070000": re.compile("([+-])([0-9]{2})([0-9]{2})([0-9]{2})"),
    "-07:00:00": re.compile("([+-])([0-9]{2}):([0-9]{2}):([0-9]{2})"),
}
#: Days before a month in a year that is no leap year.
_BEFORE: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


class BadTime(ValueError):
    """A text that does not fit its layout; in Go's words."""


class _Unfit(Exception):
    """The text does not go on as the layout does."""


def parse_time(layout: str, text: str, local: tzinfo) -> Time:
    """The instant that a text means by a layout, in `local` where it names no zone; BadTime when it does not fit."""
    return _Reader(layout, text, local).run()


class _Reader:
    """What was read so far, and what is left."""

    def __init__(self, layout: str, text: str, local: tzinfo) -> None:
        self.layout = layout
        self.text = text
        self.local = local
        self.rest = text
        self.fields = {"year": 0, "hour": 0, "minute": 0, "second": 0}
        self.nanos = 0
        self.afternoon: bool | None = None
        self.utc = False
        self.offset: int | None = None
        self.zone_name = ""
        #: The chunk that follows the one that is read.
        self.following = ""

    def run(self) -> Time:
        """All of it."""
        parts = chunks(self.layout)
        last = 0
        for index, (chunk, start, end) in enumerate(parts):
            self.following = parts[index + 1][0] if index + 1 < len(parts) else ""
            self.skip(self.layout[last:start])
            before = self.rest
            try:
                _READERS.get(chunk, _Reader.fraction)(self, chunk)
            except _Unfit as problem:
                raise self.bad(chunk, before) from problem
            last = end
        self.skip(self.layout[last:])
        if self.rest:
            raise self.wrong(f"extra text: {quoted(self.rest)}")
        return self.time()

    def bad(self, element: str, rest: str) -> BadTime:
        """The text does not fit a part of the layout."""
        words = f"as {quoted(self.layout)}: cannot parse {quoted(rest)} as {quoted(element)}"
        return BadTime(f"parsing time {quoted(self.text)} {words}")

    def wrong(self, words: str) -> BadTime:
        """The text fits, but there is no such time."""
        return BadTime(f"parsing time {quoted(self.text)}: {words}")

    def skip(self, prefix: str) -> None:
        """Go over what stands between the parts; any number of spaces is like any other."""
        left = prefix
        while left:
            if left[0] == " ":
                if self.rest and self.rest[0] != " ":
                    raise self.bad(prefix, self.rest)
                left, self.rest = left.lstrip(" "), self.rest.lstrip(" ")
            elif self.rest[:1] != left[0]:
                raise self.bad(prefix, self.rest)
            else:
                left, self.rest = left[1:], self.rest[1:]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """What the text goes on with, or _Unfit."""
        match = pattern.match(self.rest)
        if match is None:
            raise _Unfit
        self.rest = self.rest[match.end() :]
        return match

    def number(self, chunk: str) -> None:
        """A field of digits."""
        field, pattern, low, high = _NUMBERS[chunk]
        if chunk in ("_2", "__2"):
            for _ in range(len(chunk) - 1):
                self.rest = self.rest.removeprefix(" ")
        number = int(self.take(pattern).group())
        if not low <= number <= high:
            raise self.wrong(f"{field} out of range")
        self.fields[field] = number
        if field == "second" and not self.following.startswith((".", ",")):
            self.fraction(".9")

    def short_year(self, chunk: str) -> None:
        """A year of two digits, from 1969 to 2068."""
        number = int(self.take(_SHORT_YEAR).group())
        self.fields["year"] = number + (1900 if number >= 69 else 2000)

    def name(self, chunk: str) -> None:
        """A month or a day of the week, in whatever case."""
        names = MONTHS if chunk[0] == "J" else DAYS
        for index, name in enumerate(names):
            wanted = name if chunk in ("January", "Monday") else name[:3]
            if self.rest[: len(wanted)].lower() == wanted.lower():
                self.rest = self.rest[len(wanted) :]
                if chunk[0] == "J":
                    self.fields["month"] = index + 1
                return
        raise _Unfit

    def half(self, chunk: str) -> None:
        """AM or PM, in the case of the layout."""
        word, self.rest = self.rest[:2], self.rest[2:]
        if word not in (chunk, "a" + chunk[1] if chunk == "pm" else "AM"):
            raise _Unfit
        self.afternoon = word == chunk

    def numeric_zone(self, chunk: str) -> None:
        """+01:00 and its like; Z where the layout begins with it."""
        if chunk[0] == "Z" and self.rest.startswith("Z"):
            self.rest = self.rest[1:]
            self.utc = True
            return
        sign, *parts = self.take(_OFFSETS["-" + chunk[1:]]).groups()
        hours, minutes, seconds = (*map(int, parts), 0, 0)[:3]
        for number, most, field in ((hours, 24, "hour"), (minutes, 60, "minute"), (seconds, 60, "second")):
            if number > most:
                raise self.wrong(f"time zone offset {field} out of range")
        total = (hours * 60 + minutes) * 60 + seconds
        self.offset = -total if sign == "-" else total

    def named_zone(self, chunk: str) -> None:
        """MST and its like."""
        if self.rest.startswith("UTC"):
            self.rest = self.rest[3:]
            self.utc = True
            return
        self.zone_name = self.take(_ABBREVIATION).group()

    def fraction(self, chunk: str) -> None:
        """Parts of a second: as many digits as there are zeros, or any number of them, or none."""
        match = _FRACTION.match(self.rest)
        if chunk[1] == "0":
            if match is None or len(match.group()) < len(chunk):
                raise _Unfit
        elif match is None:
            return
        digits = match.group(1)[: len(chunk) - 1] if chunk[1] == "0" else match.group(1)
        self.nanos = int(digits[:9].ljust(9, "0"))
        self.rest = self.rest[1 + len(digits) :]

    def time(self) -> Time:
        """The instant."""
        year = self.fields["year"]
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if "day of year" in self.fields:
            self.day_of_year(leap=leap)
        month, day = self.fields.get("month", 1), self.fields.get("day", 1)
        if not 1 <= day <= _BEFORE[month] - _BEFORE[month - 1] + (leap and month == 2):
            raise self.wrong("day out of range")
        hour = self.fields["hour"]
        if self.afternoon is not None:
            hour = hour % 12 + 12 * self.afternoon if hour <= 12 else hour
        clock = (hour, self.fields["minute"], self.fields["second"])
        if self.utc:
            return Time.at((year, month, day), clock, self.nanos, UTC)
        found = Time.at((year, month, day), clock, self.nanos, UTC if self.offset is not None else self.local)
        if self.offset is not None:
            return self.with_offset(found.plus(-self.offset * 10**9), self.offset)
        return self.with_name((year, month, day), clock) if self.zone_name else found

    def with_offset(self, found: Time, offset: int) -> Time:
        """The local zone when that is its offset at the time, else a zone of this offset."""
        wall = found.within(self.local).wall()[0]
        delta = wall.utcoffset() or timedelta(0)
        if delta.total_seconds() == offset and self.zone_name in ("", wall.tzname()):
            return found.within(self.local)
        return found.within(_fixed(offset, self.zone_name))

    def with_name(self, date: tuple[int, int, int], clock: tuple[int, int, int]) -> Time:
        """The local zone when it has that name at the time, else a zone of the name without offset."""
        found = Time.at(date, clock, self.nanos, self.local)
        if found.wall()[0].tzname() == self.zone_name:
            return found
        hours = int(self.zone_name[3:]) if self.zone_name.startswith("GMT") and self.zone_name != "GMT" else 0
        return Time.at(date, clock, self.nanos, UTC).within(_fixed(hours * 3600, self.zone_name))

    def day_of_year(self, *, leap: bool) -> None:
        """Month and day from the day of the year, which must agree with those that were read."""
        number = self.fields["day of year"]
        if not 1 <= number <= 365 + leap:
            raise self.wrong("day-of-year out of range")
        before = [days + (leap and month > 1) for month, days in enumerate(_BEFORE)]
        month = next(month for month in range(1, 13) if number <= before[month])
        for field, value in (("month", month), ("day", number - before[month - 1])):
            if self.fields.setdefault(field, value) != value:
                raise self.wrong(f"day-of-year does not match {field}")


def _fixed(offset: int, name: str) -> tzinfo:
    delta = timedelta(seconds=offset)
    return timezone(delta, name) if name else timezone(delta)


_SHORT_YEAR: Final = re.compile("[0-9]{2}|[+-][0-9]")
_ONE_OR_TWO: Final = re.compile("[0-9]{1,2}")
_TWO: Final = re.compile("[0-9]{2}")
#: chunk → the field, its digits, its bounds (days are checked with their month).
_NUMBERS: Final[Mapping[str, tuple[str, re.Pattern[str], int, int]]] = {
    "2006": ("year", re.compile("[0-9]{4}"), 0, 9999),
    "1": ("month", _ONE_OR_TWO, 1, 12),
    "01": ("month", _TWO, 1, 12),
    "2": ("day", _ONE_OR_TWO, 0, 99),
    "_2": ("day", _ONE_OR_TWO, 0, 99),
    "02": ("day", _TWO, 0, 99),
    "__2": ("day of year", re.compile("[0-9]{1,3}"), 0, 999),
    "002": ("day of year", re.compile("[0-9]{3}"), 0, 999),
    "15": ("hour", _ONE_OR_TWO, 0, 23),
    "3": ("hour", _ONE_OR_TWO, 0, 12),
    "03": ("hour", _TWO, 0, 12),
    "4": ("minute", _ONE_OR_TWO, 0, 59),
    "04": ("minute", _TWO, 0, 59),
    "5": ("second", _ONE_OR_TWO, 0, 59),
    "05": ("second", _TWO, 0, 59),
}
_READERS: Final[Mapping[str, Callable[[_Reader, str], None]]] = {
    **dict.fromkeys(_NUMBERS, _Reader.number),
    **dict.fromkeys(("January", "Jan", "Monday", "Mon"), _Reader.name),
    **dict.fromkeys(("PM", "pm"), _Reader.half),
    **dict.fromkeys((*_OFFSETS, *("Z" + chunk[1:] for chunk in _OFFSETS)), _Reader.numeric_zone),
    "06": _Reader.short_year,
    "MST": _Reader.named_zone,
}
