"""The lexer: one action as tokens.

A text is cut into actions by `ACTION`; the tokens of an action are scanned by one expression, and what that does not
match is named as text/template names it. Places count characters from the action's `{{`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from engine.helm.template.quote import quote

#: Kinds of tokens that are not a group of `_TOKEN` (a keyword's kind is the word itself).
KEYWORDS: Final = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with")
)
#: What trim markers take away.
SPACES: Final = " \t\r\n"
#: A whole action that is no comment. What does not match has a mistake, which `tokenize` finds.
ACTION: Final = re.compile(
    r"""\{\{ (?: [^"'`}] | \}(?!\}) | "(?:[^"\\\n]|\\[^\n])*+" | `[^`]*+` | '(?:[^'\\\n]|\\[^\n])*+' )*+ \}\}""",
    re.VERBOSE,
)
_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*+ (?:
      (?P<right>\}\}|(?<=[ \t\r\n])-\}\})
    | (?P<field>(?:\.[^\W\d]\w*)++)
    | (?P<variable>\$\w*(?:\.[^\W\d]\w*)*+)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*")
    | (?P<raw>`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\[^\n])*')
    | (?P<number>(?=[+-]|\.?[0-9])[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?
        |0[oO][0-7_]*\.?[0-7_]*|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?)
    | (?P<dot>\.)
    | (?P<word>\w+)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<pipe>\|)
    | (?P<declare>:=)
    | (?P<assign>=)
    | (?P<other>[\x21-\x7e])
    )""",
    re.VERBOSE,
)
#: What may follow a name.
_ENDED: Final = frozenset(("", *" \t\r\n.,|:)("))
_NAMES: Final = frozenset(("field", "variable", "word", "dot"))
_UNFINISHED: Final = {
    '"': "unterminated quoted string",
    "`": "unterminated raw quoted string",
    "'": "unterminated character constant",
    ":": "expected :=",
}


class Token(NamedTuple):
    """`kind` is a group of the expression above, a keyword, "bool" or "identifier"; fields go with what is before."""

    kind: str
    pos: int
    text: str
    #: Whether there is space before it.
    is_apart: bool


class SyntaxProblem(Exception):
    """A mistake at a place of an action; `lexical` when the lexer found it."""

    def __init__(self, pos: int, words: str, *, lexical: bool = False) -> None:
        super().__init__(words)
        self.pos = pos
        self.words = words
        self.lexical = lexical


def tokenize(action: str) -> list[Token]:
    """The tokens of a text that starts with an action, its end last: "}}", or "-}}" when it eats the space behind."""
    tokens: list[Token] = []
    pos, depth = left_end(action), 0
    match_at = _TOKEN.match
    while match := match_at(action, pos):
        kind = match.lastgroup or ""
        start, end = match.span(kind)
        value = action[start:end]
        if kind in _NAMES:
            kind = _name(action, kind, value, end)
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth < 0:
                raise SyntaxProblem(start, "unexpected right paren", lexical=True)
        elif kind == "right":
            if depth:
                raise SyntaxProblem(start, "unclosed left paren", lexical=True)
            tokens.append(Token(kind, start, value, is_apart=start > pos))
            return tokens
        elif kind == "number":
            end = _number_end(action, start, end)
            value = action[start:end]
        elif kind == "other" and value in _UNFINISHED:
            raise SyntaxProblem(start, _UNFINISHED[value], lexical=True)
        tokens.append(Token(kind, start, value, start > pos))
        pos = end
    start = len(action) - len(action[pos:].lstrip(SPACES))
    if start == len(action):
        raise SyntaxProblem(start, "unclosed action", lexical=True)
    words = f"unrecognized character in action: {_unicode_name(action[start])}"
    raise SyntaxProblem(start, words, lexical=True)


def left_end(text: str, start: int = 0) -> int:
    """The place behind the `{{` or `{{- ` that is at this place."""
    is_trimming = text.startswith("-", start + 2) and text[start + 3 : start + 4] in (" ", "\t", "\r", "\n")
    return start + 4 if is_trimming else start + 2


def right_end(text: str, pos: int) -> tuple[int, bool]:
    """The place past `}}` or ` -}}` and whether it trims; (-1, False) when there is neither."""
    if text.startswith("}}", pos):
        return pos + 2, False
    if text[pos : pos + 1] in SPACES and text.startswith("-}}", pos + 1):
        return pos + 4, True
    return -1, False


def _name(action: str, kind: str, value: str, end: int) -> str:
    """The kind of a name, which must end well."""
    following = action[end : end + 1]
    if following not in _ENDED and not action.startswith("}}", end):
        raise SyntaxProblem(end, f"bad character {_unicode_name(following)}", lexical=True)
    if kind != "word":
        return kind
    return value if value in KEYWORDS else "bool" if value in ("true", "false") else "identifier"


def _number_end(action: str, pos: int, end: int) -> int:
    """Where a number ends: a sign behind it starts the imaginary part of a complex one."""
    is_complex = action[end : end + 1] in ("+", "-")
    if is_complex:
        match = _TOKEN.match(action, end)
        end = match.end() if match is not None else end
    following = action[end : end + 1]
    if following.isalnum() or following == "_" or (is_complex and action[end - 1] != "i"):
        raise SyntaxProblem(pos, f"bad number syntax: {quote(action[pos : end + 1])}", lexical=True)
    return end


def _unicode_name(char: str) -> str:
    """%#U."""
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")
