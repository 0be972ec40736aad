"""Bodies of templates to Python functions that append to `out`.

Large blocks of a body become functions of their own, which are written when they are first executed: of most charts
the greater part is switched off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.helm.template import nodes as n
from engine.helm.template.errors import TemplateLimit
from engine.helm.template.expressions import DOT, Expressions, Mark, Value
from engine.helm.template.scopes import Local
from engine.helm.template.signature import Signature

#: The global of compiled code that holds the functions of its text by name.
FUNCTIONS: Final = "parts"
#: Python nests no more than 20 loops and indents no deeper than 100.
_MAX_LOOPS: Final = 18
_MAX_INDENT: Final = 95
#: Statements between two looks at the budget where nothing else looks.
_UNWATCHED: Final = 64


@dataclass(frozen=True, slots=True)
class Body:
    """Statements and what they see: a whole template, or a large block of one."""

    nodes: list[n.Statement]
    variables: tuple[Local, ...] = ()
    dot: Value = DOT
    #: How many locals the function around it has.
    locals: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """A function's source, the nodes that its `#number` marks stand for, and the blocks left for later by name."""

    source: str
    marks: list[Mark]
    later: dict[str, Body]


def write(name: str, body: Body, functions: Mapping[str, Signature]) -> Written:
    """The function of this name."""
    statements = _Statements(name, body, functions)
    statements.body(body.nodes)
    parameters = ", ".join(["out", "root", "scope", "dot", *_codes(body.variables)])
    lines = [f"def {name}({parameters}):", " w = out.append", *statements.lines]
    return Written("\n".join(lines) + "\n", statements.marks, statements.later)


def _codes(variables: Iterable[Local]) -> Iterable[str]:
    """The locals that variables are, each once."""
    return dict.fromkeys(variable.code for variable in variables)


