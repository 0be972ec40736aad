"""Small questions about managed objects: labels, annotations, switches, owner labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.flux.kinds import KUSTOMIZE_GROUP

Object = Mapping[str, Any]

SSA: Final = f"{KUSTOMIZE_GROUP}/ssa"
RECONCILE: Final = f"{KUSTOMIZE_GROUP}/reconcile"
PRUNE: Final = f"{KUSTOMIZE_GROUP}/prune"
FORCE: Final = f"{KUSTOMIZE_GROUP}/force"


def metadata(obj: Object) -> Mapping[str, Any]:
    """`metadata`, {} when there is none."""
    value = obj.get("metadata")
    return value if isinstance(value, Mapping) else {}


def labels_of(obj: Object) -> Mapping[str, Any]:
    """`metadata.labels`, {} when there are none."""
    value = metadata(obj).get("labels")
    return value if isinstance(value, Mapping) else {}


def annotations_of(obj: Object) -> Mapping[str, Any]:
    """`metadata.annotations`, {} when there are none."""
    value = metadata(obj).get("annotations")
    return value if isinstance(value, Mapping) else {}


def switched(obj: Object | None, key: str, value: str) -> bool:
    """Whether a label or annotation has this value, whatever its case (flux.md 1.2)."""
    if obj is None:
        return False
    return any(str(where.get(key) or "").lower() == value.lower() for where in (labels_of(obj), annotations_of(obj)))


def excluded(obj: Object | None) -> str:
    """The switch that keeps an object from being applied (`reconcile: disabled`, `ssa: Ignore`), or ""."""
    if switched(obj, RECONCILE, "disabled"):
        return "reconcile: disabled"
    if switched(obj, SSA, "Ignore"):
        return "ssa: Ignore"
    return ""


def unprunable(obj: Object) -> bool:
    """Whether a live object is never deleted."""
    return switched(obj, PRUNE, "disabled") or bool(excluded(obj))


def merges(*objects: Object | None) -> bool:
    """Whether other managers keep their fields (`ssa: Merge` in the manifest or the live object)."""
    return any(switched(obj, SSA, "Merge") for obj in objects)


def owner_labels(name: str, namespace: str) -> dict[str, str]:
    """The labels that say which Kustomization manages an object."""
    return {f"{KUSTOMIZE_GROUP}/name": name, f"{KUSTOMIZE_GROUP}/namespace": namespace}


def owned_by(obj: Object, owner: Mapping[str, str]) -> bool:
    """Whether the object carries these owner labels."""
    found = labels_of(obj)
    return all(found.get(key) == value for key, value in owner.items())
