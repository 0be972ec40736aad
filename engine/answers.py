"""Answers to the console's questions: one function per question, partial answers first.

Each is an async generator; its last value is the answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from engine import errors, yaml
from engine.acts.board import ACTS
from engine.acts.rollback import unavailable
from engine.controllerlog import controller_lines
from engine.flux import inventory, kinds, kstatus
from engine.flux import revision as revisions
from engine.kube.types import Object
from engine.model import DriftReport, Effect, Ref, Resource
from engine.questions import (
    Describe,
    Drift,
    Editable,
    EffectOf,
    Inventory,
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
from engine.session import Session

log = logging.getLogger(__name__)

HEALTH_AT_ONCE: Final = 8
"""Objects of an inventory read side by side."""

HEALTH_LIMIT: Final = 300
"""Objects of an inventory whose health is read; the rest is listed without."""

MASK: Final = "***"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""A whole copy of the object, secrets and all."""


def answers(query: Query, session: Session) -> AsyncIterator[object]:
    """The answers to a question, the best last. Raises EngineError."""
    return _ANSWERS[type(query)](query, session)


async def manifest(query: Query, session: Session) -> AsyncIterator[str]:
    """The object as YAML."""
    yield block(yaml.dump(presentable(await _live(query.ref, session))))


async def editable(query: Query, session: Session) -> AsyncIterator[str]:
    """What a person may edit: all of it, nothing cut short, for what is missing later would be removed."""
    obj = presentable(await _live(query.ref, session))
    yield yaml.dump({key: value for key, value in obj.items() if key != "status"})


async def describe(query: Query, session: Session) -> AsyncIterator[str]:
    """Conditions and messages in full, then spec and status, then events."""
    obj = await _live(query.ref, session)
    resource = session.store.resource(query.ref)
    parts = [f"{query.ref}", ""]
    for condition in resource.conditions if resource else ():
        since = f"{condition.transition:%Y-%m-%d %H:%M:%S}" if condition.transition else ""
        parts += [
            f"{condition.type}={condition.status}  {condition.reason}  since {since}",
            f"  {condition.message}",
            "",
        ]
    events = [event for event in session.store.snapshot.events if event.ref == query.ref]
    parts += ["Events" if events else "No events in the last hour"]
    for event in events[:20]:
        when = f"{event.last:%H:%M:%S}" if event.last else ""
        count = f" ×{event.count}" if event.count > 1 else ""
        parts.append(f"  {when}  {event.type}  {event.reason}{count}  {event.message}")
    shown = {key: presentable(obj)[key] for key in ("metadata", "spec", "status") if key in obj}
    yield block("\n".join([*parts, "", yaml.dump(shown)]))


async def drift(query: Query, session: Session) -> AsyncIterator[DriftReport]:
    """What is known, then a fresh comparison."""
    known = session.store.snapshot.drift.get(query.ref)
    if known is not None:
        yield known
    if session.drift is None:
        raise errors.Unavailable("drift is not computed yet", fix="it follows by itself")
    yield await session.drift.report(query.ref.namespace, query.ref.name)


async def tree(query: Query, session: Session) -> AsyncIterator[tuple[TreeNode, ...]]:
    """The inventory: first the names, then the health of each object."""
    resource = _known(query.ref, session)
    entries = [(inventory.parse_id(entry), version) for entry, version in resource.inventory]
    nodes = tuple(TreeNode(e.kind, e.namespace, e.name, e.group, version) for e, version in entries)
    yield nodes
    gate = asyncio.Semaphore(HEALTH_AT_ONCE)

    async def healthy(node: TreeNode) -> TreeNode:
        async with gate:
            return await _with_health(node, query.ref.cluster, session)

    checked = await asyncio.gather(*(healthy(node) for node in nodes[:HEALTH_LIMIT]))
    yield (*checked, *nodes[HEALTH_LIMIT:])


async def revision_choices(query: Query, session: Session) -> AsyncIterator[tuple[RevisionChoice, ...]]:
    """Revisions from status.history; git adds those it can be asked for."""
    assert session.world is not None
    why_not = unavailable(query.ref, session.world)
    if why_not:
        raise errors.Refused(why_not)
    resource = _known(query.ref, session)
    found: dict[str, RevisionChoice] = {}
    for entry in resource.history:
        key = revisions.commit(entry.revision)
        if key and key not in found:
            applied = f"{entry.status}, {entry.total} times" if entry.total > 1 else entry.status
            current = key == revisions.commit(resource.revision)
            found[key] = RevisionChoice(entry.revision, "", "", entry.last, applied, current)
    yield tuple(found.values())
    if session.earlier is None or resource.source is None:
        return
    try:
        commits = await session.earlier.log(await session.world.live(resource.source))
    except errors.EngineError as error:
        # The status history stands; what git would add is missing for a reason that the log keeps.
        log.info("revisions of %s: %s", query.ref, error)
        return
    yield _merged(found, commits, revisions.commit(resource.revision))


