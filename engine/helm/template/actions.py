"""The parser of one action, by itself: its keyword, its pipeline, the variables it names."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from engine.helm.template import nodes as n
from engine.helm.template import numbers
from engine.helm.template.lexer import KEYWORDS, SyntaxProblem, Token, tokenize
from engine.helm.template.quote import quote, unquote

_CONSTANTS: Final = (n.Bool, n.Dot, n.Nil, n.Number, n.String)
#: Parentheses within parentheses; Python compiles no more than 200, and each becomes at most two.
_MAX_DEPTH: Final = 90


class Name(NamedTuple):
    """A variable as an action names it."""

    name: str
    pos: int
    use: Literal["reads", "declares", "assigns"]


@dataclass(frozen=True, slots=True)
class Part:
    """What an action says, wherever it stands."""

    #: "" for a pipeline that is printed, else the keyword, which may be "else if" or "else with".
    word: str
    #: Where a complaint about the action as a whole points: its first word, or the name of a template.
    pos: int
    pipe: n.Pipe | None
    #: The template that it defines or executes.
    template: str
    variables: tuple[Name, ...]
    #: Whether it eats the space behind it.
    trims: bool


def parse_action(action: str, functions: Container[str]) -> Part:
    """The part that an action is; SyntaxProblem when it is none."""
    tokens = tokenize(action)
    parser = _Parser(tokens, functions)
    token = parser.next()
    read = _CONTROLS.get(token.kind, _Parser.printed)
    parser.pos = token.pos
    word, pipe, template = read(parser, token)
    return Part(word, parser.pos, pipe, template, tuple(parser.variables), tokens[-1].text == "-}}")


_Said = tuple[str, n.Pipe | None, str]


class _Parser:
    def __init__(self, tokens: list[Token], functions: Container[str]) -> None:
        self.tokens = tokens
        self.functions = functions
        self.variables: list[Name] = []
        self.at = 0
        self.depth = 0
        self.pos = 0

    # Tokens; the last one, "right", is never passed

    def next(self) -> Token:
        """The next token."""
        token = self.tokens[self.at]
        self.at += 1
        return token

    def peek(self) -> Token:
        """The next token, left where it is."""
        return self.tokens[self.at]

    def expect_end(self, context: str) -> None:
        """Nothing more may follow."""
        if self.peek().kind != "right":
            raise _unexpected(self.peek(), context)

    # Actions

    def printed(self, token: Token) -> _Said:
        """A pipeline by itself."""
        self.at -= 1
        return "", self.pipeline("command", "right"), ""

    def controlled(self, token: Token) -> _Said:
        """`if`, `with` and `range`."""
        return token.kind, self.pipeline(token.kind, "right"), ""

    def otherwise(self, token: Token) -> _Said:
        """`else`, perhaps with another `if` or `with`."""
        following = self.peek()
        if following.kind in ("if", "with"):
            self.next()
            return f"else {following.kind}", self.pipeline(following.kind, "right"), ""
        self.expect_end("else")
        return "else", None, ""

    def ended(self, token: Token) -> _Said:
        """`end`."""
        self.expect_end("end")
        return "end", None, ""

    def looped(self, token: Token) -> _Said:
        """`break` and `continue`."""
        self.expect_end("{{" + token.kind + "}}")
        return token.kind, None, ""

    def defined(self, token: Token) -> _Said:
        """`define`."""
        name = self.template_name("define clause")
        self.expect_end("define clause")
        return "define", None, name

    def blocked(self, token: Token) -> _Said:
        """`block`, which needs a pipeline."""
        name = self.template_name("block clause")
        return "block", self.pipeline("block clause", "right"), name

    def called(self, token: Token) -> _Said:
        """`template`."""
        name = self.template_name("template clause")
        pipe = None if self.peek().kind == "right" else self.pipeline("template clause", "right")
        return "template", pipe, name

    def template_name(self, context: str) -> str:
        """A quoted name."""
        token = self.next()
        if token.kind not in ("string", "raw"):
            raise _unexpected(token, context)
        self.pos = token.pos
        return _unquoted(token)

    # Pipelines

    def pipeline(self, context: str, end: str) -> n.Pipe:
        """Declarations, then commands up to `end`."""
        pipe = n.Pipe(self.peek().pos)
        self.declarations(pipe, context)
        while (token := self.peek()).kind != end:
            if token.kind not in _TERMS:
                raise _unexpected(token, context)
            pipe.commands.append(self.command())
        if end == "close":
            self.at += 1
        if not pipe.commands:
            raise SyntaxProblem(token.pos, f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], 2):
            if isinstance(command.args[0], _CONSTANTS):
                raise SyntaxProblem(token.pos, f"non executable command in pipeline stage {stage}")
        return pipe

    def declarations(self, pipe: n.Pipe, context: str) -> None:
        """`$a :=`, `$a =`, `$a, $b :=`."""
        while self.peek().kind == "variable":
            mark = self.at
            variable = self.next()
            following = self.peek()
            is_declaration = following.kind in ("assign", "declare") or following.text == ","
            if not is_declaration or "." in variable.text:
                self.at = mark
                break
            self.next()
            pipe.variables.append(n.Variable(variable.pos, variable.text))
            if following.text != ",":
                pipe.assigns = following.kind == "assign"
                break
            if context != "range" or len(pipe.variables) >= 2:
                raise SyntaxProblem(following.pos, f"too many declarations in {context}")
            if self.peek().kind not in ("variable", "right", "close"):
                raise SyntaxProblem(self.peek().pos, "range can only initialize variables")
        use: Literal["assigns", "declares"] = "assigns" if pipe.assigns else "declares"
        self.variables += [Name(variable.name, variable.pos, use) for variable in pipe.variables]

    def command(self) -> n.Command:
        """Operands up to a pipe sign or the end."""
        args: list[n.Operand] = []
        where = self.peek().pos
        while (token := self.peek()).kind in _TERMS:
            if args and not token.is_apart:
                break
            args.append(self.operand())
        if token.kind == "pipe":
            self.at += 1
        elif token.kind not in ("right", "close"):
            raise _unexpected(token, "operand")
        return n.Command(where, args)

    def operand(self) -> n.Operand:
        """A term and the fields behind it."""
        token = self.next()
        node = _TERMS[token.kind](self, token)
        following = self.peek()
        if following.kind != "field" or following.is_apart:
            return node
        self.at += 1
        if isinstance(node, (n.Identifier, n.Pipe)):
            return n.Chain(following.pos, node, _names(following.text))
        raise SyntaxProblem(token.pos, f"unexpected . after term {quote(str(node))}")

    # Terms

    def identifier(self, token: Token) -> n.Operand:
        """A function's name, which must be known."""
        if token.text not in self.functions:
            raise SyntaxProblem(token.pos, f"function {quote(token.text)} not defined")
        return n.Identifier(token.pos, token.text)

    def field(self, token: Token) -> n.Operand:
        """`.a.b`, whose place is that of its second name, if it has one."""
        names = _names(token.text)
        return n.Field(token.pos + (len(names[0]) + 1 if len(names) > 1 else 0), names)

    def variable(self, token: Token) -> n.Operand:
        """A variable and its fields; whether it may be named here depends on what stands before."""
        name, dot, fields = token.text.partition(".")
        self.variables.append(Name(name, token.pos, "reads"))
        return n.Variable(token.pos + (len(name) if dot else 0), name, _names(dot + fields))

    def parenthesized(self, token: Token) -> n.Operand:
        """A pipeline in parentheses."""
        if self.depth >= _MAX_DEPTH:
            raise SyntaxProblem(token.pos, "max expression depth exceeded")
        self.depth += 1
        pipe = self.pipeline("parenthesized pipeline", "close")
        self.depth -= 1
        return pipe

    def string(self, token: Token) -> n.Operand:
        """A quoted text."""
        return n.String(token.pos, token.text, _unquoted(token))

    def number(self, token: Token) -> n.Operand:
        """A number or a quoted character."""
        try:
            return (numbers.character if token.kind == "char" else numbers.number)(token.pos, token.text)
        except ValueError as problem:
            raise SyntaxProblem(token.pos, str(problem)) from problem


