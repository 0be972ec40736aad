"""The order in which kinds are installed and removed."""

from __future__ import annotations

from typing import Final

INSTALL: Final = (
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume",
    "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
    "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod",
    "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
    "IngressClass", "Ingress", "APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
)  # fmt: skip

UNINSTALL: Final = (
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "Ingress", "IngressClass",
    "Service", "CronJob", "Job", "StatefulSet", "HorizontalPodAutoscaler", "Deployment", "ReplicaSet",
    "ReplicationController", "Pod", "DaemonSet", "RoleBindingList", "RoleBinding", "RoleList", "Role",
    "ClusterRoleBindingList", "ClusterRoleBinding", "ClusterRoleList", "ClusterRole", "CustomResourceDefinition",
    "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "SecretList", "Secret",
    "ServiceAccount", "PodDisruptionBudget", "PodSecurityPolicy", "LimitRange", "ResourceQuota", "NetworkPolicy",
    "Namespace", "PriorityClass",
)  # fmt: skip

_INSTALL: Final = {kind: place for place, kind in enumerate(INSTALL)}
_UNINSTALL: Final = {kind: place for place, kind in enumerate(UNINSTALL)}


def install_order(kind: str) -> tuple[int, str]:
    """A sort key: known kinds in their order, unknown ones after them by name."""
    return _key(_INSTALL, kind)


def uninstall_order(kind: str) -> tuple[int, str]:
    """A sort key for removal."""
    return _key(_UNINSTALL, kind)


def _key(places: dict[str, int], kind: str) -> tuple[int, str]:
    place = places.get(kind)
    return (len(places), kind) if place is None else (place, "")
