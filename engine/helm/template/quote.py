"""Go's string literals: reading (`unquote`) and writing (`quote`, %q).

A Go string is bytes. Ours are `str`; bytes that are no UTF-8 are carried as lone surrogates, the way
`surrogateescape` does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(?s:.))|\\\Z"
)
_SHORT: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\",
}  # fmt: skip
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")


def to_bytes(text: str) -> bytes:
    """The bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """A Go string of these bytes."""
    return data.decode("utf-8", "surrogateescape")


def unquote(literal: str) -> str:
    """The text of a "…" or `…` literal; ValueError when it is none."""
    mark, inner = literal[0], literal[1:-1]
    if mark == "`":
        return inner.replace("\r", "")
    return inner if "\\" not in inner else _unescape(inner, mark)


def unquote_char(literal: str) -> int:
    """The code of a '…' literal; ValueError when it is none."""
    inner = literal[1:-1]
    text = _unescape(inner, "'") if "\\" in inner else inner
    if len(text) != 1:
        raise ValueError("malformed character constant: " + literal)
    code = ord(text)
    return code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code


def _unescape(inner: str, mark: str) -> str:
    def one(match: re.Match[str]) -> str:
        short, two, four, eight, octal = match.groups()
        if short is not None:
            if short in "'\"":
                if short != mark:
                    raise ValueError("invalid syntax")
                return short
            return _SIMPLE[short]
        if four is not None or eight is not None:
            code = int(four or eight, 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise ValueError("invalid syntax")
            return chr(code)
        if two is None and octal is None:
            raise ValueError("invalid syntax")
        code = int(two, 16) if two is not None else int(octal, 8)
        if code > 255:
            raise ValueError("invalid syntax")
        return chr(code) if code < 0x80 else chr(0xDC00 + code)

    text = _ESCAPE.sub(one, inner)
    # Bytes that were written one by one may form UTF-8 together.
    return text if text.isascii() else from_bytes(to_bytes(text))


@lru_cache(maxsize=4096)
def is_print(char: str) -> bool:
    """strconv.IsPrint: as Python sees it, with the ASCII space as the only space."""
    return char.isprintable()


def quote(text: str, *, ascii_only: bool = False) -> str:
    """strconv.Quote: what %q prints."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return '"' + "".join([_quoted(char, '"', ascii_only=ascii_only) for char in text]) + '"'


def quote_char(code: int, *, ascii_only: bool = False) -> str:
    """strconv.QuoteRune."""
    char = chr(code) if 0 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"
    return f"'{_quoted(char, chr(39), ascii_only=ascii_only)}'"


def _quoted(char: str, mark: str, *, ascii_only: bool) -> str:
    if char == mark:
        return "\\" + char
    short = _SHORT.get(char)
    if short is not None:
        return short
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if is_print(char) and (code < 0x80 or not ascii_only):
        return char
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
