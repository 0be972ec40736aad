"""What the console draws: one immutable value, replaced as a whole at most ten times a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from engine.model import DriftReport, Event, Ref, Resource, Stance

_EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})


class KindState(StrEnum):
    """Whether a kind's list can be trusted."""

    STARTING = "starting"
    LIVE = "live"
    STALE = "stale"
    """The watch is lost; what is shown was last seen at `since`."""
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    """The API server serves no such kind."""


@dataclass(frozen=True, slots=True)
class KindStatus:
    """State of one watched kind; `message` is a sentence with the next step."""

    group: str
    kind: str
    plural: str
    state: KindState
    message: str = ""
    since: datetime | None = None
    verb: str = ""
    """The missing verb when forbidden."""


class Link(StrEnum):
    """State of the connection to the API server."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    LOGIN = "login required"


@dataclass(frozen=True, slots=True)
class Connection:
    """The API server as this engine sees it."""

    link: Link
    context: str
    server: str = ""
    server_version: str = ""
    since: datetime | None = None
    """Since when the link has this state."""
    lag: float = 0.0
    """Seconds that the API server took to begin its last answer; 0 while none came."""
    next_try: datetime | None = None
    message: str = ""
    login_command: str = ""


@dataclass(frozen=True, slots=True)
class Controller:
    """One Flux controller's Deployment (observe), or one of ours (drive)."""

    name: str
    version: str
    ready: bool
    message: str = ""


class Progress(StrEnum):
    """How far an operation is; the last four are final."""

    REQUESTED = "requested"
    HANDLED = "handled"
    PROGRESSING = "progressing"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether nothing more is expected."""
        return self in _FINAL


_FINAL = frozenset({Progress.DONE, Progress.FAILED, Progress.REFUSED, Progress.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Operation:
    """A person's act, tracked from request to result."""

    id: str
    verb: str
    """reconcile, suspend, resume, rollback, undo, delete."""
    ref: Ref
    started: datetime
    progress: Progress
    message: str = ""
    steps: tuple[tuple[Progress, datetime], ...] = ()
    ended: datetime | None = None
    detail: str = ""
    """The person's reason, the target revision, "with source"…"""
    undoable: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the engine itself: a banner."""

    title: str
    message: str
    fatal: bool = False
    log_file: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything live, at one moment.

    `changed` (objects with another resource, drift or operation) counts only when `version` follows on from the last
    one read.
    """

    version: int = 0
    changed: frozenset[Ref] = frozenset()
    stance: Stance = Stance.OBSERVE
    connection: Connection = field(default_factory=lambda: Connection(Link.CONNECTING, ""))
    resources: Mapping[Ref, Resource] = field(default_factory=lambda: _EMPTY)
    kinds: Mapping[str, KindStatus] = field(default_factory=lambda: _EMPTY)
    """By kind name: `GitRepository`, …"""
    blocked: Mapping[Ref, Ref] = field(default_factory=lambda: _EMPTY)
    """Object waiting for a dependency → the first failing ancestor."""
    drift: Mapping[Ref, DriftReport] = field(default_factory=lambda: _EMPTY)
    events: tuple[Event, ...] = ()
    """Newest first; bounded."""
    events_dropped: int = 0
    operations: tuple[Operation, ...] = ()
    """Newest first; running ones and the last hundred."""
    controllers: tuple[Controller, ...] = ()
    flux_version: str = ""
    namespaces: tuple[str, ...] = ()
    denied: frozenset[tuple[str, str]] = frozenset()
    """(verb, plural.group) that the person may not do, as far as it is known."""
    read_only: bool = False
    clock_offset: float = 0.0
    """Seconds to add to this machine's clock to get the server's: ages follow the server's clock."""
    problems: tuple[Problem, ...] = ()
