"""The engine's only door.

`Engine` runs in a thread of its own. The console reads `snapshot` (an attribute read), is woken by `subscribe`, asks
for what is too big or too rare (`ask`), tells what is on screen (`focus`) and submits commands (`submit`). No call here
blocks, and no callback touches a widget: callbacks run in the engine's thread and must only hand the value on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engine.commands import Command, Delete, Outcome, Reconcile, Resume, Rollback, Suspend, Undo
from engine.errors import EngineError
from engine.model import (
    Artifact,
    Change,
    Condition,
    DriftReport,
    Effect,
    EffectLine,
    Event,
    HistoryEntry,
    ObjectDrift,
    PathDrift,
    Ref,
    Resource,
    Stance,
    State,
    Suspension,
    Verdict,
    Writer,
    block,
    line,
)
from engine.settings import Access, EngineSettings
from engine.snapshot import (
    Connection,
    Controller,
    KindState,
    KindStatus,
    Link,
    Operation,
    Problem,
    Progress,
    Snapshot,
)

# --- questions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """A question about one object. Answers are `Answer`s whose value has the type that each question names."""

    ref: Ref


class Manifest(Query):
    """`str`: the object as YAML, managedFields left out, Secret values masked."""

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


class Asking(Protocol):
    """A question under way."""

    def cancel(self) -> None:
        """Stop computing; no answer comes any more."""


class DemoProcess(Protocol):
    """A running demo."""

    data: Path
    kubeconfig: Path
    git_url: str
    settings: EngineSettings

    def stop(self) -> None:
        """End it; nothing is left behind."""


class Engine(Protocol):
    """What the console needs of an engine."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""

    def start(self) -> None:
        """Start the engine's thread; returns at once."""

    def stop(self, deadline: float = 1.0) -> None:
        """Stop and join within `deadline` seconds."""

    def restart(self) -> None:
        """After a crash: begin again with an empty snapshot."""

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` (from the engine's thread) once whenever there is a newer snapshot; returns its remover."""

    def ask(self, query: Query, answer: Callable[[Answer], None]) -> Asking:
        """Ask; `answer` is called from the engine's thread, perhaps several times (partial ones first)."""

    def focus(self, refs: tuple[Ref, ...]) -> None:
        """Tell what is selected and on screen: it comes first."""

    def submit(self, command: Command, done: Callable[[Outcome], None]) -> None:
        """Carry out a person's intent; `done` is called from the engine's thread with the first outcome."""

    def login(self, lend: Lend, done: Callable[[Outcome], None]) -> None:
        """Log in with the person's terminal, then try everything again at once.

        Without a command that could be run from here it is only tried again: somebody logged in elsewhere.
        `done` is called from the engine's thread.
        """


def open_engine(settings: EngineSettings) -> Engine:
    """An engine for one cluster, not started yet. Imports nothing heavy: that happens in its thread."""
    from engine.thread import EngineThread

    return EngineThread(settings)


def run(program: str, options: Mapping[str, Any]) -> int:
    """Run one of the command line's programs (`engine.programs`) and return its exit code; EngineError is for main."""
    from importlib import import_module

    code: int = import_module(f"engine.programs.{program}").main(options)
    return code


def launch_demo(options: Mapping[str, Any]) -> DemoProcess:
    """Start the demo's backend (a child process); its `settings` open an engine that drives on it."""
    from engine.demo.launch import launch

    return launch(dict(options))


def log_to(path: Path) -> None:
    """Send all logging to this file, and nothing to the screen."""
    from engine.logs import to_file

    to_file(path)


def check_access(access: Access) -> None:
    """Raise EngineError now when the kubeconfig is missing or broken: an empty green screen would be a lie."""
    from engine.kube.config import load_config

    load_config([access.kubeconfig] if access.kubeconfig else None, context=access.context)


def contexts(kubeconfig: Path | None) -> tuple[str, ...]:
    """The context names of the kubeconfig; empty when it cannot be read."""
    from engine.kube.config import load_config

    try:
        return load_config([kubeconfig] if kubeconfig else None).context_names
    except EngineError:
        return ()


__all__ = [
    "Access",
    "Answer",
    "Artifact",
    "Asking",
    "Change",
    "Command",
    "Condition",
    "Connection",
    "Controller",
    "Delete",
    "DemoProcess",
    "Describe",
    "Drift",
    "DriftReport",
    "Effect",
    "EffectLine",
    "EffectOf",
    "Engine",
    "EngineError",
    "EngineSettings",
    "Event",
    "HistoryEntry",
    "Inventory",
    "KindState",
    "KindStatus",
    "Lend",
    "Link",
    "LoginCommand",
    "Logs",
    "Manifest",
    "ObjectDrift",
    "Operation",
    "Outcome",
    "PathDrift",
    "Problem",
    "Progress",
    "Query",
    "Reconcile",
    "Ref",
    "Resource",
    "Resume",
    "RevisionChoice",
    "Revisions",
    "Rollback",
    "Snapshot",
    "Stance",
    "State",
    "Suspend",
    "Suspension",
    "Trace",
    "TraceStep",
    "TreeNode",
    "Undo",
    "UsedBy",
    "Verdict",
    "Writer",
    "block",
    "check_access",
    "contexts",
    "launch_demo",
    "line",
    "log_to",
    "open_engine",
    "run",
]
