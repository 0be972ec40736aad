"""What an act will do, before it is done: what the snapshot knows at once, then what has to be computed.

Dangerous things come first, as warnings. Nothing here writes; a dry run is the engine's own business (`Effects`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace
from typing import Final

from engine import errors
from engine.acts.base import World
from engine.commands import Rollback
from engine.flux import inventory, kinds, revision
from engine.model import Change, DriftReport, Effect, EffectLine, ObjectDrift, Ref, Resource, Verdict
from engine.safe import line

CRD_ENTRY: Final = "_gitrepositories.source.toolkit.fluxcd.io_apiextensions.k8s.io_CustomResourceDefinition"
"""The inventory entry by which a bootstrap's Kustomization is known: it applies Flux itself (flux.md 9)."""

_NAMED: Final = 8


async def of_reconcile(ref: Ref, world: World) -> AsyncGenerator[Effect, None]:
    """Creates, changes and prunes of the next pass, and whose edits it undoes."""
    resource = world.resource(ref)
    known = Effect(lines=_about(resource, world), basis="from what is on screen")
    report = world.drift(ref)
    if report is not None:
        known = _with_report(known, report)
    yield known
    if ref.kind != kinds.KUSTOMIZATION.kind or world.effects is None:
        yield replace(known, complete=True)
        return
    computed = await world.effects.effect(await world.live(ref))
    yield replace(computed, lines=(*computed.lines, *_about(resource, world)), complete=True)


async def of_suspend(ref: Ref, world: World) -> AsyncGenerator[Effect, None]:
    """Who follows this object, and whether a parent will take the suspension back."""
    followers = world.consumers(ref)
    lines = tuple(EffectLine("consume", str(found), "gets no new revision", danger=True) for found in followers)
    warnings = (_followers(followers),) if len(followers) > 1 else ()
    known = Effect(lines=lines, warnings=warnings, basis="from what is on screen")
    yield known
    reverting = await _reverting_parent(ref, world)
    if reverting:
        known = replace(known, warnings=(reverting, *known.warnings))
    yield replace(known, complete=True)


async def of_delete(ref: Ref, world: World) -> AsyncGenerator[Effect, None]:
    """What its finalizer takes along, and who is left without a source."""
    resource = world.resource(ref)
    spec = (await world.live(ref)).get("spec") or {}
    lines = [EffectLine("consume", str(found), "loses its source", danger=True) for found in world.consumers(ref)]
    warnings = []
    if ref.kind == kinds.KUSTOMIZATION.kind and _deletes(spec) and not resource.suspended:
        count = len(resource.inventory)
        warnings.append(f"everything it applied is deleted with it: {count} object{'s' * (count != 1)}")
        managed = (inventory.parse_id(entry) for entry, _ in resource.inventory[:_NAMED])
        lines += [EffectLine("prune", line(str(ref)), danger=True) for ref in managed]
    elif ref.kind == kinds.HELM_RELEASE.kind and not resource.suspended:
        warnings.append("its release is uninstalled")
    yield Effect(tuple(lines), warnings=tuple(warnings), basis="from its spec", complete=True, confirm=ref.name)


async def of_rollback(command: Rollback, world: World) -> AsyncGenerator[Effect, None]:
    """Everyone who follows the source first, then what the earlier revision renders to."""
    resource = world.resource(command.ref)
    if resource.source is None:
        raise errors.Refused(f"{command.ref} has no source")
    known = _moves_with(resource.source, world, besides=command.ref)
    known = replace(known, confirm=_bootstrap_name(resource.source, world), basis="from what is on screen")
    yield known
    if world.effects is None:
        yield replace(known, complete=True)
        return
    try:
        if world.earlier is None:
            raise errors.Unavailable("git is not read here")
        files = await world.earlier.files(await world.live(resource.source), command.revision)
    except errors.EngineError as error:
        unknown = f"what {revision.short(command.revision)} renders to is not known: {error}"
        yield replace(known, warnings=(*known.warnings, line(unknown)), complete=True)
        return
    computed = await world.effects.effect(await world.live(command.ref), files=files, revision=command.revision)
    yield replace(
        computed,
        lines=(*computed.lines, *known.lines),
        warnings=(*known.warnings, *computed.warnings),
        confirm=known.confirm,
        complete=True,
    )


async def of_unpin(source: Ref, world: World) -> AsyncGenerator[Effect, None]:
    """Everyone who follows the source moves on with it."""
    yield replace(_moves_with(source, world), basis="from what is on screen", complete=True)


