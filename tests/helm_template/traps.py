# ruff: noqa: E501 - the pools read best as they are
"""Values and texts that are hard to write and read as YAML, JSON and TOML, out of a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Final

#: Between what several functions print of one value.
MARK: Final = "\n\u241e\n"
#: Every writer beside each other, and what comes back.
_WRITERS: Final = MARK.join(
    "{{ " + piece + " }}"
    for piece in (
        "toYaml $v", "toYamlPretty $v", "toJson $v", "toPrettyJson $v", "toRawJson $v", "toToml $v", 'toToml (dict "v" $v)',
        'toYaml (dict "k" (list $v (dict "v" $v)))', 'toYamlPretty (dict "k" (list $v (list (dict "v" $v))))',
        'fromYaml (toYaml (dict "v" $v)) | toJson', "fromYamlArray (toYamlPretty (list $v)) | toJson",
        'fromJson (toPrettyJson (dict "v" $v)) | toYaml', "$v",
    )
)  # fmt: skip
_TOML_BACK: Final = (
    '{{ $t := toToml (dict "v" $v) }}{{ if not (hasPrefix "toml:" $t) }}{{ fromToml $t | toJson }}{{ end }}'
)

_WORDS: Final = (
    "true", "True", "TRUE", "false", "yes", "Yes", "no", "on", "Off", "y", "n", "null", "Null", "NULL", "~", "nil", "none",
    "", " ", "=", "<<", "-", "--", "---", "...", "--- a", "...b", "?", "? a", ":", ": a", "a:", "a: b", "a :b", "-a", "- a",
    "#", "a #b", "a#b", "# a", "&a", "*a", "!a", "!!str", "|", ">", "|-", "%", "%a", "@a", "`a`", "'", "''", "a'b", '"',
    'a"b', "[", "[a]", "]", "{", "{a: b}", "}", "a, b", ",", "\\", "a\\nb", "1", "01", "0o1", "0x1f", "0b1", "0b2", "1_000",
    "1e3", "1E3", "1e", ".1", "1.", ".", "+1", "-1", "+.inf", ".inf", "-.Inf", ".nan", ".NaN", "inf", "NaN", "1:30",
    "1:30:45.5", "190:20:30", "2001-12-14", "2001-12-14T21:59:43.10-05:00", "2001-1-1", "2001-12-14 21:59:43Z", "12e03",
    "0777", "08", "0.", "-0", "-0.0", "1.2.3", "123456789012345678901", "0x", "_", "1__0", "é", "日本語", "😀", "\u2028",
    "a\u2028b", "\u2029 b", "\x85", "\ufeff", "a\ufeffb", "\u00a0", "\x7f", "\x00", "\x07", "\x1b[0m", "\t", "a\tb", "\ta",
    "a\t", "\r", "a\rb", "a\r\nb", "\u200b", "\ufffd", "\ufffe", "\U000e0001", "http://a:80/b?c=d#e", "a=b", "x y",
)  # fmt: skip
_LINE: Final = (
    "word", "a", "longer-word-here", " ", "  ", "#", ": ", "- ", "'", '"', "\t", "é", "日本語テキスト", "0", "{{ x }}",
    "https://example.com/a/very/long/path/without/any/space/in/it/that/is/longer/than/eighty/characters/in/a/line",
)  # fmt: skip


def literal(text: str) -> str:
    """A text as a template writes it."""
    out = []
    for char in text:
        code = ord(char)
        if char in '"\\':
            out.append("\\" + char)
        elif 0x20 <= code < 0x7F:
            out.append(char)
        else:
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f'"{"".join(out)}"'


class Traps:
    """Expressions, each from the last state of one `Random`."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def expressions(self, count: int) -> list[str]:
        """So many: values that are written, and texts that are read."""
        kinds: tuple[Callable[[], str], ...] = (
            self.written,
            self.written,
            self.written,
            self.yaml_read,
            self.json_read,
        )
        return [kinds[index % len(kinds)]() for index in range(count)]

    def written(self) -> str:
        """A value in every language."""
        return f"{{{{ $v := {self.value(0)} }}}}{_WRITERS}"

    def toml_back(self) -> str:
        """A value that TOML brings back."""
        return f"{{{{ $v := {self.value(0)} }}}}{_TOML_BACK}"

    def yaml_read(self) -> str:
        """A YAML text that is read."""
        text = literal(self.yaml_text())
        function = self.random.choice(("fromYaml", "fromYaml", "fromYamlArray"))
        return f"{{{{ $v := {function} {text} }}}}{{{{ toJson $v }}}} {{{{ $v }}}}"

    def json_read(self) -> str:
        """A JSON text that is read, often with something wrong in it."""
        text = literal(self.json_text())
        return f"fromJson {text} | toJson | print (fromJsonArray {text} | toJson)"

    # Values

    def value(self, depth: int) -> str:
        """A value as an expression."""
        roll = self.random.random()
        if depth > 3 or roll < 0.6:
            return self.scalar()
        if roll < 0.78:
            pairs = (f"{literal(self.key())} {self.value(depth + 1)}" for _ in range(self.random.randint(0, 4)))
            return f"(dict {' '.join(pairs)})"
        if roll < 0.95:
            return f"(list {' '.join(self.value(depth + 1) for _ in range(self.random.randint(0, 4)))})"
        return self.random.choice(
            ("(list)", "(dict)", '(splitList "," "a,,1")', "(until 3)", '(split "," "a,1")', "(chunk 1 (list 1))",
             '(fromJson "null")', "(rest (list))", '(semver "1.2.3-a")', '(toDate "2006-01-02" "2020-02-29")',
             '(fromToml "a = 1")', "(list nil)", "(int64 5)", '(regexFindAll "x" "a" 1)')
        )  # fmt: skip

    def scalar(self) -> str:
        """A text, a number, a boolean or nil."""
        roll = self.random.random()
        if roll < 0.7:
            return literal(self.text())
        if roll < 0.82:
            return self.float()
        if roll < 0.92:
            return str(self.integer())
        return self.random.choice(("true", "false", "(list nil | first)", '""'))

    def integer(self) -> int:
        """Of any size that int64 holds."""
        edge = self.random.choice((0, 1, 2**31, 2**53, 10**6, 10**15, 2**63 - 2, self.random.getrandbits(62)))
        return self.random.choice((1, -1)) * edge + self.random.choice((-1, 0, 1))

    def float(self) -> str:
        """Of any size that float64 holds, written with a point or an exponent."""
        number = self.random.choice(
            (0.0, 1.0, 0.1, 1 / 3, 0.30000000000000004, 1e15, 1e16, 1e20, 1e21, 1e22, 1e-4, 1e-5, 1e-6, 1e-7, 123456.0,
             1234567.0, 2.0**53, 2.0**63, 2.0**64, 5e-324, 1.7976931348623157e308, self.random.uniform(-1000, 1000),
             self.random.uniform(-1, 1) * 10.0 ** self.random.randint(-30, 30), float(self.random.getrandbits(60)))
        )  # fmt: skip
        return repr(-number if self.random.random() < 0.2 else number)

    def key(self) -> str:
        """A key of a map."""
        roll = self.random.random()
        if roll < 0.5:
            return self.random.choice(("a", "b", "key", "a-b", "a.b/c", "k10", "k9", "A"))
        return self.text() if roll < 0.8 else self.random.choice(_WORDS)

    def text(self) -> str:
        """A text with something in it."""
        roll = self.random.random()
        if roll < 0.35:
            return self.random.choice(_WORDS)
        if roll < 0.5:
            return "".join(self.random.choices(_WORDS, k=self.random.randint(2, 3)))
        if roll < 0.6:
            return "".join(self.random.choices(":-#?&*!|>'\"%@`{}[],= \n\tab1.~\\", k=self.random.randint(1, 6)))
        if roll < 0.75:
            return self.line(self.random.randint(10, 40))
        return self.lines()

    def line(self, words: int) -> str:
        """Words up to several hundred characters."""
        return " ".join(self.random.choice(_LINE[:3] if self.random.random() < 0.7 else _LINE) for _ in range(words))

    def lines(self) -> str:
        """Several lines: indented, empty, with spaces at their ends."""
        made = []
        for _ in range(self.random.randint(1, 6)):
            start = self.random.choice(("", "", "", " ", "    ", "\t"))
            end = self.random.choice(("", "", "", " ", "\t", "  "))
            inner = self.random.choice(("", self.line(1), self.line(3), self.line(25), self.random.choice(_WORDS)))
            made.append(start + inner + end)
        return "\n".join(made) + "\n" * self.random.choice((0, 0, 1, 1, 2, 3))

    # Texts

    def yaml_text(self) -> str:
        """A document, more or less."""
        roll = self.random.random()
        if roll < 0.45:
            return self.random.choice(("a: ", "- ", "a:\n  - ", "a: [", "x: {b: ")) + self.plain() + "\n"
        if roll < 0.6:
            return f"{self.plain_key()}: {self.plain()}\n{self.plain_key()}: 1\n"
        if roll < 0.8:
            head = self.random.choice("|>") + self.random.choice(("", "-", "+", "2", "1-", "+3"))
            block = "".join(f"{' ' * self.random.randint(1, 4)}{line}\n" for line in self.lines().split("\n"))
            return f"a: {head}\n{block}" + self.random.choice(("", "b: 1", "b: 2\n"))
        if roll < 0.9:
            return f"a: {self.quoted()}\nb: [{self.quoted()}, {self.plain()}]\n"
        return self.random.choice(
            ("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\n", "a: 1\n---\nb: [\n", "---\n# c\n---\na: 1\n", "a:\n- b\n- c: d\n",
             "- - a\n  - b\n-\n", "a: !!int '3'\nb: !!str 3\nc: !!binary aGk=\n", "%YAML 1.1\n---\na: 1\n", "a: 1\n b: 2\n",
             "{a: 1, b: [x, {c: }], }", "a: *b\n", "a\n", "[1, 2", "\ta: 1", "a: 'x", 'a: "\\q"\n', "a: b: c\n", "- a\nb: 1\n")
        )  # fmt: skip

    def plain(self) -> str:
        """What may mean anything without quotes."""
        return self.random.choice(_WORDS) if self.random.random() < 0.7 else self.float()

    def plain_key(self) -> str:
        """The same without nulls, aliases and collections: Go refuses them with what it read, in its own syntax."""
        text = self.plain()
        return "k" if text in ("", " ", "~", "null", "Null", "NULL", "=") or text[0] in "&*[{!" else text

    def quoted(self) -> str:
        """A text in one of YAML's quotes."""
        text = self.text().replace("\x00", "")
        return json.dumps(text) if self.random.random() < 0.5 else "'" + text.replace("'", "''") + "'"

    def json_text(self) -> str:
        """JSON with, as a rule, one character too much, too few or another."""
        made = json.dumps(self.data(0), ensure_ascii=self.random.random() < 0.5, indent=self.random.choice((None, 1)))
        if self.random.random() < 0.3 or not made:
            return made
        at = self.random.randrange(len(made))
        other = self.random.choice(
            ("", "x", '"', "\\", "{", "]", ",", ":", "0", "-", ".", "e", " ", "\n", "é", "\\u12", "1e999")
        )
        return made[:at] + other + made[at + self.random.randint(0, 1) :]

    def data(self, depth: int) -> object:
        """What JSON can say."""
        roll = self.random.random()
        if depth < 3 and roll < 0.35:
            return {self.key(): self.data(depth + 1) for _ in range(self.random.randint(0, 3))}
        if depth < 3 and roll < 0.6:
            return [self.data(depth + 1) for _ in range(self.random.randint(0, 3))]
        return self.random.choice((self.text(), self.integer(), float(self.float()), True, False, None, self.text()))
