# ruff: noqa: E501, SIM905
"""YAML written in many ways, and values that stress it."""

from __future__ import annotations

import re
from random import Random
from typing import Any, Final

#: What is a string without quotes; keys and names are never yes or no.
_WORD: Final = re.compile(r"[A-Za-z]{2}[A-Za-z0-9./-]*|[A-Zabc]")


class Raw(str):
    """Text that goes into the YAML as it stands."""

    __slots__ = ()


#: Plain scalars on which YAML 1.1, YAML 1.2, Go and JSON disagree.
PLAIN: Final = tuple(
    map(
        Raw,
        """0 1 -1 007 0o17 0x1F 0b11 1_000 +1 1e3 1.0 1.10 -0 .5 5. 1e-7 123456789012345678901 0.1e1 1:30 190:20:30 true
True yes no on off y n ~ null Null 2020-01-02 2020-01-02T03:04:05Z 12:30 a-b 1.2.3 1.2.3-rc.1 a:b a#b é ü 日本 = /a/b
$(X) ${X} 100m 64Mi 9007199254740993 18446744073709551615 -9223372036854775808 0777 08 .1e1 +.5 1__0 0x_1 _1 1. a\\b
-a ?a 0b2 1e400 -.5 0x 1e 1E5 00 -0x1 12e03 +0 NULL TRUE False yes2 .5e-3 1.5e300 2001-12-14t21:59:43.10-05:00
""".split(),
    )
)
#: Quoted scalars that may or may not need their quotes, and long ones.
QUOTED: Final = tuple(
    map(
        Raw,
        (
            *r"""'yes' "yes" '1' "0x1" "null" "" '' "~" "a\tb" "a\nb" "é" "\u00e9" "it's" "#a" "&a" "*a" "!a" "%a" "@a" "`a"
            "{a}" "[a]" "?a" ":a" "a:" "\U0001F600" "a\\b" "=" "<<" 'a\tb' "1e3" "1_0" "0.0" "2020-01-02" "1:30" "---" "..."
            "\x07" "a\u00a0b" "x\n" "x\n\n" "\nx" "\u2028" "a\u2028b" "\ufeff" "a\0b" "\t" "\r" "$(X)" """.split(),
            *('"a: b"', "'a # b'", "'say \"x\"'", '"- a"', '"a, b"', '"? a"', '" a"', '"a "', '"--- a"', '"null "'),
            *(r'" x\ny"', r'"x \ny"', r'"x\n  y\n"', r'"one\r\ntwo\r\n"', r'"a \u2029 b"'),
            *("'it''s ''quoted'''", r'''"don't \"both\""''', '"' + "word " * 40 + 'end"', '"' + "long" * 60 + '"'),
            *('"a  b ' + "wide  gap " * 12 + '."', r'"tab\tand ' + "more words " * 10 + '"', '"é ' + "ü ö " * 30 + '"'),
        ),
    )
)
#: Block scalars; they stand in block style only.
BLOCKS: Final = (
    "|\na\nb", "|-\na\nb", "|+\na\n\n", ">\nfolded text\ngoes on\n\npara", ">-\na\nb", "|2\n  indented\nless", "|\n#!/bin/sh\necho $X \"y\"",
    "|\nkey: value\nlist:\n- a\n- b", "|\n{\"a\": {\"b\": 1}, \"c\": [1, 2]}", "|\n{\n  \"a\": 1\n}", "|-\ntrailing space \nend",
    "|\nlong " + "word " * 40 + "\nshort", "|-\nü\n日本",
)  # fmt: skip


def scalar(rng: Random) -> Raw:
    """A scalar in its YAML spelling."""
    return rng.choice(QUOTED if rng.random() < 0.5 else PLAIN)


def text(rng: Random) -> Raw:
    """A scalar that is a string whoever reads it: quoted if need be."""
    found = scalar(rng)
    return found if found[0] in "\"'" else Raw("'" + found.replace("'", "''") + "'")


def _has_block(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_block, value.values()))
    if isinstance(value, list):
        return any(map(_has_block, value))
    return isinstance(value, Raw) and "\n" in value


class Writer:
    """Writes values as YAML: block or flow style, indented lists or not, comments between, keys in their order."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._step = rng.choice((2, 2, 2, 4))
        self._indent_lists = rng.random() < 0.4
        self._flow = rng.choice((0.0, 0.05, 0.3))
        self._comments = rng.choice((0.0, 0.0, 0.1))
        self._aliases = rng.choice((0.0, 0.0, 0.0, 0.0, 0.1))
        #: Scalars that have an anchor in this document.
        self._anchored: dict[str, str] = {}

    def documents(self, values: list[Any]) -> bytes:
        """Several documents."""
        separator = self._rng.choice(("---\n", "---\n", "--- # next\n", "---\n---\n"))
        head = self._rng.choice(("", "", "---\n", "# a comment\n"))
        return (head + separator.join(self._document(value) for value in values)).encode()

    def _document(self, value: Any) -> str:
        self._anchored = {}
        return self.block(value, 0) + "\n"

    def block(self, value: Any, depth: int) -> str:
        """A value in block style, without the last newline."""
        pad = " " * depth
        if isinstance(value, dict) and value:
            return "\n".join(
                f"{self._comment(pad)}{pad}{key}:{self._below(child, depth)}" for key, child in value.items()
            )
        if isinstance(value, list) and value:
            return "\n".join(f"{pad}-{self._item(child, depth)}" for child in value)
        return pad + self.flow(value)

    def _below(self, value: Any, depth: int) -> str:
        if isinstance(value, (dict, list)) and value and self._in_block(value):
            indented = isinstance(value, dict) or self._indent_lists
            return "\n" + self.block(value, depth + self._step if indented else depth)
        return self._inline(value, depth)

    def _item(self, value: Any, depth: int) -> str:
        if isinstance(value, dict) and value and self._in_block(value):
            return " " + self.block(value, depth + 2).lstrip(" ")
        return self._inline(value, depth)

    def _in_block(self, value: Any) -> bool:
        return self._rng.random() >= self._flow or _has_block(value)

    def _inline(self, value: Any, depth: int) -> str:
        if isinstance(value, Raw) and value[0] in "|>" and "\n" in value:
            head, _, body = value.partition("\n")
            pad = " " * (depth + 2)
            lines = [pad + line if line else "" for line in body.split("\n")]
            return f" {head}\n" + "\n".join(lines)
        return " " + self.flow(value)

    def flow(self, value: Any) -> str:
        """A value in flow style."""
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key}: {self.flow(child)}" for key, child in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self.flow(child) for child in value) + "]"
        if isinstance(value, Raw):
            return self._aliased(value)
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int) or _WORD.fullmatch(value):
            return str(value)
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'

    def _aliased(self, value: Raw) -> str:
        """The scalar, now and then with an anchor that equal ones refer to."""
        if "\n" in value or self._rng.random() >= self._aliases:
            return value
        if value in self._anchored:
            return f"*{self._anchored[value]}"
        self._anchored[value] = f"x{len(self._anchored)}"
        return f"&{self._anchored[value]} {value}"

    def _comment(self, pad: str) -> str:
        return f"{pad}# noted\n" if self._rng.random() < self._comments else ""
