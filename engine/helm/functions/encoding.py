# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Base64 and base32 with Go's errors; paths."""

from __future__ import annotations

import base64
import posixpath
import re
from typing import Final

from engine.helm.template.quote import from_bytes, to_bytes
from engine.helm.template.signature import go

_B64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_B32: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@go("string -> string")
def b64enc(text: str) -> str:
    return base64.b64encode(to_bytes(text)).decode()


@go("string -> string")
def b64dec(text: str) -> str:
    data = decode64(text)
    return data if isinstance(data, str) else from_bytes(data)


def decode64(text: str) -> bytes | str:
    """Bytes, or Go's error: the place of the first byte that is wrong; newlines are skipped."""
    data = to_bytes(text)
    try:
        return base64.b64decode(data.replace(b"\n", b"").replace(b"\r", b""), validate=True)
    except ValueError:
        return f"illegal base64 data at input byte {_first_wrong(data, _B64, 4)}"


def _first_wrong(data: bytes, alphabet: frozenset[int], group: int) -> int | None:
    """Where a padded encoding goes wrong, by Go's reckoning, or None."""
    count = 0
    index = 0
    size = len(data)
    while index < size:
        byte = data[index]
        if byte in b"\r\n":
            index += 1
            continue
        if byte in alphabet:
            count += 1
            index += 1
            continue
        if byte != 0x3D:
            return index
        return _padding(data, index, count % group, group)
    if count % group:
        return size - count % group if group == 4 else size
    return None


def _padding(data: bytes, index: int, digits: int, group: int) -> int | None:
    """The `=` at the end: as many as are missing, and nothing after them."""
    if group == 4 and digits < 2:
        return index
    if group == 4 and digits == 2:
        index += 1
        while index < len(data) and data[index] in b"\r\n":
            index += 1
        if index == len(data):
            return len(data)
        if data[index] != 0x3D:
            return index
    index += 1
    while index < len(data) and data[index] in b"\r\n":
        index += 1
    return index if index < len(data) else None


@go("string -> string")
def b32enc(text: str) -> str:
    return base64.b32encode(to_bytes(text)).decode()


@go("string -> string")
def b32dec(text: str) -> str:
    data = to_bytes(text).replace(b"\n", b"").replace(b"\r", b"")
    wrong = _wrong32(data)
    if wrong is not None:
        return f"illegal base32 data at input byte {wrong}"
    bare = data.rstrip(b"=")
    return from_bytes(base64.b32decode(bare.ljust(-(-len(bare) // 8) * 8, b"=")))


def _wrong32(data: bytes) -> int | None:
    """Where groups of eight go wrong, by Go's reckoning, or None."""
    size = len(data)
    for start in range(0, size, 8):
        for place in range(8):
            at = start + place
            if at >= size:
                return size - place
            left = size - at - 1
            if data[at] == 0x3D and place >= 2 and left < 8:
                return _padding32(data, place, left)
            if data[at] not in _B32:
                return at
    return None


def _padding32(data: bytes, place: int, left: int) -> int | None:
    """The `=` at the end, of which one was read and `left` bytes follow."""
    size = len(data)
    if left + place < 7:
        return size
    for ahead in range(min(7 - place, left)):
        if data[size - left + ahead] != 0x3D:
            return size - left + ahead - 1
    return size - left - 1 if place in (1, 3, 6) else None


@go("string -> string")
def base(path: str) -> str:
    if not path:
        return "."
    stripped = path.rstrip("/")
    return stripped.rpartition("/")[2] if stripped else "/"


@go("string -> string")
def clean(path: str) -> str:
    if not path:
        return "."
    cleaned = posixpath.normpath(path)
    return re.sub("^//+", "/", cleaned)


@go("string -> string")
def dir_(path: str) -> str:
    head, slash, _ = path.rpartition("/")
    return clean(head + slash)


@go("string -> string")
def ext(path: str) -> str:
    name = path.rpartition("/")[2]
    _, dot, tail = name.rpartition(".")
    return dot + tail if dot else ""


@go("string -> bool")
def is_abs(path: str) -> bool:
    return path.startswith("/")


FUNCTIONS: Final = {
    "b64enc": b64enc, "b64dec": b64dec, "b32enc": b32enc, "b32dec": b32dec, "base": base, "clean": clean, "dir": dir_,
    "ext": ext, "isAbs": is_abs, "osBase": base, "osClean": clean, "osDir": dir_, "osExt": ext, "osIsAbs": is_abs,
}  # fmt: skip
