"""A Flux object as the API sends it → the `Resource` that the panels show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from engine.errors import Malformed
from engine.flux import conditions as flux_conditions
from engine.flux import duration, kinds, revision
from engine.model import Artifact, Condition, Event, HistoryEntry, Ref, Resource, State, Suspension
from engine.safe import LINE_LIMIT, line

#: Annotations that tell who suspended an object; written by us, kept by Flux.
SUSPENDED_BY: Final = "fluxtui.io/suspended-by"
SUSPENDED_AT: Final = "fluxtui.io/suspended-at"
SUSPENDED_REASON: Final = "fluxtui.io/suspended-reason"

_WAITING: Final = "waiting to be reconciled"
_DEPENDENCY_NOT_READY: Final = "DependencyNotReady"
_MAX_INVENTORY: Final = 5_000


def resource(cluster: str, obj: Mapping[str, Any]) -> Resource:
    """Project one object; unknown or malformed parts come out empty, never as an exception."""
    kind = kinds.of(obj)
    metadata, spec, status = _map(obj, "metadata"), _map(obj, "spec"), _map(obj, "status")
    annotations = _map(metadata, "annotations")
    ref = ref_of(cluster, obj)
    found = _conditions(status)
    created = time(metadata.get("creationTimestamp"))
    suspended = kind.is_suspended(obj) if kind else bool(spec.get("suspend"))
    suspension = _suspension(annotations) if suspended else Suspension()
    deleting = bool(metadata.get("deletionTimestamp"))
    static = bool(kind and kind.is_static(obj))
    state, leading = _state(found, suspended=suspended, deleting=deleting, static=static)
    artifact = _artifact(_map(status, "artifact"))
    return Resource(
        ref=ref,
        version=_word(str(obj.get("apiVersion") or "").rpartition("/")[2]),
        uid=line(str(metadata.get("uid") or "")),
        resource_version=line(str(metadata.get("resourceVersion") or "")),
        generation=_int(metadata.get("generation")),
        created=created,
        state=state,
        since=_since(state, leading, suspension, found) or created,
        message=_message(ref, leading, deleting=deleting, static=static),
        reason=leading.reason if leading else "",
        revision=_revision(ref.kind, status, artifact),
        attempted=line(str(status.get("lastAttemptedRevision") or "")),
        suspended=suspended,
        suspension=suspension,
        deleting=deleting,
        conditions=found,
        source=_source(cluster, ref, spec),
        depends_on=_depends_on(cluster, ref, spec),
        parent=_parent(cluster, _map(metadata, "labels")),
        url=line(str(spec.get("url") or spec.get("endpoint") or spec.get("image") or "")),
        path=_word(str(spec.get("path") or "")),
        ref_text=_ref_text(_map(spec, "ref")),
        interval=_seconds(spec.get("interval")),
        requested_at=line(str(annotations.get(kinds.REQUESTED_AT) or "")),
        handled_at=line(str(status.get("lastHandledReconcileAt") or "")),
        observed_generation=_int(status.get("observedGeneration")),
        artifact=artifact,
        inventory=_inventory(status),
        history=_history(status),
        labels=MappingProxyType({_word(str(k)): _word(str(v)) for k, v in _map(metadata, "labels").items()}),
    )


def event(cluster: str, obj: Mapping[str, Any]) -> Event:
    """Project a core/v1 Event."""
    involved = _map(obj, "involvedObject")
    series = _map(obj, "series")
    metadata = _map(obj, "metadata")
    last = (
        time(series.get("lastObservedTime"))
        or time(obj.get("lastTimestamp"))
        or time(obj.get("eventTime"))
        or time(metadata.get("creationTimestamp"))
    )
    return Event(
        uid=line(str(metadata.get("uid") or "")),
        ref=Ref(
            cluster,
            line(str(involved.get("apiVersion") or "").rpartition("/")[0]),
            line(str(involved.get("kind") or "")),
            line(str(involved.get("namespace") or "")),
            line(str(involved.get("name") or "")),
        ),
        type=line(str(obj.get("type") or "Normal")),
        reason=line(str(obj.get("reason") or "")),
        message=line(str(obj.get("message") or "")),
        last=last,
        first=time(obj.get("firstTimestamp")) or last,
        count=_int(series.get("count")) or _int(obj.get("count")) or 1,
        component=line(str(obj.get("reportingComponent") or _map(obj, "source").get("component") or "")),
    )


def ref_of(cluster: str, obj: Mapping[str, Any]) -> Ref:
    """The object's Ref."""
    metadata = _map(obj, "metadata")
    return Ref(
        cluster,
        _word(str(obj.get("apiVersion") or "").rpartition("/")[0]),
        _word(str(obj.get("kind") or "")),
        _word(str(metadata.get("namespace") or "")),
        line(str(metadata.get("name") or "")),
    )