async def used_by(query: Query, session: Session) -> AsyncIterator[tuple[Ref, ...]]:
    """Consumers of a source, dependents of an object, and what it applied."""
    assert session.world is not None
    everything = session.store.snapshot.resources.values()
    related = {r.ref for r in everything if query.ref in r.depends_on or query.ref == r.parent}
    yield tuple(sorted(related | set(session.world.consumers(query.ref))))


async def trace(query: Query, session: Session) -> AsyncIterator[tuple[TraceStep, ...]]:
    """From the object up: who applied it, from which source."""
    steps: list[TraceStep] = []
    at: Ref | None = query.ref
    seen: set[Ref] = set()
    while at is not None and at not in seen:
        seen.add(at)
        known = session.store.resource(at)
        if known is None:
            steps.append(TraceStep(at, "not there"))
            break
        revision = f"at {revisions.short(known.revision)}" if known.revision else ""
        steps.append(TraceStep(at, line(f"{known.state} {revision}  {known.message}")))
        if known.source is not None and known.source not in seen:
            source = session.store.resource(known.source)
            text = f"{source.state} {revisions.short(source.revision)}  {source.url}" if source else "not there"
            steps.append(TraceStep(known.source, line(text)))
            seen.add(known.source)
        at = known.parent
    yield tuple(steps)


async def logs(query: Query, session: Session) -> AsyncIterator[tuple[str, ...]]:
    """What the controller logged about this object."""
    yield await controller_lines(query.ref, session)


async def effect(query: Query, session: Session) -> AsyncIterator[Effect]:
    """What a command will do."""
    assert isinstance(query, EffectOf)
    assert session.world is not None
    act = ACTS[type(query.command)]
    try:
        act.check(query.command, session.world)
    except errors.Refused as refusal:
        yield Effect(warnings=(str(refusal),), basis="nothing will be sent", complete=True, refused=True)
        return
    async for value in act.effect(query.command, session.world):
        if session.board is not None:
            session.board.shown(query.command, value)
        yield value


_ANSWERS: Final[dict[type[Query], Callable[[Query, Session], AsyncIterator[Any]]]] = {
    Manifest: manifest,
    Editable: editable,
    Describe: describe,
    Drift: drift,
    Inventory: tree,
    Revisions: revision_choices,
    UsedBy: used_by,
    Trace: trace,
    Logs: logs,
    EffectOf: effect,
}


def presentable(obj: Object) -> Object:
    """An object without bookkeeping and without values that may be secret."""
    metadata = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != LAST_APPLIED}
    if "annotations" in metadata:
        metadata["annotations"] = annotations
    shown = {**obj, "metadata": metadata}
    if obj.get("kind") == "Secret":
        for key in ("data", "stringData"):
            shown |= _masked(shown, key)
    post_build = (obj.get("spec") or {}).get("postBuild")
    if isinstance(post_build, dict):
        shown["spec"] = {**obj["spec"], "postBuild": {**post_build, **_masked(post_build, "substitute")}}
    return shown


def _masked(parent: Object, key: str) -> Object:
    """The names of a map's entries, without their values."""
    found = parent.get(key)
    return {key: dict.fromkeys(found, MASK)} if isinstance(found, dict) else {}


def _known(ref: Ref, session: Session) -> Resource:
    assert session.world is not None
    return session.world.resource(ref)


async def _live(ref: Ref, session: Session) -> Object:
    assert session.world is not None
    return await session.world.live(ref)


async def _with_health(node: TreeNode, cluster: str, session: Session) -> TreeNode:
    entry = kinds.by_group_kind(node.group, node.kind)
    known = session.store.resource(Ref(cluster, node.group, node.kind, node.namespace, node.name)) if entry else None
    if known is not None:
        return _node(node, known.state.value, known.message)
    assert session.client is not None
    try:
        res = await session.client.discovery.resource(node.group, "", node.kind)
        obj = await session.client.get(res, node.namespace, node.name)
    except errors.NotFound:
        return _node(node, "missing", "not there")
    except errors.EngineError as error:
        return _node(node, "unknown", str(error))
    status = kstatus.compute(obj)
    return _node(node, status.state.value, status.message)


def _node(node: TreeNode, state: str, message: str) -> TreeNode:
    return TreeNode(node.kind, node.namespace, node.name, node.group, node.version, line(state.lower()), line(message))


def _merged(
    known: dict[str, RevisionChoice], log: tuple[RevisionChoice, ...], current: str
) -> tuple[RevisionChoice, ...]:
    merged = []
    for choice in log:
        key = revisions.commit(choice.revision)
        seen = known.get(key)
        merged.append(
            RevisionChoice(
                choice.revision,
                choice.subject,
                choice.author,
                choice.time,
                seen.applied if seen else "",
                key == current,
            )
        )
    listed = {revisions.commit(choice.revision) for choice in log}
    return (*merged, *(choice for key, choice in known.items() if key not in listed))
