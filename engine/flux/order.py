"""The order in which objects are applied, and in reverse deleted (flux.md 4.7), and their stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, TypeVar

from engine.flux.inventory import Entry, ObjectRef, ref_of

_FIRST = (
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_RANK = {kind: rank for rank, kind in enumerate(_FIRST)} | {
    kind: len(_FIRST) + 1 + rank for rank, kind in enumerate(_LAST)
}
_DEFINITIONS = frozenset({"CustomResourceDefinition", "Namespace", "ClusterRole"})

Key = tuple[int, str, str, str, str]
O = TypeVar("O", bound=Mapping[str, Any])  # noqa: E741


class Stage(IntEnum):
    """Stages are applied one after the other; the first two are waited for until Current."""

    DEFINITIONS = 0
    CLASSES = 1
    CUSTOM = 2
    RESOURCES = 3

    @property
    def waits(self) -> bool:
        """Whether the next stage needs this one to be Current."""
        return self in (Stage.DEFINITIONS, Stage.CLASSES)


def key(ref: ObjectRef) -> Key:
    """Sort key: rank of the kind, then group, kind, namespace, name."""
    return (_RANK.get(ref.kind, len(_FIRST)), ref.group, ref.kind, ref.namespace, ref.name)


def in_order(objects: Iterable[O]) -> list[O]:
    """Objects in the order in which they are applied."""
    return sorted(objects, key=lambda obj: key(ref_of(obj)))


def for_deletion(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in the order in which they are deleted."""
    return sorted(entries, key=lambda entry: key(entry.ref), reverse=True)


def stage_of(ref: ObjectRef, custom: frozenset[tuple[str, str]] = frozenset()) -> Stage:
    """The stage of an object; `custom` are the (group, kind)s of --custom-apply-stage-kinds."""
    if ref.kind in _DEFINITIONS:
        return Stage.DEFINITIONS
    if ref.kind.endswith("Class"):
        return Stage.CLASSES
    if (ref.group, ref.kind) in custom:
        return Stage.CUSTOM
    return Stage.RESOURCES


def stages(objects: Iterable[O], custom: frozenset[tuple[str, str]] = frozenset()) -> list[tuple[Stage, list[O]]]:
    """The non-empty stages in order, each sorted."""
    found: dict[Stage, list[O]] = {}
    for obj in in_order(objects):
        found.setdefault(stage_of(ref_of(obj), custom), []).append(obj)
    return sorted(found.items())
