"""What the console must know of a kind: one `KindView` a file, gathered in `fluxtui.view.kinds`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.api import Resource, State
from fluxtui.view import revisions
from fluxtui.view.clauses import clause


class PanelId(StrEnum):
    """The four panels at the left, in the order in which a change flows."""

    SOURCES = "sources"
    KUSTOMIZATIONS = "kustomizations"
    RELEASES = "releases"
    EVENTS = "events"


Fact = tuple[str, str]
"""A label and what it says, for the overview pane."""


def no_facts(_: Resource) -> Iterator[Fact]:
    """For kinds that have nothing to tell beyond what all have."""
    return iter(())


def said(resource: Resource) -> str:
    """What the row says: the suspension, what it waits for, or the controller's message as a clause."""
    if resource.deleting:
        return f"being deleted: {clause(resource.message)}" if resource.state is State.FAILING else "being deleted"
    if resource.suspended and resource.state is State.SUSPENDED:
        by = f" by {resource.suspension.by}" if resource.suspension.by else ""
        why = f": {resource.suspension.reason}" if resource.suspension.reason else ""
        return f"suspended{by}{why}"
    return clause(resource.message)


@dataclass(frozen=True, slots=True)
class KindView:
    """How objects of one kind are shown."""

    kind: str
    word: str
    """The short word in panels that mix kinds."""
    panel: PanelId
    names: tuple[str, ...]
    """What people type after `:`; the first is offered by completion."""
    revision: Callable[[Resource], str] = lambda resource: revisions.short(resource.revision)
    facts: Callable[[Resource], Iterator[Fact]] = no_facts
    drifts: bool = False
    """Whether the engine computes drift for it."""
    source: bool = False
    """Whether others consume it."""
