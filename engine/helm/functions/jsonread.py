"""JSON as Go's encoding/json reads it: every number a float64, and its sentence for what is no JSON."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from engine.helm.template.quote import quote, to_bytes
from engine.helm.template.types import go_type

_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_DEPTH: Final = 10_000


class BadJSON(ValueError):
    """A text that is no JSON, or a number that is no float64; in Go's words.

    `value` is None for bad syntax, else what Go's decoder makes of it, with null for each number that is too large
    (an infinity when there is nothing else).
    """

    def __init__(self, message: str, value: Any = None) -> None:
        super().__init__(message)
        self.value = value


def loads(text: str) -> Any:
    """json.Unmarshal into an interface; BadJSON when it would complain."""
    reader = _Numbers()
    try:
        value = json.loads(
            _sound(text), parse_int=reader.number, parse_float=reader.number, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as problem:
        raise BadJSON(complaint(text) or str(problem)) from problem
    if _SURROGATE_ESCAPE.search(text):
        value = _without_surrogates(value)
    if reader.problem:
        raise BadJSON(reader.problem, math.inf if value is None else value)
    return value


class _Numbers:
    """Reads numbers, and remembers the first that is too large."""

    def __init__(self) -> None:
        self.problem = ""

    def number(self, text: str) -> float | None:
        number = float(text)
        if math.isfinite(number):
            return number
        self.problem = self.problem or f"json: cannot unmarshal number {text} into Go value of type float64"
        return None


def _no_constant(word: str) -> Any:
    """Python would read NaN and Infinity."""
    raise ValueError(word)


def _sound(text: str) -> str:
    """Bytes that are no UTF-8, and halves of characters, read as U+FFFD."""
    return text if text.isascii() else "".join(["\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text])


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, dict):
        return {_sound(key): _without_surrogates(item) for key, item in value.items()}
    return [_without_surrogates(item) for item in value] if isinstance(value, list) else value


def complaint(text: str) -> str:
    """What Go's scanner says of a text, or "" when it is JSON."""
    scanner = _Scanner(to_bytes(text))
    try:
        scanner.run()
    except _Unexpected as problem:
        return str(problem)
    return ""


class _Unexpected(Exception):
    """A byte that may not be there, or the end."""


_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_STRING: Final = re.compile(rb'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_DIGITS: Final = re.compile(rb"[0-9]*")
_OPENING: Final = frozenset(b"{[")
_DIGIT: Final = frozenset(b"0123456789")
_WORDS: Final = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class _Scanner:
    """Go's scanner as far as its complaints need it; behind the end it reads one space."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        #: What is open: "{" or "[".
        self.open: list[str] = []

    def run(self) -> None:
        """The whole text."""
        self.value()
        while self.open:
            self.space()
            if self.open[-1] == "{":
                self.after("object key:value pair", ord("}"))
            else:
                self.after("array element", ord("]"))
        self.space()
        if self.at < len(self.data):
            self.refuse("after top-level value")

    def after(self, what: str, closing: int) -> None:
        """Behind an element: the next one or the end."""
        byte = self.byte()
        if byte == closing:
            self.at += 1
            self.open.pop()
        elif byte == ord(","):
            self.at += 1
            if closing == ord("}"):
                self.space()
                self.key()
            self.value()
        else:
            self.refuse(f"after {what}")

    def byte(self) -> int:
        """The byte at the place, -1 behind the end."""
        return self.data[self.at] if self.at < len(self.data) else -1

    def space(self) -> None:
        """Go over white space."""
        match = _SPACE.match(self.data, self.at)
        self.at = match.end() if match else self.at

    def refuse(self, where: str, *, space: bool = True) -> NoReturn:
        """The byte may not be there; at the end it is a space, which may be there or not."""
        if self.at >= len(self.data) and space:
            raise _Unexpected("unexpected end of JSON input")
        char = chr(self.data[self.at]) if self.at < len(self.data) else " "
        shown = {"'": "\\'", '"': '"'}.get(char) or quote(char)[1:-1]
        raise _Unexpected(f"invalid character '{shown}' {where}")

    def value(self) -> None:
        """A value, down to the first scalar or empty collection in it."""
        while True:
            self.space()
            byte = self.byte()
            if byte not in _OPENING:
                self.scalar(byte)
                return
            self.at += 1
            self.open.append(chr(byte))
            if len(self.open) > _MAX_DEPTH:
                raise _Unexpected("exceeded max depth")
            self.space()
            if self.byte() == byte + 2:
                self.at += 1
                self.open.pop()
                return
            if byte == ord("{"):
                self.key()

    def key(self) -> None:
        """A key and its colon."""
        if self.byte() != ord('"'):
            self.refuse("looking for beginning of object key string")
        self.string()
        self.space()
        if self.byte() != ord(":"):
            self.refuse("after object key")
        self.at += 1

    def scalar(self, byte: int) -> None:
        """A text, a number or a word."""
        if byte == ord('"'):
            self.string()
        elif byte == ord("-") or byte in _DIGIT:
            self.number()
        elif byte in _WORDS:
            word = _WORDS[byte]
            for index in range(1, len(word)):
                self.at += 1
                if self.byte() != word[index]:
                    self.refuse(f"in literal {word.decode()} (expecting '{chr(word[index])}')", space=False)
            self.at += 1
        else:
            self.refuse("looking for beginning of value")

    def string(self) -> None:
        """A text in quotes."""
        match = _STRING.match(self.data, self.at + 1)
        self.at = match.end() if match else self.at
        if self.byte() == ord('"'):
            self.at += 1
            return
        if self.byte() != ord("\\"):
            self.refuse("in string literal")
        self.at += 1
        if self.byte() != ord("u"):
            self.refuse("in string escape code", space=False)
        self.at += 1
        while self.byte() in _HEX:
            self.at += 1
        self.refuse("in \\u hexadecimal character escape", space=False)

    def number(self) -> None:
        """Sign, digits, fraction, exponent."""
        if self.byte() == ord("-"):
            self.at += 1
            self.some_digit("in numeric literal")
        if self.byte() == ord("0"):
            self.at += 1
        else:
            self.digits()
        if self.byte() == ord("."):
            self.at += 1
            self.some_digit("after decimal point in numeric literal")
            self.digits()
        if self.byte() in (ord("e"), ord("E")):
            self.at += 1
            if self.byte() in (ord("+"), ord("-")):
                self.at += 1
            self.some_digit("in exponent of numeric literal")
            self.digits()

    def some_digit(self, where: str) -> None:
        """Where a digit must be."""
        if self.byte() not in _DIGIT:
            self.refuse(where, space=False)

    def digits(self) -> None:
        """Go over digits."""
        match = _DIGITS.match(self.data, self.at)
        self.at = match.end() if match else self.at


#: How JSON's kinds are called in Go's complaint about a wrong one.
_KINDS: Final = {dict: "object", list: "array", str: "string", bool: "bool", float: "number"}


def mismatch(value: Any, wanted: type) -> str:
    """Go's complaint when a document is no map or no list, or ""."""
    if value is None or isinstance(value, wanted):
        return ""
    kind = _KINDS.get(value.__class__, "number")
    return f"json: cannot unmarshal {kind} into Go value of type {go_type(wanted())}"
