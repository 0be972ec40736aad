"""The lexer: text and the tokens of its actions.

Actions are scanned by one expression; what it does not match is named as text/template names it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from engine.helm.template.errors import ParseError
from engine.helm.template.quote import quote

#: Kinds of tokens that are not a keyword (a keyword's kind is the word itself).
KEYWORDS: Final = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with")
)
_SPACES: Final = " \t\r\n"

_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<right>}})
    | (?P<field>\.[^\W\d]\w*)
    | (?P<variable>\$\w*)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*")
    | (?P<raw>`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\[^\n])+')
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*
        |0[bB][01_]*\.?[01_]*|(?=[0-9.+-])(?=[+-]|[0-9]|\.[0-9])[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?)
    | (?P<dot>\.)
    | (?P<word>\w+)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<pipe>\|)
    | (?P<declare>:=)
    | (?P<assign>=)
    | (?P<other>[\x21-\x7e])
    """,
    re.VERBOSE,
)
_ENDED: Final = frozenset(" \t\r\n.,|:)(")
_NAMES: Final = frozenset(("field", "variable", "word", "dot"))


class Token(NamedTuple):
    """`kind` is a group of the expression above, a keyword, "text", "left" or "eof"."""

    kind: str
    pos: int
    text: str


def line_of(text: str, pos: int) -> int:
    """The line of a place, from 1."""
    return text.count("\n", 0, pos) + 1


def tokenize(name: str, text: str) -> list[Token]:
    """All tokens of a template, the end last; ParseError names the line."""
    tokens: list[Token] = []
    pos, size = 0, len(text)
    trim = False
    while pos < size:
        start = text.find("{{", pos)
        piece = text[pos:] if start < 0 else text[pos:start]
        if trim:
            kept = piece.lstrip(_SPACES)
            pos += len(piece) - len(kept)
            piece = kept
        if start < 0:
            if piece:
                tokens.append(Token("text", pos, piece))
            break
        inner = start + 2
        if text.startswith("-", inner) and text[inner + 1 : inner + 2] in _SPACES and inner + 1 < size:
            piece = piece.rstrip(_SPACES)
            inner += 2
        if piece:
            tokens.append(Token("text", pos, piece))
        if text.startswith("/*", inner):
            pos, trim = _comment(name, text, inner)
        else:
            tokens.append(Token("left", start, "{{"))
            pos, trim = _action(name, text, inner, tokens)
    tokens.append(Token("eof", size, "EOF"))
    return tokens


def _closing(text: str, pos: int) -> tuple[int, bool]:
    """The place past `}}` or ` -}}` at pos and whether it trims; (-1, False) when there is none."""
    if text.startswith("}}", pos):
        return pos + 2, False
    if text[pos : pos + 1] in _SPACES and text.startswith("-}}", pos + 1):
        return pos + 4, True
    return -1, False


def _comment(name: str, text: str, start: int) -> tuple[int, bool]:
    end = text.find("*/", start + 2)
    if end < 0:
        raise error(name, text, start, "unclosed comment")
    pos, trim = _closing(text, end + 2)
    if pos < 0:
        raise error(name, text, start, "comment ends before closing delimiter")
    return pos, trim


def _action(name: str, text: str, pos: int, tokens: list[Token]) -> tuple[int, bool]:
    depth = 0
    match_at = _TOKEN.match
    while True:
        match = match_at(text, pos)
        if match is None:
            raise error(name, text, pos, _complaint(text, pos))
        kind = match.lastgroup or ""
        end = match.end()
        value = match.group()
        if kind == "space":
            if text.startswith("-}}", end):
                if depth:
                    raise error(name, text, pos, "unclosed left paren")
                if len(value) > 1:
                    tokens.append(Token("space", pos, value[:-1]))
                tokens.append(Token("right", end + 1, "}}"))
                return end + 3, True
        elif kind == "right":
            if depth:
                raise error(name, text, pos, "unclosed left paren")
            tokens.append(Token("right", pos, value))
            return end, False
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth < 0:
                raise error(name, text, pos, "unexpected right paren")
        else:
            kind = _checked(name, text, kind, match)
        tokens.append(Token(kind, pos, value))
        pos = end


def _checked(name: str, text: str, kind: str, match: re.Match[str]) -> str:
    """The kind of a token that must end well, or an error."""
    pos, end, value = match.start(), match.end(), match.group()
    if kind in _NAMES:
        if kind == "dot" or text[end : end + 1] not in _ENDED:
            _check_end(name, text, end)
        if kind == "word":
            return value if value in KEYWORDS else "bool" if value in ("true", "false") else "identifier"
    elif kind == "number":
        following = text[end : end + 1]
        if following.isalnum() or following == "_" or (following in "+-" and following):
            raise error(name, text, pos, f"bad number syntax: {quote(text[pos : end + 1])}")
    elif kind == "other":
        _check_other(name, text, pos, value)
    return kind


def _check_end(name: str, text: str, end: int) -> None:
    """What may follow a name."""
    char = text[end : end + 1]
    if char and char not in _ENDED and not text.startswith("}}", end):
        raise error(name, text, end, f"bad character {unicode_name(char)}")


def _check_other(name: str, text: str, pos: int, char: str) -> None:
    problem = {
        '"': "unterminated quoted string",
        "`": "unterminated raw quoted string",
        "'": "unterminated character constant",
        ":": "expected :=",
    }.get(char)
    if problem is not None:
        raise error(name, text, pos, problem)


def _complaint(text: str, pos: int) -> str:
    if pos >= len(text):
        return "unclosed action"
    return f"unrecognized character in action: {unicode_name(text[pos])}"


def unicode_name(char: str) -> str:
    """%#U."""
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")


def error(name: str, text: str, pos: int, problem: str) -> ParseError:
    """A complaint about a place in a text."""
    line = line_of(text, pos)
    return ParseError(f"template: {name}:{line}: {problem}", template=name, line=line)
