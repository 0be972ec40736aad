"""The cells of the common built-in kinds, as kubectl prints them: column name → value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.embedded.ages import age, duration
from engine.embedded.verbs.scale import selector_text

Object = Mapping[str, Any]
Cells = dict[str, Any]

NONE = "<none>"
UNSET = "<unset>"


def _spec(obj: Object) -> Any:
    return obj.get("spec") or {}


def _status(obj: Object) -> Any:
    return obj.get("status") or {}


def _containers(spec: Any) -> Cells:
    listed = spec.get("containers") or ()
    return {
        "Containers": ",".join(str(one.get("name")) for one in listed),
        "Images": ",".join(str(one.get("image")) for one in listed),
    }


def _template(obj: Object) -> Cells:
    spec = _spec(obj)
    template = (spec.get("template") or {}).get("spec") or {}
    selector = spec.get("selector")
    return {**_containers(template), "Selector": selector_text(selector) if selector else NONE}


def _config_map(obj: Object, _now: datetime) -> Cells:
    return {"Data": len(obj.get("data") or ()) + len(obj.get("binaryData") or ())}


def _secret(obj: Object, _now: datetime) -> Cells:
    return {"Type": obj.get("type") or "Opaque", "Data": len(obj.get("data") or ())}


def _namespace(obj: Object, _now: datetime) -> Cells:
    return {"Status": _status(obj).get("phase") or NONE}


def _deployment(obj: Object, _now: datetime) -> Cells:
    status = _status(obj)
    return {
        **_template(obj),
        "Ready": f"{status.get('readyReplicas', 0)}/{_spec(obj).get('replicas', 0)}",
        "Up-to-date": status.get("updatedReplicas", 0),
        "Available": status.get("availableReplicas", 0),
    }


def _replica_set(obj: Object, _now: datetime) -> Cells:
    status = _status(obj)
    return {
        **_template(obj),
        "Desired": _spec(obj).get("replicas", 0),
        "Current": status.get("replicas", 0),
        "Ready": status.get("readyReplicas", 0),
    }


def _daemon_set(obj: Object, _now: datetime) -> Cells:
    status = _status(obj)
    node_selector = ((_spec(obj).get("template") or {}).get("spec") or {}).get("nodeSelector")
    return {
        **_template(obj),
        "Desired": status.get("desiredNumberScheduled", 0),
        "Current": status.get("currentNumberScheduled", 0),
        "Ready": status.get("numberReady", 0),
        "Up-to-date": status.get("updatedNumberScheduled", 0),
        "Available": status.get("numberAvailable", 0),
        "Node Selector": selector_text(node_selector) if node_selector else NONE,
    }


def _pod(obj: Object, now: datetime) -> Cells:
    spec, status = _spec(obj), _status(obj)
    statuses = status.get("containerStatuses") or ()
    return {
        "Ready": f"{sum(bool(one.get('ready')) for one in statuses)}/{len(spec.get('containers') or ())}",
        "Status": _pod_status(obj, statuses),
        "Restarts": _restarts(statuses, now),
        "IP": status.get("podIP") or NONE,
        "Node": spec.get("nodeName") or NONE,
        "Nominated Node": status.get("nominatedNodeName") or NONE,
    }


def _restarts(statuses: Any, now: datetime) -> str:
    count = sum(int(one.get("restartCount") or 0) for one in statuses)
    ended = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in statuses]
    last = max((when for when in ended if when), default="")
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def _pod_status(obj: Object, statuses: Any) -> str:
    """What is wrong with the first container that has something wrong, else the phase."""
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    shown = str(_status(obj).get("reason") or _status(obj).get("phase") or "Unknown")
    for one in statuses:
        state = one.get("state") or {}
        reason = (state.get("waiting") or {}).get("reason") or (state.get("terminated") or {}).get("reason")
        if reason:
            shown = str(reason)
    return shown


def _job(obj: Object, now: datetime) -> Cells:
    status = _status(obj)
    done = {one.get("type") for one in status.get("conditions") or () if one.get("status") == "True"}
    shown = next((kind for kind in ("Complete", "Failed", "Suspended", "FailureTarget") if kind in done), "Running")
    if obj["metadata"].get("deletionTimestamp"):
        shown = "Terminating"
    wanted = _spec(obj).get("completions")
    started, ended = status.get("startTime"), status.get("completionTime")
    span = ""
    if started:
        until = datetime.fromisoformat(ended) if ended else now
        span = duration(int((until - datetime.fromisoformat(started)).total_seconds()))
    completions = f"{status.get('succeeded', 0)}/{wanted if wanted is not None else 1}"
    return {**_template(obj), "Status": shown, "Completions": completions, "Duration": span}


def _cron_job(obj: Object, now: datetime) -> Cells:
    spec, status = _spec(obj), _status(obj)
    template = (((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
    last = status.get("lastScheduleTime")
    return {
        **_containers(template),
        "Schedule": spec.get("schedule"),
        "Timezone": spec.get("timeZone") or NONE,
        "Suspend": bool(spec.get("suspend")),
        "Active": len(status.get("active") or ()),
        "Last Schedule": age(last, now) if last else NONE,
    }


def _service(obj: Object, _now: datetime) -> Cells:
    spec = _spec(obj)
    ports = [
        f"{port.get('port')}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in spec.get("ports") or ()
    ]
    return {
        "Type": spec.get("type"),
        "Cluster-IP": spec.get("clusterIP") or NONE,
        "External-IP": _external(obj),
        "Port(s)": ",".join(ports) or NONE,
        "Selector": selector_text(spec["selector"]) if spec.get("selector") else NONE,
    }


def _external(obj: Object) -> str:
    spec = _spec(obj)
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName") or NONE)
    given = [*(spec.get("externalIPs") or ()), *_load_balancer(obj)]
    return ",".join(given) or ("<pending>" if spec.get("type") == "LoadBalancer" else NONE)


def _load_balancer(obj: Object) -> list[str]:
    ingress = (_status(obj).get("loadBalancer") or {}).get("ingress") or ()
    return [str(one.get("ip") or one.get("hostname")) for one in ingress]


def _ingress(obj: Object, _now: datetime) -> Cells:
    spec = _spec(obj)
    hosts = [str(rule["host"]) for rule in spec.get("rules") or () if rule.get("host")]
    return {
        "Class": spec.get("ingressClassName") or NONE,
        "Hosts": ",".join(hosts) or "*",
        "Address": ",".join(_load_balancer(obj)),
        "Ports": "80, 443" if spec.get("tls") else "80",
    }


def _event(obj: Object, now: datetime) -> Cells:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    series = obj.get("series") or {}
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last = series.get("lastObservedTime") or obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    return {
        "Last Seen": age(last, now),
        "First Seen": age(first, now),
        "Type": obj.get("type") or "",
        "Reason": obj.get("reason") or "",
        "Object": f"{str(about.get('kind') or '').lower()}/{about.get('name') or ''}",
        "Subobject": about.get("fieldPath") or "",
        "Source": ", ".join(str(part) for part in (component, source.get("host")) if part),
        "Message": str(obj.get("message") or obj.get("note") or "").strip(),
        "Count": series.get("count") or obj.get("count") or obj.get("deprecatedCount") or 1,
    }


def _node(obj: Object, _now: datetime) -> Cells:
    status, labels = _status(obj), obj["metadata"].get("labels") or {}
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))
    ready: Object = next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), {})
    shown = {"True": "Ready", "False": "NotReady"}.get(str(ready.get("status")), "Unknown")
    addresses = {one.get("type"): one.get("address") for one in status.get("addresses") or ()}
    info = status.get("nodeInfo") or {}
    return {
        "Status": f"{shown},SchedulingDisabled" if _spec(obj).get("unschedulable") else shown,
        "Roles": ",".join(roles) or NONE,
        "Version": info.get("kubeletVersion") or "",
        "Internal-IP": addresses.get("InternalIP") or NONE,
        "External-IP": addresses.get("ExternalIP") or NONE,
        "OS-Image": info.get("osImage") or "<unknown>",
        "Kernel-Version": info.get("kernelVersion") or "<unknown>",
        "Container-Runtime": info.get("containerRuntimeVersion") or "<unknown>",
    }


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _claim(obj: Object, _now: datetime) -> Cells:
    spec, status = _spec(obj), _status(obj)
    bound = bool(spec.get("volumeName"))
    modes = status.get("accessModes") or spec.get("accessModes") or ()
    deleted = obj["metadata"].get("deletionTimestamp")
    return {
        "Status": "Terminating" if deleted else status.get("phase") or "",
        "Volume": spec.get("volumeName") or "",
        "Capacity": (status.get("capacity") or {}).get("storage", "") if bound else "",
        "Access Modes": ",".join(_MODES.get(mode, mode) for mode in modes) if bound else "",
        "StorageClass": spec.get("storageClassName") or "",
        "VolumeAttributesClass": spec.get("volumeAttributesClassName") or UNSET,
        "VolumeMode": spec.get("volumeMode") or UNSET,
    }


def _autoscaler(obj: Object, _now: datetime) -> Cells:
    spec = _spec(obj)
    target = spec.get("scaleTargetRef") or {}
    return {
        "Reference": f"{target.get('kind')}/{target.get('name')}",
        "Targets": "<unknown>" if spec.get("metrics") else NONE,
        "MinPods": str(spec.get("minReplicas") or UNSET),
        "MaxPods": spec.get("maxReplicas"),
        "Replicas": _status(obj).get("currentReplicas", 0),
    }


def _role_binding(obj: Object, _now: datetime) -> Cells:
    role, subjects = obj.get("roleRef") or {}, obj.get("subjects") or ()
    named = {kind: [one for one in subjects if one.get("kind") == kind] for kind in ("User", "Group", "ServiceAccount")}
    return {
        "Role": f"{role.get('kind')}/{role.get('name')}",
        "Users": ", ".join(one["name"] for one in named["User"]),
        "Groups": ", ".join(one["name"] for one in named["Group"]),
        "ServiceAccounts": ", ".join(f"{one.get('namespace', '')}/{one['name']}" for one in named["ServiceAccount"]),
    }


def _lease(obj: Object, _now: datetime) -> Cells:
    return {"Holder": _spec(obj).get("holderIdentity") or ""}


def _budget(obj: Object, _now: datetime) -> Cells:
    spec = _spec(obj)
    return {
        "Min Available": str(spec.get("minAvailable", "N/A")),
        "Max Unavailable": str(spec.get("maxUnavailable", "N/A")),
        "Allowed Disruptions": _status(obj).get("disruptionsAllowed", 0),
    }


def _network_policy(obj: Object, _now: datetime) -> Cells:
    return {"Pod-Selector": selector_text(_spec(obj).get("podSelector") or {}) or NONE}


def _slice(obj: Object, _now: datetime) -> Cells:
    addresses = [address for one in obj.get("endpoints") or () for address in one.get("addresses") or ()]
    ports = [str(port.get("port")) for port in obj.get("ports") or ()]
    return {
        "AddressType": obj.get("addressType"),
        "Ports": ",".join(ports) or UNSET,
        "Endpoints": _first_few(addresses) or UNSET,
    }


def _endpoints(obj: Object, _now: datetime) -> Cells:
    pairs = [
        f"{address.get('ip')}:{port.get('port')}"
        for subset in obj.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    ]
    return {"Endpoints": _first_few(pairs) or NONE}


def _first_few(items: Sequence[str]) -> str:
    more = len(items) - 3
    return ",".join(items[:3]) + (f" + {more} more..." if more > 0 else "")


def _webhooks(obj: Object, _now: datetime) -> Cells:
    return {"Webhooks": len(obj.get("webhooks") or ())}


def _storage_class(obj: Object, _now: datetime) -> Cells:
    default = (obj["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    return {
        "Name": f"{obj['metadata']['name']} (default)" if default else obj["metadata"]["name"],
        "Provisioner": obj.get("provisioner"),
        "ReclaimPolicy": obj.get("reclaimPolicy"),
        "VolumeBindingMode": obj.get("volumeBindingMode"),
        "AllowVolumeExpansion": "true" if obj.get("allowVolumeExpansion") else "false",
    }


PRINTERS: dict[str, Callable[[Object, datetime], Cells]] = {
    "configmaps": _config_map,
    "cronjobs.batch": _cron_job,
    "clusterrolebindings.rbac.authorization.k8s.io": _role_binding,
    "daemonsets.apps": _daemon_set,
    "deployments.apps": _deployment,
    "endpoints": _endpoints,
    "endpointslices.discovery.k8s.io": _slice,
    "events": _event,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "ingresses.networking.k8s.io": _ingress,
    "jobs.batch": _job,
    "leases.coordination.k8s.io": _lease,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _webhooks,
    "namespaces": _namespace,
    "networkpolicies.networking.k8s.io": _network_policy,
    "nodes": _node,
    "persistentvolumeclaims": _claim,
    "poddisruptionbudgets.policy": _budget,
    "pods": _pod,
    "replicasets.apps": _replica_set,
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
    "secrets": _secret,
    "services": _service,
    "statefulsets.apps": _deployment,
    "storageclasses.storage.k8s.io": _storage_class,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _webhooks,
}