def _names(fields: str) -> tuple[str, ...]:
    """`.a.b` as names."""
    return tuple(fields.split(".")[1:])


def _unquoted(token: Token) -> str:
    try:
        return unquote(token.text)
    except ValueError as problem:
        raise SyntaxProblem(token.pos, str(problem)) from problem


def _unexpected(token: Token, context: str) -> SyntaxProblem:
    """text/template's words for a token that has no place here."""
    if token.kind in KEYWORDS:
        shown = f"<{token.text}>"
    elif len(token.text) > 10:
        shown = quote(token.text[:10]) + "..."
    else:
        shown = quote(token.text)
    return SyntaxProblem(token.pos, f"unexpected {shown} in {context}")


_CONTROLS: Final[dict[str, Callable[[_Parser, Token], _Said]]] = {
    "block": _Parser.blocked,
    "break": _Parser.looped,
    "continue": _Parser.looped,
    "define": _Parser.defined,
    "else": _Parser.otherwise,
    "end": _Parser.ended,
    "if": _Parser.controlled,
    "range": _Parser.controlled,
    "template": _Parser.called,
    "with": _Parser.controlled,
}
_TERMS: Final[dict[str, Callable[[_Parser, Token], n.Operand]]] = {
    "identifier": _Parser.identifier,
    "dot": lambda _, token: n.Dot(token.pos),
    "nil": lambda _, token: n.Nil(token.pos),
    "variable": _Parser.variable,
    "field": _Parser.field,
    "bool": lambda _, token: n.Bool(token.pos, token.text == "true"),
    "char": _Parser.number,
    "number": _Parser.number,
    "open": _Parser.parenthesized,
    "string": _Parser.string,
    "raw": _Parser.string,
}
