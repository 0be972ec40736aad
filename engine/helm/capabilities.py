"""`.Capabilities`: what the cluster can do, or Helm 4.2's own assumption when there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Self

from engine.errors import Malformed

#: What client-go 0.36 knows, in its order, and the two of CustomResourceDefinitions.
API_VERSIONS: Final = (
    "v1", "admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1", "internal.apiserver.k8s.io/v1alpha1", "apps/v1", "apps/v1beta1",
    "apps/v1beta2", "authentication.k8s.io/v1", "authentication.k8s.io/v1alpha1", "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1", "authorization.k8s.io/v1beta1", "autoscaling/v1", "autoscaling/v2", "batch/v1",
    "batch/v1beta1", "certificates.k8s.io/v1", "certificates.k8s.io/v1beta1", "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2", "coordination.k8s.io/v1beta1", "coordination.k8s.io/v1", "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1", "events.k8s.io/v1", "events.k8s.io/v1beta1", "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1", "flowcontrol.apiserver.k8s.io/v1beta1", "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3", "networking.k8s.io/v1", "networking.k8s.io/v1beta1", "node.k8s.io/v1",
    "node.k8s.io/v1alpha1", "node.k8s.io/v1beta1", "policy/v1", "policy/v1beta1", "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1alpha1", "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2", "resource.k8s.io/v1beta1", "resource.k8s.io/v1alpha3", "scheduling.k8s.io/v1alpha2",
    "scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1", "storage.k8s.io/v1beta1", "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1", "storagemigration.k8s.io/v1beta1", "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
)  # fmt: skip

_VERSION: Final = re.compile(r"[\t\n\f\r ]*v?((?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,19})+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class KubeVersion:
    """A version of Kubernetes; `version` is the whole of it, `normalized` is without what a vendor appends."""

    version: str
    normalized: str
    major: str
    minor: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`1.30`, `v1.30.2`, `1.30.2-gke.1`: Malformed for anything else."""
        match = _VERSION.match(text)
        if match is None:
            raise Malformed(f"invalid kube version '{text}': it is no version", fix="write it as 1.30.2")
        numbers = [str(int(number)) for number in match.group(1).split(".")]
        full = text if text.startswith("v") else f"v{text}"
        return cls(full, "v" + ".".join(numbers), numbers[0], numbers[1])

    def __str__(self) -> str:
        return self.normalized


#: What Helm 4.2 assumes without a cluster.
DEFAULT_VERSION: Final = KubeVersion("v1.36.0", "v1.36.0", "1", "36")


@dataclass(frozen=True, slots=True)
class HelmVersion:
    """The Helm that templates believe to be rendered by."""

    version: str = "v4.2.3"
    git_commit: str = "43e8b7feece8beb0fcba47059ec9b522fd929a64"
    git_tree_state: str = "clean"
    go_version: str = "go1.26.5"
    kube_client_version: str = "v1.36"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Kubernetes' version and every API version (`apps/v1`) and kind (`apps/v1/Deployment`) that is served."""

    kube_version: KubeVersion = DEFAULT_VERSION
    api_versions: tuple[str, ...] = API_VERSIONS
    helm_version: HelmVersion = field(default_factory=HelmVersion)

    @classmethod
    def assumed(cls, kube_version: str = "", api_versions: Iterable[str] = ()) -> Self:
        """Helm's assumption without a cluster, with another version and further API versions; Malformed."""
        extended = cls(api_versions=(*API_VERSIONS, *api_versions))
        return replace(extended, kube_version=KubeVersion.parse(kube_version)) if kube_version else extended
