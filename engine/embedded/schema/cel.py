"""A small CEL: what validation rules of CustomResourceDefinitions need, and nothing else.

`compile_rule(text)` parses once and returns a Rule; `Rule.evaluate({"self": …, "oldSelf": …})` answers on plain JSON
values. Literals, fields, indexes, operators, has(), size(), matches() and the other string tests, and the macros
all/exists over lists and maps. Anything else raises CelSyntaxError with a sentence, so that the definition is
refused instead of the rule being skipped. Regular expressions run in linear time (re2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import re2

from engine.embedded.schema import cel_eval
from engine.embedded.schema.cel_eval import CelError, Eval

__all__ = ["CelError", "CelSyntaxError", "Rule", "compile_rule"]

MAX_LENGTH = 5120
MAX_DEPTH = 64
MAX_NESTED_MACROS = 3


class CelSyntaxError(ValueError):
    """The expression is not CEL, or uses what this evaluator leaves out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled expression. `uses_old` says whether it is a transition rule."""

    text: str
    names: frozenset[str]
    _run: Eval

    @property
    def uses_old(self) -> bool:
        """A rule with oldSelf is checked on updates only."""
        return "oldSelf" in self.names

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The value with `scope` as the variables; CelError when it has none."""
        return self._run({**scope, cel_eval.BUDGET: [cel_eval.MAX_STEPS]})


def compile_rule(text: str) -> Rule:
    """Parse one expression over the variables `self` and `oldSelf`."""
    if len(text) > MAX_LENGTH:
        raise CelSyntaxError(f"the rule is longer than {MAX_LENGTH} characters")
    parser = _Parser(_tokens(text))
    run = parser.expression()
    parser.expect("end")
    return Rule(text, frozenset(parser.names), run)


# Lexer ------------------------------------------------------------------------------------------------------

