"""postBuild substitution: the `${…}` grammar of Flux (flux.md 4.6).

A text is parsed whole before anything is put in, so an error of form anywhere comes before a variable
that is not set. Lengths and positions count bytes of UTF-8, as Flux's do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2

from engine.errors import LimitExceeded, Malformed

BAD_SUBSTITUTION: Final = "bad substitution"
MISSING_BRACE: Final = "missing closing brace"
BAD_NAME: Final = "unable to parse variable name"
BAD_PARAMETER: Final = "unable to parse substitution within function"
BAD_DEFAULT: Final = "unable to parse default function"

_MAX_NESTING: Final = 100
_MAX_OUTPUT: Final = 64 * 1024 * 1024
_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class EnvsubstError(Malformed):
    """A substitution that cannot be done; the message is Flux's own text."""


def substitute(text: str, variables: Mapping[str, str], *, strict: bool) -> str:
    """The text with every `${…}` replaced; `$$` becomes `$`, a bare `$name` stays.

    `strict` refuses variables that are unset and have no default.
    """
    if "$" not in text:
        return text
    return _Evaluation(variables, strict=strict).text(_Parser(text).parts())


@dataclass(frozen=True, slots=True)
class _Expansion:
    """One `${…}`: a variable, an operator ("" for none) and the operator's arguments."""

    variable: str
    operator: str = ""
    arguments: tuple[str | _Expansion, ...] = ()


_Part = str | _Expansion


class _Parser:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0

    def parts(self) -> list[_Part]:
        """Literal text and expansions, in order."""
        parts: list[_Part] = []
        text = self._text
        start = 0
        while True:
            found = text.find("$", self._position)
            following = text[found + 1 : found + 2] if found >= 0 else ""
            if found < 0:
                parts.append(text[start:])
                return parts
            if following == "{":
                parts.append(text[start:found])
                self._position = found + 2
                parts.append(self._expansion())
                start = self._position
            elif following == "$":
                parts.append(text[start : found + 1])
                self._position = start = found + 2
            else:
                self._position = found + 1

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _run(self, accepts: Callable[[str], bool]) -> str:
        """The characters from here on that are accepted."""
        start = position = self._position
        text = self._text
        while position < len(text) and accepts(text[position]):
            position += 1
        self._position = position
        return text[start:position]

    def _operator(self, *choices: str) -> str:
        """The longest of the choices that stands here, or ""."""
        found = max(
            (choice for choice in choices if self._text.startswith(choice, self._position)), key=len, default=""
        )
        self._position += len(found)
        return found

    def _expansion(self) -> _Expansion:
        self._depth += 1
        if self._depth > _MAX_NESTING:
            raise LimitExceeded(f"substitutions are nested deeper than {_MAX_NESTING} levels")
        expansion = self._length() if self._peek() == "#" else self._of_variable()
        self._depth -= 1
        return expansion

    def _length(self) -> _Expansion:
        self._position += 1
        name = self._run(_in_name)
        if not name:
            raise EnvsubstError(BAD_SUBSTITUTION)
        return self._closed(_Expansion(name, "#"))

    def _of_variable(self) -> _Expansion:
        name = self._run(_in_name)
        if not name:
            raise EnvsubstError(BAD_NAME)
        parse = {
            ":": self._default_or_part,
            "=": self._default,
            ",": self._case,
            "^": self._case,
            "/": self._replacement,
            "#": self._trim,
            "%": self._trim,
        }.get(self._peek())
        if parse is not None:
            return parse(name)
        if self._peek() != "}":
            raise EnvsubstError(MISSING_BRACE)
        self._position += 1
        return _Expansion(name)

    def _closed(self, expansion: _Expansion) -> _Expansion:
        if self._peek() != "}":
            raise EnvsubstError(BAD_SUBSTITUTION)
        self._position += 1
        return expansion

    def _parameter(self, ends: str, *, escapes: bool = False) -> _Part:
        """An expansion, or text up to one of the end characters or the next `${`."""
        if self._text.startswith("${", self._position):
            self._position += 2
            return self._expansion()
        text, out = self._text, []
        while self._position < len(text):
            char = text[self._position]
            following = text[self._position + 1 : self._position + 2]
            if char == "$" and following == "{":
                break
            if escapes and ((char == "\\" and following in ("/", "\\")) or (char == "$" and following == "$")):
                out.append(following)
                self._position += 2
                continue
            if char in ends:
                break
            out.append(char)
            self._position += 1
        if not out:
            raise EnvsubstError(BAD_PARAMETER)
        return "".join(out)

    def _default_or_part(self, name: str) -> _Expansion:
        if self._text[self._position + 1 : self._position + 2] in ("=", "-", "?", "+"):
            return self._default(name)
        self._position += 1
        arguments = [self._parameter(":}")]
        if self._peek() != "}":
            if not self._run(lambda char: char == ":"):
                raise EnvsubstError(BAD_SUBSTITUTION)
            arguments.append(self._parameter("}"))
        return self._closed(_Expansion(name, ":", tuple(arguments)))

    def _default(self, name: str) -> _Expansion:
        operator = self._operator("=", ":=", ":-", ":?", ":+")
        if not operator:
            raise EnvsubstError(BAD_DEFAULT)
        arguments: list[_Part] = []
        while self._peek() != "}":
            arguments.append(self._parameter("}"))
        return self._closed(_Expansion(name, operator, tuple(arguments)))

    def _case(self, name: str) -> _Expansion:
        operator = self._operator(*(first + second for first in ",^" for second in ("", ",", "^")))
        return self._closed(_Expansion(name, operator))

    def _trim(self, name: str) -> _Expansion:
        operator = self._operator("#", "##", "%", "%%")
        return self._closed(_Expansion(name, operator, (self._parameter("}"),)))

    def _replacement(self, name: str) -> _Expansion:
        operator = self._operator("/", "//", "/#", "/%")
        pattern = "" if self._peek() == "/" else self._parameter("/", escapes=True)
        if not self._run(lambda char: char == "/"):
            raise EnvsubstError(BAD_SUBSTITUTION)
        if self._peek() == "}":
            return self._closed(_Expansion(name, operator, (pattern,)))
        return self._closed(_Expansion(name, operator, (pattern, self._parameter("}", escapes=True))))


