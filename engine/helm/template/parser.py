"""The parser: tokens to trees, with text/template's grammar and its rules about names and variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Final, Literal, NoReturn

from engine.helm.template import nodes as n
from engine.helm.template.lexer import KEYWORDS, Token, error, tokenize
from engine.helm.template.quote import quote, unquote, unquote_char

_OPERANDS: Final = frozenset(
    ("bool", "char", "dot", "field", "identifier", "number", "nil", "raw", "string", "variable", "open")
)
_LITERALS: Final = (n.Bool, n.Dot, n.Nil, n.Number, n.String)
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MAX_DEPTH: Final = 1000
#: Blocks within blocks; Python's own stack is the reason for a bound.
_MAX_BLOCKS: Final = 100


def parse(name: str, text: str, functions: Container[str]) -> list[n.Tree]:
    """The templates of a text in the order in which they are complete, the text itself last."""
    return _Parser(name, text, functions).parse()


class _Parser:
    def __init__(self, name: str, text: str, functions: Container[str]) -> None:
        self.name = name
        self.text = text
        self.functions = functions
        self.tokens = tokenize(name, text)
        self.at = 0
        self.trees: list[n.Tree] = []
        self.variables = ["$"]
        self.range_depth = 0
        self.depth = 0
        self.blocks = 0

    # Tokens

    def fail(self, problem: str, token: Token | None = None) -> NoReturn:
        """Say what is wrong, and where."""
        where = token or self.tokens[min(self.at, len(self.tokens) - 1)]
        raise error(self.name, self.text, where.pos, problem)

    def unexpected(self, token: Token, context: str) -> NoReturn:
        """text/template's words for a token that has no place here."""
        if token.kind == "eof":
            shown = "EOF"
        elif token.kind in KEYWORDS:
            shown = f"<{token.text}>"
        elif len(token.text) > 10:
            shown = quote(token.text[:10]) + "..."
        else:
            shown = quote(token.text)
        self.fail(f"unexpected {shown} in {context}", token)

    def next(self) -> Token:
        """The next token."""
        token = self.tokens[self.at]
        self.at += 1
        return token

    def peek(self) -> Token:
        """The next token, left where it is."""
        return self.tokens[self.at]

    def next_word(self) -> Token:
        """The next token that is no space."""
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "space":
            token = self.tokens[self.at]
            self.at += 1
        return token

    def peek_word(self) -> Token:
        """The next token that is no space, left where it is; the space is gone."""
        token = self.tokens[self.at]
        if token.kind == "space":
            self.at += 1
            token = self.tokens[self.at]
        return token

    def expect(self, kind: str, context: str) -> Token:
        """The next token, which must be of a kind."""
        token = self.next_word()
        if token.kind != kind:
            self.unexpected(token, context)
        return token

    # Lists and actions

    def parse(self) -> list[n.Tree]:
        """The whole text."""
        body: list[n.Node] = []
        while True:
            token = self.next()
            if token.kind == "eof":
                break
            if token.kind == "text":
                body.append(n.Text(token.pos, token.text))
                continue
            if self.peek_word().kind == "define":
                self.next()
                self.definition()
                continue
            node = self.action()
            if isinstance(node, n.End):
                self.fail(f"unexpected {node}")
            if node is not None:
                body.append(node)
        self.trees.append(n.Tree(self.name, body))
        return self.trees

    def definition(self) -> None:
        """`define`, past its keyword."""
        name = self.template_name(self.next_word(), "define clause")
        self.expect("right", "define clause")
        self.tree(name, "define clause")

    def tree(self, name: str, context: str) -> None:
        """A named body up to its `end`; variables outside are not seen inside."""
        variables, self.variables = self.variables, ["$"]
        range_depth, self.range_depth = self.range_depth, 0
        body, end = self.item_list()
        if end.word != "end":
            self.fail(f"unexpected {end} in {context}")
        self.variables, self.range_depth = variables, range_depth
        self.trees.append(n.Tree(name, body))

    def item_list(self) -> tuple[list[n.Node], n.End]:
        """Everything up to `end` or `else`."""
        body: list[n.Node] = []
        self.blocks += 1
        if self.blocks > _MAX_BLOCKS:
            self.fail("max block depth exceeded")
        while True:
            token = self.next_word()
            if token.kind == "text":
                body.append(n.Text(token.pos, token.text))
            elif token.kind == "eof":
                self.fail("unexpected EOF", token)
            else:
                node = self.action()
                if isinstance(node, n.End):
                    self.blocks -= 1
                    return body, node
                body.append(node)

    def action(self) -> n.Node:
        """What follows `{{`."""
        token = self.next_word()
        handler = _CONTROLS.get(token.kind)
        if handler is not None:
            return handler(self, token)
        self.at -= 1
        pipe = self.pipeline("command", "right")
        return n.Action(token.pos, pipe)

    def end_control(self, token: Token) -> n.End:
        """`end`."""
        self.expect("right", "end")
        return n.End(token.pos, "end")

    def else_control(self, token: Token) -> n.End:
        """`else`, perhaps with an `if` or `with` that is left for the caller."""
        if self.peek_word().kind not in ("if", "with"):
            self.expect("right", "else")
        return n.End(token.pos, "else")

    def loop_word(self, token: Token) -> n.Node:
        """`break` and `continue`."""
        word = token.kind
        following = self.next_word()
        if following.kind != "right":
            self.unexpected(following, "{{" + word + "}}")
        if not self.range_depth:
            self.fail("{{" + word + "}} outside {{range}}", token)
        return n.Break(token.pos) if word == "break" else n.Continue(token.pos)

    def if_control(self, token: Token) -> n.Branch:
        """`if`."""
        return self.branch(token, "if")

    def with_control(self, token: Token) -> n.Branch:
        """`with`."""
        return self.branch(token, "with")

    def range_control(self, token: Token) -> n.Branch:
        """`range`."""
        return self.branch(token, "range")

    def branch(self, token: Token, kind: Literal["if", "with", "range"]) -> n.Branch:
        """A pipeline, a body and perhaps another one."""
        mark = len(self.variables)
        pipe = self.pipeline(kind, "right")
        self.range_depth += kind == "range"
        body, end = self.item_list()
        self.range_depth -= kind == "range"
        otherwise: list[n.Node] | None = None
        if end.word == "else":
            if kind != "range" and self.peek_word().kind == kind:
                self.blocks += 1
                if self.blocks > _MAX_BLOCKS:
                    self.fail("max block depth exceeded")
                otherwise = [self.branch(self.next(), kind)]
                self.blocks -= 1
            else:
                otherwise, end = self.item_list()
                if end.word != "end":
                    self.fail(f"expected end; found {end}")
        del self.variables[mark:]
        return n.Branch(pipe.pos, kind, pipe, body, otherwise)

    def block_control(self, token: Token) -> n.Call:
        """`block`: a definition and its use."""
        where = self.next_word()
        name = self.template_name(where, "block clause")
        pipe = self.pipeline("block clause", "right")
        self.tree(name, "block clause")
        return n.Call(where.pos, name, pipe)

    def template_control(self, token: Token) -> n.Call:
        """`template`."""
        where = self.next_word()
        name = self.template_name(where, "template clause")
        pipe = None
        if self.next_word().kind != "right":
            self.at -= 1
            pipe = self.pipeline("template clause", "right")
        return n.Call(where.pos, name, pipe)

    def template_name(self, token: Token, context: str) -> str:
        """A quoted name."""
        if token.kind not in ("string", "raw"):
            self.unexpected(token, context)
        return self.unquoted(token)

    def unquoted(self, token: Token) -> str:
        """A literal's text."""
        try:
            return unquote(token.text)
        except ValueError as problem:
            self.fail(str(problem), token)

    # Pipelines

    def pipeline(self, context: str, end: str) -> n.Pipe:
        """Declarations, then commands up to `end`."""
        pipe = n.Pipe(self.peek_word().pos)
        self.declarations(pipe, context)
        while True:
            token = self.next_word()
            if token.kind == end:
                break
            if token.kind not in _OPERANDS:
                self.unexpected(token, context)
            self.at -= 1
            pipe.commands.append(self.command())
        if not pipe.commands:
            self.fail(f"missing value for {context}", token)
        for index, command in enumerate(pipe.commands[1:]):
            if isinstance(command.args[0], _LITERALS):
                self.fail(f"non executable command in pipeline stage {index + 2}", token)
        return pipe

    def declarations(self, pipe: n.Pipe, context: str) -> None:
        """`$a :=`, `$a =`, `$a, $b :=`."""
        while self.peek_word().kind == "variable":
            mark = self.at
            variable = self.next()
            following = self.peek_word()
            if following.kind in ("assign", "declare"):
                self.next()
                pipe.assigns = following.kind == "assign"
                self.declare(pipe, variable)
                return
            if following.text != ",":
                self.at = mark
                return
            self.next()
            self.declare(pipe, variable)
            if context != "range" or len(pipe.variables) >= 2:
                self.fail(f"too many declarations in {context}", following)
            if self.peek_word().kind not in ("variable", "right", "close"):
                self.fail("range can only initialize variables")

    def declare(self, pipe: n.Pipe, variable: Token) -> None:
        """One more variable."""
        pipe.variables.append(n.Variable(variable.pos, variable.text))
        self.variables.append(variable.text)

    def command(self) -> n.Command:
        """Operands up to a pipe sign or the end."""
        command = n.Command(self.peek_word().pos, [])
        while True:
            self.peek_word()
            operand = self.operand()
            if operand is not None:
                command.args.append(operand)
            token = self.next()
            if token.kind == "space":
                continue
            if token.kind in ("right", "close"):
                self.at -= 1
            elif token.kind != "pipe":
                self.unexpected(token, "operand")
            break
        if not command.args:
            self.fail("empty command", token)
        return command

    def operand(self) -> n.Node | None:
        """A term and the fields behind it."""
        token = self.peek()
        node = self.term()
        if node is None or self.peek().kind != "field":
            return node
        names: list[str] = []
        where = self.peek().pos
        while self.peek().kind == "field":
            names.append(self.next().text[1:])
        if isinstance(node, n.Field):
            return n.Field(where, (*node.names, *names))
        if isinstance(node, n.Variable):
            return n.Variable(where, node.name, (*node.names, *names))
        if isinstance(node, _LITERALS):
            self.fail(f"unexpected . after term {quote(str(node))}", token)
        return n.Chain(where, node, tuple(names))

    def term(self) -> n.Node | None:
        """A single operand; None when the next token is none."""
        token = self.next_word()
        handler = _TERMS.get(token.kind)
        if handler is not None:
            return handler(self, token)
        self.at -= 1
        return None

    def identifier(self, token: Token) -> n.Node:
        """A function's name, which must be known."""
        if token.text not in self.functions:
            self.fail(f"function {quote(token.text)} not defined", token)
        return n.Identifier(token.pos, token.text)

    def variable(self, token: Token) -> n.Node:
        """A variable, which must be in scope."""
        if token.text not in self.variables:
            self.fail(f"undefined variable {quote(token.text)}", token)
        return n.Variable(token.pos, token.text)

    def parenthesized(self, token: Token) -> n.Node:
        """A pipeline in parentheses."""
        if self.depth >= _MAX_DEPTH:
            self.fail("max expression depth exceeded", token)
        self.depth += 1
        pipe = self.pipeline("parenthesized pipeline", "close")
        self.depth -= 1
        return pipe

    def string(self, token: Token) -> n.Node:
        """A quoted text."""
        return n.String(token.pos, token.text, self.unquoted(token))

    def char(self, token: Token) -> n.Node:
        """A quoted character: an integer."""
        try:
            code = unquote_char(token.text)
        except ValueError as problem:
            self.fail(str(problem), token)
        return n.Number(token.pos, token.text, code, code, float(code))

    def number(self, token: Token) -> n.Node:
        """A number under every type that holds it."""
        text = token.text
        integer = _integer(text)
        if integer is not None:
            signed = integer if -(2**63) <= integer < 2**63 else None
            unsigned = integer if 0 <= integer < 2**64 and (text[0] not in "+-" or integer == 0) else None
            if signed is None and unsigned is None:
                self.fail(f"integer overflow: {quote(text)}", token)
            return n.Number(token.pos, text, signed, unsigned, float(integer))
        value = _floating(text)
        if value is None:
            self.fail(f"illegal number syntax: {quote(text)}", token)
        whole = int(value) if value.is_integer() and abs(value) < 2**63 else None
        return n.Number(token.pos, text, whole, whole if whole is not None and whole >= 0 else None, value)