_TOKEN = re2.compile(
    r"""(?P<space>[ \t\r\n]+|//[^\n]*)"""
    r"""|(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)"""
    r"""|(?P<int>0x[0-9a-fA-F]+|[0-9]+)"""
    r"""|(?P<raw>[rR](?:"[^"\n]*"|'[^'\n]*'))"""
    r"""|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<op>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]])"""
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE = re2.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    value: Any = None


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise CelSyntaxError(f"the rule cannot be read at {text[position : position + 12]!r}")
        position = match.end()
        kind = next(name for name, found in match.groupdict().items() if found is not None)
        if kind != "space":
            tokens.append(_token(kind, match.group()))
    tokens.append(_Token("end", "end of rule"))
    return tokens


def _token(kind: str, text: str) -> _Token:
    if kind == "op":
        return _Token(text, text)
    if kind == "name":
        if text in _WORDS:
            return _Token("literal", text, _WORDS[text])
        return _Token("in", text) if text == "in" else _Token("name", text)
    if kind == "string":
        return _Token("literal", text, _ESCAPE.sub(_unescape, text[1:-1]))
    if kind == "raw":
        return _Token("literal", text, text[2:-1])
    return _Token("literal", text, float(text) if kind == "float" else int(text, 0 if "x" in text else 10))


def _unescape(match: Any) -> str:
    escape = match.group(1)
    return chr(int(escape[1:], 16)) if len(escape) > 1 else _ESCAPES.get(escape, escape)


# Parser: precedence climbing straight into closures ------------------------------------------------------------

_PRECEDENCE = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3}
_PRECEDENCE |= {"+": 4, "-": 4, "*": 5, "/": 5, "%": 5}
_RESERVED = {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"}
_RESERVED |= {"namespace", "return", "var", "void", "while"}


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._bound: list[str] = []
        self.names: set[str] = set()

    def expect(self, kind: str) -> _Token:
        token = self._tokens[self._next]
        if token.kind != kind:
            raise CelSyntaxError(f"the rule has {token.text!r} where {kind!r} belongs")
        self._next += 1
        return token

    def _take(self, kind: str) -> bool:
        if self._tokens[self._next].kind != kind:
            return False
        self._next += 1
        return True

    def expression(self) -> Eval:
        """A conditional, or anything that binds tighter."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CelSyntaxError(f"the rule nests deeper than {MAX_DEPTH} levels")
        condition = self._binary(1)
        if self._take("?"):
            then = self._binary(1)
            self.expect(":")
            condition = cel_eval.conditional(condition, then, self.expression())
        self._depth -= 1
        return condition

    def _binary(self, minimum: int) -> Eval:
        left = self._unary()
        while (precedence := _PRECEDENCE.get(kind := self._tokens[self._next].kind, 0)) >= minimum:
            self._next += 1
            left = cel_eval.BINARY[kind](left, self._binary(precedence + 1))
        return left

    def _unary(self) -> Eval:
        marks = []
        while (kind := self._tokens[self._next].kind) in ("!", "-"):
            marks.append(kind)
            self._next += 1
        value = self._postfix(self._primary())
        for mark in marks[:MAX_DEPTH]:
            value = cel_eval.negated(value) if mark == "!" else cel_eval.negative(value)
        return value

    def _primary(self) -> Eval:
        token = self._tokens[self._next]
        self._next += 1
        if token.kind == "literal":
            return cel_eval.constant(token.value)
        if token.kind == "(":
            inside = self.expression()
            self.expect(")")
            return inside
        if token.kind == "[":
            return cel_eval.list_of(self._arguments("]"))
        if token.kind == "name":
            return self._name(token.text)
        raise CelSyntaxError(f"the rule has {token.text!r} where a value belongs")

    def _name(self, name: str) -> Eval:
        if self._take("("):
            return self._function(name)
        if name in _RESERVED or (name not in ("self", "oldSelf") and name not in self._bound):
            raise CelSyntaxError(f"the rule refers to {name!r}; only self, oldSelf and macro variables are known")
        self.names.add(name)
        return cel_eval.variable(name)

    def _function(self, name: str) -> Eval:
        if name == "has":
            return self._has()
        if name == "size":
            arguments = self._arguments(")")
            if len(arguments) == 1:
                return cel_eval.call(cel_eval.size, arguments[0], ())
        raise CelSyntaxError(f"the rule calls {name}(), which validation rules here do not support")

    def _has(self) -> Eval:
        """has(a.b.c): the last step is a test, the steps before it must succeed."""
        holder = self._primary()
        field = ""
        while True:
            if self._take("."):
                holder, field = (
                    (cel_eval.field(holder, field) if field else holder),
                    _unescaped(self.expect("name").text),
                )
            elif self._take("["):
                holder, field = cel_eval.at(cel_eval.field(holder, field) if field else holder, self.expression()), ""
                self.expect("]")
            else:
                break
        self.expect(")")
        if not field:
            raise CelSyntaxError("has() takes a field selection such as self.name")
        return cel_eval.has_field(holder, field)

    def _postfix(self, value: Eval) -> Eval:
        while True:
            if self._take("."):
                name = self.expect("name").text
                value = self._method(value, name) if self._take("(") else cel_eval.field(value, _unescaped(name))
            elif self._take("["):
                value = cel_eval.at(value, self.expression())
                self.expect("]")
            else:
                return value

    def _method(self, target: Eval, name: str) -> Eval:
        if name in cel_eval.MACROS:
            return self._macro(target, name)
        known = cel_eval.METHODS.get(name)
        arguments = self._arguments(")") if known else []
        if known is None or len(arguments) != known[0]:
            raise CelSyntaxError(f"the rule calls .{name}(), which validation rules here do not support")
        return cel_eval.call(known[1], target, tuple(arguments))

    def _macro(self, target: Eval, name: str) -> Eval:
        variable = self.expect("name").text
        self.expect(",")
        self._bound.append(variable)
        if len(self._bound) > MAX_NESTED_MACROS:
            raise CelSyntaxError(f"the rule nests more than {MAX_NESTED_MACROS} macros")
        body = self.expression()
        self._bound.pop()
        self.names.discard(variable)
        self.expect(")")
        return cel_eval.MACROS[name](target, variable, body)

    def _arguments(self, closing: str) -> list[Eval]:
        arguments: list[Eval] = []
        while not self._take(closing):
            if arguments:
                self.expect(",")
            arguments.append(self.expression())
        return arguments


_FIELD_ESCAPES = {"__underscores__": "__", "__dot__": ".", "__dash__": "-", "__slash__": "/"}
_FIELD_ESCAPES |= {f"__{word}__": word for word in (*_RESERVED, "true", "false", "null", "in")}


def _unescaped(name: str) -> str:
    """Property names that are no identifiers come escaped: `foo__dash__bar`, `__namespace__`."""
    if "__" in name:
        for escape, plain in _FIELD_ESCAPES.items():
            name = name.replace(escape, plain)
    return name
