"""Scalars as go-yaml prints them: quotes, blocks, folding, numbers.

Double quotes only where a plain scalar would read as something else, `|` blocks for text with newlines,
single quotes where the plain form is not allowed; lines are folded at the first space past column 80.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from engine.yaml.floats import float_text
from engine.yaml.resolve import reads_as_string

#: Text that is certainly fine without quotes as far as its characters go.
_SIMPLE: Final = re.compile(r"[A-Za-z0-9_./+$()^~;=<\\][A-Za-z0-9_./+$()^~;=<\\&*!|>'\"%@`,\[\]{}?-]*", re.ASCII)
_INDICATOR_FIRST: Final = frozenset("#,[]{}&*!|>'\"%@`")
#: Characters that go-yaml's emitter does not print as they are.
_SPECIAL_ASCII: Final = re.compile(r"[^\n\x20-\x7e]", re.ASCII)
_MUST_ESCAPE_ASCII: Final = re.compile(r'["\\]|[^\x20-\x7e]', re.ASCII)
_SPECIAL_CLASS: Final = "[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
_BREAKS: Final = "\r\n\x85\u2028\u2029"
_BREAK_CLASS: Final = f"[{_BREAKS}]"
_SPACE_BREAK: Final = re.compile(f" {_BREAK_CLASS}")
_SEPARATORS: Final = ("", "\u2028", "\u2029")
#: Line breaks of Unicode that more text follows.
_BREAK_RUN: Final = re.compile("([\u2028\u2029]+)(?=[^\u2028\u2029\n])")
_BREAK_SPACE: Final = re.compile(f"{_BREAK_CLASS} ")
_ESCAPES: Final = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_BYTE_ORDER_MARK: Final = "\ufeff"
_CACHEABLE: Final = 128
#: A space further right than this may become a line break.
_WIDTH: Final = 80


def scalar(value: Any, pad: str, column: int) -> str:
    """A scalar or an empty collection, written from `column` on; `pad` indents its further lines."""
    if isinstance(value, str):
        return text_of(value, pad, column)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return float_text(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def text_of(text: str, pad: str, column: int) -> str:
    """A string, written from `column` on; `pad` indents its further lines."""
    if "\n" in text:
        return _block(text, pad, column)
    written = _one_line(text) if len(text) <= _CACHEABLE else quoted(text)
    if written[0] == "'" and not written.isascii() and _BREAK_RUN.search(text):
        return _fold_lines(text, pad, column)
    return written if column + len(written) <= _WIDTH or " " not in text else _fold(text, written[0], pad, column)


def _fold_lines(text: str, pad: str, column: int) -> str:
    """Single-quoted text with line breaks of Unicode in it: the indentation follows them as it follows a newline."""
    out = []
    for part in _BREAK_RUN.split(text):
        breaks = part[:1] in _SEPARATORS[1:]
        out.append(part + pad if breaks else _fold(part, "'", pad, column)[1:-1])
        column = len(pad) - 1
    return "'" + "".join(out) + "'"


def quoted(text: str) -> str:
    """Plain, 'single' or "double" quoted text without newlines."""
    if not reads_as_string(text):
        return double(text)
    if _SIMPLE.fullmatch(text) and not text.startswith(("---", "...")):
        return text
    if is_special(text) or _SPACE_BREAK.search(text):
        return double(text)
    if _plain_allowed(text):
        return text
    if _BREAK_SPACE.search(text):
        return double(text)
    return "'" + text.replace("'", "''") + "'"


#: Short texts repeat.
_one_line: Final = lru_cache(maxsize=16384)(quoted)


def is_special(text: str) -> bool:
    """Whether a character cannot be printed as it is."""
    return (_SPECIAL_ASCII if text.isascii() else _special()).search(text) is not None


@cache
def _special() -> re.Pattern[str]:
    """Compiled when first needed: it takes longer than to start all else that a build imports."""
    return re.compile(_SPECIAL_CLASS)


@cache
def _must_escape() -> re.Pattern[str]:
    return re.compile('["\\\\\x85\u2028\u2029\n]|' + _SPECIAL_CLASS)


def _escaped(text: str) -> str:
    if text.startswith(_BYTE_ORDER_MARK):
        # go-yaml looks for the mark at the start where it means the next character.
        return "".join(map(_escaped_char, text))
    pattern = _MUST_ESCAPE_ASCII if text.isascii() else _must_escape()
    return pattern.sub(lambda found: _escaped_char(found.group()), text)


def _plain_allowed(text: str) -> bool:
    first, last = text[0], text[-1]
    if first == " " or last == " " or text.startswith(("---", "...")) or any(mark in text for mark in "\u2028\u2029"):
        return False
    if first in _INDICATOR_FIRST or (first in "?:-" and (len(text) == 1 or text[1] in " \t")):
        return False
    return not (": " in text or " #" in text or last == ":")


def double(text: str) -> str:
    """Text in double quotes."""
    return f'"{_escaped(text)}"'


def _escaped_char(char: str) -> str:
    known = _ESCAPES.get(char)
    if known is not None:
        return known
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _fold(text: str, style: str, pad: str, column: int) -> str:
    """Text that is longer than a line: the first single space past column 80 becomes a line break."""
    if style == '"':
        return _fold_double(text, pad, column)
    quote = style if style == "'" else ""
    written = text.replace("'", "''") if quote else text
    out = [quote]
    column += len(quote)
    start, last = 0, len(written) - 1
    space = written.find(" ", max(0, _WIDTH + 1 - column))
    while space >= 0:
        if 0 < space < last and written[space - 1] != " " and written[space + 1] != " ":
            out.append(f"{written[start:space]}\n{pad}")
            start = space + 1
            space = written.find(" ", start + max(0, _WIDTH + 1 - len(pad)))
        else:
            space = written.find(" ", space + 1)
    out.append(written[start:] + quote)
    return "".join(out)


def _fold_double(text: str, pad: str, column: int) -> str:
    """The same in double quotes, where a run of spaces may be broken behind a backslash."""
    if text.startswith(_BYTE_ORDER_MARK):
        return double(text)
    out = ['"']
    column += 1
    last = len(text) - 1
    after_space = False
    for index, char in enumerate(text):
        if char != " ":
            cell = _escaped(char)
            out.append(cell)
            column += len(cell)
            after_space = False
            continue
        spaced = index < last and text[index + 1] == " "
        if column <= _WIDTH or after_space or not 0 < index < last:
            out.append(" ")
            column += 1
        else:
            out.append(f"\n{pad}\\" if spaced else f"\n{pad}")
            column = len(pad) + spaced
        after_space = True
    out.append('"')
    return "".join(out)


def _block(text: str, pad: str, column: int) -> str:
    """A literal block, or double quotes where a block cannot hold the text."""
    if text[-1] == " " or is_special(text) or _SPACE_BREAK.search(text):
        return _fold(text, '"', pad, column)
    head = "|2" if text[0] in " \n" else "|"
    if not text.endswith("\n"):
        head += "-"
    elif text == "\n" or text.endswith("\n\n"):
        head += "+"
    body = text.removesuffix("\n")
    if not body.isascii():
        body = _BREAK_RUN.sub(lambda found: found[0] + pad, body)
    return head + "\n" + "\n".join(line if line[:1] in _SEPARATORS else pad + line for line in body.split("\n"))
