"""The engine's only door.

`Engine` runs in a thread of its own. The console reads `snapshot` (an attribute read), is woken by `subscribe`, asks
for what is too big or too rare (`ask`), tells what is on screen (`focus`) and submits commands (`submit`). No call here
blocks, and no callback touches a widget: callbacks run in the engine's thread and must only hand the value on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.commands import Command, Delete, Edit, Outcome, Reconcile, Resume, Rollback, Suspend, Undo
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
)
from engine.questions import (
    Answer,
    Describe,
    Drift,
    Editable,
    EffectOf,
    Inventory,
    Lend,
    LoginCommand,
    Logs,
    Manifest,
    Query,
    RevisionChoice,
    Revisions,
    Trace,
    TraceStep,
    TreeNode,
    UsedBy,
)
from engine.safe import block, line
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
    "Edit",
    "Editable",
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
