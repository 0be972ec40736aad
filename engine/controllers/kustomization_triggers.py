"""What wakes a Kustomization besides its own changes: sources, dependencies, labelled ConfigMaps and Secrets (4.1)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from engine.controllers import kustomization_checks as checks
from engine.controllers.base import Request
from engine.controllers.cluster import Cache
from engine.flux import conditions, graph
from engine.flux.graph import Node
from engine.kube.types import Object

log = logging.getLogger(__name__)

Enqueue = Callable[[Request], None]


class Triggers:
    """Enqueues Kustomizations when something that they depend on changes."""

    def __init__(self, kustomizations: Cache, enqueue: Enqueue) -> None:
        self._kustomizations = kustomizations
        self._enqueue = enqueue
        self._endings: list[Callable[[], None]] = [kustomizations.subscribe(self._dependency_changed)]

    def watch_source(self, cache: Cache) -> None:
        """Follow the revisions of sources."""
        self._endings.append(cache.subscribe(self._source_changed))

    def watch_config(self, kind: str, cache: Cache) -> None:
        """Follow ConfigMaps or Secrets that carry the watch label."""
        self._endings.append(cache.subscribe(lambda _change, old, new: self._config_changed(kind, old, new)))

    def close(self) -> None:
        """Follow nothing any more."""
        for end in self._endings:
            end()
        self._endings.clear()

    def _source_changed(self, _change: str, old: Object | None, new: Object | None) -> None:
        source = new or old
        before, after = _revision(old), _revision(new)
        if source is None or before == after or (not before and not after):
            return
        node = graph.node_of(source)
        self._batch(obj for obj in self._users_of(node) if not _has_seen(obj, after or before))

    def _config_changed(self, kind: str, old: Object | None, new: Object | None) -> None:
        source = new or old
        if source is None:
            return
        metadata = source["metadata"]
        wanted = (kind, str(metadata.get("namespace") or ""), str(metadata["name"]))
        self._batch(obj for obj in self._kustomizations.objects() if wanted in _config_of(obj))

    def _dependency_changed(self, _change: str, old: Object | None, new: Object | None) -> None:
        """A dependency that became ready, or applied another revision, wakes those that wait for it."""
        if new is None or not conditions.is_ready(new) or (old is not None and _applied(old) == _applied(new)):
            return
        node = graph.node_of(new)
        for obj in self._kustomizations.objects():
            waits = conditions.reason(obj, conditions.READY) == checks.DEPENDENCY_NOT_READY
            if waits and node in graph.dependencies(obj):
                self._enqueue(Request.of(obj))

    def _users_of(self, source: Node) -> Iterable[Object]:
        return [obj for obj in self._kustomizations.objects() if source in graph.sources(obj)]

    def _batch(self, objects: Iterable[Object]) -> None:
        """Enqueue in dependency order; a batch with a cycle is dropped, as Flux drops it."""
        nodes = [graph.node_of(obj) for obj in objects]
        if not nodes:
            return
        edges = {graph.node_of(obj): graph.dependencies(obj) for obj in self._kustomizations.objects()}
        try:
            ordered = graph.in_dependency_order(nodes, edges)
        except ValueError as error:
            log.warning("a batch of %d Kustomizations waits for its interval: %s", len(nodes), error)
            return
        for node in ordered:
            if self._kustomizations.get(node.namespace, node.name) is not None:
                self._enqueue(Request(node.namespace, node.name))


def _revision(source: Object | None) -> str:
    return str((checks.artifact_of(source) or {}).get("revision") or "")


def _has_seen(obj: Object, revision: str) -> bool:
    """Ready, or working on a retry, with this very revision: it needs no wake-up."""
    settled = conditions.is_ready(obj) or conditions.is_true(obj, conditions.RECONCILING)
    return settled and (obj.get("status") or {}).get("lastAttemptedRevision") == revision


def _applied(obj: Object) -> tuple[bool, object, bool]:
    """What dependents look at: readiness, the applied revision, and whether the generation was observed."""
    status = obj.get("status") or {}
    observed = status.get("observedGeneration") == obj["metadata"].get("generation")
    return conditions.is_ready(obj), status.get("lastAppliedRevision"), observed


def _config_of(obj: Object) -> set[tuple[str, str, str]]:
    """(kind, namespace, name) of every ConfigMap and Secret that the spec reads."""
    spec, namespace = obj.get("spec") or {}, str(obj["metadata"].get("namespace") or "")
    found = {
        (str(item.get("kind")), namespace, str(item.get("name")))
        for item in (spec.get("postBuild") or {}).get("substituteFrom") or []
    }
    references: Iterable[tuple[str, Mapping[str, str] | None]] = (
        ("Secret", (spec.get("decryption") or {}).get("secretRef")),
        ("Secret", (spec.get("kubeConfig") or {}).get("secretRef")),
        ("ConfigMap", (spec.get("kubeConfig") or {}).get("configMapRef")),
    )
    return found | {(kind, namespace, str(ref.get("name"))) for kind, ref in references if ref}
