"""Go's layouts: what the parts of `Mon, 02 Jan 2006 15:04:05 MST` stand for, and how a time is written by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: What a layout is made of; longer words first.
_CHUNK: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2006|_2|002|01|02|03|04|05|06|15|PM|pm"
    r"|Z070000|Z07:00:00|Z0700|Z07:00|Z07|-070000|-07:00:00|-0700|-07:00|-07|[.,](?:0+|9+)(?![0-9])|1|2|3|4|5"
)


@lru_cache(maxsize=512)
def chunks(layout: str) -> tuple[tuple[str, int, int], ...]:
    """The parts of a layout that stand for something, and where they are; fractions look like `.000` or `,999`."""
    found = []
    for match in _CHUNK.finditer(layout):
        text, start = match.group(), match.start()
        if text == "_2006":
            text, start = "2006", start + 1
        found.append((text, start, match.end()))
    return tuple(found)


def write(layout: str, moment: datetime, year: int, nanos: int) -> str:
    """A wall clock by a layout; `year` is the moment's own where datetime knows it."""
    out: list[str] = []
    last = 0
    for chunk, start, end in chunks(layout):
        out.append(layout[last:start])
        if chunk == "2006":
            out.append(f"-{-year:04d}" if year < 0 else f"{year:04d}")
        elif chunk == "06":
            out.append(f"{abs(year) % 100:02d}")
        else:
            out.append(_FORMATS[chunk](moment) if chunk in _FORMATS else _fraction(chunk, nanos))
        last = end
    out.append(layout[last:])
    return "".join(out)


def _fraction(chunk: str, nanos: int) -> str:
    digits = f"{nanos:09d}".ljust(len(chunk) - 1, "0")[: len(chunk) - 1]
    if chunk[1] == "0":
        return chunk[0] + digits
    digits = digits.rstrip("0")
    return chunk[0] + digits if digits else ""


def _zone_text(colon: str, *, z: bool, minutes: bool = True, seconds: bool = False) -> Callable[[datetime], str]:
    def text(moment: datetime) -> str:
        offset = _offset(moment)
        if z and offset == 0:
            return "Z"
        hours, rest = divmod(abs(offset), 3600)
        shown = f"{'-' if offset < 0 else '+'}{hours:02d}"
        if minutes:
            shown += f"{colon}{rest // 60:02d}"
        return shown + (f"{colon}{rest % 60:02d}" if seconds else "")

    return text


def _offset(moment: datetime) -> int:
    delta = moment.utcoffset()
    return int(delta.total_seconds()) if delta else 0


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or ""
    # Python calls a zone that is nothing but an offset UTC+05:30; Go writes the offset itself.
    return _NUMERIC(moment) if name.startswith(("UTC+", "UTC-")) or not name else name


_NUMERIC: Final = _zone_text("", z=False)
_FORMATS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "January": lambda t: MONTHS[t.month - 1],
    "Jan": lambda t: MONTHS[t.month - 1][:3],
    "1": lambda t: str(t.month),
    "01": lambda t: f"{t.month:02d}",
    "Monday": lambda t: DAYS[t.weekday()],
    "Mon": lambda t: DAYS[t.weekday()][:3],
    "2": lambda t: str(t.day),
    "_2": lambda t: f"{t.day:2d}",
    "02": lambda t: f"{t.day:02d}",
    "__2": lambda t: f"{t.timetuple().tm_yday:3d}",
    "002": lambda t: f"{t.timetuple().tm_yday:03d}",
    "15": lambda t: f"{t.hour:02d}",
    "3": lambda t: str(t.hour % 12 or 12),
    "03": lambda t: f"{t.hour % 12 or 12:02d}",
    "4": lambda t: str(t.minute),
    "04": lambda t: f"{t.minute:02d}",
    "5": lambda t: str(t.second),
    "05": lambda t: f"{t.second:02d}",
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
    "MST": _zone_name,
    "Z0700": _zone_text("", z=True),
    "Z07:00": _zone_text(":", z=True),
    "Z07": _zone_text("", z=True, minutes=False),
    "Z070000": _zone_text("", z=True, seconds=True),
    "Z07:00:00": _zone_text(":", z=True, seconds=True),
    "-0700": _NUMERIC,
    "-07:00": _zone_text(":", z=False),
    "-07": _zone_text("", z=False, minutes=False),
    "-070000": _zone_text("", z=False, seconds=True),
    "-07:00:00": _zone_text(":", z=False, seconds=True),
}
