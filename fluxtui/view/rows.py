"""Resource → row: the cells of one line, before anybody knows how wide the screen is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.api import DriftReport, Ref, Resource, Snapshot, State, Verdict
from fluxtui.view.kinds import VIEWS, KindView
from fluxtui.view.kinds.base import said
from fluxtui.view.states import RANK
from fluxtui.view.text import width

SortKey = tuple[Any, ...]
_DRIFTED = (Verdict.DIFFERS, Verdict.MISSING, Verdict.TO_PRUNE)
_NEWEST_FIRST = frozenset({State.FAILING, State.STALLED})


class Sort(StrEnum):
    """Orders that a panel can have; by state is the usual one."""

    STATE = "state"
    NAME = "name"
    AGE = "age"
    NAMESPACE = "namespace"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One object's cells. Rows are compared by identity: a changed object has a new one."""

    ref: Ref
    state: State
    word: str
    revision: str
    message: str
    since: datetime | None
    full_name: str
    """`namespace/name`, or the name alone for cluster-scoped objects."""
    name_width: int
    full_width: int
    labels: Mapping[str, str]
    key: SortKey

    @property
    def haystack(self) -> str:
        """What the filter looks into."""
        return f"{self.ref.kind} {self.full_name} {self.revision} {self.message} {self.state}".lower()


def drifted_count(report: DriftReport) -> int:
    """How many objects the next reconcile would touch."""
    return sum(report.count(verdict) for verdict in _DRIFTED)


def effective_state(resource: Resource, snapshot: Snapshot) -> State:
    """The state to show: waiting for a dependency hides its own failing, drift hides being ready."""
    if resource.ref in snapshot.blocked:
        return State.BLOCKED
    report = snapshot.drift.get(resource.ref)
    if resource.state is State.READY and report is not None and report.drifted:
        return State.DRIFTED
    return resource.state


def _message(resource: Resource, state: State, snapshot: Snapshot) -> str:
    message = said(resource)
    report = snapshot.drift.get(resource.ref)
    drifted = drifted_count(report) if report is not None else 0
    if state is State.DRIFTED:
        return f"{message} · drifted {drifted}" if drifted else f"{message} · drifted"
    if drifted and state is State.SUSPENDED:
        return f"{message} · ≠ {drifted}"
    return message


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
    ref = resource.ref
    state = effective_state(resource, snapshot)
    full_name = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    return Row(
        ref=ref,
        state=state,
        word=view.word,
        revision=view.revision(resource),
        message=_message(resource, state, snapshot),
        since=resource.since,
        full_name=full_name,
        name_width=width(ref.name),
        full_width=width(full_name),
        labels=resource.labels,
        key=sort_key(ref, state, resource.since, sort),
    )


def row_of(ref: Ref, snapshot: Snapshot, sort: Sort = Sort.STATE) -> Row | None:
    """The row of `ref`, None when it is gone or of a kind without a panel."""
    resource = snapshot.resources.get(ref)
    view = VIEWS.get(ref.kind)
    return build(resource, view, snapshot, sort) if resource is not None and view is not None else None
