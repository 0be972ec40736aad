"""Defaults of the built-in kinds, one table entry each.

They are those of the API server's own code (the schemas have none), including the empty `status` and `metadata` that
its types print. Call `default` after `normalize` and after a create dropped the status that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.embedded.builtin.fill import Fill
from engine.embedded.builtin.pods import POD, POD_TEMPLATE

_STATUS = {"status": Fill()}
_LOAD_BALANCED = {"status": Fill(made={"loadBalancer": Fill()})}


def _rolling(defaults: Mapping[str, Any]) -> Fill:
    """A strategy that is RollingUpdate unless it says otherwise; only then it has parameters."""

    def parameters(strategy: dict[str, Any]) -> None:
        if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            for name, value in defaults.items():
                rolling.setdefault(name, value)

    return Fill(steps=(parameters,))


DEPLOYMENT = Fill(
    made={
        "spec": Fill(
            {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
            made={"template": POD_TEMPLATE, "strategy": _rolling({"maxUnavailable": "25%", "maxSurge": "25%"})},
        ),
        **_STATUS,
    },
)

REPLICA_SET = Fill(
    made={
        "spec": Fill({"replicas": 1}, made={"template": POD_TEMPLATE}),
        "status": Fill({"replicas": 0}),
    },
)

PVC_SPEC = Fill({"volumeMode": "Filesystem"}, made={"resources": Fill()})
PVC = Fill(made={"spec": PVC_SPEC, "status": Fill({"phase": "Pending"})})
_CLAIM_TEMPLATE = Fill({"apiVersion": "v1", "kind": "PersistentVolumeClaim"}, made={"metadata": Fill(), **PVC.made})

STATEFUL_SET = Fill(
    made={
        "spec": Fill(
            {"replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10},
            made={
                "template": POD_TEMPLATE,
                "updateStrategy": _rolling({"partition": 0}),
                "persistentVolumeClaimRetentionPolicy": Fill({"whenDeleted": "Retain", "whenScaled": "Retain"}),
            },
            each={"volumeClaimTemplates": _CLAIM_TEMPLATE},
        ),
        "status": Fill({"replicas": 0, "availableReplicas": 0}),
    },
)

_DS_COUNTS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
DAEMON_SET = Fill(
    made={
        "metadata": Fill(made={"annotations": Fill({"deprecated.daemonset.template.generation": "1"})}),
        "spec": Fill(
            {"revisionHistoryLimit": 10},
            made={"template": POD_TEMPLATE, "updateStrategy": _rolling({"maxUnavailable": 1, "maxSurge": 0})},
        ),
        "status": Fill(dict.fromkeys(_DS_COUNTS, 0)),
    },
)


def _completions(spec: dict[str, Any]) -> None:
    """One completion, one at a time, unless the job is a work queue (parallelism alone)."""
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)


_JOB_SPEC = Fill(
    {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    },
    made={"template": POD_TEMPLATE},
    steps=(_completions,),
)
JOB = Fill(made={"spec": _JOB_SPEC, **_STATUS})
CRON_JOB = Fill(
    made={
        "spec": Fill(
            {
                "concurrencyPolicy": "Allow",
                "suspend": False,
                "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 1,
            },
            # A job's own defaults come when the job is made, those of its pods are stored already.
            made={
                "jobTemplate": Fill(made={"metadata": Fill(), "spec": Fill(made={"template": POD_TEMPLATE})}),
            },
        ),
        **_STATUS,
    },
)


def _target_port(port: dict[str, Any]) -> None:
    if port.get("targetPort") in (None, 0, "") and port.get("port") is not None:
        port["targetPort"] = port["port"]


_EXTERNAL = ("NodePort", "LoadBalancer")


def _service_policies(spec: dict[str, Any]) -> None:
    """What only some types have; an ExternalName service has no traffic policy."""
    kind = spec.get("type") or "ClusterIP"
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind in _EXTERNAL:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec.get("sessionAffinity") == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})


SERVICE = Fill(
    made={
        "spec": Fill(
            {"type": "ClusterIP", "sessionAffinity": "None"},
            steps=(_service_policies,),
            each={"ports": Fill({"protocol": "TCP"}, steps=(_target_port,))},
        ),
        **_LOAD_BALANCED,
    },
)

_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
HPA_V2 = Fill(
    made={
        "spec": Fill({"minReplicas": 1, "metrics": [_CPU]}),
        "status": Fill({"desiredReplicas": 0, "currentMetrics": None}),
    },
)
HPA_V1 = Fill(
    made={
        "spec": Fill({"minReplicas": 1, "targetCPUUtilizationPercentage": 80}),
        "status": Fill({"currentReplicas": 0, "desiredReplicas": 0}),
    }
)
_PDB_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def _policy_types(spec: dict[str, Any]) -> None:
    """Ingress always, Egress where there are egress rules."""
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]


_POLICY_RULE = Fill(each={"ports": Fill({"protocol": "TCP"})})
NETWORK_POLICY = Fill(
    made={
        "spec": Fill(
            made={"podSelector": Fill()},
            steps=(_policy_types,),
            each={"ingress": _POLICY_RULE, "egress": _POLICY_RULE},
        )
    }
)

RBAC_GROUP = "rbac.authorization.k8s.io"


def _subject_group(subject: dict[str, Any]) -> None:
    if subject.get("kind") in ("User", "Group"):
        subject.setdefault("apiGroup", RBAC_GROUP)


_BINDING = Fill(within={"roleRef": Fill({"apiGroup": RBAC_GROUP})}, each={"subjects": Fill(steps=(_subject_group,))})

_WEBHOOK = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}
_WEBHOOK_FILLS = {
    "each": {"rules": Fill({"scope": "*"})},
    "within": {"clientConfig": Fill(within={"service": Fill({"port": 443})})},
}


def _name_label(namespace: dict[str, Any]) -> None:
    """Every namespace carries its own name as a label."""
    metadata = namespace.get("metadata") or {}
    if metadata.get("name"):
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


NAMESPACE = Fill(steps=(_name_label,))
STORAGE_CLASS = Fill({"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})
PERSISTENT_VOLUME = Fill(
    made={
        "spec": Fill({"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"}),
        "status": Fill({"phase": "Pending"}),
    }
)
_ENDPOINT_PORTS = Fill(each={"ports": Fill({"protocol": "TCP"})})
ENDPOINT_SLICE = Fill(each={"ports": Fill({"name": "", "protocol": "TCP"})})

#: By apiVersion and kind.
TABLE: Mapping[tuple[str, str], Fill] = {
    ("apps/v1", "Deployment"): DEPLOYMENT,
    ("apps/v1", "ReplicaSet"): REPLICA_SET,
    ("apps/v1", "StatefulSet"): STATEFUL_SET,
    ("apps/v1", "DaemonSet"): DAEMON_SET,
    ("batch/v1", "Job"): JOB,
    ("batch/v1", "CronJob"): CRON_JOB,
    ("v1", "Pod"): POD,
    ("v1", "PodTemplate"): Fill(made={"template": POD_TEMPLATE}),
    ("v1", "ReplicationController"): REPLICA_SET,
    ("v1", "Service"): SERVICE,
    ("v1", "Endpoints"): Fill(each={"subsets": _ENDPOINT_PORTS}),
    ("discovery.k8s.io/v1", "EndpointSlice"): ENDPOINT_SLICE,
    ("v1", "Secret"): Fill({"type": "Opaque"}),
    ("v1", "Namespace"): NAMESPACE,
    ("v1", "PersistentVolumeClaim"): PVC,
    ("v1", "PersistentVolume"): PERSISTENT_VOLUME,
    ("storage.k8s.io/v1", "StorageClass"): STORAGE_CLASS,
    ("networking.k8s.io/v1", "Ingress"): Fill(made=_LOAD_BALANCED),
    ("networking.k8s.io/v1", "NetworkPolicy"): NETWORK_POLICY,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): HPA_V2,
    ("autoscaling/v1", "HorizontalPodAutoscaler"): HPA_V1,
    ("policy/v1", "PodDisruptionBudget"): Fill(made={"status": Fill(dict.fromkeys(_PDB_COUNTS, 0))}),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): _BINDING,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): _BINDING,
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"): Fill(
        each={"webhooks": Fill(_WEBHOOK, each=_WEBHOOK_FILLS["each"], within=_WEBHOOK_FILLS["within"])}
    ),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"): Fill(
        each={
            "webhooks": Fill(
                {**_WEBHOOK, "reinvocationPolicy": "Never"},
                each=_WEBHOOK_FILLS["each"],
                within=_WEBHOOK_FILLS["within"],
            )
        }
    ),
}


def default(obj: dict[str, Any]) -> None:
    """Complete a built-in object in place; a kind without defaults is left as it is."""
    fill = TABLE.get((str(obj.get("apiVersion")), str(obj.get("kind"))))
    if fill is not None:
        fill.complete(obj)
