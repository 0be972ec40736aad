"""snakecase, kebabcase and camelcase, with the word boundaries of xstrings."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum, auto
from typing import Final

_SPACES: Final = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


#: A character with the bytes before it that are no UTF-8 and count as a part of it, or such bytes at the end.
_UNIT: Final = re.compile("[\ud800-\udfff\ufffd]*[^\ud800-\udfff\ufffd]|[\ud800-\udfff\ufffd]+")


class _Word(Enum):
    NONE = auto()
    NUMBER = auto()
    UPPER = auto()
    ALPHABET = auto()
    CONNECTOR = auto()
    PUNCTUATION = auto()
    OTHER = auto()


def snake_case(text: str) -> str:
    """HTTPServer → http_server."""
    return _separated(text, "_")


def kebab_case(text: str) -> str:
    """HTTPServer → http-server."""
    return _separated(text, "-")


def _is_broken(char: str) -> bool:
    return char == "\ufffd" or "\ud800" <= char <= "\udfff"


def _is_connector(char: str) -> bool:
    return char in "-_" or char in _SPACES


def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char).startswith("P")


def _is_number(char: str) -> bool:
    return unicodedata.category(char).startswith("N")


def _is_upper(char: str) -> bool:
    return unicodedata.category(char) == "Lu"


def _is_alphabet(char: str) -> bool:
    """Letters, but for those of Chinese, Japanese and Korean."""
    return unicodedata.category(char).startswith("L") and not 0x3400 <= ord(char) <= 0x9FFF


def _kind(char: str) -> _Word:
    if _is_connector(char):
        return _Word.CONNECTOR
    if _is_punctuation(char):
        return _Word.PUNCTUATION
    if _is_upper(char):
        return _Word.UPPER
    if _is_alphabet(char):
        return _Word.ALPHABET
    if _is_number(char):
        return _Word.NUMBER
    return _Word.OTHER


def _words(text: str) -> list[tuple[_Word, str]]:
    """Runs of one kind; an upper-case letter starts the word that follows it."""
    words: list[tuple[_Word, str]] = []
    units = _UNIT.findall(text)
    kinds = [_kind(unit[-1]) for unit in units]
    if units and _is_broken(units[-1][-1]):
        kinds[-1] = kinds[-2] if len(kinds) > 1 else _Word.NONE
    start = 0
    while start < len(units):
        kind = kinds[start]
        end = start + 1
        if kind is _Word.UPPER:
            end = _upper_word(kinds, start)
        else:
            while end < len(units) and kinds[end] is kind:
                end += 1
        words.append((kind, "".join(units[start:end])))
        start = end
    return words


def _upper_word(kinds: list[_Word], start: int) -> int:
    end = start + 1
    if end < len(kinds) and kinds[end] is _Word.UPPER:
        while end < len(kinds) and kinds[end] is _Word.UPPER:
            end += 1
        # HTTPStatus is HTTP and Status.
        return end - 1 if end < len(kinds) and kinds[end] is _Word.ALPHABET else end
    while end < len(kinds) and kinds[end] is _Word.ALPHABET:
        end += 1
    return end


class _Cursor:
    """The words, one at a time; past the end there is only `NONE`."""

    def __init__(self, text: str) -> None:
        self.words = _words(text)
        self.at = -1
        self.step()

    def step(self) -> None:
        self.at += 1
        self.kind, self.word = self.words[self.at] if self.at < len(self.words) else (_Word.NONE, "")

    @property
    def more(self) -> bool:
        return self.at + 1 < len(self.words)


_QUIET: Final = (_Word.NONE, _Word.PUNCTUATION, _Word.CONNECTOR)
_LETTERS: Final = (_Word.ALPHABET, _Word.NUMBER)


def _separated(text: str, connector: str) -> str:
    return _Separator(text, connector).run() if text else ""


class _Separator:
    """Writes the words with a connector where one ends."""

    def __init__(self, text: str, connector: str) -> None:
        self.cursor = _Cursor(text)
        self.connector = connector
        self.out: list[str] = []

    def put(self, kind: _Word, word: str) -> None:
        if kind is _Word.UPPER:
            word = "".join(char.lower()[0] if _is_upper(char) else _sound(char) for char in word)
        elif kind is _Word.CONNECTOR:
            word = "".join(self.connector if _is_connector(char) else _sound(char) for char in word)
        self.out.append(word)

    def put_letters(self) -> None:
        """Letters and numbers behind a number stay with it."""
        while self.cursor.kind in _LETTERS:
            self.put(self.cursor.kind, self.cursor.word)
            self.cursor.step()
        self.part(_QUIET)

    def part(self, but_not: tuple[_Word, ...]) -> None:
        if self.cursor.kind not in but_not:
            self.out.append(self.connector)

    def run(self) -> str:
        cursor = self.cursor
        while cursor.more:
            before, last = cursor.kind, cursor.word
            if before is not _Word.CONNECTOR:
                self.put(before, last)
            cursor.step()
            if before is _Word.NUMBER:
                self.put_letters()
            elif before is _Word.CONNECTOR:
                self.put(before, last)
            elif before is not _Word.PUNCTUATION:
                self.behind_word(cursor.kind)
        self.put(cursor.kind, cursor.word)
        return "".join(self.out)

    def behind_word(self, following: _Word) -> None:
        """A number belongs to the word before it (Bld4Floor), unless small letters follow it (HTTP2xx)."""
        if following is not _Word.NUMBER:
            self.part((_Word.CONNECTOR, _Word.PUNCTUATION))
            return
        if not self.cursor.more:
            return
        number = self.cursor.word
        self.cursor.step()
        if self.cursor.kind is _Word.ALPHABET:
            self.out.append(self.connector)
            self.put(_Word.NUMBER, number)
            self.put_letters()
        else:
            self.put(_Word.NUMBER, number)
            self.part((_Word.CONNECTOR, _Word.PUNCTUATION))


def pascal_case(text: str) -> str:
    """http_server → HttpServer; connectors at the ends and doubled ones stay."""
    if not text:
        return ""
    text = "".join(map(_sound, text))
    out: list[str] = []
    at = 0
    was_upper = False
    current = ""
    while at < len(text):
        current = text[at]
        at += 1
        if not _is_connector(current):
            was_upper = _is_upper(current)
            current = _one(current.upper(), current)
            break
        out.append(current)
    if at >= len(text):
        return "".join(out) + current
    while at < len(text):
        before, current = current, text[at]
        at += 1
        if _is_connector(current) and _is_connector(before):
            out.append(before)
        elif _is_connector(before):
            was_upper = _is_upper(current)
            current = _one(current.upper(), current)
        else:
            if was_upper:
                if _is_upper(current):
                    current = current.lower()[0]
                else:
                    was_upper = False
            out.append(before)
    return "".join(out) + current


def _sound(char: str) -> str:
    return "\ufffd" if _is_broken(char) else char


def _one(changed: str, char: str) -> str:
    return changed if len(changed) == 1 else char
