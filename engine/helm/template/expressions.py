"""Pipelines to Python expressions.

A function of the template is a global `f_name`, a variable a local. Each call that can fail starts on a line of its
own, and the line before it ends in `#number`, the number of the node that errors name: so a traceback's line leads
back to the template, and a run pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from engine.helm.template import nodes as n
from engine.helm.template.scopes import Local, Scopes
from engine.helm.template.signature import FREE, Signature, go_name, is_nullable

#: Functions that run in the scope they are called in.
SCOPED: Final = frozenset(("include", "tpl"))
#: Types of parameters → what Go calls the constants that they take.
_CONSTANTS: Final = {
    "string": "string", "bool": "bool", "int": "integer", "float64": "float", "uint32": "unsigned integer",
}  # fmt: skip


class Mark(NamedTuple):
    """A node that errors name, and where the action starts that it is in."""

    action: int
    node: n.Place


class Value(NamedTuple):
    """An expression: its code, its Go type ("any" when not known), whether it may be moved, how its nil behaves."""

    code: str
    type: str = "any"
    simple: bool = False
    loose: bool = True


DOT: Final = Value("dot", simple=True)


class Expressions:
    """Writes the expressions of one function."""

    def __init__(self, functions: Mapping[str, Signature], variables: Iterable[Local], locals_: int) -> None:
        self.functions = functions
        self.scopes = Scopes(variables)
        #: How many locals there are.
        self.locals = locals_
        self.marks: list[Mark] = []
        #: Where the action starts that is being written.
        self.action = 0
        self.dot = DOT
        #: Locals that must be unset before the statement that is being written.
        self.unset: list[str] = []
        self._skippable = 0

    def local(self, prefix: str) -> str:
        """A new local name."""
        self.locals += 1
        return f"{prefix}{self.locals}"

    def mark(self, node: n.Place) -> str:
        """What goes before a call that may fail."""
        self.marks.append(Mark(self.action, node))
        return f"#{len(self.marks) - 1}\n"

    def failure(self, node: n.Operand | n.Command, message: str) -> Value:
        """An expression that fails when it is reached."""
        return Value(f"{self.mark(node)}fail({message!a})")

    # Pipelines and variables

    def pipe(self, pipe: n.Pipe) -> Value:
        """A pipeline with its variables."""
        value = self.commands(pipe)
        for variable in pipe.variables:
            if pipe.assigns:
                value = Value(self.assigned(variable.name, value.code, n.last(pipe)), value.type)
            else:
                code = self.local("v")
                if self._skippable:
                    self.unset.append(code)
                self.scopes.declare(Local(variable.name, code, may_be_unset=bool(self._skippable)))
                value = Value(f"({code} := ({value.code}))", value.type)
        return value

    def commands(self, pipe: n.Pipe) -> Value:
        """Commands, each with the last one's value."""
        value: Value | None = None
        before: n.Operand = pipe
        for command in pipe.commands:
            value = self.command(command, value, before)
            before = n.last(command)
            # An empty interface is unwrapped after every command.
            if not value.loose:
                value = value._replace(loose=True)
        assert value is not None  # the parser refuses empty pipelines
        return value

    def assigned(self, name: str, code: str, node: n.Operand) -> str:
        """`$x = …`, as an expression."""
        targets = list(self.scopes.meant(name))
        if len(targets) == 1 and not targets[0].may_be_unset:
            return f"({targets[0].code} := ({code}))"
        kept = self.local("p")
        sets = "".join(f"({each.code} := {kept}) if {each.code} is not UNSET else " for each in targets[:-1])
        if targets:
            sets += f"({targets[-1].code} := {kept})"
            if targets[-1].may_be_unset:
                sets += f" if {targets[-1].code} is not UNSET else "
        if not targets or targets[-1].may_be_unset:
            sets += f"({self.mark(node)}undefined({name!a}))"
        return f"({kept} := ({code}), {sets}, {kept})[2]"

    def variable(self, node: n.Variable) -> Value:
        """The variable of a node, without its fields; the parser lets pass names that mean nothing here."""
        code, loose = "", True
        for meant in self.scopes.meant(node.name):
            loose = meant.loose
            if not meant.may_be_unset:
                return Value(f"({code}{meant.code})" if code else meant.code, simple=not code, loose=loose)
            code += f"{meant.code} if {meant.code} is not UNSET else "
        return Value(f"({code}{self.mark(node)}undefined({node.name!a}))", loose=loose)

    # Commands and operands

    def command(self, command: n.Command, final: Value | None, before: n.Operand) -> Value:
        """A function, a field with arguments, or a plain value.

        `final` is what the pipeline hands over, `before` where Go stands so far.
        """
        first, *args = command.args
        has_arguments = bool(args) or final is not None
        match first:
            case n.Identifier():
                return self.function_call(command, first, args, final)
            case n.Field() | n.Chain() | n.Variable(names=(_, *_)) if has_arguments:
                return self.method_call(first, args, final)
            case _ if has_arguments:
                where = before if isinstance(first, n.Pipe) else first
                return self.failure(where, f"can't give argument to non-function {first}")
            case n.Nil():
                return self.failure(first, "nil is not a command")
        return self.operand(first)

    def operand(self, node: n.Operand) -> Value:
        """A value without arguments."""
        match node:
            case n.String():
                return Value(ascii(node.value), "string", simple=True)
            case n.Field() | n.Chain():
                return self.fields(*self.receiver(node))
            case n.Variable():
                return self.fields(*self.receiver(node)) if node.names else self.variable(node)
            case n.Pipe():
                return self.pipe(node)
            case n.Dot():
                return self.dot
            case n.Number():
                return self.number(node)
            case n.Bool():
                return Value(str(node.value), "bool", simple=True)
            case n.Identifier():
                return self.function_call(node, node, [], None)
            case n.Nil():
                return Value("None", simple=True)

    def receiver(self, node: n.Field | n.Chain | n.Variable) -> tuple[n.Operand, Value, tuple[str, ...]]:
        """What errors name, the value whose fields are asked for, and their names."""
        match node:
            case n.Field():
                return node, self.dot, node.names
            case n.Variable():
                return node, self.variable(node), node.names
            case n.Chain(node=n.Nil()):
                return node, self.failure(node, f"indirection through explicit nil in {node}"), node.names
            case n.Chain():
                return n.last(node), self.operand(node.node), node.names

    def fields(self, node: n.Operand, value: Value, names: tuple[str, ...]) -> Value:
        """A chain of fields."""
        walk = "loose_chain" if value.loose else "chain"
        return Value(f"{self.mark(node)}{walk}({value.code}, {names!a})", loose=False)

    def number(self, node: n.Number) -> Value:
        """A number where its own spelling says its type."""
        text = node.text
        is_hexadecimal = text[:2] in ("0x", "0X") and not {"p", "P"} & set(text)
        if node.complex_value is not None:
            return Value(repr(node.complex_value), "complex128", simple=True)
        if node.floating is not None and not is_hexadecimal and text[0] != "'" and set(".eEpP") & set(text):
            return Value(repr(node.floating), "float64", simple=True)
        if node.integer is None:
            return self.failure(node, f"{text} overflows int")
        return Value(_signed(node.integer), "int", simple=True)

    # Calls

    def method_call(self, first: n.Field | n.Chain | n.Variable, args: list[n.Operand], final: Value | None) -> Value:
        """`.a.b x y`: the last name must be a method."""
        node, value, names = self.receiver(first)
        if len(names) > 1:
            value = self.fields(node, value, names[:-1])
        walk = "loose_call_field" if value.loose else "call_field"
        given = [value, Value(ascii(names[-1]), simple=True), *map(self.operand, args)]
        return self.ordered(self.mark(first), walk, given, final, "any")

    def function_call(
        self, command: n.Command | n.Identifier, function: n.Identifier, args: list[n.Operand], final: Value | None
    ) -> Value:
        """A function with its arguments checked as Go would."""
        name = function.name
        sign = self.functions[name]
        count = len(args) + (final is not None)
        if problem := sign.problem(name, count, len(args)):
            return self.failure(function, problem)
        if name in ("and", "or"):
            return self.short_circuit(name, args, final)
        given = [self.argument(arg, sign.parameter(index)) for index, arg in enumerate(args)]
        if final is not None:
            final = self.checked(n.last(args[-1]) if args else function, final, sign.parameter(count - 1))
        if name == "not":
            (value,) = [*given, *([final] if final is not None else [])]
            return Value(f"(not ({value.code}))", "bool")
        if name == "call":
            given.insert(0, Value(ascii(n.spelled(args[0]) if args else ""), simple=True))
        target = f"scope.{name}" if name in SCOPED else f"f_{name}"
        return self.ordered(self.mark(command), target, given, final, sign.result)

    def short_circuit(self, name: str, args: list[n.Operand], final: Value | None) -> Value:
        """and, or: Python's own do the same."""
        parts = []
        for index, arg in enumerate(args):
            self._skippable += index > 0
            parts.append(f"({self.operand(arg).code})")
            self._skippable -= index > 0
        if final is None:
            return Value(f"({f' {name} '.join(parts)})")
        kept = self.local("p")
        return Value(f"({kept} := ({final.code}), {f' {name} '.join([*parts, kept])})[1]")

    def ordered(self, mark: str, target: str, given: list[Value], final: Value | None, result: str) -> Value:
        """A call; the piped value is worked out before the other arguments."""
        codes = [value.code for value in given]
        if final is None:
            return Value(f"{mark}{target}({', '.join(codes)})", result)
        if final.simple or (all(value.simple for value in given) and ":=" not in final.code):
            return Value(f"{mark}{target}({', '.join([*codes, final.code])})", result)
        kept = self.local("p")
        return Value(f"({kept} := ({final.code}), {mark}{target}({', '.join([*codes, kept])}))[1]", result)

    def argument(self, node: n.Operand, wanted: str) -> Value:
        """One argument, converted or checked for its parameter."""
        match node:
            case n.Nil() if is_nullable(wanted):
                return Value("None", simple=True)
            case n.Nil():
                return self.failure(node, f"cannot assign nil to {go_name(wanted)}")
            case n.Bool() | n.Number() | n.String() if wanted not in FREE:
                return self.constant(node, wanted)
        value = self.operand(node)
        return self.checked(n.last(node), value, wanted)

    def checked(self, node: n.Operand, value: Value, wanted: str) -> Value:
        """A value with the check of its type around it."""
        if wanted in FREE or value.type == wanted:
            return value
        return Value(f"{self.mark(node)}{check_name(wanted, loose=value.loose)}({value.code})", wanted)

    def constant(self, node: n.Constant, wanted: str) -> Value:
        """A constant for a typed parameter."""
        match wanted, node:
            case ("string", n.String()) | ("bool", n.Bool()):
                return self.operand(node)
            case "int", n.Number(integer=int(number)):
                return Value(_signed(number), wanted, simple=True)
            case "float64", n.Number(floating=float(number)):
                return Value(f"({number!r})", wanted, simple=True)
            case "uint32", n.Number(unsigned=int(number)):
                return Value(str(number % 2**32), wanted, simple=True)
        if wanted in _CONSTANTS:
            return self.failure(node, f"expected {_CONSTANTS[wanted]}; found {node}")
        return self.failure(node, f"can't handle {node} for arg of type {go_name(wanted)}")


def _signed(number: int) -> str:
    return f"({number})" if number < 0 else str(number)


def check_name(wanted: str, *, loose: bool) -> str:
    """The global under which compiled code finds the check of an argument."""
    kind = "".join(char if char.isalnum() else "_" for char in wanted)
    return f"{'loose' if loose else 'strict'}_{kind}"
