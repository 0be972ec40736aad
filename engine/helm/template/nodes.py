"""The parts of a template; `str()` gives Go's spelling, which errors quote.

What stands inside one action knows its place from the action's start, so that an action that is written often is
parsed once. What makes up a body knows its place in the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from engine.helm.template.quote import quote


@dataclass(slots=True)
class Node:
    """Anything that errors can point at; `pos` counts characters."""

    pos: int


# Inside an action


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
    complex_value: complex | None = None

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

    node: Operand
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((spelled(self.node), *self.names))


@dataclass(slots=True)
class Command(Node):
    """A function, or a value, and its arguments."""

    args: list[Operand]

    def __str__(self) -> str:
        return " ".join(map(spelled, self.args))


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


Constant: TypeAlias = Bool | Number | String
Operand: TypeAlias = Dot | Nil | Bool | Number | String | Identifier | Field | Variable | Chain | Pipe


def spelled(node: Operand) -> str:
    """An operand as it stands among others."""
    return f"({node})" if isinstance(node, Pipe) else str(node)


def last(node: Operand | Command) -> Operand:
    """The part that is worked out last: where Go stands when a value turns out to be wrong."""
    while True:
        match node:
            case Pipe():
                node = node.commands[-1]
            case Command():
                node = node.args[-1]
            case Chain():
                node = node.node
            case _:
                return node


# Bodies

#: Characters from which on a block is large: worth a function of its own, compiled when it is first executed.
LARGE: Final = 200


@dataclass(slots=True)
class Text:
    """Text between actions."""

    text: str


@dataclass(slots=True)
class Action(Node):
    """`{{pipeline}}`."""

    pipe: Pipe


@dataclass(slots=True)
class Block:
    """What stands between two of a branch's actions."""

    nodes: list[Statement] = field(default_factory=list)
    #: Characters.
    size: int = 0
    #: The variables that are named in it, and whether it leaves alone what is around it: assigns to no variable of
    #: that, breaks off no loop. Known of large blocks.
    variables: frozenset[str] = frozenset()
    is_closed: bool = False


@dataclass(slots=True)
class Branch(Node):
    """`if`, `with` or `range`; a chain of `else if` is a branch as the only part of the other's `otherwise`."""

    kind: Literal["if", "with", "range"]
    pipe: Pipe
    body: Block = field(default_factory=Block)
    otherwise: Block | None = None


@dataclass(slots=True)
class Loop(Node):
    """`break` and `continue`."""

    word: Literal["break", "continue"]


@dataclass(slots=True)
class Call(Node):
    """`{{template "name" pipeline}}`, also what is left of a `block`."""

    #: The place of the name in the action.
    where: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        argument = f" {self.pipe}" if self.pipe else ""
        return "{{" + f"template {quote(self.name)}{argument}" + "}}"


#: What errors point at.
Place: TypeAlias = Operand | Command | Call
Statement: TypeAlias = Text | Action | Branch | Loop | Call


@dataclass(slots=True)
class Tree:
    """One named template."""

    name: str
    body: list[Statement]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but space and comments."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.body)
