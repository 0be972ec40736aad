"""The parts of a template, each with its place in the text; `str()` gives Go's spelling, which errors quote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.helm.template.quote import quote


@dataclass(slots=True)
class Node:
    """Anything that errors can point at; `pos` counts characters from the start of the text."""

    pos: int


@dataclass(slots=True)
class Text(Node):
    """Text between actions."""

    text: str


@dataclass(slots=True)
class Dot(Node):
    """The cursor."""

    def __str__(self) -> str:
        return "."


@dataclass(slots=True)
class Nil(Node):
    """The word `nil`."""

    def __str__(self) -> str:
        return "nil"


@dataclass(slots=True)
class Bool(Node):
    """`true` or `false`."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(slots=True)
class Number(Node):
    """A constant, under every type that can hold it (None where it cannot)."""

    text: str
    integer: int | None
    unsigned: int | None
    floating: float | None

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class String(Node):
    """A quoted text; `raw` is how it is spelled."""

    raw: str
    value: str

    def __str__(self) -> str:
        return self.raw


@dataclass(slots=True)
class Identifier(Node):
    """A function's name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Field(Node):
    """`.a.b`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "." + ".".join(self.names)


@dataclass(slots=True)
class Variable(Node):
    """`$x.a.b`: the name with its dollar, then fields."""

    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.names))


@dataclass(slots=True)
class Chain(Node):
    """`(pipeline).a.b` or `function.a.b`."""

    node: Node
    names: tuple[str, ...]

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return ".".join((inner, *self.names))


@dataclass(slots=True)
class Command(Node):
    """A function, or a value, and its arguments."""

    args: list[Node]

    def __str__(self) -> str:
        return " ".join(f"({arg})" if isinstance(arg, Pipe) else str(arg) for arg in self.args)


@dataclass(slots=True)
class Pipe(Node):
    """Commands, each handing its value to the next as last argument, perhaps kept in variables."""

    commands: list[Command] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    assigns: bool = False

    def __str__(self) -> str:
        value = " | ".join(map(str, self.commands))
        if not self.variables:
            return value
        return f"{', '.join(map(str, self.variables))} {'=' if self.assigns else ':='} {value}"


@dataclass(slots=True)
class Action(Node):
    """`{{pipeline}}`."""

    pipe: Pipe

    def __str__(self) -> str:
        return "{{" + str(self.pipe) + "}}"


@dataclass(slots=True)
class Branch(Node):
    """`if`, `with` or `range`."""

    kind: Literal["if", "with", "range"]
    pipe: Pipe
    body: list[Node]
    otherwise: list[Node] | None

    def __str__(self) -> str:
        return "{{" + f"{self.kind} {self.pipe}" + "}}"


@dataclass(slots=True)
class Break(Node):
    """`break`."""


@dataclass(slots=True)
class Continue(Node):
    """`continue`."""


@dataclass(slots=True)
class Call(Node):
    """`{{template "name" pipeline}}`."""

    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        argument = f" {self.pipe}" if self.pipe else ""
        return "{{" + f"template {quote(self.name)}{argument}" + "}}"


@dataclass(slots=True)
class End(Node):
    """`end` or `else`: what stops a list; never part of a tree."""

    word: str

    def __str__(self) -> str:
        return "{{" + self.word + "}}"


@dataclass(slots=True)
class Tree:
    """One named template."""

    name: str
    body: list[Node]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but space and comments."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.body)