class _Statements(Expressions):
    """Writes the statements of one function."""

    def __init__(self, name: str, body: Body, functions: Mapping[str, Signature]) -> None:
        super().__init__(functions, body.variables, body.locals)
        self.dot = body.dot
        self.lines: list[str] = []
        self.later: dict[str, Body] = {}
        self._name = name
        self._indent = " "
        self._loops = 0
        self._statements = 0

    def line(self, code: str) -> None:
        """One line, as deep as this block is."""
        self.lines.append(self._indent + code)

    def body(self, nodes: list[n.Statement]) -> None:
        """Statements; the variables that they declare end with them."""
        mark = self.scopes.mark()
        if len(self._indent) > _MAX_INDENT:
            raise TemplateLimit(f"a template has blocks nested deeper than {_MAX_INDENT} levels")
        for node in nodes:
            self.statement(node)
        if not nodes:
            self.line("pass")
        self.scopes.leave(mark)

    def block(self, block: n.Block, dot: Value | None = None) -> None:
        """A block one level down, perhaps with another cursor."""
        outer, self.dot = self.dot, dot or self.dot
        self._indent += " "
        if block.is_closed and block.size >= n.LARGE:
            self.leave_for_later(block)
        else:
            self.body(block.nodes)
        self._indent = self._indent[:-1]
        self.dot = outer

    def leave_for_later(self, block: n.Block) -> None:
        """Call a function that is written when it is first called."""
        name = f"{self._name}_{len(self.later)}"
        variables = tuple(
            local
            for variable in sorted(block.variables)
            for local in reversed(list(self.scopes.meant(variable)))
            if local.code != "root"
        )
        self.later[name] = Body(block.nodes, variables, DOT._replace(loose=self.dot.loose), self.locals)
        given = ["out", "root", "scope", self.dot.code, *_codes(variables)]
        self.line(f"{FUNCTIONS}[{name!r}]({', '.join(given)})")

    def statement(self, node: n.Statement) -> None:
        """Any part of a body."""
        outer, self.unset = self.unset, []
        start, indent = len(self.lines), self._indent
        match node:
            case n.Text():
                self.line(f"w({node.text!a})")
            case n.Action():
                self.printed(node)
            case n.Branch(kind="range"):
                self.range(node)
            case n.Branch():
                self.condition(node)
            case n.Call():
                self.call(node)
            case n.Loop():
                self.line(node.word)
        self.lines[start:start] = [f"{indent}{local} = UNSET" for local in self.unset]
        self.unset = outer
        self._statements += 1
        if self._statements % _UNWATCHED == 0:
            self.line("out.check()")

    def printed(self, node: n.Action) -> None:
        """Print a pipeline, unless it declares."""
        self.action = node.pos
        value = self.pipe(node.pipe)
        if node.pipe.variables:
            self.line(f"({value.code})")
        elif value.type == "string":
            self.line(f"w({value.code})")
        else:
            self.line(f"w({self.mark(n.last(node.pipe))}show({value.code}))")

    def condition(self, node: n.Branch) -> None:
        """`if` and `with`, and the chain of those in its `else`."""
        mark = self.scopes.mark()
        word = "if"
        while True:
            self.action = node.pos
            value = self.pipe(node.pipe)
            if node.kind == "with":
                dot = self.local("d")
                self.line(f"{word} ({dot} := ({value.code})):")
                self.block(node.body, Value(dot, simple=True))
            else:
                self.line(f"{word} ({value.code}):")
                self.block(node.body)
            match node.otherwise:
                case None:
                    break
                case n.Block(nodes=[n.Branch(kind="if" | "with") as following]):
                    node, word = following, "elif"
                case otherwise:
                    self.line("else:")
                    self.block(otherwise)
                    break
        self.scopes.leave(mark)

    def range(self, node: n.Branch) -> None:
        """`range`, with its variables and its `else`."""
        if self._loops >= _MAX_LOOPS:
            raise TemplateLimit(f"a template has ranges nested deeper than {_MAX_LOOPS} levels")
        self.action = node.pos
        mark = self.scopes.mark()
        value = self.commands(node.pipe)
        names = [variable.name for variable in node.pipe.variables]
        where = n.last(node.pipe)
        whole, found = self.local("r"), self.local("r")
        self.line(f"{whole} = ({value.code})")
        if node.pipe.assigns:
            for name in names:
                self.line(self.assigned(name, whole, where))
        walk = "items" if len(names) > 1 else "elements"
        self.line(f"{found} = ({self.mark(where)}{walk}({whole}, scope.budget))")
        if node.otherwise is None:
            self.loop(node, names, found)
        else:
            self.line(f"if {found}:")
            self._indent += " "
            self.loop(node, names, found)
            self._indent = self._indent[:-1]
            self.scopes.leave(mark)
            if not node.pipe.assigns:
                for name in names:
                    self.scopes.declare(Local(name, whole))
            self.line("else:")
            self.block(node.otherwise)
        self.scopes.leave(mark)

    def loop(self, node: n.Branch, names: list[str], found: str) -> None:
        """The iterations of a `range` over what was found."""
        index, element = self.local("i"), self.local("e")
        targets = (index, element) if len(names) > 1 else (element,)
        self.line(f"for {', '.join(targets)} in {found}:")
        self._indent += " "
        self.line("if len(out) > out.mark: out.check()")
        for name, target in zip(names, targets, strict=False):
            if node.pipe.assigns:
                self.line(self.assigned(name, target, n.last(node.pipe)))
            else:
                self.scopes.declare(Local(name, target, loose=False))
        self._indent = self._indent[:-1]
        self._loops += 1
        self.block(node.body, Value(element, simple=True, loose=False))
        self._loops -= 1

    def call(self, node: n.Call) -> None:
        """`template`."""
        self.action = node.pos
        data = self.pipe(node.pipe).code if node.pipe else "None"
        self.line(f"({self.mark(node)}scope.template({node.name!a}, out, {data}))")
