"""Tar archives from outside, read as Go's archive/tar reads them, in time and memory that their size bounds.

The standard library's reader searches each extended header in quadratic time, recurses for each one in a chain, and
goes round in circles for negative sizes; this one reads what charts and artifacts need, and nothing is ever written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from engine.errors import LimitExceeded, Malformed

_BLOCK: Final = 512
_LONGEST_HEADER: Final = 2**20
"""Bytes of a long name or of extended records, as in Go."""
_LARGEST: Final = 2**63
_LONG_NAME: Final = "L"
_RECORDS: Final = "x"
_BEFORE: Final = frozenset((_LONG_NAME, "K", _RECORDS, "g"))
"""Entries that tell about the next one, or about all."""
_EMPTY: Final = frozenset("123456")
"""Links, devices, folders and pipes: they have no content, whatever size they claim."""


class TarError(Malformed):
    """An archive that cannot be read on."""


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; b"" at the end."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. `type` is tar's flag; a name that is not UTF-8 has its bytes as lone surrogates."""

    name: str
    type: str
    size: int
    """Bytes of content."""

    @property
    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self.type == "5"

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.type in ("0", "7")


class Tar:
    """An archive, once through: iterate, and `read` the entry that came last. TarError, LimitExceeded."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._content = 0
        self._padding = 0

    def __iter__(self) -> Iterator[Member]:
        while (member := self._next()) is not None:
            yield member

    def read(self) -> bytes:
        """What is left of the last entry's content."""
        data = self._take(self._content)
        self._content = 0
        return data

    def _next(self) -> Member | None:
        long_name = ""
        records: dict[str, str] = {}
        while True:
            self._skip()
            block = self._take(_BLOCK, at_end=True)
            if not block.strip(b"\0"):
                return None
            member = _header(block)
            if member.type not in _BEFORE:
                return self._begin(_completed(member, long_name, records))
            if member.size > _LONGEST_HEADER:
                raise LimitExceeded(f"tar: a header of {member.size} bytes")
            self._begin(member)
            data = self.read()
            if member.type == _LONG_NAME:
                long_name = _text(data)
            elif member.type == _RECORDS:
                records |= _records(data)

    def _begin(self, member: Member) -> Member:
        self._content, self._padding = member.size, -member.size % _BLOCK
        return member

    def _skip(self) -> None:
        left = self._content + self._padding
        self._content = self._padding = 0
        while left:
            left -= len(self._take(min(left, _LONGEST_HEADER)))

    def _take(self, size: int, *, at_end: bool = False) -> bytes:
        """So many bytes; none at all when the archive may end here and does."""
        parts = []
        left = size
        while left:
            part = self._stream.read(left)
            if not part:
                if at_end and left == size:
                    return b""
                raise TarError("tar: it ends in the middle")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _header(block: bytes) -> Member:
    told = _number(block[148:156])
    summed = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if told != summed:
        raise TarError("tar: invalid header")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    flag = chr(block[156])
    return Member(name, flag, 0 if flag in _EMPTY else _number(block[124:136]))


def _completed(member: Member, long_name: str, records: Mapping[str, str]) -> Member:
    """With what the entries before it told."""
    if member.type == "S" or any(key.startswith("GNU.sparse.") for key in records):
        raise TarError(f"tar: {member.name} is a sparse file")
    name = long_name or records.get("path") or member.name
    flag = member.type
    if flag == "\0":
        flag = "5" if name.endswith("/") else "0"
    size = member.size
    if "size" in records and flag not in _EMPTY:
        size = _decimal(records["size"])
    return Member(name, flag, 0 if flag in _EMPTY else size)


def _records(data: bytes) -> dict[str, str]:
    """Extended records: `LENGTH KEY=VALUE` and a line break each, the length counting all of it."""
    found = {}
    at = 0
    while at < len(data):
        blank = data.find(b" ", at, at + 8)
        end = at + _decimal(_text(data[at:blank])) if blank > 0 else 0
        key, equals, value = data[blank + 1 : end - 1].partition(b"=")
        if not blank < end <= len(data) or not key or not equals or data[end - 1 : end] != b"\n":
            raise TarError("tar: invalid extended header")
        found[_text(key)] = _text(value)
        at = end
    return found


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    """Octal digits between blanks, or the bytes of the number behind a mark."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:])
        if field[0] & 0x40 or value >= _LARGEST:
            raise TarError("tar: invalid header")
        return value
    digits = field.strip(b" \0").partition(b"\0")[0]
    if digits.strip(b"01234567"):
        raise TarError("tar: invalid header")
    return int(digits or b"0", 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) >= _LARGEST:
        raise TarError("tar: invalid extended header")
    return int(text)
