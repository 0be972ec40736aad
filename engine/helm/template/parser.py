"""The parser: texts to trees, with text/template's rules about blocks, names of templates and variables.

An action is parsed by itself and remembered by its spelling: charts repeat themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, NoReturn

from engine.helm.template import nodes as n
from engine.helm.template.actions import Part, parse_action
from engine.helm.template.errors import ParseError
from engine.helm.template.lexer import ACTION, SPACES, SyntaxProblem, left_end, right_end
from engine.helm.template.quote import quote
from engine.helm.template.signature import Signature

#: Blocks within blocks: Python, which the tree becomes, indents no deeper than this.
_MAX_BLOCKS: Final = 90


class Parser:
    """Parses texts that may call these functions."""

    def __init__(self, functions: Mapping[str, Signature]) -> None:
        self.functions = functions
        self._parts: dict[str, Part] = {}

    def parse(self, name: str, text: str) -> list[n.Tree]:
        """The templates of a text in the order in which they are complete, the text itself last; ParseError."""
        trees = _Trees(name, text)
        pos, trims = 0, False
        while (start := text.find("{{", pos)) >= 0:
            piece = text[pos:start]
            if trims:
                piece = piece.lstrip(SPACES)
            inner = left_end(text, start)
            if inner > start + 2:
                piece = piece.rstrip(SPACES)
            trees.add_text(piece)
            if text.startswith("/*", inner):
                pos, trims = trees.skip_comment(inner)
                continue
            match = ACTION.match(text, start)
            action = match.group() if match is not None else text[start:]
            part = self._parts.get(action)
            if part is None:
                try:
                    part = self._parts[action] = parse_action(action, self.functions)
                except SyntaxProblem as problem:
                    trees.complain(start, problem)
            trees.add(start, part)
            pos, trims = start + len(action), part.trims
        trees.add_text(text[pos:].lstrip(SPACES) if trims else text[pos:])
        return trees.complete()


class _Place(NamedTuple):
    """What is being filled, the variables that may be named, how many ranges there are around."""

    nodes: list[n.Statement]
    variables: list[str]
    ranges: int


@dataclass(slots=True)
class _Open:
    """A branch or a template that waits for its `end`."""

    node: n.Branch | n.Tree
    #: What surrounds it.
    around: _Place
    #: How many variables were known before it.
    known: int
    #: The block of the branch that is being read: where it starts, how many names were read before it.
    block: n.Block
    start: int = 0
    names: int = 0
    #: What opened a template.
    word: str = ""


class _Trees:
    """The trees of one text as they grow."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._trees: list[n.Tree] = []
        self._open: list[_Open] = []
        self._nodes: list[n.Statement] = []
        #: Those that may be named here. As in Go, `else` may name what the body declares, and an assignment makes a
        #: name known: whether there is such a variable shows when the template is executed.
        self._variables = ["$"]
        self._ranges = 0
        #: Every variable in the order in which they are named.
        self._named: list[str] = []

    def add_text(self, text: str) -> None:
        """Text between actions."""
        if text:
            self._nodes.append(n.Text(text))

    def skip_comment(self, start: int) -> tuple[int, bool]:
        """The place past the comment that starts here, and whether it trims."""
        end = self._text.find("*/", start + 2)
        if end < 0:
            self.complain(start, SyntaxProblem(0, "unclosed comment"))
        pos, trims = right_end(self._text, end + 2)
        if pos < 0:
            self.complain(start, SyntaxProblem(0, "comment ends before closing delimiter"))
        return pos, trims

    def add(self, start: int, part: Part) -> None:
        """One action at its place."""
        known = len(self._variables)
        for name, pos, use in part.variables:
            if use == "reads":
                if name not in self._variables:
                    self.complain(start, SyntaxProblem(pos, f"undefined variable {quote(name)}"))
            else:
                self._variables.append(name)
                if use == "assigns":
                    self._assign(name)
            self._named.append(name)
        pipe = part.pipe
        match part.word:
            case "" if pipe is not None:
                self._nodes.append(n.Action(start, pipe))
            case ("if" | "with" | "range") as word if pipe is not None:
                branch = n.Branch(start, word, pipe)
                self._nodes.append(branch)
                self._push(start, part, _Open(branch, self._place(), known, branch.body))
                self._ranges += word == "range"
                self._start_block(start, branch.body)
            case "else" | "else if" | "else with":
                self._otherwise(start, part)
            case "end":
                self._end(start, part)
            case ("break" | "continue") as word:
                self._loop(start, part, word)
            case "template":
                self._nodes.append(n.Call(start, part.pos, part.template, pipe))
            case "block":
                self._nodes.append(n.Call(start, part.pos, part.template, pipe))
                self._define(start, part)
            case _:
                if self._open:
                    self._fail(start, part, "unexpected <define> in command")
                self._define(start, part)

    def _place(self) -> _Place:
        return _Place(self._nodes, self._variables, self._ranges)

    def _push(self, start: int, part: Part, opened: _Open) -> None:
        if len(self._open) >= _MAX_BLOCKS:
            self._fail(start, part, "max block depth exceeded")
        self._open.append(opened)

    def _define(self, start: int, part: Part) -> None:
        """A template of its own: what is known outside is not known inside."""
        tree = n.Tree(part.template, [])
        self._push(start, part, _Open(tree, self._place(), 0, n.Block(), word=part.word))
        self._nodes, self._variables, self._ranges = tree.body, ["$"], 0

    def _start_block(self, start: int, block: n.Block) -> None:
        opened = self._open[-1]
        opened.block, opened.start, opened.names = block, start, len(self._named)
        block.is_closed = True
        self._nodes = block.nodes

    def _end_block(self, end: int) -> None:
        opened = self._open[-1]
        opened.block.size = end - opened.start
        if opened.block.size >= n.LARGE:
            opened.block.variables = frozenset(self._named[opened.names :])

    def _assign(self, name: str) -> None:
        """Blocks inside the one that the variable belongs to are not closed."""
        for opened in reversed(self._open):
            if isinstance(opened.node, n.Tree) or name not in self._variables[: opened.known]:
                return
            opened.block.is_closed = False

    def _loop(self, start: int, part: Part, word: Literal["break", "continue"]) -> None:
        if not self._ranges:
            self._fail(start, part, "{{" + word + "}} outside {{range}}")
        self._nodes.append(n.Loop(start, word))
        for opened in reversed(self._open):
            opened.block.is_closed = False
            if isinstance(opened.node, n.Branch) and opened.node.kind == "range":
                return

    def _otherwise(self, start: int, part: Part) -> None:
        """`else`; with an `if` behind it, a branch that ends where the outer one does."""
        opened = self._open[-1] if self._open else None
        if opened is None:
            self._fail(start, part, "unexpected {{else}}")
        branch = opened.node
        if isinstance(branch, n.Tree):
            self._fail(start, part, f"unexpected {{{{else}}}} in {opened.word} clause")
        if branch.otherwise is not None:
            self._fail(start, part, "expected end; found {{else}}")
        self._end_block(start)
        self._ranges = opened.around.ranges
        branch.otherwise = n.Block()
        word = part.word.removeprefix("else").strip()
        if not word:
            self._start_block(start, branch.otherwise)
            return
        if word != branch.kind or part.pipe is None:
            self._fail(start, part, f"unexpected <{word}> in input")
        opened.node = following = n.Branch(start, branch.kind, part.pipe)
        branch.otherwise.nodes.append(following)
        self._start_block(start, following.body)

    def _end(self, start: int, part: Part) -> None:
        if not self._open:
            self._fail(start, part, "unexpected {{end}}")
        node = self._open[-1].node
        if isinstance(node, n.Branch):
            self._end_block(start)
        opened = self._open.pop()
        if isinstance(node, n.Tree):
            self._trees.append(node)
        self._nodes, self._variables, self._ranges = opened.around
        if isinstance(node, n.Branch):
            del self._variables[opened.known :]

    def complete(self) -> list[n.Tree]:
        """All trees, when the text is over."""
        if self._open:
            self.complain(len(self._text), SyntaxProblem(0, "unexpected EOF"))
        return [*self._trees, n.Tree(self._name, self._nodes)]

    def _fail(self, start: int, part: Part, words: str) -> NoReturn:
        self.complain(start, SyntaxProblem(part.pos, words))

    def complain(self, start: int, problem: SyntaxProblem) -> NoReturn:
        """A mistake in the action that starts at this place."""
        line = self._line(start + problem.pos)
        words = problem.words
        if problem.lexical and (first := self._line(start)) != line:
            verb = "started" if words.endswith(" action") else "in action started"
            words = f"{words} {verb} at {self._name}:{first}"
        raise ParseError(f"template: {self._name}:{line}: {words}", template=self._name, line=line) from problem

    def _line(self, pos: int) -> int:
        return self._text.count("\n", 0, pos) + 1
