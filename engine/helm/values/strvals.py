"""The grammar of --set and its siblings: `a.b[0].c=value,d={x,y}` (Helm's strvals).

`set`, `set_string`, `set_file` and `set_json` share keys, lists and escapes; `set_literal` takes everything after the
first `=` as it is. Each changes the mapping that it is given; ValuesError says what is wrong with the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from engine.errors import LimitExceeded
from engine.helm.errors import ValuesError
from engine.helm.gotext import SPACE
from engine.helm.template.types import Int64
from engine.helm.values.files import Values
from engine.helm.values.jsons import read_json

MAX_INDEX: Final = 65_536
MAX_NESTING: Final = 30
MAX_LISTS: Final = 100
"""Lists within one another, which Helm does not count."""
MAX_ROOM: Final = 2**20
"""Items that the indexes of one text may make room for."""
_INTEGER: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)
_INT64: Final = range(-(2**63), 2**63)
_DIGITS: Final = 19
#: Characters of a key or an index that an error repeats.
_SHOWN: Final = 40

Convert = Callable[[str], Any]


def set_values(text: str, into: Values) -> None:
    """--set: true, false, null and integers are typed, everything else is a string."""
    _Parser(text, _typed).parse(into)


def set_string(text: str, into: Values) -> None:
    """--set-string: every value is a string."""
    _Parser(text, str).parse(into)


def set_file(text: str, into: Values, read: Callable[[str], str]) -> None:
    """--set-file: a value is the name of a file, which `read` turns into its content."""
    _Parser(text, read).parse(into)


def set_json(text: str, into: Values) -> None:
    """--set-json: a value is JSON; nothing at all is null."""
    _JSONParser(text, str).parse(into)


def set_literal(text: str, into: Values) -> None:
    """--set-literal: the value is the rest of the text, commas, backslashes and all."""
    _LiteralParser(text, str).parse(into)


class _End(Exception):
    """The text is read to its end."""


class _Parser:
    """Reads `key=value` pairs; a place inside a value is a mapping and a key, or a list and an index."""

    key_stops = "=[,."

    def __init__(self, text: str, convert: Convert) -> None:
        self._text = text
        self._at = 0
        self._convert = convert
        self._lists = 0
        self._room = MAX_ROOM

    def parse(self, into: Values) -> None:
        """Set every pair of the text."""
        try:
            while True:
                self._key(into, 0)
        except _End:
            pass

    # --- keys ---

    def _key(self, data: Values, level: int) -> None:
        key, stop = self._until(self.key_stops)
        if not stop:
            if key:
                raise ValuesError(f'key "{key[:_SHOWN]}" has no value')
            raise _End
        if stop == "[":
            self._indexed(data, key, level)
        elif stop == ".":
            self._nested(data, key, level + 1)
        elif stop == ",":
            _put(data, key, "")
            raise ValuesError(f'key "{key[:_SHOWN]}" has no value (cannot end with ,)')
        else:
            self._assign(lambda value: _put(data, key, value))

    def _nested(self, data: Values, key: str, level: int) -> None:
        if level > MAX_NESTING:
            raise ValuesError(f"value name nested level is greater than the maximum of {MAX_NESTING}")
        inner = data.get(key, {})
        if not isinstance(inner, dict):
            raise ValuesError(f'unable to parse key: "{key[:_SHOWN]}" is no mapping and cannot hold one more name')
        try:
            self._key(inner, level)
        except _End:
            if inner:
                _put(data, key, inner)
            raise
        if not inner:
            raise ValuesError(f'key map "{key[:_SHOWN]}" has no value')
        _put(data, key, inner)

    def _indexed(self, data: Values, key: str, level: int) -> None:
        index = self._index()
        items = data.get(key, [])
        if not isinstance(items, list):
            raise ValuesError(f'unable to parse key: "{key[:_SHOWN]}" is no list and has no index')
        self._lists += 1
        try:
            self._item(items, index, level)
        finally:
            self._lists -= 1
            _put(data, key, items)

    def _index(self) -> int:
        text, stop = self._until("]")
        index = _int64(text) if stop else None
        if index is None:
            raise ValuesError(f'error parsing index: "{text[:_SHOWN]}" is no index')
        return index

    def _item(self, items: list[Any], index: int, level: int) -> None:
        if index < 0:
            raise ValuesError(f"negative {index} index not allowed")
        if self._lists > MAX_LISTS:
            raise LimitExceeded(f"more than {MAX_LISTS} lists within one another")
        key, stop = self._until("[.=")
        if key:
            raise ValuesError(f'unexpected data at end of array index: "{key[:_SHOWN]}"')
        if not stop:
            raise _End
        if stop == "=":
            self._assign(lambda value: self._put_index(items, index, value))
        elif stop == "[":
            deeper = self._index()
            inner = self._existing(items, index) or []
            self._lists += 1
            self._item(inner, deeper, level)
            self._lists -= 1
            self._put_index(items, index, inner)
        else:
            found = items[index] if index < len(items) else None
            mapping = found if isinstance(found, dict) else {}
            if index < len(items):
                items[index] = mapping
            self._key(mapping, level)
            self._put_index(items, index, mapping)

    @staticmethod
    def _existing(items: list[Any], index: int) -> list[Any] | None:
        found = items[index] if index < len(items) else None
        if found is not None and not isinstance(found, list):
            raise ValuesError(f"unable to parse key: what is at index {index} is no list and has no index")
        return found

    def _put_index(self, items: list[Any], index: int, value: Any) -> None:
        if index > MAX_INDEX:
            raise ValuesError(f"index of {index} is greater than maximum supported index of {MAX_INDEX}")
        missing = index + 1 - len(items)
        if missing > 0:
            self._room -= missing
            if self._room < 0:
                raise LimitExceeded(f"the indexes make room for more than {MAX_ROOM} items")
            items += [None] * missing
        items[index] = value

    # --- values ---

    def _assign(self, put: Callable[[Any], None]) -> None:
        if self._at >= len(self._text):
            put("")
            raise _End
        if self._text[self._at] == "{":
            self._at += 1
            put(self._list())
            return
        put(self._convert(self._until(",")[0]))

    def _list(self) -> list[Any]:
        values = []
        while True:
            text, stop = self._until(",}")
            if not stop:
                raise ValuesError("list must terminate with '}'")
            values.append(self._convert(text))
            if stop == "}":
                if self._text[self._at : self._at + 1] == ",":
                    self._at += 1
                return values

    def _until(self, stops: str) -> tuple[str, str]:
        """The text before the next of these characters, unescaped, and that character ("" at the end)."""
        out: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char in stops:
                return "".join(out), char
            if char == "\\":
                if self._at >= len(self._text):
                    break
                char = self._text[self._at]
                self._at += 1
            out.append(char)
        return "".join(out), ""


class _JSONParser(_Parser):
    def _assign(self, put: Callable[[Any], None]) -> None:
        if self._blank():
            put(None)
            return
        value, self._at = read_json(self._text, self._at)
        put(value)
        self._blank()

    def _blank(self) -> bool:
        """Skip blanks and one comma; whether nothing else came."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char != "," and char not in SPACE:
                return False
            self._at += 1
            if char == ",":
                return True
        return True


class _LiteralParser(_Parser):
    key_stops = "=[."

    def _assign(self, put: Callable[[Any], None]) -> None:
        put(self._text[self._at :])
        self._at = len(self._text)

    def _until(self, stops: str) -> tuple[str, str]:
        start = self._at
        while self._at < len(self._text):
            self._at += 1
            if self._text[self._at - 1] in stops:
                return self._text[start : self._at - 1], self._text[self._at - 1]
        return self._text[start:], ""


def _put(data: Values, key: str, value: Any) -> None:
    if key:
        data[key] = value


_WORDS: Final = {"true": True, "false": False, "null": None}


def _typed(text: str) -> Any:
    """What --set makes of a value: a leading zero keeps a number a string."""
    lowered = text.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    number = _int64(text) if text == "0" or text[:1] != "0" else None
    return text if number is None else Int64(number)


def _int64(text: str) -> int | None:
    """strconv.ParseInt, or None."""
    if not _INTEGER.fullmatch(text) or len(text.lstrip("+-0")) > _DIGITS:
        return None
    return int(text) if int(text) in _INT64 else None
