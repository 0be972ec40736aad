"""The string formats that the API server checks in custom resources; all others are notes to the reader."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from engine.embedded.schema.patterns import compile_pattern


def _parses(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, binascii.Error):
            return False
        return True

    return check


def _looks_like(pattern: str) -> Callable[[str], bool]:
    return lambda text: compile_pattern(pattern).search(text) is not None


_DATE_TIME = _looks_like(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$")


def _date_time(text: str) -> bool:
    """RFC 3339, fractions of any length."""
    return _DATE_TIME(text) and _parses(datetime.fromisoformat)(text[:19].replace(" ", "T").replace("t", "T"))


def _uri(text: str) -> bool:
    """An absolute URI, or an absolute path."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme or parts.path.startswith("/")) and not any(char.isspace() for char in text)


_UUID = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}$"
_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"

FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": _date_time,
    "datetime": _date_time,
    "date": _parses(date.fromisoformat),
    "duration": _looks_like(r"^\s*([0-9]+(\.[0-9]+)?\s*(ns|us|µs|ms|s|m|h|d|w)[a-z]*\s*)+$|^0$"),
    "uri": _uri,
    "email": _looks_like(r"^[^@\s<>]+@[^@\s<>]+$"),
    "hostname": _looks_like(rf"^{_LABEL}(\.{_LABEL})*\.?$"),
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "cidr": _parses(lambda text: ipaddress.ip_network(text, strict=False)),
    "mac": _looks_like(r"^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$"),
    "uuid": _looks_like(_UUID % ("[0-9a-f]", "[0-9a-f]")),
    "uuid3": _looks_like(_UUID % ("3", "[0-9a-f]")),
    "uuid4": _looks_like(_UUID % ("4", "[89ab]")),
    "uuid5": _looks_like(_UUID % ("5", "[89ab]")),
    "hexcolor": _looks_like(r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    "byte": _parses(lambda text: base64.b64decode(text, validate=True)),
}
