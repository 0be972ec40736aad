"""What keeps a Kustomization from being tried: fields that wait for their issue, its source, its dependencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.apply import ignore
from engine.controllers.cluster import Cache
from engine.errors import Malformed, Unsupported
from engine.flux import conditions, duration, graph, intervals, kinds
from engine.kube.types import Object

ARTIFACT_FAILED: Final = "ArtifactFailed"
DEPENDENCY_NOT_READY: Final = "DependencyNotReady"
ACCESS_DENIED: Final = "AccessDenied"
UNSUPPORTED: Final = "Unsupported"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a pass ends before it fetches anything. `event` is what is told ("" = nothing); None waits for a change."""

    reason: str
    message: str
    requeue: float | None
    event: str = ""
    stalled: bool = False


def unsupported(obj: Object) -> Blocked | None:
    """Fields that this engine does not carry out yet: refused, never ignored (flux.md 4)."""
    try:
        refuse(obj)
        ignore.parse((obj.get("spec") or {}).get("ignore") or [])
    except (Unsupported, Malformed) as error:
        return Blocked(UNSUPPORTED, str(error), None, event=str(error), stalled=True)
    return None


def refuse(obj: Object) -> None:
    """Raise Unsupported for the first field that this engine does not carry out yet."""
    spec = obj.get("spec") or {}
    name = f"Kustomization {obj['metadata'].get('namespace')}/{obj['metadata']['name']}"
    for field, what in _WAITING.items():
        if spec.get(field):
            raise Unsupported(f"{name}: spec.{field} is not supported yet ({what})")
    if any(item.get("readyExpr") for item in spec.get("dependsOn") or []):
        raise Unsupported(f"{name}: spec.dependsOn[].readyExpr is not supported yet (CEL expressions)")
    kind = str((spec.get("sourceRef") or {}).get("kind") or "")
    if kind != kinds.GIT_REPOSITORY.kind:
        raise Unsupported(f"{name}: spec.sourceRef.kind {kind} is not supported yet (sources other than Git)")


def refuse_deletion(obj: Object) -> None:
    """Raise Unsupported when what is managed cannot be deleted the way it was applied."""
    spec = obj.get("spec") or {}
    for field in ("kubeConfig", "serviceAccountName"):
        if spec.get(field):
            raise Unsupported(
                f"Kustomization {obj['metadata'].get('namespace')}/{obj['metadata']['name']}: what it manages is not "
                f"deleted, as spec.{field} is not supported yet ({_WAITING[field]})",
                fix="suspend it to let it go and keep what it manages",
            )


_WAITING: Final = {
    "decryption": "SOPS",
    "serviceAccountName": "impersonation",
    "kubeConfig": "remote clusters",
    "healthCheckExprs": "CEL expressions",
}


def source_of(obj: Object) -> graph.Node:
    """The source that the spec refers to."""
    reference = obj["spec"]["sourceRef"]
    namespace = reference.get("namespace") or obj["metadata"].get("namespace") or ""
    return graph.Node(str(reference["kind"]), str(namespace), str(reference["name"]))


def artifact_of(source: Object | None) -> Mapping[str, Any] | None:
    """`status.artifact` of a source, or None."""
    artifact = ((source or {}).get("status") or {}).get("artifact")
    return artifact if isinstance(artifact, Mapping) else None


def cross_namespace(obj: Object) -> Blocked | None:
    """With --no-cross-namespace-refs a source has to be in the object's own namespace (flux.md 1.7)."""
    node = source_of(obj)
    if node.namespace == str(obj["metadata"].get("namespace") or ""):
        return None
    text = f"can't access '{node}', cross-namespace references have been blocked"
    return Blocked(ACCESS_DENIED, text, None, event=text, stalled=True)


def source_missing(obj: Object, source: Object | None, requeue: float) -> Blocked | None:
    """The source has to be there and to have an artifact (flux.md 4.1 step 3)."""
    if source is None:
        node = source_of(obj)
        group_kind = f"{node.kind}.{kinds.SOURCE_GROUP}"
        return Blocked(ARTIFACT_FAILED, f'{group_kind} "{node.name}" not found', intervals.retry_interval(obj))
    if artifact_of(source) is None:
        text = f"Source artifact not found, retrying in {duration.text(requeue)}"
        return Blocked(ARTIFACT_FAILED, text, requeue)
    return None


def dependency_missing(obj: Object, revision: str, kustomizations: Cache, requeue: float) -> Blocked | None:
    """The first dependency, in list order, that is not what the object waits for (flux.md 4.2)."""
    for node in graph.dependencies(obj):
        why = _why_not_ready(obj, node, revision, kustomizations.get)
        if why:
            text = f"Dependencies do not meet ready condition, retrying in {duration.text(requeue)}"
            return Blocked(DEPENDENCY_NOT_READY, why, requeue, event=text)
    return None


def _why_not_ready(obj: Object, node: graph.Node, revision: str, get: Callable[[str, str], Object | None]) -> str:
    named = f"dependency '{node.namespace}/{node.name}'"
    dependency = get(node.namespace, node.name)
    if dependency is None:
        return f'{named} not found: {kinds.KUSTOMIZATION.resource} "{node.name}" not found'
    status = dependency.get("status") or {}
    observed = status.get("observedGeneration") == dependency["metadata"].get("generation")
    if not observed or not conditions.is_ready(dependency):
        return f"{named} is not ready"
    if source_of(dependency) == source_of(obj) and status.get("lastAppliedRevision") != revision:
        return f"{named} revision is not up to date"
    return ""
