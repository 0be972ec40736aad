"""Validation of the built-in kinds, one table entry each: what is missing, wrong, or may not change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.embedded.builtin import validate_core as core
from engine.embedded.builtin import validate_pods as pods
from engine.embedded.builtin import validate_workloads as workloads
from engine.embedded.schema.fielderrors import FieldError

Judge = Callable[[dict[str, Any], dict[str, Any] | None, list[FieldError]], None]

#: By API group and kind: every version is judged alike.
TABLE: Mapping[tuple[str, str], Judge] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): workloads.job,
    ("batch", "CronJob"): workloads.cron_job,
    ("", "Pod"): pods.pod,
    ("", "Service"): core.service,
    ("", "ConfigMap"): core.config_map,
    ("", "Secret"): core.secret,
    ("", "PersistentVolumeClaim"): core.claim,
    ("storage.k8s.io", "StorageClass"): core.storage_class,
    ("networking.k8s.io", "Ingress"): core.ingress,
    ("autoscaling", "HorizontalPodAutoscaler"): core.autoscaler,
    ("policy", "PodDisruptionBudget"): core.disruption_budget,
    ("rbac.authorization.k8s.io", "RoleBinding"): core.role_binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): core.role_binding,
    ("rbac.authorization.k8s.io", "Role"): core.role,
    ("rbac.authorization.k8s.io", "ClusterRole"): core.role,
}


def validate(new: dict[str, Any], old: dict[str, Any] | None) -> list[FieldError]:
    """What is wrong with a completed built-in object, and with its change from `old` (None on create)."""
    errors: list[FieldError] = []
    judge = TABLE.get((str(new.get("apiVersion") or "").rpartition("/")[0], str(new.get("kind"))))
    if judge is not None:
        judge(new, old, errors)
    return errors
