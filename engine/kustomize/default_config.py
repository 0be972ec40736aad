"""Which fields each transformer works on unless a kustomization says more (engines.md B3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from engine.kustomize.config import EMPTY, Specs, TransformerConfig, sorted_references, sorted_specs
from engine.kustomize.fieldspec import FieldSpec
from engine.kustomize.ids import Gvk


@cache
def default_config() -> TransformerConfig:
    """What kustomize starts from."""
    claims = FieldSpec("spec/volumeClaimTemplates[]/metadata/labels", Gvk("apps", "", "StatefulSet"), create=True)
    template_labels = (*_templates("labels", "apps"), claims)
    return TransformerConfig(
        name_prefix=(FieldSpec("metadata/name"),),
        name_suffix=(FieldSpec("metadata/name"),),
        namespace=sorted_specs(_namespace_specs()),
        common_labels=sorted_specs((*_selector_specs(), *template_labels)),
        template_labels=sorted_specs(template_labels),
        common_annotations=sorted_specs(_templates("annotations", "")),
        name_reference=sorted_references(_name_references()),
        var_reference=sorted_specs(dict.fromkeys(_var_specs())),
        images=tuple(
            FieldSpec(f"{parent}/{path}", create=True)
            for parent in ("spec", "spec/template/spec")
            for path in ("containers[]/image", "initContainers[]/image", "volumes[]/image/reference")
        ),
        replicas=sorted_specs(
            FieldSpec("spec/replicas", Gvk(kind=kind), create=True)
            for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
        ),
    )


def merged(config: TransformerConfig, other: TransformerConfig) -> TransformerConfig:
    """Both; the defaults merged into nothing are themselves.

    Not so for other configurations: merging drops the specs of one that others in it cover.
    """
    return other if config is EMPTY and other is default_config() else config.merged(other)


def _namespace_specs() -> Iterator[FieldSpec]:
    yield FieldSpec("metadata/name", Gvk(kind="Namespace"), create=True)
    yield FieldSpec("spec/service/namespace", Gvk("apiregistration.k8s.io", "", "APIService"), create=True)
    yield FieldSpec(
        "spec/conversion/webhook/clientConfig/service/namespace",
        Gvk("apiextensions.k8s.io", "", "CustomResourceDefinition"),
    )


def _templates(field: str, stateful_group: str) -> Iterator[FieldSpec]:
    """metadata/<field> of every object and of the pod templates inside workloads."""
    yield FieldSpec(f"metadata/{field}", create=True)
    template = f"spec/template/metadata/{field}"
    yield FieldSpec(template, Gvk("", "v1", "ReplicationController"), create=True)
    for kind in ("Deployment", "ReplicaSet", "DaemonSet"):
        yield FieldSpec(template, Gvk(kind=kind), create=True)
    yield FieldSpec(template, Gvk(stateful_group, "", "StatefulSet"), create=True)
    yield FieldSpec(template, Gvk("batch", "", "Job"), create=True)
    for path in (f"spec/jobTemplate/metadata/{field}", f"spec/jobTemplate/spec/template/metadata/{field}"):
        yield FieldSpec(path, Gvk("batch", "", "CronJob"), create=True)


def _selector_specs() -> Iterator[FieldSpec]:
    yield FieldSpec("spec/selector", Gvk("", "v1", "Service"), create=True)
    yield FieldSpec("spec/selector", Gvk("", "v1", "ReplicationController"), create=True)
    labels = "spec/selector/matchLabels"
    for group, kind in (("", "Deployment"), ("", "ReplicaSet"), ("", "DaemonSet"), ("apps", "StatefulSet")):
        yield FieldSpec(labels, Gvk(group, "", kind), create=True)
    pod = "spec/template/spec"
    required = "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels"
    preferred = "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels"
    for kind in ("Deployment", "StatefulSet"):
        for affinity in ("podAffinity", "podAntiAffinity"):
            for term in (preferred, required):
                yield FieldSpec(f"{pod}/affinity/{affinity}/{term}", Gvk("apps", "", kind))
        yield FieldSpec(f"{pod}/topologySpreadConstraints/labelSelector/matchLabels", Gvk("apps", "", kind))
    yield FieldSpec(labels, Gvk("batch", "", "Job"))
    yield FieldSpec("spec/jobTemplate/spec/selector/matchLabels", Gvk("batch", "", "CronJob"))
    yield FieldSpec(labels, Gvk("policy", "", "PodDisruptionBudget"))
    for path in ("spec/podSelector", "spec/ingress/from/podSelector", "spec/egress/to/podSelector"):
        yield FieldSpec(f"{path}/matchLabels", Gvk("networking.k8s.io", "", "NetworkPolicy"))


#: Where the pod spec of each kind is.
_POD_SPECS: Final = (
    (Gvk("", "v1", "Pod"), "spec"),
    (Gvk(kind="PodTemplate"), "template/spec"),
    *((Gvk(kind=kind), "spec/template/spec")
      for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job")),
    (Gvk(kind="CronJob"), "spec/jobTemplate/spec/template/spec"),
)  # fmt: skip
#: The same for the references that kustomize lists for other kinds.
_OTHER_POD_SPECS: Final = (
    (Gvk(kind="Pod"), "spec"),
    *((Gvk(kind=kind), "spec/template/spec")
      for kind in ("StatefulSet", "Deployment", "ReplicationController", "Job", "DaemonSet")),
    (Gvk(kind="CronJob"), "spec/jobTemplate/spec/template/spec"),
)  # fmt: skip


def _in_pods(pods: Iterable[tuple[Gvk, str]], *paths: str) -> Specs:
    return tuple(FieldSpec(f"{parent}/{path}", gvk) for gvk, parent in pods for path in paths)


def _at(*places: tuple[str, str] | tuple[str, str, str] | tuple[str, str, str, str]) -> Specs:
    """(path, kind[, group[, version]]) rows."""
    return tuple(
        FieldSpec(row[0], Gvk(row[2] if len(row) > 2 else "", row[3] if len(row) > 3 else "", row[1])) for row in places
    )


_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"


def _name_references() -> dict[Gvk, Specs]:
    scale = _at(("spec/scaleTargetRef/name", "HorizontalPodAutoscaler"))
    references = {
        Gvk(kind=kind): scale for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
    }
    references[Gvk("", "v1", "ConfigMap")] = (
        *_in_pods(
            _POD_SPECS,
            "volumes/configMap/name",
            "containers/env/valueFrom/configMapKeyRef/name",
            "initContainers/env/valueFrom/configMapKeyRef/name",
            "containers/envFrom/configMapRef/name",
            "initContainers/envFrom/configMapRef/name",
            "volumes/projected/sources/configMap/name",
        ),
        *_at(
            ("spec/configSource/configMap", "Node"),
            ("rules/resourceNames", "Role"),
            ("rules/resourceNames", "ClusterRole"),
            (r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap", "Ingress"),
        ),
    )
    references[Gvk("", "v1", "Secret")] = (
        *_in_pods(
            _POD_SPECS,
            "volumes/secret/secretName",
            "containers/env/valueFrom/secretKeyRef/name",
            "initContainers/env/valueFrom/secretKeyRef/name",
            "containers/envFrom/secretRef/name",
            "initContainers/envFrom/secretRef/name",
            "imagePullSecrets/name",
            "volumes/projected/sources/secret/name",
        ),
        *_at(
            ("spec/tls/secretName", "Ingress"),
            (r"metadata/annotations/ingress.kubernetes.io\/auth-secret", "Ingress"),
            (r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret", "Ingress"),
            (r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret", "Ingress"),
            ("imagePullSecrets/name", "ServiceAccount"),
            ("parameters/secretName", "StorageClass"),
            ("parameters/adminSecretName", "StorageClass"),
            ("parameters/userSecretName", "StorageClass"),
            ("parameters/secretRef", "StorageClass"),
            ("rules/resourceNames", "Role"),
            ("rules/resourceNames", "ClusterRole"),
            ("spec/template/spec/containers/env/valueFrom/secretKeyRef/name", "Service", "serving.knative.dev", "v1"),
            ("spec/azureFile/secretName", "PersistentVolume"),
        ),
    )
    references[Gvk("", "v1", "Service")] = _at(
        ("spec/serviceName", "StatefulSet", "apps"),
        ("spec/rules/http/paths/backend/serviceName", "Ingress"),
        ("spec/backend/serviceName", "Ingress"),
        ("spec/rules/http/paths/backend/service/name", "Ingress"),
        ("spec/defaultBackend/service/name", "Ingress"),
        ("spec/service/name", "APIService", "apiregistration.k8s.io"),
        ("webhooks/clientConfig/service", "ValidatingWebhookConfiguration", _ADMISSION),
        ("webhooks/clientConfig/service", "MutatingWebhookConfiguration", _ADMISSION),
    )
    references[Gvk(_RBAC, "", "Role")] = _at(("roleRef/name", "RoleBinding", _RBAC))
    references[Gvk(_RBAC, "", "ClusterRole")] = _at(
        ("roleRef/name", "RoleBinding", _RBAC), ("roleRef/name", "ClusterRoleBinding", _RBAC)
    )
    references[Gvk("", "v1", "ServiceAccount")] = (
        *_at(("subjects", "RoleBinding", _RBAC), ("subjects", "ClusterRoleBinding", _RBAC)),
        *_in_pods(_OTHER_POD_SPECS, "serviceAccountName"),
    )
    references[Gvk("", "v1", "PersistentVolumeClaim")] = _in_pods(
        _OTHER_POD_SPECS, "volumes/persistentVolumeClaim/claimName"
    )
    references[Gvk("", "v1", "PersistentVolume")] = _at(
        ("spec/volumeName", "PersistentVolumeClaim"), ("rules/resourceNames", "ClusterRole")
    )
    references[Gvk("storage.k8s.io", "v1", "StorageClass")] = _at(
        ("spec/storageClassName", "PersistentVolume"),
        ("spec/storageClassName", "PersistentVolumeClaim"),
        ("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
    )
    references[Gvk("scheduling.k8s.io", "v1", "PriorityClass")] = _in_pods(_OTHER_POD_SPECS, "priorityClassName")
    # The group with a version in it is kustomize's: the rule never matches, and neither does it here.
    references[Gvk("networking.k8s.io/v1", "v1", "IngressClass")] = _at(("spec/ingressClassName", "Ingress"))
    references[Gvk(_ADMISSION, "", "ValidatingAdmissionPolicy")] = _at(
        ("spec/policyName", "ValidatingAdmissionPolicyBinding", _ADMISSION)
    )
    return references


def _var_specs() -> Iterator[FieldSpec]:
    in_container = ("args", "command", "env/value", "volumeMounts/mountPath")
    for gvk, parent in (*_POD_SPECS, *_OTHER_POD_SPECS):
        if gvk.kind in ("PodTemplate", "ReplicationController"):
            continue
        selector = Gvk(kind=gvk.kind)
        for containers in ("containers", "initContainers"):
            for field in in_container:
                yield FieldSpec(f"{parent}/{containers}/{field}", selector)
        if gvk.kind == "CronJob":
            yield FieldSpec("spec/jobTemplate/spec/template/volumes/nfs/server", selector)
        elif gvk.kind != "StatefulSet":
            yield FieldSpec(f"{parent}/volumes/nfs/server", selector)
    yield from _at(
        ("spec/template/metadata/annotations", "Deployment"),
        ("spec/rules/host", "Ingress"),
        ("spec/tls/hosts", "Ingress"),
        ("spec/tls/secretName", "Ingress"),
        ("spec/ports/port", "Service"),
        ("spec/ports/targetPort", "Service"),
        ("spec/volumeClaimTemplates/spec/nfs/server", "StatefulSet"),
        ("spec/nfs/server", "PersistentVolume"),
        ("metadata/labels", ""),
        ("metadata/annotations", ""),
    )
