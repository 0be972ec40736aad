"""Questions and answers as values: what the console asks of the engine, and the engine's one question, a login."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.commands import Command
from engine.errors import EngineError
from engine.model import Ref


@dataclass(frozen=True, slots=True)
class Query:
    """A question about one object. Answers are `Answer`s whose value has the type that each question names."""

    ref: Ref


class Manifest(Query):
    """`str`: the object as YAML, managedFields left out, Secret values masked."""

    __slots__ = ()


class Editable(Query):
    """`str`: what a person may edit of the object, as YAML (no status), values that may be secret masked."""

    __slots__ = ()


class Describe(Query):
    """`str`: what `kubectl describe` would show of a Flux object: conditions in full, spec, status, events."""

    __slots__ = ()


class Drift(Query):
    """`DriftReport`: fresh, confirmed by a dry run where that is allowed."""

    __slots__ = ()


class Inventory(Query):
    """`tuple[TreeNode, ...]`: what the object manages, in apply order, child Kustomizations nested."""

    __slots__ = ()


class Revisions(Query):
    """`tuple[RevisionChoice, ...]`: what it can be rolled back to, newest first."""

    __slots__ = ()


class UsedBy(Query):
    """`tuple[Ref, ...]`: everything that consumes this source or depends on this object."""

    __slots__ = ()


class Trace(Query):
    """`tuple[TraceStep, ...]`: from the object up to its source."""

    __slots__ = ()


class Logs(Query):
    """`tuple[str, ...]`: the controller's log lines about this object, newest last."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class EffectOf(Query):
    """`Effect`: what a command would do. Partial answers come first."""

    command: Command


@dataclass(frozen=True, slots=True)
class TreeNode:
    """One object of an inventory; `state` is its health in one word, "" while unknown."""

    kind: str
    namespace: str
    name: str
    group: str = ""
    version: str = ""
    state: str = ""
    message: str = ""
    children: tuple[TreeNode, ...] = ()


@dataclass(frozen=True, slots=True)
class RevisionChoice:
    """A revision to roll back to; `why_not` is a sentence when it can't be chosen."""

    revision: str
    subject: str
    author: str
    time: datetime | None
    applied: str = ""
    """What status.history says of it: "ReconciliationSucceeded, 12 times"."""
    current: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a trace, with a sentence about its state."""

    ref: Ref
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A (partial) answer: exactly one of value and error is set."""

    query: Query
    value: object = None
    error: EngineError | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class LoginCommand:
    """A login that wants the person's terminal: run `argv` with `env`, the terminal as stdin and stderr.

    What it prints on stdout is the credential: it is handed back and never shown.
    """

    argv: tuple[str, ...] = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    context: str = ""
    shown: str = ""
    """The command for showing, secrets masked."""


Lend = Callable[[LoginCommand, Callable[[bytes | None], None]], None]
"""Lends the terminal: called from the engine's thread, it hands on only. Whoever ran the command calls the second
argument, from any thread, with the command's stdout (None: it could not be run, or failed)."""