def time(value: object) -> datetime | None:
    """An RFC 3339 time, or None for anything else."""
    if not isinstance(value, str) or not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


# --- parts ------------------------------------------------------------------------------------------------


_word = lru_cache(maxsize=4_096)(line)
"""`line` of what many objects have in common: one copy of each namespace, reason and type in memory."""


def _map(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _list(parent: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = parent.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _lines(texts: list[str]) -> list[str]:
    """`line` of each; most lists are safe as they are, which one look at all of them shows."""
    joined = "".join(texts)
    if len(joined) < LINE_LIMIT and joined.isascii() and joined.isprintable() and "://" not in joined:
        return texts
    return [line(text) for text in texts]


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _seconds(value: object) -> float:
    return _duration(str(value)) if value else 0.0


@lru_cache(maxsize=256)
def _duration(text: str) -> float:
    try:
        return duration.seconds(text)
    except Malformed:
        return 0.0


def _conditions(status: Mapping[str, Any]) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            type=_word(str(item.get("type") or "")),
            status=_word(str(item.get("status") or "")),
            reason=_word(str(item.get("reason") or "")),
            message=line(str(item.get("message") or "")),
            transition=time(item.get("lastTransitionTime")),
            observed_generation=_int(item.get("observedGeneration")),
        )
        for item in _list(status, "conditions")
    )


def _state(
    found: tuple[Condition, ...], *, suspended: bool, deleting: bool, static: bool
) -> tuple[State, Condition | None]:
    """The state and the condition that says so."""
    by_type = {condition.type: condition for condition in found}
    ready, stalled, reconciling = (by_type.get(name) for name in ("Ready", "Stalled", "Reconciling"))
    working = reconciling is not None and reconciling.status == "True"
    if suspended:
        return State.SUSPENDED, ready
    if deleting:
        return State.RECONCILING, ready
    if stalled is not None and stalled.status == "True":
        return State.STALLED, stalled
    if ready is None:
        return (State.READY if static else State.UNKNOWN), reconciling
    if ready.status == "True":
        fresh = working and reconciling is not None and reconciling.reason == flux_conditions.PROGRESSING
        return (State.RECONCILING if fresh else State.READY), ready
    if ready.reason == _DEPENDENCY_NOT_READY:
        return State.BLOCKED, ready
    if ready.status == "False":
        return State.FAILING, ready
    return (State.RECONCILING if working else State.UNKNOWN), (reconciling if working else ready)


def _since(
    state: State, leading: Condition | None, suspension: Suspension, found: tuple[Condition, ...]
) -> datetime | None:
    if state is State.SUSPENDED and suspension.since:
        return suspension.since
    if leading is not None:
        return leading.transition
    return max((c.transition for c in found if c.transition), default=None)


def _message(ref: Ref, leading: Condition | None, *, deleting: bool, static: bool) -> str:
    if deleting:
        return "being deleted"
    if leading is not None:
        return leading.message
    return f"{ref.kind} is Ready" if static else _WAITING


