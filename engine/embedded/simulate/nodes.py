"""The nodes that pods are bound to: there from the start, ready, and never spoken of again."""

from __future__ import annotations

from engine.embedded.simulate.cluster import Cluster

NODES = ("node-1", "node-2")
VERSION = "v1.36.0"

_CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "250", "ephemeral-storage": "100Gi"}


def create_nodes(cluster: Cluster) -> None:
    """Make the nodes that are missing, each with a status as its kubelet would report it."""
    for name in NODES:
        if cluster.api.get("v1", "Node", "", name) is not None:
            continue
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        cluster.kubelet.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
        now = cluster.now()
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        info = {"kubeletVersion": VERSION, "operatingSystem": "linux", "architecture": "amd64"}
        info |= dict.fromkeys(
            ("machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion"), "simulated"
        )
        status = {
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "conditions": [ready],
            "addresses": [{"type": "Hostname", "address": name}],
            "nodeInfo": {**info, "kubeProxyVersion": ""},
        }
        cluster.kubelet.patch_status("v1", "Node", "", name, status)
