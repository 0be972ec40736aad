"""What a pod's spec becomes when it is stored, alone or as a template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.embedded.builtin.fill import Fill
from engine.embedded.builtin.quantity import canonical

_HTTP_GET = Fill({"path": "/", "scheme": "HTTP"})
_PROBE = Fill(
    {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
    within={"httpGet": _HTTP_GET, "grpc": Fill({"service": ""})},
)
_HANDLER = Fill(within={"httpGet": _HTTP_GET})
_FIELD_REF = Fill({"apiVersion": "v1"})
_RESOURCE_REF = Fill({"divisor": "0"})
_ENV = Fill(within={"valueFrom": Fill(within={"fieldRef": _FIELD_REF, "resourceFieldRef": _RESOURCE_REF})})


def _pull_policy(container: dict[str, Any]) -> None:
    """Always for a moving tag (latest, or none), IfNotPresent otherwise."""
    if not container.get("imagePullPolicy"):
        image = str(container.get("image") or "")
        tag = image.rpartition("/")[2].partition("@")
        moving = not tag[1] and tag[0].partition(":")[2] in ("", "latest")
        container["imagePullPolicy"] = "Always" if moving else "IfNotPresent"


CONTAINER = Fill(
    {"resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"},
    steps=(_pull_policy,),
    each={"ports": Fill({"protocol": "TCP"}), "env": _ENV},
    within={
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
        "lifecycle": Fill(within={"postStart": _HANDLER, "preStop": _HANDLER}),
    },
)

_DOWNWARD = Fill(within={"fieldRef": _FIELD_REF, "resourceFieldRef": _RESOURCE_REF})
_MODE = {"defaultMode": 420}
_PROJECTION = Fill(
    within={
        "serviceAccountToken": Fill({"expirationSeconds": 3600}),
        "downwardAPI": Fill(each={"items": _DOWNWARD}),
    }
)


def _volume_source(volume: dict[str, Any]) -> None:
    """A volume that names no source is an emptyDir."""
    if len(volume) == 1 and "name" in volume:
        volume["emptyDir"] = {}


VOLUME = Fill(
    steps=(_volume_source,),
    within={
        "secret": Fill(_MODE),
        "configMap": Fill(_MODE),
        "downwardAPI": Fill(_MODE, each={"items": _DOWNWARD}),
        "projected": Fill(_MODE, each={"sources": _PROJECTION}),
        "hostPath": Fill({"type": ""}),
        "iscsi": Fill({"iscsiInterface": "default"}),
        "rbd": Fill({"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"}),
        "azureDisk": Fill({"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False}),
        "scaleIO": Fill({"storageMode": "ThinProvisioned", "fsType": "xfs"}),
        "ephemeral": Fill(within={"volumeClaimTemplate": Fill(within={"spec": Fill({"volumeMode": "Filesystem"})})}),
    },
)


def _service_account(spec: dict[str, Any]) -> None:
    """The old name of the field and the new one say the same."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def _host_ports(spec: dict[str, Any]) -> None:
    """On the host's network a container's port is the host's port."""
    if spec.get("hostNetwork"):
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            for port in container.get("ports") or ():
                port.setdefault("hostPort", port.get("containerPort"))


POD_SPEC = Fill(
    {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    },
    steps=(_service_account, _host_ports),
    each={"containers": CONTAINER, "initContainers": CONTAINER, "ephemeralContainers": CONTAINER, "volumes": VOLUME},
)

POD_TEMPLATE = Fill(made={"metadata": Fill(), "spec": POD_SPEC})


def _requests(pod: dict[str, Any]) -> None:
    """In a pod of its own (not in a template) a limit without a request is also the request."""
    spec = pod.get("spec") or {}
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        limits = resources.get("limits") or {}
        if limits:
            resources["requests"] = {**limits, **(resources.get("requests") or {})}


def _toleration(key: str) -> dict[str, Any]:
    return {
        "key": f"node.kubernetes.io/{key}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }


_TOLERATED = ("not-ready", "unreachable")
POD = Fill(
    steps=(_requests,),
    made={"spec": replace(POD_SPEC, values={**POD_SPEC.values, "enableServiceLinks": True}), "status": Fill()},
)


def admit_pod(pod: dict[str, Any]) -> None:
    """What admission and the pod's own strategy add on create: tolerations, priority, phase, QoS class."""
    spec = pod.setdefault("spec", {})
    tolerations = spec.setdefault("tolerations", [])
    for key in _TOLERATED:
        wanted = _toleration(key)
        if not any(_tolerates(entry, wanted["key"]) for entry in tolerations):
            tolerations.append(wanted)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}


def _tolerates(entry: dict[str, Any], key: str) -> bool:
    return entry.get("key") in (key, None, "") and entry.get("effect") in ("NoExecute", None, "")


_COUNTED = ("cpu", "memory")


def qos_class(spec: dict[str, Any]) -> str:
    """Guaranteed when every cpu and memory request equals its limit, BestEffort when there are none, else Burstable."""
    guaranteed, any_resource = True, False
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in _COUNTED:
            limit = limits.get(name)
            request = requests.get(name, limit)
            any_resource = any_resource or request is not None
            guaranteed = guaranteed and limit is not None and canonical(str(request)) == canonical(str(limit))
    if not any_resource:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
