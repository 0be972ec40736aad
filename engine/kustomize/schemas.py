"""What kustomize knows of Kubernetes' own types: merge keys and scope.

kustomize 5.8 carries the OpenAPI of Kubernetes 1.21 whatever cluster it builds for, so these are
that release's facts and not the current ones: a list without a merge key here is replaced by a patch,
and a kind that is not cluster-scoped here gets a namespace. Only what matters to a merge is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Schema(NamedTuple):
    """A type as far as merging needs it.

    `merge_keys` of a list: None = a patch replaces it, () = a set of scalars, else the keys that identify an item.
    """

    properties: Mapping[str, Schema] = MappingProxyType({})
    items: Schema | None = None
    merge_keys: tuple[str, ...] | None = None

    def child(self, name: str) -> Schema:
        """The schema of a field; an empty one when nothing about it matters."""
        return self.properties.get(name, NOTHING)


NOTHING: Final = Schema()


def _object(**properties: Schema) -> Schema:
    return Schema(properties=properties)


def _by(*keys: str, items: Schema | None = None) -> Schema:
    return Schema(merge_keys=keys, items=items)


_SET: Final = _by()
_CONDITIONS: Final = _object(conditions=_by("type"))
_METADATA: Final = _object(finalizers=_SET, ownerReferences=_by("uid"))
_CONTAINER: Final = _object(
    env=_by("name"),
    ports=_by("containerPort", "protocol"),
    volumeDevices=_by("devicePath"),
    volumeMounts=_by("mountPath"),
)
_EPHEMERAL: Final = _object(env=_by("name"), volumeDevices=_by("devicePath"), volumeMounts=_by("mountPath"))
_CLAIM: Final = _object(metadata=_METADATA, status=_CONDITIONS)
_POD_SPEC: Final = _object(
    containers=_by("name", items=_CONTAINER),
    initContainers=_by("name", items=_CONTAINER),
    ephemeralContainers=_by("name", items=_EPHEMERAL),
    hostAliases=_by("ip"),
    imagePullSecrets=_by("name"),
    topologySpreadConstraints=_by("topologyKey", "whenUnsatisfiable"),
    volumes=_by("name", items=_object(ephemeral=_object(volumeClaimTemplate=_object(metadata=_METADATA)))),
)
_POD_TEMPLATE: Final = _object(metadata=_METADATA, spec=_POD_SPEC)
_WORKLOAD: Final = _object(metadata=_METADATA, spec=_object(template=_POD_TEMPLATE), status=_CONDITIONS)
_JOB_TEMPLATE: Final = _object(metadata=_METADATA, spec=_object(template=_POD_TEMPLATE))
_CRON_JOB: Final = _object(metadata=_METADATA, spec=_object(jobTemplate=_JOB_TEMPLATE))
_WITH_CONDITIONS: Final = _object(metadata=_METADATA, status=_CONDITIONS)
_WEBHOOKS: Final = _object(metadata=_METADATA, webhooks=_by("name"))
_PLAIN: Final = _object(metadata=_METADATA)

#: Kinds that have nothing to merge by but their metadata.
_PLAIN_KINDS: Final = (
    ("", "v1", "Binding ConfigMap Endpoints Event LimitRange PersistentVolume ResourceQuota Secret"),
    ("apiextensions.k8s.io", "v1 v1beta1", "CustomResourceDefinition"),
    ("apps", "v1", "ControllerRevision"),
    ("autoscaling", "v1 v2beta1 v2beta2", "HorizontalPodAutoscaler"),
    ("certificates.k8s.io", "v1 v1beta1", "CertificateSigningRequest"),
    ("coordination.k8s.io", "v1 v1beta1", "Lease"),
    ("discovery.k8s.io", "v1 v1beta1", "EndpointSlice"),
    ("events.k8s.io", "v1 v1beta1", "Event"),
    ("extensions", "v1beta1", "Ingress"),
    ("flowcontrol.apiserver.k8s.io", "v1beta1", "FlowSchema PriorityLevelConfiguration"),
    ("networking.k8s.io", "v1 v1beta1", "Ingress IngressClass"),
    ("networking.k8s.io", "v1", "NetworkPolicy"),
    ("node.k8s.io", "v1 v1beta1", "RuntimeClass"),
    ("policy", "v1beta1", "Eviction PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", "v1 v1beta1", "ClusterRole ClusterRoleBinding Role RoleBinding"),
    ("scheduling.k8s.io", "v1 v1beta1", "PriorityClass"),
    ("storage.k8s.io", "v1 v1beta1", "CSIDriver StorageClass VolumeAttachment"),
    ("storage.k8s.io", "v1beta1", "CSIStorageCapacity"),
)


def _rows(table: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """(apiVersion, kind) of every row: group, versions, kinds."""
    for group, versions, kinds in table:
        for version in versions.split():
            for kind in kinds.split():
                yield (f"{group}/{version}" if group else version), kind


_TYPES: Final[dict[tuple[str, str], Schema]] = {
    **dict.fromkeys(_rows(_PLAIN_KINDS), _PLAIN),
    ("apps/v1", "DaemonSet"): _WORKLOAD,
    ("apps/v1", "Deployment"): _WORKLOAD,
    ("apps/v1", "ReplicaSet"): _WORKLOAD,
    ("apps/v1", "StatefulSet"): _object(
        metadata=_METADATA,
        spec=_object(template=_POD_TEMPLATE, volumeClaimTemplates=Schema(items=_CLAIM)),
        status=_CONDITIONS,
    ),
    ("batch/v1", "Job"): _WORKLOAD,
    ("batch/v1", "CronJob"): _CRON_JOB,
    ("batch/v1beta1", "CronJob"): _CRON_JOB,
    ("v1", "ComponentStatus"): _object(metadata=_METADATA, conditions=_by("type")),
    ("v1", "Namespace"): _WITH_CONDITIONS,
    ("v1", "Node"): _object(
        metadata=_METADATA,
        spec=_object(podCIDRs=_SET),
        status=_object(addresses=_by("type"), conditions=_by("type")),
    ),
    ("v1", "PersistentVolumeClaim"): _CLAIM,
    ("v1", "Pod"): _object(
        metadata=_METADATA, spec=_POD_SPEC, status=_object(conditions=_by("type"), podIPs=_by("ip"))
    ),
    ("v1", "PodTemplate"): _object(metadata=_METADATA, template=_POD_TEMPLATE),
    ("v1", "ReplicationController"): _WORKLOAD,
    ("v1", "Service"): _object(metadata=_METADATA, spec=_object(ports=_by("port", "protocol")), status=_CONDITIONS),
    ("v1", "ServiceAccount"): _object(metadata=_METADATA, secrets=_by("name")),
    ("storage.k8s.io/v1", "CSINode"): _object(metadata=_METADATA, spec=_object(drivers=_by("name"))),
    ("storage.k8s.io/v1beta1", "CSINode"): _object(metadata=_METADATA, spec=_object(drivers=_by("name"))),
    ("apiregistration.k8s.io/v1", "APIService"): _WITH_CONDITIONS,
    ("apiregistration.k8s.io/v1beta1", "APIService"): _WITH_CONDITIONS,
    ("policy/v1", "PodDisruptionBudget"): _WITH_CONDITIONS,
    ("policy/v1beta1", "PodDisruptionBudget"): _WITH_CONDITIONS,
    **{
        (f"admissionregistration.k8s.io/{version}", f"{kind}WebhookConfiguration"): _WEBHOOKS
        for version in ("v1", "v1beta1")
        for kind in ("Mutating", "Validating")
    },
}

_CLUSTER_SCOPED: Final = frozenset(
    _rows(
        (
            ("", "v1", "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume"),
            (
                "admissionregistration.k8s.io",
                "v1 v1beta1",
                "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
            ),
            ("apiextensions.k8s.io", "v1 v1beta1", "CustomResourceDefinition"),
            ("apiregistration.k8s.io", "v1 v1beta1", "APIService"),
            ("certificates.k8s.io", "v1 v1beta1", "CertificateSigningRequest"),
            ("flowcontrol.apiserver.k8s.io", "v1beta1", "FlowSchema PriorityLevelConfiguration"),
            ("networking.k8s.io", "v1 v1beta1", "IngressClass"),
            ("node.k8s.io", "v1 v1beta1", "RuntimeClass"),
            ("policy", "v1beta1", "PodSecurityPolicy"),
            ("rbac.authorization.k8s.io", "v1 v1beta1", "ClusterRole ClusterRoleBinding"),
            ("scheduling.k8s.io", "v1 v1beta1", "PriorityClass"),
            ("storage.k8s.io", "v1 v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment"),
        )
    )
)


#: Namespaced types whose scope kustomize knows without reading the schema.
_NAMESPACED: Final = frozenset(
    _rows(
        (
            ("", "v1", "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate"),
            ("", "v1", "ReplicationController ResourceQuota Secret Service ServiceAccount"),
            ("apps", "v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
            ("autoscaling", "v1 v2beta1 v2beta2", "HorizontalPodAutoscaler"),
            ("batch", "v1", "Job"),
            ("batch", "v1 v1beta1", "CronJob"),
            ("coordination.k8s.io", "v1 v1beta1", "Lease"),
            ("discovery.k8s.io", "v1 v1beta1", "EndpointSlice"),
            ("events.k8s.io", "v1 v1beta1", "Event"),
            ("extensions", "v1beta1", "Ingress"),
            ("networking.k8s.io", "v1", "NetworkPolicy"),
            ("networking.k8s.io", "v1 v1beta1", "Ingress"),
            ("policy", "v1 v1beta1", "PodDisruptionBudget"),
            ("rbac.authorization.k8s.io", "v1 v1beta1", "Role RoleBinding"),
            ("storage.k8s.io", "v1beta1", "CSIStorageCapacity"),
        )
    )
)


#: Parts of the built-in types by the names that other schemas refer to them with.
BUILT_IN_PARTS: Final = {
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": _METADATA,
    **{
        f"io.k8s.api.core.v1.{name}": schema
        for name, schema in (
            ("Container", _CONTAINER),
            ("EphemeralContainer", _EPHEMERAL),
            ("PersistentVolumeClaim", _CLAIM),
            ("PodSpec", _POD_SPEC),
            ("PodTemplateSpec", _POD_TEMPLATE),
            ("ServiceSpec", _object(ports=_by("port", "protocol"))),
        )
    },
}


#: Looks up the merge schema of a type; None for a type that is not known.
SchemaFor = Callable[[str, str], Schema | None]


def schema_for(api_version: str, kind: str) -> Schema | None:
    """The merge schema of a built-in type, or None."""
    return _TYPES.get((api_version, kind))


def has_known_scope(api_version: str, kind: str) -> bool:
    """Whether kustomize knows the type's scope by heart."""
    return (api_version, kind) in _NAMESPACED or (api_version, kind) in _CLUSTER_SCOPED


def is_cluster_scoped(api_version: str, kind: str) -> bool:
    """Whether the type is certainly cluster-scoped; unknown ones count as namespaced."""
    return (api_version, kind) in _CLUSTER_SCOPED
