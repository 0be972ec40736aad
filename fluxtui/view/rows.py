"""Resource → row: the cells of one line, before anybody knows how wide the screen is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.api import DriftReport, Ref, Resource, Snapshot, State, Verdict
from fluxtui.view.kinds import KindView
from fluxtui.view.kinds.base import said
from fluxtui.view.states import RANK

SortKey = tuple[Any, ...]
_DRIFTED = (Verdict.DIFFERS, Verdict.MISSING, Verdict.TO_PRUNE)
_NEWEST_FIRST = frozenset({State.FAILING, State.STALLED})


class Sort(StrEnum):
    """Orders that a panel can have; by state is the usual one."""

    STATE = "state"
    NAME = "name"
    AGE = "age"
    NAMESPACE = "namespace"


class Row:
    """One object's cells, made when they are drawn: of thousands of rows only a screenful is looked at.

    Rows never change and are compared by identity: a changed object has a new one.
    """

    __slots__ = ("drifted", "key", "ref", "resource", "state", "view")

    def __init__(self, resource: Resource, view: KindView, state: State, drifted: int, key: SortKey) -> None:
        self.ref = resource.ref
        self.resource = resource
        self.view = view
        self.state = state
        self.drifted = drifted
        self.key = key

    @property
    def word(self) -> str:
        """The kind in a panel that mixes kinds."""
        return self.view.word

    @property
    def revision(self) -> str:
        """What is applied or stored, short."""
        return self.view.revision(self.resource)

    @property
    def since(self) -> datetime | None:
        """Since when the state holds."""
        return self.resource.since

    @property
    def labels(self) -> Mapping[str, str]:
        """What `-l` filters by."""
        return self.resource.labels

    @property
    def full_name(self) -> str:
        """`namespace/name`, or the name alone for cluster-scoped objects."""
        return f"{self.ref.namespace}/{self.ref.name}" if self.ref.namespace else self.ref.name

    @property
    def message(self) -> str:
        """What the row says."""
        said_now = said(self.resource)
        if self.state is State.DRIFTED:
            return f"{said_now} · drifted {self.drifted}" if self.drifted else f"{said_now} · drifted"
        if self.drifted and self.state is State.SUSPENDED:
            return f"{said_now} · ≠ {self.drifted}"
        return said_now

    @property
    def haystack(self) -> str:
        """What the filter looks into."""
        return f"{self.ref.kind} {self.full_name} {self.revision} {self.message} {self.state}".lower()


def drifted_count(report: DriftReport) -> int:
    """How many objects the next reconcile would touch."""
    return sum(report.count(verdict) for verdict in _DRIFTED)


def effective_state(resource: Resource, snapshot: Snapshot) -> State:
    """The state to show: waiting for a dependency hides its own failing, drift hides being ready."""
    if snapshot.blocked and resource.ref in snapshot.blocked:
        return State.BLOCKED
    if resource.state is State.READY and snapshot.drift:
        report = snapshot.drift.get(resource.ref)
        if report is not None and report.drifted:
            return State.DRIFTED
    return resource.state


def _age_key(since: datetime | None) -> float:
    return -since.timestamp() if since is not None else 0.0


def sort_key(ref: Ref, state: State, since: datetime | None, sort: Sort) -> SortKey:
    """Failing first, the latest failure on top; then by state, namespace and name (console.md)."""
    place = (ref.namespace, ref.name, ref.kind)
    if sort is Sort.NAME:
        return (ref.name, ref.namespace, ref.kind)
    if sort is Sort.NAMESPACE:
        return place
    if sort is Sort.AGE:
        return (_age_key(since), *place)
    return (RANK[state], _age_key(since) if state in _NEWEST_FIRST else 0.0, *place)


def build(resource: Resource, view: KindView, snapshot: Snapshot, sort: Sort = Sort.STATE) -> Row:
    """The row of one object."""
    state = effective_state(resource, snapshot)
    report = snapshot.drift.get(resource.ref) if snapshot.drift else None
    drifted = drifted_count(report) if report is not None else 0
    return Row(resource, view, state, drifted, sort_key(resource.ref, state, resource.since, sort))
