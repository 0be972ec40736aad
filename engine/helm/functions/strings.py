# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Sprig's functions of text."""

from __future__ import annotations

from typing import Final

from engine.helm.functions.cases import kebab_case, pascal_case, snake_case
from engine.helm.functions.convert import bounded_text
from engine.helm.template.errors import CallError
from engine.helm.template.quote import from_bytes, to_bytes
from engine.helm.template.signature import go

#: unicode.IsSpace.
SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # fmt: skip  # noqa: E501
_SPACES: Final = frozenset(SPACE)


def _cut(text: str, start: int, end: int) -> str:
    """text[start:end] in bytes, as Go slices; Go's panic when that is outside."""
    data: str | bytes = text if text.isascii() else to_bytes(text)
    if end > len(data):
        raise CallError(f"runtime error: slice bounds out of range [:{end}] with length {len(data)}")
    if end < 0:
        raise CallError(f"runtime error: slice bounds out of range [:{end}]")
    if start > end:
        raise CallError(f"runtime error: slice bounds out of range [{start}:{end}]")
    part = data[start:end]
    return part if isinstance(part, str) else from_bytes(part)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(to_bytes(text))


def _sound(text: str) -> str:
    """Bytes that are no UTF-8 become U+FFFD, as where Go goes through a text by characters."""
    return text if text.isascii() else "".join(["\ufffd" if "\udc80" <= c <= "\udcff" else c for c in text])


def _simple_upper(text: str) -> str:
    """strings.ToUpper maps characters one by one: ß stays."""
    if text.isascii():
        return text.upper()
    return "".join([_upper(char) for char in _sound(text)])


def _upper(char: str) -> str:
    upper = char.upper()
    return upper if len(upper) == 1 else char