# --- parts ------------------------------------------------------------------------------------------------


def _about(resource: Resource, world: World) -> tuple[EffectLine, ...]:
    """Revisions behind, and who else follows."""
    lines = []
    source = world.store.resource(resource.source) if resource.source else None
    if source is not None and source.revision and source.revision != resource.revision:
        old = revision.short(resource.revision) or "nothing"
        lines.append(EffectLine("note", "revision", f"{old} → {revision.short(source.revision)}"))
    waiting = [found.ref for found in world.store.snapshot.resources.values() if resource.ref in found.depends_on]
    lines += [EffectLine("note", str(found), "depends on it") for found in sorted(waiting)[:_NAMED]]
    followers = world.consumers(resource.ref)
    lines += [EffectLine("consume", str(found), "follows it") for found in followers[:_NAMED]]
    return tuple(lines)


def _with_report(effect: Effect, report: DriftReport) -> Effect:
    return replace(
        effect,
        lines=(*(line_of(drift) for drift in report.objects if drift.verdict in _VERBS), *effect.lines),
        created=report.count(Verdict.MISSING),
        changed=report.count(Verdict.DIFFERS),
        pruned=report.count(Verdict.TO_PRUNE),
        unchanged=report.equal,
        warnings=(report.problem,) if report.problem else (),
        basis="from the drift on screen",
    )


_VERBS: Final = {Verdict.MISSING: "create", Verdict.DIFFERS: "change", Verdict.TO_PRUNE: "prune"}


def line_of(drift: ObjectDrift) -> EffectLine:
    """One object of an effect: what happens to it, and whose work that undoes."""
    where = f"{drift.namespace}/{drift.name}" if drift.namespace else drift.name
    parts = []
    for path in drift.paths:
        undone = f" undoes {path.writer.manager}" if path.writer else ""
        said = (
            f"{path.display} removed" if path.change is Change.ADDED else f"{path.display} {path.live} → {path.wanted}"
        )
        parts.append(said + undone)
    verb = _VERBS.get(drift.verdict, "note")
    return EffectLine(verb, f"{drift.kind} {where}", "; ".join(parts) or drift.note, danger=verb == "prune")


def _followers(followers: tuple[Ref, ...]) -> str:
    return f"{len(followers)} objects follow this source: {_some(followers)}"


def _some(refs: Iterable[Ref]) -> str:
    names = [f"{ref.namespace}/{ref.name}" for ref in refs]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _moves_with(source: Ref, world: World, besides: Ref | None = None) -> Effect:
    others = tuple(ref for ref in world.consumers(source) if ref != besides)
    lines = tuple(EffectLine("consume", str(ref), "moves with it", danger=True) for ref in others)
    count = f"{len(others)} other{'s' * (len(others) != 1)} follow{'s' * (len(others) == 1)} {source}"
    return Effect(lines=lines, warnings=(f"{count}: {_some(others)}",) if others else ())


def _bootstrap_name(source: Ref, world: World) -> str:
    """The source's name when Flux itself is applied from it: then it has to be typed."""
    for ref in world.consumers(source):
        known = world.store.resource(ref)
        if known is not None and any(entry == CRD_ENTRY for entry, _ in known.inventory):
            return source.name
    return source.name if (source.namespace, source.name) == ("flux-system", "flux-system") else ""


async def _reverting_parent(ref: Ref, world: World) -> str:
    """A sentence when the Kustomization that applies this object owns `spec.suspend`."""
    resource = world.resource(ref)
    if resource.parent is None:
        return ""
    entries = (await world.live(ref))["metadata"].get("managedFields") or []
    owns = any(
        entry.get("manager") == "kustomize-controller"
        and "f:suspend" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in entries
    )
    if not owns:
        return ""
    parent = world.store.resource(resource.parent)
    if parent is not None and parent.suspended:
        return ""
    within = f" within {parent.interval / 60:.0f} m" if parent is not None and parent.interval else ""
    where = f"{resource.parent.namespace}/{resource.parent.name}"
    return f"{where} sets spec.suspend: it will be undone{within}; suspend that one instead"


def _deletes(spec: dict[str, object]) -> bool:
    """Whether deleting the Kustomization deletes what it applied (flux.md 4.3)."""
    policy = spec.get("deletionPolicy") or "MirrorPrune"
    return bool(spec.get("prune")) if policy == "MirrorPrune" else policy in ("Delete", "WaitForTermination")
