"""Go's time.Time and time.Duration: layouts, parsing, printing. An instant is nanoseconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SECOND: Final = 10**9
#: Seconds of 400 years.
_CYCLE: Final = 146_097 * 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: What a layout is made of; longer words first.
_CHUNK: Final = re.compile(
    r"January|Jan|Monday|Mon(?![a-z])|MST|2006|__2|_2006|_2|002|01|02|03|04|05|06|15|PM|pm"
    r"|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|[.,]0+(?![0-9])|[.,]9+(?![0-9])|1|2|3|4|5"
)


@lru_cache(maxsize=128)
def zone(name: str) -> tzinfo | None:
    """time.LoadLocation: "" and UTC, Local, or a name of the tz database; None when it is unknown."""
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return datetime.now().astimezone().tzinfo
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class BadTime(ValueError):
    """A text that does not fit its layout; in Go's words."""


@dataclass(frozen=True, slots=True)
class Time:
    """An instant, and the zone in which it is shown."""

    nanos: int
    zone: tzinfo

    go_type: ClassVar[str] = "time.Time"
    go_kind: ClassVar[str] = "struct"
    go_methods: ClassVar[frozenset[str]] = frozenset(
        ("Format", "Unix", "UnixNano", "UnixMilli", "Year", "Month", "Day", "Hour", "Minute", "Second", "Nanosecond",
         "YearDay", "Weekday", "UTC", "Local", "AddDate", "String", "IsZero", "Before", "After", "Equal")
    )  # fmt: skip

    @staticmethod
    def of(moment: datetime) -> Time:
        """A datetime; without a zone it is UTC."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        delta = aware - _EPOCH
        nanos = (delta.days * 86_400 + delta.seconds) * _SECOND + delta.microseconds * 1000
        return Time(nanos, aware.tzinfo or UTC)

    @staticmethod
    def unix(seconds: int) -> Time:
        """time.Unix, in UTC."""
        return Time(seconds * _SECOND, UTC)

    @property
    def shown(self) -> datetime:
        """The wall clock, without what is below a second; years that datetime lacks are some 400 away."""
        return self._wall()[0]

    def _wall(self) -> tuple[datetime, int]:
        """The wall clock, and the years to add to it: the calendar repeats every 400."""
        seconds = self.nanos // _SECOND
        cycles = 0
        if not -62_000_000_000 < seconds < 253_000_000_000:
            cycles = (seconds + 62_135_596_800) // _CYCLE - 4
            seconds -= cycles * _CYCLE
        return (_EPOCH + timedelta(seconds=seconds)).astimezone(self.zone), cycles * 400

    def within(self, zone: tzinfo) -> Time:
        """The same instant elsewhere."""
        return Time(self.nanos, zone)

    def plus(self, nanos: int) -> Time:
        """Later by a duration."""
        return Time(self.nanos + nanos, self.zone)

    def go_string(self) -> str:
        """String()."""
        return self.Format("2006-01-02 15:04:05.999999999 -0700 MST")

    def go_json(self) -> str:
        """MarshalJSON: RFC 3339 with nanoseconds."""
        return self.Format("2006-01-02T15:04:05.999999999Z07:00")

    def Format(self, layout: str) -> str:  # noqa: N802 - Go's name, which templates use
        """The text of a layout."""
        moment, years = self._wall()
        nanos = self.nanos % _SECOND
        out: list[str] = []
        last = 0
        for chunk, start, end in chunks(layout):
            out.append(layout[last:start])
            if chunk == "2006":
                out.append(_year(moment.year + years))
            else:
                out.append(_FORMATS[chunk](moment) if chunk in _FORMATS else _fraction(chunk, nanos))
            last = end
        out.append(layout[last:])
        return "".join(out)

    def String(self) -> str:  # noqa: N802, D102
        return self.go_string()

    def Unix(self) -> int:  # noqa: N802, D102
        return self.nanos // _SECOND

    def UnixNano(self) -> int:  # noqa: N802, D102
        return self.nanos

    def UnixMilli(self) -> int:  # noqa: N802, D102
        return self.nanos // 1_000_000

    def Year(self) -> int:  # noqa: N802, D102
        moment, years = self._wall()
        return moment.year + years

    def Month(self) -> str:  # noqa: N802, D102
        return _MONTHS[self.shown.month - 1]

    def Day(self) -> int:  # noqa: N802, D102
        return self.shown.day

    def Hour(self) -> int:  # noqa: N802, D102
        return self.shown.hour

    def Minute(self) -> int:  # noqa: N802, D102
        return self.shown.minute

    def Second(self) -> int:  # noqa: N802, D102
        return self.shown.second

    def Nanosecond(self) -> int:  # noqa: N802, D102
        return self.nanos % _SECOND

    def YearDay(self) -> int:  # noqa: N802, D102
        return self.shown.timetuple().tm_yday

    def Weekday(self) -> str:  # noqa: N802, D102
        return _DAYS[self.shown.weekday()]

    def UTC(self) -> Time:  # noqa: N802, D102
        return self.within(UTC)

    def Local(self) -> Time:  # noqa: N802, D102
        return self.within(zone("Local") or UTC)

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
        moment = self.shown
        month = moment.month - 1 + months
        start = moment.replace(year=moment.year + years + month // 12, month=month % 12 + 1, day=1)
        moved = Time.of(start + timedelta(days=moment.day - 1 + days))
        return Time(moved.nanos + self.nanos % _SECOND, self.zone)


ZERO: Final = Time(-62_135_596_800 * _SECOND, UTC)


@lru_cache(maxsize=512)
def chunks(layout: str) -> tuple[tuple[str, int, int], ...]:
    """The parts of a layout that stand for something."""
    found = []
    for match in _CHUNK.finditer(layout):
        text, start, end = match.group(), match.start(), match.end()
        if text == "_2006":
            text, start = "2006", start + 1
        if text[0] in ".," and end < len(layout) and layout[end].isdigit():
            continue
        found.append((text, start, end))
    return tuple(found)


def _offset(moment: datetime) -> int:
    delta = moment.utcoffset()
    return int(delta.total_seconds()) if delta else 0


def _zone_text(colon: str, *, z: bool, minutes: bool = True, seconds: bool = False) -> Callable[[datetime], str]:
    def write(moment: datetime) -> str:
        offset = _offset(moment)
        if z and offset == 0:
            return "Z"
        hours, rest = divmod(abs(offset), 3600)
        text = f"{'-' if offset < 0 else '+'}{hours:02d}"
        if minutes:
            text += f"{colon}{rest // 60:02d}"
        return text + (f"{colon}{rest % 60:02d}" if seconds else "")

    return write


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or ""
    if name and not name.startswith(("UTC+", "UTC-", "+", "-")):
        return name
    offset = _offset(moment)
    if offset == 0:
        return "UTC"
    hours, rest = divmod(abs(offset), 3600)
    return f"{'-' if offset < 0 else '+'}{hours:02d}" + (f"{rest // 60:02d}" if rest // 60 else "")


def _year(year: int) -> str:
    return f"-{-year:04d}" if year < 0 else f"{year:04d}"


def _fraction(chunk: str, nanos: int) -> str:
    digits = f"{nanos:09d}"[: len(chunk) - 1]
    if chunk[1] == "0":
        return chunk[0] + digits
    digits = digits.rstrip("0")
    return chunk[0] + digits if digits else ""


def _hour12(moment: datetime) -> int:
    return moment.hour % 12 or 12


_FORMATS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "January": lambda t: _MONTHS[t.month - 1],
    "Jan": lambda t: _MONTHS[t.month - 1][:3],
    "1": lambda t: str(t.month),
    "01": lambda t: f"{t.month:02d}",
    "Monday": lambda t: _DAYS[t.weekday()],
    "Mon": lambda t: _DAYS[t.weekday()][:3],
    "2": lambda t: str(t.day),
    "_2": lambda t: f"{t.day:2d}",
    "02": lambda t: f"{t.day:02d}",
    "__2": lambda t: f"{t.timetuple().tm_yday:3d}",
    "002": lambda t: f"{t.timetuple().tm_yday:03d}",
    "15": lambda t: f"{t.hour:02d}",
    "3": lambda t: str(_hour12(t)),
    "03": lambda t: f"{_hour12(t):02d}",
    "4": lambda t: str(t.minute),
    "04": lambda t: f"{t.minute:02d}",
    "5": lambda t: str(t.second),
    "05": lambda t: f"{t.second:02d}",
    "06": lambda t: f"{t.year % 100:02d}",
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
    "MST": _zone_name,
    "Z0700": _zone_text("", z=True),
    "Z07:00": _zone_text(":", z=True),
    "Z07": _zone_text("", z=True, minutes=False),
    "Z070000": _zone_text("", z=True, seconds=True),
    "Z07:00:00": _zone_text(":", z=True, seconds=True),
    "-0700": _zone_text("", z=False),
    "-07:00": _zone_text(":", z=False),
    "-07": _zone_text("", z=False, minutes=False),
    "-070000": _zone_text("", z=False, seconds=True),
    "-07:00:00": _zone_text(":", z=False, seconds=True),
}

_NAMES: Final = {"January": _MONTHS, "Jan": tuple(name[:3] for name in _MONTHS), "Monday": _DAYS}
_PATTERNS: Final = {
    "2006": r"\d{4}", "06": r"\d\d", "01": r"\d\d", "1": r"\d\d?", "02": r"\d\d", "2": r"\d\d?", "_2": r" ?\d\d?",
    "002": r"\d{3}", "__2": r" {0,2}\d{1,3}", "15": r"\d\d?", "03": r"\d\d", "3": r"\d\d?", "04": r"\d\d",
    "4": r"\d\d?", "05": r"\d\d(?:[.,]\d+)?", "5": r"\d\d?(?:[.,]\d+)?", "PM": "AM|PM", "pm": "am|pm",
    "MST": r"[A-Z]{3,5}|[+-]\d\d(?:\d\d)?", "Z0700": r"Z|[+-]\d{4}", "Z07:00": r"Z|[+-]\d\d:\d\d", "Z07": r"Z|[+-]\d\d",
    "Z070000": r"Z|[+-]\d{6}", "Z07:00:00": r"Z|[+-]\d\d:\d\d:\d\d", "-0700": r"[+-]\d{4}", "-07:00": r"[+-]\d\d:\d\d",
    "-07": r"[+-]\d\d", "-070000": r"[+-]\d{6}", "-07:00:00": r"[+-]\d\d:\d\d:\d\d",
    "January": "(?i:" + "|".join(_MONTHS) + ")", "Jan": "(?i:" + "|".join(name[:3] for name in _MONTHS) + ")",
    "Monday": "(?i:" + "|".join(_DAYS) + ")", "Mon": "(?i:" + "|".join(name[:3] for name in _DAYS) + ")",
}  # fmt: skip


@lru_cache(maxsize=256)
def _parser(layout: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    pattern, names, last = [], [], 0
    for chunk, start, end in chunks(layout):
        pattern.append(re.escape(layout[last:start]))
        if chunk in _PATTERNS:
            pattern.append(f"({_PATTERNS[chunk]})")
        else:
            digits = len(chunk) - 1
            pattern.append(rf"([.,]\d{{{digits}}})" if chunk[1] == "0" else r"((?:[.,]\d+)?)")
        names.append(chunk)
        last = end
    pattern.append(re.escape(layout[last:]))
    return re.compile("".join(pattern), re.ASCII), tuple(names)


def parse_time(layout: str, text: str, local: tzinfo) -> Time:
    """time.ParseInLocation; BadTime when the text does not fit."""
    pattern, names = _parser(layout)
    match = pattern.fullmatch(text)
    if match is None:
        raise BadTime(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "{layout}"')
    parts = _Parts()
    for chunk, value in zip(names, match.groups(), strict=True):
        parts.take(chunk, value)
    return parts.time(text, local)


class _Parts:
    """What was read so far."""

    def __init__(self) -> None:
        self.numbers = {"year": 0, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
        self.nanos = 0
        self.afternoon: bool | None = None
        self.offset: int | None = None
        self.zone_name = ""
        self.yearday = 0

    def take(self, chunk: str, value: str) -> None:
        """One chunk's text."""
        field = _FIELDS.get(chunk)
        if field is not None:
            whole, _, fraction = value.replace(",", ".").partition(".")
            self.numbers[field] = int(whole)
            if fraction:
                self.nanos = int(fraction[:9].ljust(9, "0"))
        elif chunk == "06":
            self.numbers["year"] = int(value) + (1900 if int(value) >= 69 else 2000)
        elif chunk in ("January", "Jan"):
            self.numbers["month"] = [name.lower() for name in _NAMES[chunk]].index(value.lower()) + 1
        elif chunk in ("PM", "pm"):
            self.afternoon = value.lower() == "pm"
        elif chunk in ("002", "__2"):
            self.yearday = int(value)
        elif chunk == "MST":
            self.zone_name = value
        elif chunk[0] in "Z-":
            self.offset = _seconds(value)
        elif chunk[0] in ".," and value:
            self.nanos = int(value[1:][:9].ljust(9, "0"))

    def time(self, text: str, local: tzinfo) -> Time:
        """The instant."""
        if self.afternoon is not None:
            hour = self.numbers["hour"]
            self.numbers["hour"] = hour % 12 + (12 if self.afternoon else 0)
        if self.offset is not None:
            zone_of: tzinfo = timezone(timedelta(seconds=self.offset)) if self.offset else UTC
        elif self.zone_name and self.zone_name != "UTC":
            zone_of = timezone(timedelta(0), self.zone_name)
        else:
            zone_of = UTC if self.zone_name else local
        try:
            moment = datetime(**{**self.numbers, "year": max(self.numbers["year"], 1)}, tzinfo=zone_of)
        except ValueError as problem:
            raise BadTime(f'parsing time "{text}": {problem}') from problem
        if self.yearday:
            moment = moment.replace(month=1, day=1) + timedelta(days=self.yearday - 1)
        found = Time.of(moment)
        if self.numbers["year"] < 1:
            found = found.plus(-366 * 86_400 * _SECOND)
        return Time(found.nanos + self.nanos, zone_of)