def _simple_lower(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join([_lower(char) for char in _sound(text)])


def _lower(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else lower[0]


def _title_char(char: str) -> str:
    title = char.title()
    return title if len(title) == 1 else char


@go("string -> string")
def trim(text: str) -> str:
    return text.strip(SPACE)


@go("string -> string")
def upper(text: str) -> str:
    return _simple_upper(text)


@go("string -> string")
def lower(text: str) -> str:
    return _simple_lower(text)


def _separates(char: str) -> bool:
    """strings.Title's idea of what stands between words."""
    if char.isascii():
        return not (char.isalnum() or char == "_")
    return not char.isalpha() and not char.isdigit() and char in _SPACES


@go("string -> string")
def title(text: str) -> str:
    previous = " "
    out = []
    for char in _sound(text):
        out.append(_title_char(char) if _separates(previous) else char)
        previous = char
    return "".join(out)


@go("string -> string")
def untitle(text: str) -> str:
    out = []
    start = True
    for char in _sound(text):
        if char in _SPACES:
            start = True
        elif start:
            char = _lower(char)
            start = False
        out.append(char)
    return "".join(out)


@go("string -> string")
def swapcase(text: str) -> str:
    out = []
    whitespace = True
    for char in _sound(text):
        if char.isupper() or char.istitle():
            out.append(_lower(char))
            whitespace = False
        elif char.islower():
            out.append(_title_char(char) if whitespace else _upper(char))
            whitespace = False
        else:
            out.append(char)
            whitespace = char in _SPACES
    return "".join(out)


@go("string -> string")
def initials(text: str) -> str:
    out = []
    start = True
    # Byte by byte, each taken for a character of its own.
    for char in text if text.isascii() else map(chr, to_bytes(text)):
        if char in _SPACES:
            start = True
        elif start:
            out.append(char)
            start = False
    return "".join(out)


@go("string -> string")
def nospace(text: str) -> str:
    if text.isascii():
        return "".join([char for char in text if char not in _SPACES])
    # Byte by byte, each taken for a character of its own.
    data = to_bytes(text)
    kept = [chr(byte) for byte in data if chr(byte) not in _SPACES]
    return text if len(kept) == len(data) else "".join(kept)


@go("int, string -> string")
def trunc(count: int, text: str) -> str:
    size = _size(text)
    if count < 0 and size + count > 0:
        return _cut(text, size + count, size)
    if 0 <= count < size:
        return _cut(text, 0, count)
    return text


@go("int, int, string -> string")
def substr(start: int, end: int, text: str) -> str:
    size = _size(text)
    if start < 0:
        return _cut(text, 0, end)
    if end < 0 or end > size:
        if start > size:
            raise CallError(f"runtime error: slice bounds out of range [{start}:{size}]")
        return _cut(text, start, size)
    return _cut(text, start, end)


@go("int, string -> string")
def abbrev(width: int, text: str) -> str:
    return text if width < 4 else _abbreviate(text, 0, width)


@go("int, int, string -> string")
def abbrevboth(left: int, right: int, text: str) -> str:
    if right < 4 or (left > 0 and right < 7):
        return text
    return _abbreviate(text, left, right)


def _abbreviate(text: str, offset: int, width: int) -> str:
    size = _size(text)
    if not text or width < 4:
        return ""
    if size <= width:
        return text
    offset = min(offset, size)
    if size - offset < width - 3:
        offset = size - (width - 3)
    if offset <= 4:
        return _cut(text, 0, width - 3) + "..."
    if width < 7:
        return ""
    if offset + width - 3 < size:
        return "..." + _abbreviate(_cut(text, offset, size), 0, width - 3)
    return "..." + _cut(text, size - (width - 3), size)


@go("int, string -> string")
def repeat(count: int, text: str) -> str:
    if count < 0:
        raise CallError("strings: negative Repeat count")
    bounded_text(count * len(text))
    return text * count


@go("string, string -> string")
def trim_all(cutset: str, text: str) -> str:
    return text.strip(cutset) if cutset else text


@go("string, string -> string")
def trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


@go("string, string -> string")
def trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


@go("string, string -> bool")
def contains(part: str, text: str) -> bool:
    return part in text


@go("string, string -> bool")
def has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


@go("string, string -> bool")
def has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


@go("int, string -> string")
def indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise CallError("strings: negative Repeat count")
    bounded_text(len(text) + (text.count("\n") + 1) * spaces)
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


@go("int, string -> string")
def nindent(spaces: int, text: str) -> str:
    return "\n" + indent(spaces, text)


@go("string, string, string -> string")
def replace(old: str, new: str, text: str) -> str:
    if len(new) > len(old):
        bounded_text(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


@go("string, string, int -> string")
def plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


@go("int, string -> string")
def wrap(width: int, text: str) -> str:
    return _wrap(text, width, "\n", long_words=False)


@go("int, string, string -> string")
def wrap_with(width: int, separator: str, text: str) -> str:
    return _wrap(text, width, separator or "\n", long_words=True)


def _wrap(text: str, width: int, newline: str, *, long_words: bool) -> str:
    """Lines of at most `width` bytes, cut at blanks; blanks at the start of a line go."""
    data, mark = to_bytes(text), to_bytes(newline)
    width = max(width, 1)
    bounded_text(len(data) + (len(data) // width + 1) * len(mark))
    out: list[bytes] = []
    offset = 0
    while len(data) - offset > width:
        if data[offset] == 0x20:
            offset += 1
            continue
        space = data.rfind(b" ", offset, offset + width + 1)
        if space >= 0:
            out += (data[offset:space], mark)
            offset = space + 1
        elif long_words:
            out += (data[offset : offset + width], mark)
            offset += width
        else:
            space = data.find(b" ", offset + width)
            if space < 0:
                out.append(data[offset:])
                offset = len(data)
            else:
                out += (data[offset:space], mark)
                offset = space + 1
    out.append(data[offset:])
    return from_bytes(b"".join(out))


@go("-> string")
def hello() -> str:
    return "Hello!"


FUNCTIONS: Final = {
    "abbrev": abbrev, "abbrevboth": abbrevboth, "trunc": trunc, "trim": trim, "upper": upper, "lower": lower,
    "title": title, "untitle": untitle, "substr": substr, "repeat": repeat, "trimall": trim_all, "trimAll": trim_all,
    "trimSuffix": trim_suffix, "trimPrefix": trim_prefix, "nospace": nospace, "initials": initials,
    "swapcase": swapcase, "snakecase": go("string -> string")(snake_case),
    "camelcase": go("string -> string")(pascal_case), "kebabcase": go("string -> string")(kebab_case),
    "wrap": wrap, "wrapWith": wrap_with, "contains": contains, "hasPrefix": has_prefix, "hasSuffix": has_suffix,
    "indent": indent, "nindent": nindent, "replace": replace,
    "plural": plural, "hello": hello,
}  # fmt: skip