def _in_name(char: str) -> bool:
    return char.isalpha() or char.isdecimal() or char == "_"


class _Evaluation:
    def __init__(self, variables: Mapping[str, str], *, strict: bool) -> None:
        self._variables = variables
        self._strict = strict

    def text(self, parts: list[_Part]) -> str:
        """The parts, expanded and joined."""
        out: list[str] = []
        size = 0
        for part in parts:
            out.append(self._part(part))
            size += len(out[-1])
            if size > _MAX_OUTPUT:
                raise LimitExceeded(f"substitution makes a text longer than {_MAX_OUTPUT} characters")
        return "".join(out)

    def _part(self, part: _Part) -> str:
        if isinstance(part, str):
            return part
        arguments = [self._part(argument) for argument in part.arguments]
        value = self._variables.get(part.variable)
        if value is None and self._strict and part.operator not in _DEFAULTS:
            raise EnvsubstError(f'variable not set (strict mode): "{part.variable}"')
        return _FUNCTIONS.get(part.operator, _default)(value or "", arguments)


def _default(value: str, arguments: list[str]) -> str:
    return value or "".join(arguments)


def _length(value: str, arguments: list[str]) -> str:
    return _trim_start_shortest(value, arguments) if arguments else str(len(value.encode()))


def _upper(text: str) -> str:
    return "".join(changed if len(changed := char.upper()) == 1 else char for char in text)


def _lower(text: str) -> str:
    return "".join(changed if len(changed := char.lower()) == 1 else char for char in text)


def _substring(value: str, arguments: list[str]) -> str:
    if not all(_WHOLE_NUMBER.fullmatch(argument) for argument in arguments):
        return value
    data = value.encode()
    position, *length = (int(argument) for argument in arguments)
    if position < 0:
        position = max(len(data) + position, 0)
    end = len(data)
    if length:
        end = end + length[0] if length[0] < 0 else position + length[0]
    return data[position : max(end, position)].decode(errors="replace")


def _replace_once(value: str, arguments: list[str]) -> str:
    return value.replace(arguments[0], "".join(arguments[1:]), 1)


def _replace_all(value: str, arguments: list[str]) -> str:
    return value.replace(arguments[0], "".join(arguments[1:]))


def _replace_start(value: str, arguments: list[str]) -> str:
    return _replace_once(value, arguments) if len(arguments) == 2 and value.startswith(arguments[0]) else value


def _replace_end(value: str, arguments: list[str]) -> str:
    if len(arguments) != 2 or not value.endswith(arguments[0]):
        return value
    return value.removesuffix(arguments[0]) + arguments[1]


def _glob(pattern: str, *, shortest: bool) -> Any:
    """The pattern as an expression that matches a start of the text, or None when it is malformed."""
    options = re2.Options()
    options.longest_match = not shortest
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(_glob_source(pattern, ".*?" if shortest else ".*"), options)
    except (re2.error, ValueError):
        return None


def _glob_source(pattern: str, star: str) -> str:
    out = ["^"]
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            if out[-1] != star:
                out.append(star)
        elif char == "?":
            out.append(".")
        elif char == "[":
            end = pattern.index("]", position + 1)
            out.append(f"[{pattern[position:end]}]")
            position = end + 1
        elif char == "\\":
            if position == len(pattern):
                raise ValueError("nothing to escape")
            out.append(re2.escape(pattern[position]))
            position += 1
        else:
            out.append(re2.escape(char))
    return "".join(out)


def _trimmed(value: str, pattern: str, *, shortest: bool) -> str:
    compiled = _glob(pattern, shortest=shortest)
    found = compiled.match(value) if compiled is not None and value else None
    if found is None:
        return value
    # An empty match is none; a pattern of stars takes at least one character.
    end = found.end() or (1 if shortest and set(pattern) == {"*"} else 0)
    return value[end:]


def _trim_start_shortest(value: str, arguments: list[str]) -> str:
    return _trimmed(value, arguments[0], shortest=True)


def _trim_start_longest(value: str, arguments: list[str]) -> str:
    return _trimmed(value, arguments[0], shortest=False)


def _trim_end_shortest(value: str, arguments: list[str]) -> str:
    return _trimmed(value[::-1], arguments[0][::-1], shortest=True)[::-1]


def _trim_end_longest(value: str, arguments: list[str]) -> str:
    return _trimmed(value[::-1], arguments[0][::-1], shortest=False)[::-1]


_DEFAULTS: Final = frozenset(("=", ":=", ":-", ":?", ":+"))
_FUNCTIONS: Final[dict[str, Callable[[str, list[str]], str]]] = {
    "#": _length,
    "##": _trim_start_longest,
    "%": _trim_end_shortest,
    "%%": _trim_end_longest,
    ",": lambda value, _: _lower(value[:1]) + value[1:],
    ",,": lambda value, _: _lower(value),
    "^": lambda value, _: _upper(value[:1]) + value[1:],
    "^^": lambda value, _: _upper(value),
    ":": _substring,
    "/": _replace_once,
    "//": _replace_all,
    "/#": _replace_start,
    "/%": _replace_end,
}
