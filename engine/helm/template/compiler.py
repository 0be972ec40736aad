"""Templates to Python code objects.

Every template becomes a function `t(out, dot, scope)` that appends to `out`. Pipelines become expressions: a function
of the template is a global `f_name`, a variable a local. Each call that can fail starts on a line of its own, and the
line before it ends in `#number`, the number of the node: so a traceback's line leads back to the template, and a run
pays nothing for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import CodeType
from typing import Final

from engine.helm.template import nodes as n
from engine.helm.template.errors import TemplateLimit
from engine.helm.template.parser import parse
from engine.helm.template.runtime import FREE
from engine.helm.template.signature import Signature

#: What a call of a nullable parameter may be given as `nil`.
_NULLABLE_MARKS: Final = ("[]", "map", "list", "*", "any", "value")
#: Functions that run in the scope they are called in.
SCOPED: Final = frozenset(("include", "tpl"))
_MAX_LOOPS: Final = 18
_MAX_INDENT: Final = 95


@dataclass(frozen=True, slots=True)
class Compiled:
    """One template of a text: its name ("" for the text itself), whether it is empty, and its code."""

    name: str
    empty: bool
    code: CodeType


@dataclass(frozen=True, slots=True)
class _Value:
    """An expression: its code, its Go type ("any" when not known), whether it may be moved, how its nil behaves."""

    code: str
    type: str = "any"
    simple: bool = False
    loose: bool = True


def compile_text(text: str, functions: Mapping[str, Signature], name: str = "") -> tuple[Compiled, ...]:
    """All templates of a text; `name` is for errors alone, the result holds for any name."""
    trees = parse(name, text, functions)
    source, _ = generate(trees, functions)
    label = f"<template {hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}>"
    try:
        module = compile(source, label, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, RecursionError, MemoryError, OverflowError) as problem:
        raise TemplateLimit(f"the template {name} is nested too deeply to be compiled") from problem
    codes = [constant for constant in module.co_consts if isinstance(constant, CodeType)]
    last = len(trees) - 1
    return tuple(
        Compiled("" if index == last else tree.name, tree.is_empty, code)
        for index, (tree, code) in enumerate(zip(trees, codes, strict=True))
    )


def generate(trees: list[n.Tree], functions: Mapping[str, Signature]) -> tuple[str, list[n.Node]]:
    """Python source, and the nodes that its `#number` marks stand for."""
    nodes: list[n.Node] = []
    lines: list[str] = []
    for index, tree in enumerate(trees):
        _Generator(functions, nodes, lines).function(f"t{index}", tree)
    return "\n".join(lines) + "\n", nodes


class _Generator:
    """Writes one function."""

    def __init__(self, functions: Mapping[str, Signature], nodes: list[n.Node], lines: list[str]) -> None:
        self.functions = functions
        self.nodes = nodes
        self.lines = lines
        self.indent = " "
        self.counter = 0
        self.loops = 0
        #: Innermost last: (name, local, whether its nil is loose).
        self.variables: list[tuple[str, str, bool]] = [("$", "dot", True)]
        self.dot = _Value("dot", simple=True)

    # Plumbing

    def function(self, name: str, tree: n.Tree) -> None:
        """One template."""
        self.lines.append(f"def {name}(out, dot, scope):")
        self.line("w = out.append")
        self.body(tree.body)

    def line(self, code: str) -> None:
        """One statement."""
        self.lines.append(self.indent + code)

    def local(self, prefix: str) -> str:
        """A new local name."""
        self.counter += 1
        return f"{prefix}{self.counter}"

    def mark(self, node: n.Node) -> str:
        """The mark that goes before a call."""
        self.nodes.append(node)
        return f"#{len(self.nodes) - 1}\n"

    def body(self, nodes: list[n.Node]) -> None:
        """Statements one level down; variables declared there end there."""
        variables = len(self.variables)
        before = len(self.lines)
        if len(self.indent) > _MAX_INDENT:
            raise TemplateLimit(f"a template has blocks nested deeper than {_MAX_INDENT} levels")
        for node in nodes:
            self.statement(node)
        if len(self.lines) == before:
            self.line("pass")
        del self.variables[variables:]

    def nested(self, nodes: list[n.Node]) -> None:
        """A body, indented."""
        self.indent += " "
        self.body(nodes)
        self.indent = self.indent[:-1]

    # Statements

    def statement(self, node: n.Node) -> None:
        """Any node of a list."""
        if isinstance(node, n.Text):
            self.line(f"w({node.text!a})")
        elif isinstance(node, n.Action):
            self.action(node)
        elif isinstance(node, n.Branch):
            if node.kind == "range":
                self.range(node)
            else:
                self.condition(node, "if")
        elif isinstance(node, n.Call):
            self.call(node)
        elif isinstance(node, n.Break):
            self.line("break")
        elif isinstance(node, n.Continue):
            self.line("continue")
        else:
            raise TypeError(f"no such statement: {node!r}")

    def action(self, node: n.Action) -> None:
        """Print a pipeline, unless it declares."""
        value = self.pipe(node.pipe)
        if node.pipe.variables:
            self.line(f"({value.code})")
        elif value.type == "string":
            self.line(f"w({value.code})")
        else:
            self.line(f"w({self.mark(node)}show({value.code}))")

    def condition(self, node: n.Branch, word: str) -> None:
        """If and with."""
        mark = len(self.variables)
        value = self.pipe(node.pipe)
        if node.kind == "with":
            dot = self.local("d")
            self.line(f"{word} ({dot} := ({value.code})):")
            outer, self.dot = self.dot, _Value(dot, simple=True)
            self.nested(node.body)
            self.dot = outer
        else:
            self.line(f"{word} ({value.code}):")
            self.nested(node.body)
        otherwise = node.otherwise
        if otherwise is not None:
            inner = otherwise[0] if len(otherwise) == 1 else None
            if isinstance(inner, n.Branch) and inner.kind != "range":
                self.condition(inner, "elif")
            else:
                self.line("else:")
                self.nested(otherwise)
        del self.variables[mark:]

    def range(self, node: n.Branch) -> None:
        """range, with its variables and its else."""
        mark = len(self.variables)
        if self.loops >= _MAX_LOOPS:
            raise TemplateLimit(f"a template has ranges nested deeper than {_MAX_LOOPS} levels")
        names = [variable.name for variable in node.pipe.variables]
        value = self.commands(node.pipe)
        walk = "items" if len(names) > 1 else "elements"
        found = f"{self.mark(node.pipe)}{walk}({value.code}, scope.budget)"
        element = self.local("e")
        index = self.local("i")
        if node.otherwise is not None:
            kept = self.local("r")
            self.line(f"{kept} = ({found})")
            self.line(f"if {kept}:")
            self.indent += " "
            found = kept
        self.line(f"for {f'{index}, ' if len(names) > 1 else ''}{element} in ({found}):")
        self.indent += " "
        self.line("if len(out) > out.mark: out.check()")
        pairs = list(zip(names, (index, element) if len(names) > 1 else (element,), strict=False))
        for name, local in pairs:
            if node.pipe.assigns:
                self.line(self.assignment(name, local))
            else:
                self.variables.append((name, local, False))
        self.indent = self.indent[:-1]
        outer, self.dot = self.dot, _Value(element, simple=True, loose=False)
        self.loops += 1
        self.nested(node.body)
        self.loops -= 1
        self.dot = outer
        del self.variables[mark:]
        if node.otherwise is not None:
            self.indent = self.indent[:-1]
            self.line("else:")
            self.nested(node.otherwise)

    def assignment(self, name: str, code: str) -> str:
        """`$x = …` for a variable that was declared."""
        found = self.lookup(name)
        return f"{found[1]} = {code}" if found else f"undefined({name!a})"

    def lookup(self, name: str) -> tuple[str, str, bool] | None:
        """The innermost variable of a name."""
        return next((entry for entry in reversed(self.variables) if entry[0] == name), None)

    def call(self, node: n.Call) -> None:
        """Template."""
        data = self.pipe(node.pipe).code if node.pipe else "None"
        self.line(f"({self.mark(node)}scope.template({node.name!a}, out, {data}))")

    # Expressions

    def pipe(self, pipe: n.Pipe) -> _Value:
        """A pipeline and its variables, as an expression."""
        value = self.commands(pipe)
        for variable in pipe.variables:
            if not pipe.assigns:
                local = self.local("v")
                self.variables.append((variable.name, local, True))
                value = _Value(f"({local} := ({value.code}))", value.type)
                continue
            found = self.lookup(variable.name)
            if found is None:
                return _Value(f"{self.mark(variable)}undefined({variable.name!a})")
            if found[1] == "dot":
                # `$ = …` changes the variable, not the cursor.
                value = self.rebind_root(value)
            else:
                value = _Value(f"({found[1]} := ({value.code}))", value.type)
        return value

    def rebind_root(self, value: _Value) -> _Value:
        """Give `$` a local of its own."""
        local = self.local("v")
        self.variables[0] = ("$", local, True)
        # The local exists on every path: it starts as the root.
        start = next(i for i in range(len(self.lines) - 1, -1, -1) if self.lines[i].startswith("def "))
        self.lines.insert(start + 1, f" {local} = dot")
        return _Value(f"({local} := ({value.code}))", value.type)

    def commands(self, pipe: n.Pipe) -> _Value:
        """Commands, each with the last one's value."""
        value: _Value | None = None
        for command in pipe.commands:
            # An empty interface is unwrapped after every command.
            value = replace(self.command(command, value), loose=True)
        assert value is not None  # the parser refuses empty pipelines
        return value

    def failure(self, node: n.Node, message: str) -> _Value:
        """An expression that fails when it is reached."""
        return _Value(f"{self.mark(node)}fail({message!a})")

    def command(self, command: n.Command, final: _Value | None) -> _Value:
        """A function, a field with arguments, or a plain value."""
        first = command.args[0]
        if isinstance(first, n.Identifier):
            return self.function_call(command, first.name, command.args[1:], final)
        has_arguments = len(command.args) > 1 or final is not None
        if isinstance(first, (n.Field, n.Chain)) or (isinstance(first, n.Variable) and first.names):
            return self.field_call(command, first, final) if has_arguments else self.operand(first)
        if has_arguments:
            return self.failure(first, f"can't give argument to non-function {_shown(first)}")
        if isinstance(first, n.Nil):
            return self.failure(first, "nil is not a command")
        return self.operand(first)

    def operand(self, node: n.Node) -> _Value:
        """A value without arguments."""
        if isinstance(node, n.String):
            return _Value(ascii(node.value), "string", simple=True)
        if isinstance(node, n.Field):
            return self.fields(node, self.dot, node.names)
        if isinstance(node, n.Variable):
            return self.variable(node)
        if isinstance(node, n.Pipe):
            return self.pipe(node)
        if isinstance(node, n.Dot):
            return self.dot
        if isinstance(node, n.Number):
            return self.constant(node)
        if isinstance(node, n.Bool):
            return _Value(str(node.value), "bool", simple=True)
        if isinstance(node, n.Identifier):
            return self.function_call(node, node.name, [], None)
        if isinstance(node, n.Chain):
            return self.chain(node)
        return _Value("None", simple=True)

    def chain(self, node: n.Chain) -> _Value:
        """`(pipeline).a.b`."""
        if isinstance(node.node, n.Nil):
            return self.failure(node, f"indirection through explicit nil in {node}")
        return self.fields(node, self.operand(node.node), node.names)

    def variable(self, node: n.Variable) -> _Value:
        """`$x` and `$x.a.b`."""
        value = self.variable_value(node)
        return self.fields(node, value, node.names) if node.names else value

    def variable_value(self, node: n.Variable) -> _Value:
        """A variable that is not there fails when it is reached: the parser lets `else` name those of the body."""
        found = self.lookup(node.name)
        if found is None:
            return _Value(f"{self.mark(node)}undefined({node.name!a})")
        return _Value(found[1], simple=True, loose=found[2])

    def fields(self, node: n.Node, value: _Value, names: tuple[str, ...]) -> _Value:
        """A chain of fields."""
        walk = "loose_chain" if value.loose else "chain"
        return _Value(f"{self.mark(node)}{walk}({value.code}, {names!a})", loose=False)

    def constant(self, node: n.Number) -> _Value:
        """A number where its own spelling says its type."""
        text = node.text
        is_hex = text[:2] in ("0x", "0X") and not {"p", "P"} & set(text)
        if node.floating is not None and not is_hex and text[0] != "'" and set(".eEpP") & set(text):
            return _Value(repr(node.floating), "float64", simple=True)
        if node.integer is None:
            return self.failure(node, f"{text} overflows int")
        return _Value(f"({node.integer})" if node.integer < 0 else str(node.integer), "int", simple=True)

    # Calls

    def field_call(self, command: n.Command, first: n.Node, final: _Value | None) -> _Value:
        """`.a.b x y`: the last name must be a method."""
        if isinstance(first, n.Field):
            value, names = self.dot, first.names
        elif isinstance(first, n.Variable):
            value, names = self.variable_value(first), first.names
        else:
            assert isinstance(first, n.Chain)
            value, names = self.operand(first.node), first.names
        if len(names) > 1:
            value = self.fields(first, value, names[:-1])
        args = [self.operand(arg) for arg in command.args[1:]]
        walk = "loose_call_field" if value.loose else "call_field"
        given = [value, _Value(ascii(names[-1]), simple=True), *args]
        return self.ordered(self.mark(first), walk, given, final, "any")

    def function_call(self, node: n.Node, name: str, args: list[n.Node], final: _Value | None) -> _Value:
        """A function with its arguments checked as Go would."""
        sign = self.functions[name]
        count = len(args) + (final is not None)
        problem = sign.problem(name, count, len(args))
        if problem:
            return self.failure(node, problem)
        if name in ("and", "or"):
            return self.short_circuit(name, args, final)
        given = [self.argument(arg, sign.parameter(index)) for index, arg in enumerate(args)]
        if name == "not":
            value = given[0] if given else final
            assert value is not None  # one of the two, by the count
            return _Value(f"(not ({value.code}))", "bool")
        if final is not None:
            final = self.checked(node, final, sign.parameter(count - 1))
        target = f"scope.{name}" if name in SCOPED else f"f_{name}"
        return self.ordered(self.mark(node), target, given, final, sign.result)

    def short_circuit(self, name: str, args: list[n.Node], final: _Value | None) -> _Value:
        """and, or: Python's own do the same."""
        parts = [f"({self.operand(arg).code})" if not isinstance(arg, n.Nil) else "None" for arg in args]
        if final is None:
            return _Value(f"({f' {name} '.join(parts)})")
        if final.simple or not parts:
            return _Value(f"({f' {name} '.join([*parts, f'({final.code})'])})")
        kept = self.local("p")
        return _Value(f"({kept} := ({final.code}), {f' {name} '.join([*parts, kept])})[1]")

    def ordered(self, mark: str, target: str, given: list[_Value], final: _Value | None, result: str) -> _Value:
        """A call; the piped value is worked out before the other arguments."""
        codes = [value.code for value in given]
        if final is None:
            return _Value(f"{mark}{target}({', '.join(codes)})", result)
        if final.simple or all(value.simple for value in given):
            return _Value(f"{mark}{target}({', '.join([*codes, final.code])})", result)
        kept = self.local("p")
        return _Value(f"({kept} := ({final.code}), {mark}{target}({', '.join([*codes, kept])}))[1]", result)

    def argument(self, node: n.Node, wanted: str) -> _Value:
        """One argument, converted or checked for its parameter."""
        if isinstance(node, n.Nil):
            if wanted.startswith(_NULLABLE_MARKS):
                return _Value("None", simple=True)
            return self.failure(node, f"cannot assign nil to {wanted}")
        if wanted not in FREE and isinstance(node, (n.Bool, n.Number, n.String)):
            return self.literal(node, wanted)
        return self.checked(node, self.operand(node), wanted)

    def checked(self, node: n.Node, value: _Value, wanted: str) -> _Value:
        """A value with the check of its type around it."""
        if wanted in FREE or value.type == wanted:
            return value
        check = f"{'loose' if value.loose else 'strict'}_{_name(wanted)}"
        return _Value(f"{self.mark(node)}{check}({value.code})", wanted)

    def literal(self, node: n.Bool | n.Number | n.String, wanted: str) -> _Value:
        """A constant for a typed parameter."""
        if wanted == "string" and isinstance(node, n.String):
            return _Value(ascii(node.value), "string", simple=True)
        if wanted == "bool" and isinstance(node, n.Bool):
            return _Value(str(node.value), "bool", simple=True)
        if wanted == "int" and isinstance(node, n.Number) and node.integer is not None:
            return _Value(f"({node.integer})", "int", simple=True)
        if wanted == "float64" and isinstance(node, n.Number) and node.floating is not None:
            return _Value(f"({node.floating!r})", "float64", simple=True)
        words = {"string": "string", "bool": "bool", "int": "integer", "float64": "float", "uint32": "unsigned integer"}
        if wanted == "uint32" and isinstance(node, n.Number) and node.unsigned is not None:
            return _Value(str(node.unsigned % 2**32), "uint32", simple=True)
        if wanted in words:
            return self.failure(node, f"expected {words[wanted]}; found {_shown(node)}")
        return self.failure(node, f"can't handle {_shown(node)} for arg of type {GO_NAMES.get(wanted, wanted)}")


#: Our short names of types → Go's.
GO_NAMES: Final = {"map": "map[string]interface {}", "list": "[]interface {}", "any": "interface {}"}


def _name(wanted: str) -> str:
    """A type as part of a Python name."""
    return "".join(char if char.isalnum() else "_" for char in wanted)


def check_names(functions: Mapping[str, Signature]) -> dict[str, tuple[str, bool]]:
    """The names of argument checks that compiled code may use: name → (type, loose)."""
    wanted = {kind for sign in functions.values() for kind in (*sign.fixed, sign.variadic) if kind and kind not in FREE}
    return {
        f"{'loose' if loose else 'strict'}_{_name(kind)}": (kind, loose) for kind in wanted for loose in (True, False)
    }


def _shown(node: n.Node) -> str:
    return f"({node})" if isinstance(node, n.Pipe) else str(node)
