"""IAMPolicyGenerator: a service account that is bound to one of Google Cloud's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.files import Files
from engine.kustomize.resource import Resource


def iam_policy(config: Mapping[str, Any], files: Files) -> list[Resource]:
    """The ServiceAccount with the annotation that GKE reads."""
    cloud = config.get("cloud", "")
    if cloud != "gke":
        raise BuildError(f"cloud provider {cloud} not supported yet", path=files.root, field="cloud")
    service, account = config.get("kubernetesService", {}), config.get("serviceAccount", {})
    address = f"{account.get('name', '')}@{account.get('projectId', '')}.iam.gserviceaccount.com"
    metadata = {"name": service.get("name", ""), "annotations": {"iam.gke.io/gcp-service-account": address}}
    if service.get("namespace"):
        metadata["namespace"] = service["namespace"]
    return [Resource({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})]