def _suspension(annotations: Mapping[str, Any]) -> Suspension:
    return Suspension(
        reason=line(str(annotations.get(SUSPENDED_REASON) or "")),
        by=line(str(annotations.get(SUSPENDED_BY) or "")),
        since=time(annotations.get(SUSPENDED_AT)),
    )


def _artifact(found: Mapping[str, Any]) -> Artifact | None:
    if not found:
        return None
    return Artifact(
        revision=line(str(found.get("revision") or "")),
        digest=line(str(found.get("digest") or "")),
        url=line(str(found.get("url") or "")),
        updated=time(found.get("lastUpdateTime")),
        size=_int(found.get("size")),
    )


def _revision(kind: str, status: Mapping[str, Any], artifact: Artifact | None) -> str:
    if kind == kinds.HELM_RELEASE.kind:
        history = _list(status, "history")
        chart = history[0].get("chartVersion") if history else status.get("lastAttemptedRevision")
        return line(str(chart or ""))
    applied = status.get("lastAppliedRevision")
    if applied:
        return line(str(applied))
    return artifact.revision if artifact else ""


def _source(cluster: str, ref: Ref, spec: Mapping[str, Any]) -> Ref | None:
    """What it is built from: sourceRef, chartRef or the chart's sourceRef; an image policy's repository."""
    chart = _map(_map(spec, "chart"), "spec")
    found = (
        _map(spec, "sourceRef")
        or _map(spec, "chartRef")
        or _map(chart, "sourceRef")
        or _map(spec, "imageRepositoryRef")
    )
    if not found:
        return None
    kind = str(found.get("kind") or ("ImageRepository" if "imageRepositoryRef" in spec else ""))
    entry = kinds.by_kind(kind)
    return Ref(
        cluster,
        entry.group if entry else "",
        _word(kind),
        _word(str(found.get("namespace") or ref.namespace)),
        line(str(found.get("name") or "")),
    )


def _depends_on(cluster: str, ref: Ref, spec: Mapping[str, Any]) -> tuple[Ref, ...]:
    return tuple(
        Ref(
            cluster,
            ref.group,
            ref.kind,
            _word(str(item.get("namespace") or ref.namespace)),
            line(str(item.get("name") or "")),
        )
        for item in _list(spec, "dependsOn")
    )


def _parent(cluster: str, labels: Mapping[str, Any]) -> Ref | None:
    for entry in (kinds.KUSTOMIZATION, kinds.HELM_RELEASE):
        name, namespace = labels.get(f"{entry.group}/name"), labels.get(f"{entry.group}/namespace")
        if name and namespace:
            return Ref(cluster, entry.group, entry.kind, _word(str(namespace)), _word(str(name)))
    return None


def _ref_text(ref: Mapping[str, Any]) -> str:
    """The reference that decides, by Flux's precedence (flux.md 3.1)."""
    if ref.get("commit"):
        return line(revision.short(f"sha1:{ref['commit']}"))
    for key in ("digest", "name", "tag", "semver", "branch"):
        if ref.get(key):
            return line(str(ref[key]))
    return ""


def _inventory(status: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    entries = _list(_map(status, "inventory"), "entries")[:_MAX_INVENTORY]
    ids = _lines([str(entry.get("id") or "") for entry in entries])
    return tuple((id_, _word(str(entry.get("v") or ""))) for id_, entry in zip(ids, entries, strict=True))


def _history(status: Mapping[str, Any]) -> tuple[HistoryEntry, ...]:
    return tuple(
        HistoryEntry(
            revision=line(str(_map(item, "metadata").get("revision") or item.get("chartVersion") or "")),
            digest=line(str(item.get("digest") or "")),
            status=_word(str(item.get("lastReconciledStatus") or item.get("status") or "")),
            first=time(item.get("firstReconciled") or item.get("firstDeployed")),
            last=time(item.get("lastReconciled") or item.get("lastDeployed")),
            duration=_word(str(item.get("lastReconciledDuration") or "")),
            total=_int(item.get("totalReconciliations")),
        )
        for item in _list(status, "history")[:20]
    )
