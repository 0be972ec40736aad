"""The artifact of a source: a tar.gz whose tar is byte for byte what Flux writes (flux.md 2.2).

Headers are normalized (no owner, no time, three modes), so equal content gives equal bytes and an equal digest.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from engine import errors

BLOCK = 512
FILE_MODE, EXECUTABLE_MODE, DIRECTORY_MODE = 0o600, 0o700, 0o750
#: gzip without name and time; XFL 0, unknown operating system.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_NAME, _PREFIX = 100, 155


@dataclass(frozen=True, slots=True)
class Member:
    """A file (`content` given) or a directory (None) of an archive; the name is relative, the root is `.`."""

    name: bytes
    content: bytes | None = None
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: `digest` is `sha256:<hex>` over the compressed bytes, `size` their number."""

    digest: str
    size: int


def write(out: BinaryIO, members: Iterable[Member]) -> Written:
    """Write the archive of these members, which come in archive order without the root."""
    sink = _Gzip(out)
    sink.write(_header(b".", 0, DIRECTORY_MODE, b"5"))
    for member in members:
        if member.content is None:
            sink.write(_headers(member.name, 0, DIRECTORY_MODE, b"5"))
        else:
            mode = EXECUTABLE_MODE if member.executable else FILE_MODE
            sink.write(_headers(member.name, len(member.content), mode, b"0"))
            sink.write(_padded(member.content))
    sink.write(bytes(2 * BLOCK))
    return sink.close()


def order(name: bytes) -> tuple[bytes, ...]:
    """The sort key of a member: lexical per directory, a directory before its content."""
    return tuple(name.split(b"/"))


class _Gzip:
    """Compresses into a file and keeps digest and size of what went there."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._hash = hashlib.sha256()
        self._crc = 0
        self._plain = 0
        self._size = 0
        self._emit(_GZIP_HEADER)

    def write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._plain += len(data)
        self._emit(self._deflate.compress(data))

    def close(self) -> Written:
        self._emit(self._deflate.flush())
        self._emit(self._crc.to_bytes(4, "little") + (self._plain & 0xFFFFFFFF).to_bytes(4, "little"))
        return Written(f"sha256:{self._hash.hexdigest()}", self._size)

    def _emit(self, data: bytes) -> None:
        self._out.write(data)
        self._hash.update(data)
        self._size += len(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def _headers(name: bytes, size: int, mode: int, kind: bytes) -> bytes:
    """The member's header; a name that USTAR cannot hold gets a PAX record in front."""
    if b"\0" in name:
        raise errors.Malformed("a file name with a zero byte cannot be archived")
    if name.isascii() and (len(name) <= _NAME or _split(name)):
        return _header(name, size, mode, kind)
    directory, _, base = name.rpartition(b"/")
    record = _pax_record(b"path", name)
    beside = (directory + b"/" if directory else b"") + b"PaxHeaders.0/" + base
    extended = _block(_ascii(beside)[:_NAME].rstrip(b"/"), b"", len(record), 0, b"x", devices=False)
    return extended + _padded(record) + _block(_ascii(name)[:_NAME], b"", size, mode, kind)


def _header(name: bytes, size: int, mode: int, kind: bytes) -> bytes:
    prefix, short = _split(name) or (b"", name)
    return _block(short, prefix, size, mode, kind)


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """A long name as USTAR's prefix and name, cut at the last slash that lets both fit."""
    if len(name) <= _NAME:
        return None
    cut = name.rfind(b"/", 0, min(len(name), _PREFIX + 1))
    if cut <= 0 or not 0 < len(name) - cut - 1 <= _NAME:
        return None
    return name[:cut], name[cut + 1 :]


def _block(name: bytes, prefix: bytes, size: int, mode: int, kind: bytes, *, devices: bool = True) -> bytes:
    if size >= 8**11:
        raise errors.LimitExceeded(f"a file of {size} bytes is too large for an archive")
    device = b"0000000\0" if devices else bytes(8)
    fields = (
        name.ljust(_NAME, b"\0"),
        b"%07o\0" % mode,
        b"0000000\0" * 2,  # uid, gid
        b"%011o\0" % size,
        b"00000000000\0",  # mtime
        b"        ",  # the checksum counts as blanks
        kind,
        bytes(100),  # link name
        b"ustar\x0000",
        bytes(64),  # user and group names
        device * 2,
        prefix.ljust(_PREFIX, b"\0"),
    )
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _pax_record(key: bytes, value: bytes) -> bytes:
    """`LENGTH key=value` and a newline, where LENGTH counts itself."""
    length = len(key) + len(value) + 3
    total = length + len(str(length))
    if len(str(total)) > len(str(length)):
        total += 1
    return b"%d %s=%s\n" % (total, key, value)


def _ascii(name: bytes) -> bytes:
    return bytes(byte for byte in name if byte < 0x80)
