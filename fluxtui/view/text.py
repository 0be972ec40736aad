"""Lines as tuples of spans, and cutting by terminal cells.

A `Span` is text with a colour role; what a role looks like is the theme's business. Nothing here interprets markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from rich.cells import cell_len

ELLIPSIS: Final = "…"

_CHARS_PER_CELL: Final = 8
"""Characters kept per cell: what stacks more combining marks than this on its letters is not writing."""


class Role(StrEnum):
    """What a colour means; a theme gives each a colour."""

    TEXT = "text"
    DIM = "dim"
    ACCENT = "accent"
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    STALLED = "stalled"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"
    BORDER = "border"


class Span(NamedTuple):
    """Text in one role; `strong` is bold."""

    text: str
    role: Role = Role.TEXT
    strong: bool = False


Line = tuple[Span, ...]
"""One line of the screen; whoever draws it pads it."""


def width(text: str) -> int:
    """Terminal cells that the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def line_width(line: Iterable[Span]) -> int:
    """Terminal cells of a line."""
    return sum(width(span.text) for span in line)


def head(text: str, cells: int) -> str:
    """The longest beginning that fits into `cells`."""
    if cells <= 0:
        return ""
    if text.isascii():
        return text[:cells]
    text = text[: cells * _CHARS_PER_CELL]
    if width(text) <= cells:
        return text
    low, high = 0, min(len(text), cells * _CHARS_PER_CELL)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(text[:middle]) <= cells else (low, middle - 1)
    return text[:low]


def tail(text: str, cells: int) -> str:
    """The longest end that fits into `cells`."""
    if cells <= 0:
        return ""
    if text.isascii():
        return text[-cells:]
    text = text[-cells * _CHARS_PER_CELL :]
    start = 0
    while start < len(text) and width(text[start:]) > cells:
        start += 1
    return text[start:]


def cut_end(text: str, cells: int) -> str:
    """At most `cells` wide; messages are cut at the end."""
    if len(text) <= cells * _CHARS_PER_CELL and width(text) <= cells:
        return text
    return head(text, cells - 1) + ELLIPSIS if cells > 0 else ""


def cut_middle(text: str, cells: int) -> str:
    """At most `cells` wide; names are cut in the middle, because their ends tell them apart."""
    if len(text) <= cells * _CHARS_PER_CELL and width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    right = (cells - 1) // 2
    return head(text, cells - 1 - right) + ELLIPSIS + tail(text, right)


def pad(text: str, cells: int) -> str:
    """Cut at the end or filled with blanks to exactly `cells`."""
    text = cut_end(text, cells)
    return text + " " * (cells - width(text))


def pad_left(text: str, cells: int) -> str:
    """As `pad`, but right-aligned."""
    text = cut_end(text, cells)
    return " " * (cells - width(text)) + text


def fit(line: Iterable[Span], cells: int) -> Line:
    """The line cut at the end to `cells`."""
    fitted: list[Span] = []
    left = cells
    for span in line:
        size = width(span.text)
        if size > left:
            if left > 0:
                fitted.append(span._replace(text=cut_end(span.text, left)))
            elif fitted:
                last = fitted[-1]
                fitted[-1] = last._replace(text=cut_end(last.text + ELLIPSIS, width(last.text)))
            break
        fitted.append(span)
        left -= size
    return tuple(fitted)


def shift(line: Iterable[Span], cells: int) -> Line:
    """The line without its first `cells`: long lines scroll sideways."""
    shifted: list[Span] = []
    for span in line:
        if cells <= 0:
            shifted.append(span)
            continue
        cut = head(span.text, cells)
        rest = span.text[len(cut) :]
        cells -= width(span.text) if not rest else cells
        if rest:
            shifted.append(span._replace(text=rest))
    return tuple(shifted)


def justify(left: Iterable[Span], right: Iterable[Span], cells: int, fill: str = " ", role: Role = Role.TEXT) -> Line:
    """`left` and `right` at the two edges; the left one is cut when both do not fit."""
    right = tuple(right)
    left = fit(left, max(0, cells - line_width(right) - 1))
    gap = cells - line_width(left) - line_width(right)
    return fit((*left, Span(fill * max(0, gap), role), *right), cells)


def plain(line: Iterable[Span]) -> str:
    """The text of a line."""
    return "".join(span.text for span in line)


def _chop(word: str, cells: int) -> list[str]:
    """A word in pieces of at most `cells`; a character wider than that is a piece of its own."""
    pieces = []
    while width(word) > cells:
        piece = head(word, cells) or word[0]
        pieces.append(piece)
        word = word[len(piece) :]
    return [*pieces, word]


def wrap(text: str, cells: int, indent: str = "") -> list[str]:
    """Break one line at blanks into pieces of at most `cells`; continuation lines get `indent`."""
    if width(text) <= cells:
        return [text]
    lines: list[str] = []
    current, prefix = "", ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else prefix + word
        if width(candidate) <= cells:
            current = candidate
            continue
        if current.strip():
            lines.append(current)
        prefix = indent
        pieces = _chop(word, max(1, cells - width(prefix)))
        lines.extend(prefix + piece for piece in pieces[:-1])
        current = prefix + pieces[-1]
    lines.append(current)
    return lines
