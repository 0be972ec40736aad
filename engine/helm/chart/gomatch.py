"""File name patterns: Go's filepath.Match (.helmignore, --show-only) and gobwas/glob (.Files.Glob).

Both become RE2 expressions, so that a pattern from a chart runs in linear time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import re2

Match = Callable[[str], bool]


class BadPattern(ValueError):
    """A pattern that Go's compiler of patterns refuses."""


@lru_cache(maxsize=4096)
def path_match(pattern: str) -> Match:
    """filepath.Match: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]`, backslashes escape; BadPattern."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            text, at = _path_class(pattern, at)
            out.append(text)
        elif char == "\\":
            if at == len(pattern):
                raise BadPattern("syntax error in pattern")
            out.append(_literal(pattern[at]))
            at += 1
        else:
            out.append(_literal(char))
    return _compiled("".join(out))


def _path_class(pattern: str, at: int) -> tuple[str, int]:
    negated = pattern[at : at + 1] == "^"
    at += negated
    ranges: list[str] = []
    while True:
        if pattern[at : at + 1] == "]" and ranges:
            return f"[{'^' if negated else ''}{''.join(ranges)}]", at + 1
        low, at = _class_char(pattern, at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = _class_char(pattern, at + 1)
        # An empty range matches nothing; RE2 would refuse it.
        ranges.append(_span(low, high) if low <= high else r"\x{10ffff}")


def _class_char(pattern: str, at: int) -> tuple[str, int]:
    if at >= len(pattern) or pattern[at] in "-]":
        raise BadPattern("syntax error in pattern")
    if pattern[at] == "\\":
        at += 1
    if at + 1 >= len(pattern):
        raise BadPattern("syntax error in pattern")
    return pattern[at], at + 1


@lru_cache(maxsize=4096)
def glob(pattern: str) -> Match:
    """gobwas/glob with `/` as separator: `*`, `**`, `?`, `[abc]`, `[!a-z]`, `{a,b}`; BadPattern."""
    return _compiled(_Glob(pattern).regex())


class _Glob:
    """One pass over a pattern; an alternative left open is closed by its end, as there."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.open = 0

    def regex(self) -> str:
        out: list[str] = []
        while self.at < len(self.pattern):
            char = self._next()
            if char == "*":
                out.append(self._star())
            elif char == "?":
                out.append("[^/]")
            elif char == "[":
                out.append(self._class())
            elif char in "{},":
                out.append(self._alternatives(char))
            elif char == "\\":
                out.append(_literal(self._next()) if self.at < len(self.pattern) else "")
            else:
                out.append(_literal(char))
        return "".join(out) + ")" * self.open

    def _next(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]

    def _star(self) -> str:
        if self.pattern[self.at : self.at + 1] == "*":
            self.at += 1
            return r"[\x{0}-\x{10ffff}]*"
        return "[^/]*"

    def _alternatives(self, char: str) -> str:
        if char == "{":
            self.open += 1
            return "(?:"
        if not self.open:
            return _literal(char)
        if char == ",":
            return "|"
        self.open -= 1
        return ")"

    def _class(self) -> str:
        """Either one range or one list of characters, never both."""
        negated = self.pattern[self.at : self.at + 1] == "!"
        self.at += negated
        if self.at >= len(self.pattern):
            raise BadPattern("unexpected end of input")
        if self.pattern[self.at + 1 : self.at + 2] == "-":
            low, high = self.pattern[self.at], self.pattern[self.at + 2 : self.at + 3]
            self.at += 3
            if not high or high < low:
                raise BadPattern(f"hi character {high!r} should be greater than lo {low!r}")
            body = _span(low, high)
        else:
            body = self._list()
        if self.pattern[self.at : self.at + 1] != "]":
            raise BadPattern("expected close range character")
        self.at += 1
        return f"[{'^' if negated else ''}{body}]"

    def _list(self) -> str:
        chars: list[str] = []
        while self.at < len(self.pattern) and self.pattern[self.at] != "]":
            char = self._next()
            if char == "\\" and self.at < len(self.pattern):
                char = self._next()
            chars.append(_span(char, char))
        if not chars:
            raise BadPattern("could not parse range")
        return "".join(chars)


def _literal(char: str) -> str:
    return char if char.isalnum() else f"\\x{{{ord(char):x}}}"


def _span(low: str, high: str) -> str:
    return f"\\x{{{ord(low):x}}}-\\x{{{ord(high):x}}}"


_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


def _compiled(regex: str) -> Match:
    try:
        compiled = re2.compile(f"(?s){regex}", options=_OPTIONS)
    except re2.error as error:
        raise BadPattern(str(error)) from error
    return lambda text: compiled.fullmatch(text) is not None
