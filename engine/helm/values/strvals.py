"""The grammar of --set and its siblings: `a.b[0].c=value,d={x,y}` (Helm's strvals).

`set`, `set_string`, `set_file` and `set_json` share keys, lists and escapes; `set_literal` takes everything after the
first `=` as it is. Each changes the mapping that it is given; ValuesError says what is wrong with the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

from engine.helm.errors import ValuesError
from engine.helm.gotext import SPACE
from engine.helm.template.types import Int64
from engine.helm.values.files import Values, numbers_as_floats

MAX_INDEX: Final = 65_536
MAX_NESTING: Final = 30
_INTEGER: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)
_INT64: Final = range(-(2**63), 2**63)

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
                raise ValuesError(f'key "{key}" has no value')
            raise _End
        if stop == "[":
            self._indexed(data, key, level)
        elif stop == ".":
            self._nested(data, key, level + 1)
        elif stop == ",":
            _put(data, key, "")
            raise ValuesError(f'key "{key}" has no value (cannot end with ,)')
        else:
            self._assign(lambda value: _put(data, key, value))

    def _nested(self, data: Values, key: str, level: int) -> None:
        if level > MAX_NESTING:
            raise ValuesError(f"value name nested level is greater than the maximum of {MAX_NESTING}")
        inner = data.get(key, {})
        if not isinstance(inner, dict):
            raise ValuesError(f'unable to parse key: "{key}" is no mapping and cannot hold one more name')
        try:
            self._key(inner, level)
        except _End:
            if inner:
                _put(data, key, inner)
            raise
        if not inner:
            raise ValuesError(f'key map "{key}" has no value')
        _put(data, key, inner)

    def _indexed(self, data: Values, key: str, level: int) -> None:
        index = self._index()
        items = data.get(key, [])
        if not isinstance(items, list):
            raise ValuesError(f'unable to parse key: "{key}" is no list and has no index')
        items = list(items)
        try:
            self._item(items, index, level)
        finally:
            _put(data, key, items)

    def _index(self) -> int:
        text, stop = self._until("]")
        if not stop or not _INTEGER.fullmatch(text) or int(text) not in _INT64:
            raise ValuesError(f'error parsing index: "{text}" is no index')
        return int(text)

    def _item(self, items: list[Any], index: int, level: int) -> None:
        if index < 0:
            raise ValuesError(f"negative {index} index not allowed")
        key, stop = self._until("[.=")
        if key:
            raise ValuesError(f'unexpected data at end of array index: "{key}"')
        if not stop:
            raise _End
        if stop == "=":
            self._assign(lambda value: _put_index(items, index, value))
        elif stop == "[":
            deeper = self._index()
            inner = list(self._existing(items, index, list) or [])
            self._item(inner, deeper, level)
            _put_index(items, index, inner)
        else:
            found = items[index] if index < len(items) else None
            mapping = found if isinstance(found, dict) else {}
            if index < len(items):
                items[index] = mapping
            self._key(mapping, level)
            _put_index(items, index, mapping)

    @staticmethod
    def _existing(items: list[Any], index: int, kind: type) -> Any:
        found = items[index] if index < len(items) else None
        if found is not None and not isinstance(found, kind):
            raise ValuesError(f"unable to parse key: what is at index {index} is no list and has no index")
        return found

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
        try:
            value, self._at = _JSON.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            raise ValuesError(f"the value at character {self._at + 1} is not JSON: {error.msg}") from error
        put(numbers_as_floats(value))
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


def _put_index(items: list[Any], index: int, value: Any) -> None:
    if index > MAX_INDEX:
        raise ValuesError(f"index of {index} is greater than maximum supported index of {MAX_INDEX}")
    items += [None] * (index + 1 - len(items))
    items[index] = value


_WORDS: Final = {"true": True, "false": False, "null": None}


def _typed(text: str) -> Any:
    """What --set makes of a value: a leading zero keeps a number a string."""
    lowered = text.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    if text == "0" or (text[:1] != "0" and _INTEGER.fullmatch(text) and int(text) in _INT64):
        return Int64(text)
    return text


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is no JSON value", constant, 0)


_JSON: Final = json.JSONDecoder(parse_constant=_refuse)
