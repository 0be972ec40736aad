"""What is known of an object without asking anybody: state, message, facts, conditions and the last events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Final

from engine.api import Answer, Drift, DriftReport, Query, Ref, Resource, Snapshot
from fluxtui.view import revisions
from fluxtui.view.ages import age, spoken
from fluxtui.view.events import event_block
from fluxtui.view.kinds import VIEWS
from fluxtui.view.rows import effective_state
from fluxtui.view.states import LOOKS, glyph
from fluxtui.view.text import Line, Role, Span, fit, pad, wrap

_NEGATIVE: Final = ("Stalled", "Reconciling", "Failed", "Outdated", "Unavailable")
"""Ends of condition types that are bad news when True."""
_EVENTS_BELOW: Final = 5
"""Events shown under an overview."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the selection."""

    ref: Ref
    resource: Resource | None
    snapshot: Snapshot
    now: datetime
    answers: Mapping[type[Query], Answer] = field(default_factory=lambda: MappingProxyType({}))
    zone: tzinfo | None = None
    letters: bool = False

    def answer(self, query: type[Query]) -> Answer | None:
        """The newest answer to a question about this object."""
        return self.answers.get(query)

    @property
    def report(self) -> DriftReport | None:
        """The newer of what the snapshot has and what was answered."""
        known = self.snapshot.drift.get(self.ref)
        answer = self.answer(Drift)
        asked = answer.value if answer is not None else None
        if isinstance(asked, DriftReport) and (known is None or asked.computed >= known.computed):
            return asked
        return known


def note(text: str, cells: int, role: Role = Role.DIM) -> list[Line]:
    """A sentence of ours, wrapped."""
    return [(Span(piece, role),) for piece in wrap(text, cells)]


def _paragraph(label: str, text: str, cells: int, role: Role = Role.TEXT, column: int = 11) -> Iterator[Line]:
    pieces = wrap(text, max(8, cells - column))
    for n, piece in enumerate(pieces):
        yield (Span(pad(label if n == 0 else "", column), Role.DIM), Span(piece, role))


def headline(subject: Subject, resource: Resource, cells: int) -> Iterator[Line]:
    """State, since when, and the message in full."""
    state = effective_state(resource, subject.snapshot)
    look = LOOKS[state]
    since = f" for {spoken(resource.since, subject.now)}" if resource.since else ""
    mark = Span(f"{glyph(state, subject.letters)} {look.word}{since}", look.role, strong=True)
    yield fit((mark, Span(f"  {resource.reason}" if resource.reason else "", Role.DIM)), cells)
    for text in wrap(resource.message, cells - 2):
        yield (Span("  " + text),)
    yield from _circumstances(subject, resource, cells)


def overview(subject: Subject, cells: int, *, with_headline: bool = True) -> Iterator[Line]:
    """State, message in full, facts, conditions, and the last events."""
    resource = subject.resource
    if resource is None:
        yield from note("This object is gone.", cells, Role.WARN)
        return
    if with_headline:
        yield from headline(subject, resource, cells)
        yield ()
    for label, text in VIEWS[resource.ref.kind].facts(resource) if resource.ref.kind in VIEWS else ():
        if text:
            yield from _paragraph(label, text, cells)
    if resource.artifact is not None:
        stored = f"{revisions.named(resource.artifact.revision)}  {resource.artifact.size:,} B"
        yield from _paragraph("artifact", f"{stored}  {spoken(resource.artifact.updated, subject.now)} ago", cells)
    if resource.interval:
        yield from _paragraph(
            "interval", spoken(subject.now - timedelta(seconds=resource.interval), subject.now), cells
        )
    yield from _conditions(resource, cells, subject.now)
    yield from _last_events(subject, cells)


def _circumstances(subject: Subject, resource: Resource, cells: int) -> Iterator[Line]:
    """What a row cannot hold: who suspended it, what it waits for, who applied it."""
    suspension = resource.suspension
    if resource.suspended:
        by = f" by {suspension.by}" if suspension.by else ""
        when = f" {spoken(suspension.since, subject.now)} ago" if suspension.since else ""
        why = f": {suspension.reason}" if suspension.reason else ""
        yield from _paragraph("  suspended", f"{by.strip()}{when}{why}".strip() or "yes", cells, Role.SUSPENDED, 13)
    root = subject.snapshot.blocked.get(resource.ref)
    if root is not None:
        yield from _paragraph("  waits for", str(root), cells, Role.FAIL, 13)
    blocked = [ref for ref, cause in subject.snapshot.blocked.items() if cause == resource.ref]
    if blocked:
        yield from _paragraph(
            "  blocks", ", ".join(f"{ref.namespace}/{ref.name}" for ref in sorted(blocked)), cells, Role.FAIL, 13
        )
    if resource.parent is not None:
        yield from _paragraph("  applied by", str(resource.parent), cells, Role.DIM, 13)


def _conditions(resource: Resource, cells: int, now: datetime) -> Iterator[Line]:
    if not resource.conditions:
        return
    yield ()
    yield (Span("Conditions", Role.ACCENT, strong=True),)
    for condition in resource.conditions:
        role = {"True": Role.OK, "False": Role.FAIL}.get(condition.status, Role.UNKNOWN)
        if condition.type.endswith(_NEGATIVE):
            role = Role.WARN
        head = f"{condition.type}={condition.status} "
        when = age(condition.transition, now)
        yield fit((Span(head, role), Span(condition.reason), Span(f"  {when}", Role.DIM)), cells)
        # The Ready condition's message stands at the top already.
        for text in wrap(condition.message, cells - 2) if condition.message != resource.message else ():
            yield (Span("  " + text, Role.DIM),)


def _last_events(subject: Subject, cells: int) -> Iterator[Line]:
    events = [event for event in subject.snapshot.events if event.ref == subject.ref][:_EVENTS_BELOW]
    if events:
        yield ()
        yield (Span("Events", Role.ACCENT, strong=True),)
    for event in events:
        yield from event_block(event, cells, subject.zone)
