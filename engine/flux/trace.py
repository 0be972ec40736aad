"""From a managed object up to its source: owner labels, and owner references in between (flux.md B.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.flux import graph, kinds
from engine.flux.graph import Node

Object = Mapping[str, Any]
Lookup = Callable[[Node], Object | None]

_OWNERS = ((kinds.KUSTOMIZE_GROUP, "Kustomization"), (kinds.HELM_GROUP, "HelmRelease"))
_LIMIT = 32


def owner_labels(group: str, namespace: str, name: str) -> dict[str, str]:
    """The two labels that an applier of this group puts on what it manages."""
    return {f"{group}/name": name, f"{group}/namespace": namespace}


def owner(obj: Object) -> Node | None:
    """The Kustomization or HelmRelease that manages an object, by its labels."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    for group, kind in _OWNERS:
        name, namespace = labels.get(f"{group}/name"), labels.get(f"{group}/namespace")
        if name and namespace:
            return Node(kind, str(namespace), str(name))
    return None


def managing(obj: Object, lookup: Callable[[Mapping[str, Any], str], Object | None]) -> Node | None:
    """The applier of an object, or of one of its owners; `lookup(ownerReference, namespace)` finds those."""
    todo, seen = [obj], 0
    while todo and seen < _LIMIT:
        current, seen = todo.pop(0), seen + 1
        found = owner(current)
        if found:
            return found
        metadata = current.get("metadata") or {}
        for reference in metadata.get("ownerReferences") or []:
            above = lookup(reference, str(metadata.get("namespace") or ""))
            if above is not None:
                todo.append(above)
    return None


def up(start: Object, lookup: Lookup) -> list[tuple[Node, Object | None]]:
    """The steps above a Flux object: appliers above it, and the source each of them reads; None = not found.

    First the object's own source, then its owner with that one's source, and so on to the root.
    """
    steps: list[tuple[Node, Object | None]] = []
    seen = {graph.node_of(start)}
    current: Object | None = start
    while current is not None and len(steps) < _LIMIT:
        above = owner(current)
        following = None
        for node in (*graph.sources(current), *((above,) if above else ())):
            # A Kustomization may manage itself (a bootstrap does): each node is visited once.
            if node in seen:
                continue
            seen.add(node)
            found = lookup(node)
            steps.append((node, found))
            if node == above:
                following = found
        current = following
    return steps
