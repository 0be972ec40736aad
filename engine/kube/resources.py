"""The built-in resources that this engine speaks about by itself; everything else comes from discovery."""

from __future__ import annotations

from typing import Final

from engine.kube.types import ResourceType

CONFIG_MAPS: Final = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)
SECRETS: Final = ResourceType("", "v1", "Secret", "secrets", namespaced=True)
PODS: Final = ResourceType("", "v1", "Pod", "pods", namespaced=True)
SERVICES: Final = ResourceType("", "v1", "Service", "services", namespaced=True)
EVENTS: Final = ResourceType("", "v1", "Event", "events", namespaced=True)
DEPLOYMENTS: Final = ResourceType("apps", "v1", "Deployment", "deployments", namespaced=True)
LEASES: Final = ResourceType("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)
CRDS: Final = ResourceType(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