_FIELDS: Final = {
    "2006": "year", "01": "month", "1": "month", "02": "day", "2": "day", "_2": "day", "15": "hour", "03": "hour",
    "3": "hour", "04": "minute", "4": "minute", "05": "second", "5": "second",
}  # fmt: skip


def _seconds(text: str) -> int:
    if text == "Z":
        return 0
    digits = text[1:].replace(":", "").ljust(6, "0")
    total = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])
    return -total if text[0] == "-" else total


# Durations

_UNITS: Final = {
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": _SECOND, "m": 60 * _SECOND, "h": 3600 * _SECOND,
}  # fmt: skip
_PIECE: Final = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> int | None:
    """time.ParseDuration in nanoseconds; None when it is none."""
    bare = text[1:] if text[:1] in ("+", "-") else text
    if bare == "0":
        return 0
    total, at = 0, 0
    while at < len(bare):
        match = _PIECE.match(bare, at)
        if match is None or not (match.group(1) or match.group(2)):
            return None
        whole, fraction, unit = match.groups()
        total += int(whole or 0) * _UNITS[unit]
        if fraction:
            total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
        at = match.end()
    if not bare or total > 2**63:
        return None
    value = -total if text.startswith("-") else total
    return value if -(2**63) <= value < 2**63 else None


def duration_text(nanos: int) -> str:
    """Duration.String."""
    sign, size = ("-", -nanos) if nanos < 0 else ("", nanos)
    if size == 0:
        return "0s"
    if size < _SECOND:
        for unit, scale in (("ns", 1), ("µs", 1000), ("ms", 1_000_000)):
            if size < scale * 1000:
                return f"{sign}{_decimal(size, scale)}{unit}"
    minutes, rest = divmod(size, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, _SECOND)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{f'{hours}h' if hours else ''}{text}"


def _decimal(number: int, scale: int) -> str:
    whole, rest = divmod(number, scale)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(scale)) - 1, '0').rstrip('0')}"
