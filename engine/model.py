"""The values that cross the engine's door: frozen, slotted, safe to draw.

Every text from a cluster, a repository or a registry enters through `line` or `block` (`engine.safe`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class State(StrEnum):
    """What a row says at a glance; the order is the order of rows (console.md)."""

    FAILING = "failing"
    STALLED = "stalled"
    DRIFTED = "drifted"
    SUSPENDED = "suspended"
    RECONCILING = "reconciling"
    UNKNOWN = "unknown"
    READY = "ready"
    BLOCKED = "blocked"


class Stance(StrEnum):
    """What the engine does on this cluster."""

    OBSERVE = "observing"
    DRIVE = "driving"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One object: `cluster` is the context's name, `group` the API group without version."""

    cluster: str
    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One metav1.Condition."""

    type: str
    status: str
    reason: str
    message: str
    transition: datetime | None
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class Suspension:
    """Who suspended an object and why, as our annotations under `fluxtui.io/` say; empty when others did it."""

    reason: str = ""
    by: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """`status.artifact` (flux.md 2.1); size in bytes."""

    revision: str
    digest: str
    url: str
    updated: datetime | None
    size: int = 0


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One snapshot of `status.history` (Kustomization: flux.md 4.1)."""

    revision: str
    digest: str
    status: str
    first: datetime | None
    last: datetime | None
    duration: str
    total: int


@dataclass(frozen=True, slots=True)
class Resource:
    """A Flux object as the panels need it; its whole manifest is asked for (`api.Manifest`)."""

    ref: Ref
    version: str
    uid: str
    resource_version: str
    generation: int
    created: datetime | None
    state: State
    since: datetime | None
    """Since when the state holds: the Ready condition's transition, the suspension, or the creation."""
    message: str
    """The Ready (or Stalled) condition's message as one line, or what stands for it."""
    reason: str = ""
    revision: str = ""
    """What is applied or stored."""
    attempted: str = ""
    suspended: bool = False
    suspension: Suspension = Suspension()
    deleting: bool = False
    conditions: tuple[Condition, ...] = ()
    source: Ref | None = None
    depends_on: tuple[Ref, ...] = ()
    parent: Ref | None = None
    """The Kustomization or HelmRelease that applied it, by its owner labels."""
    url: str = ""
    path: str = ""
    ref_text: str = ""
    """The source's ref as one word: `main`, `v1.2.3`, `sha1:4f2a91c`, `>=1.0`."""
    interval: float = 0.0
    """Seconds."""
    requested_at: str = ""
    handled_at: str = ""
    observed_generation: int = 0
    artifact: Artifact | None = None
    inventory: tuple[tuple[str, str], ...] = ()
    """(id, version) as stored (flux.md 4.8)."""
    history: tuple[HistoryEntry, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes Event about a Flux object."""

    uid: str
    ref: Ref
    type: str
    reason: str
    message: str
    last: datetime | None
    first: datetime | None
    count: int
    component: str


# --- drift and effects --------------------------------------------------------------------------------


class Verdict(StrEnum):
    """What comparing one managed object with what is wanted says."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"
    TO_PRUNE = "to prune"
    EXCLUDED = "excluded"
    NOT_COMPARED = "not compared"


class Change(StrEnum):
    """How one path differs, from the point of view of the next reconcile."""

    CHANGED = "changed"
    """Both sides have it, with other values: it is set back."""
    REMOVED = "removed"
    """Wanted, but gone from the live object: it is added again."""
    ADDED = "added"
    """Not wanted, but in the live object under an owner that Flux takes over: it is removed."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a field, from managedFields."""

    manager: str
    operation: str
    time: datetime | None
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class PathDrift:
    """One differing path. Values are safe one-line renderings; of Secrets only marks, never values."""

    path: str
    """JSON pointer."""
    display: str
    """As people write it: `spec.replicas`, `…containers[web].env[DEBUG]`."""
    change: Change
    wanted: str
    live: str
    writer: Writer | None = None


@dataclass(frozen=True, slots=True)
class ObjectDrift:
    """One object of a Kustomization against what its source wants."""

    kind: str
    group: str
    version: str
    namespace: str
    name: str
    verdict: Verdict
    paths: tuple[PathDrift, ...] = ()
    note: str = ""
    """Why it is excluded or not compared, or what else a person should know."""
    confirmed: bool = False
    """True when a dry run said so; otherwise it is the local verdict."""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The drift of one Kustomization: what its next reconcile would change."""

    ref: Ref
    revision: str
    computed: datetime
    objects: tuple[ObjectDrift, ...] = ()
    """Only what isn't equal, failures first; equal ones are counted."""
    equal: int = 0
    problem: str = ""
    """Why it could not be computed ("not computed: …"), or ""."""
    notes: tuple[str, ...] = ()
    """What is assumed: "as you, not as system:serviceaccount:…", "strict substitution assumed"."""

    def count(self, verdict: Verdict) -> int:
        """How many objects have this verdict."""
        if verdict is Verdict.EQUAL:
            return self.equal
        return sum(1 for drift in self.objects if drift.verdict is verdict)

    @property
    def drifted(self) -> bool:
        """Whether the next reconcile would change anything."""
        return any(drift.verdict in _DRIFTED for drift in self.objects)


_DRIFTED = frozenset({Verdict.DIFFERS, Verdict.MISSING, Verdict.TO_PRUNE})


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One thing that an act will do: verb is create, change, prune, overwrite, consume, block or note."""

    verb: str
    subject: str
    detail: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act will do, as far as it is known yet; `complete` says whether more will come."""

    lines: tuple[EffectLine, ...] = ()
    created: int = 0
    changed: int = 0
    pruned: int = 0
    unchanged: int = 0
    warnings: tuple[str, ...] = ()
    """Sentences in the fail role, first on the dialog."""
    basis: str = ""
    """How it was computed: "by dry run as you", "local comparison", "from the snapshot"."""
    complete: bool = False
    confirm: str = ""
    """A word that has to be typed before the act (the source a bootstrap lives in), or ""."""
    refused: bool = False
    """Nothing will be sent; the warnings say why."""
