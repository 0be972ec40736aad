"""Who waits for whom: dependencies, what blocks them, and what consumes a source (console: "blocks 4", `u`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.flux import kinds

T = TypeVar("T", bound=Hashable)
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A Flux object in the graph."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


def node_of(obj: Object) -> Node:
    """The node of an object."""
    metadata = obj.get("metadata") or {}
    return Node(str(obj.get("kind") or ""), str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))


def dependencies(obj: Object) -> list[Node]:
    """`spec.dependsOn` of a Kustomization or HelmRelease: same kind, own namespace unless named, in list order."""
    me = node_of(obj)
    return [
        Node(me.kind, str(item.get("namespace") or me.namespace), str(item.get("name") or ""))
        for item in (obj.get("spec") or {}).get("dependsOn") or []
        if isinstance(item, Mapping)
    ]


def sources(obj: Object) -> list[Node]:
    """The sources that an object consumes, in both directions that matter: reading, and pushing to."""
    entry = kinds.of(obj)
    reader = _READERS.get(entry.kind) if entry else None
    if reader is None:
        return []
    me, spec = node_of(obj), obj.get("spec") or {}
    return [node for ref, kind in reader(spec) if (node := _resolve(ref, kind, me)) is not None]


def consumers(source: Node, objects: Iterable[Object]) -> list[Object]:
    """Objects that consume the source: Kustomizations, HelmReleases, HelmCharts, image automations, includers."""
    return [obj for obj in objects if source in sources(obj)]


def cycle(edges: Mapping[T, Iterable[T]], *starts: T) -> list[T]:
    """The path of a cycle that can be reached from `starts` (first node repeated at the end), or []."""
    path: list[T] = []
    on_path: set[T] = set()
    done: set[T] = set()
    stack: list[Iterator[T]] = [iter(starts)]
    while stack:
        node = next((item for item in stack[-1] if item not in done), None)
        if node is None:
            stack.pop()
            if path:
                finished = path.pop()
                on_path.discard(finished)
                done.add(finished)
            continue
        if node in on_path:
            return [*path[path.index(node) :], node]
        path.append(node)
        on_path.add(node)
        stack.append(iter(edges.get(node, ())))
    return []


def in_dependency_order(batch: Collection[T], edges: Mapping[T, Iterable[T]]) -> list[T]:
    """Every node after its dependencies; raises ValueError that shows the cycle, if there is one.

    Direct dependencies outside the batch come along, in front, as Flux enqueues them (flux.md 1.11).
    """
    wanted = dict.fromkeys(node for member in batch for node in (*edges.get(member, ()), member))
    members = frozenset(batch)
    inside = {node: [dep for dep in edges.get(node, ()) if dep in members] for node in members}
    found = cycle(inside, *batch)
    if found:
        raise ValueError("circular dependency detected: " + " -> ".join(map(str, found)))
    placed: dict[T, None] = {}
    for node in wanted:
        _place(node, edges, members, placed)
    return list(placed)


# --- source references by kind ----------------------------------------------------------------------------

_Ref = tuple[Any, str]


def _source_ref(spec: Mapping[str, Any]) -> list[_Ref]:
    return [(spec.get("sourceRef"), "")]


def _helm_release(spec: Mapping[str, Any]) -> list[_Ref]:
    chart = ((spec.get("chart") or {}).get("spec") or {}).get("sourceRef")
    return [(spec.get("chartRef"), ""), (chart, "")]


def _git_repository(spec: Mapping[str, Any]) -> list[_Ref]:
    return [(include.get("repository"), "GitRepository") for include in spec.get("include") or []]


def _image_policy(spec: Mapping[str, Any]) -> list[_Ref]:
    return [(spec.get("imageRepositoryRef"), "ImageRepository")]


def _artifact_generator(spec: Mapping[str, Any]) -> list[_Ref]:
    return [(source, "") for source in spec.get("sources") or []]


_READERS: Mapping[str, Callable[[Mapping[str, Any]], list[_Ref]]] = {
    "Kustomization": _source_ref,
    "HelmRelease": _helm_release,
    "HelmChart": _source_ref,
    "GitRepository": _git_repository,
    "ImagePolicy": _image_policy,
    "ImageUpdateAutomation": _source_ref,
    "ArtifactGenerator": _artifact_generator,
}


def _resolve(ref: object, kind: str, me: Node) -> Node | None:
    if not isinstance(ref, Mapping) or not ref.get("name"):
        return None
    return Node(str(ref.get("kind") or kind), str(ref.get("namespace") or me.namespace), str(ref["name"]))


def _place(first: T, edges: Mapping[T, Iterable[T]], members: Collection[T], placed: dict[T, None]) -> None:
    """Put a node behind its dependencies, without recursion."""
    stack: list[tuple[T, bool]] = [(first, False)]
    while stack:
        node, expanded = stack.pop()
        if node in placed:
            continue
        if expanded or node not in members:
            placed[node] = None
            continue
        stack.append((node, True))
        stack.extend((dep, False) for dep in reversed(list(edges.get(node, ()))) if dep not in placed)