def _integer(text: str) -> int | None:
    """strconv.ParseInt(text, 0, …) without its range: a leading zero means octal, underscores separate digits."""
    digits = text.lstrip("+-")
    if digits.endswith("_") or "__" in digits or digits.startswith("_"):
        return None
    try:
        if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567_":
            return int(digits, 8) * (-1 if text[0] == "-" else 1)
        return int(text, 0)
    except ValueError:
        return None


def _floating(text: str) -> float | None:
    try:
        if "x" in text.lower():
            return float.fromhex(text) if "p" in text.lower() else None
        return float(text) if _FLOAT.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


_CONTROLS: Final[dict[str, Callable[[_Parser, Token], n.Node]]] = {
    "block": _Parser.block_control,
    "break": _Parser.loop_word,
    "continue": _Parser.loop_word,
    "else": _Parser.else_control,
    "end": _Parser.end_control,
    "if": _Parser.if_control,
    "range": _Parser.range_control,
    "template": _Parser.template_control,
    "with": _Parser.with_control,
}
_TERMS: Final[dict[str, Callable[[_Parser, Token], n.Node]]] = {
    "identifier": _Parser.identifier,
    "dot": lambda _, token: n.Dot(token.pos),
    "nil": lambda _, token: n.Nil(token.pos),
    "variable": _Parser.variable,
    "field": lambda _, token: n.Field(token.pos, (token.text[1:],)),
    "bool": lambda _, token: n.Bool(token.pos, token.text == "true"),
    "char": _Parser.char,
    "number": _Parser.number,
    "open": _Parser.parenthesized,
    "string": _Parser.string,
    "raw": _Parser.string,
}
