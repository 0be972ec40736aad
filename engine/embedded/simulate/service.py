"""Services: an EndpointSlice of the pods they select, and an address for those that ask for a load balancer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.embedded.facade import Change
from engine.embedded.simulate.cluster import Cluster, Key, Object
from engine.embedded.simulate.loop import Route, Simulator, Stopwatch, itself
from engine.embedded.simulate.objects import is_active, is_deleting, is_ready, owner_reference, spread

_SERVICE_NAME = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice-controller.k8s.io"
#: How long a cloud takes to hand out an address.
BALANCER_SECONDS = (0.5, 1.5)
_MAX_ENDPOINTS = 1000


class Services(Simulator):
    """v1 Service."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._watch = Stopwatch(cluster.clock)

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Services, and the pods that they select."""
        return {("v1", "Service"): itself, ("v1", "Pod"): self._selecting}

    def _selecting(self, change: Change) -> Iterable[Key]:
        """The services whose selector the pod meets, or met."""
        if change.old is not None and _seen(change.object) == _seen(change.old):
            return ()
        namespace = change.object["metadata"]["namespace"]
        labels = change.object["metadata"].get("labels") or {}
        before = ((change.old or {}).get("metadata") or {}).get("labels") or {}
        return [
            (namespace, service["metadata"]["name"])
            for service in self.cluster.api.list("v1", "Service", namespace)
            if (selector := service["spec"].get("selector"))
            and (selector.items() <= labels.items() or selector.items() <= before.items())
        ]

    def reconcile(self, key: Key) -> float | None:
        """Write the slice, and the address when its time has come."""
        service = self.cluster.api.get("v1", "Service", *key)
        if service is None or is_deleting(service):
            self._watch.forget(key)
            return None
        if service["spec"].get("selector"):
            self._write_slice(service)
        return self._balance(service)

    def _write_slice(self, service: Object) -> None:
        metadata, api = service["metadata"], self.cluster.api
        namespace, name = metadata["namespace"], metadata["name"]
        pods = [
            pod
            for pod in api.list("v1", "Pod", namespace, labels=service["spec"]["selector"])
            if is_active(pod) and (pod.get("status") or {}).get("podIP")
        ][:_MAX_ENDPOINTS]
        wanted: Object = {"endpoints": [_endpoint(pod) for pod in pods], "ports": _ports(service, pods)}
        labels = {_SERVICE_NAME: name, "endpointslice.kubernetes.io/managed-by": _MANAGED_BY}
        found = api.list("discovery.k8s.io/v1", "EndpointSlice", namespace, labels=labels)
        if not found:
            body = {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "generateName": f"{name[:57]}-",
                    "namespace": namespace,
                    "labels": {**(metadata.get("labels") or {}), **labels},
                    "ownerReferences": [owner_reference(service)],
                },
                "addressType": "IPv4",
                **wanted,
            }
            api.create(body)
        elif any(found[0].get(field) != wanted[field] for field in wanted):
            api.patch("discovery.k8s.io/v1", "EndpointSlice", namespace, found[0]["metadata"]["name"], wanted)

    def _balance(self, service: Object) -> float | None:
        given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
        metadata, wanted = service["metadata"], service["spec"].get("type") == "LoadBalancer"
        if wanted and not given:
            elapsed = self._watch.elapsed((metadata["namespace"], metadata["name"]), metadata["uid"])
            if (left := round(spread(metadata["uid"], *BALANCER_SECONDS) - elapsed, 6)) > 0:
                return left
            address = service["spec"].get("loadBalancerIP") or _external(str(service["spec"].get("clusterIP")))
            ingress: list[Object] | None = [{"ip": address, "ipMode": "VIP"}]
        elif given and not wanted:
            ingress = None
        else:
            return None
        status = {"loadBalancer": {"ingress": ingress}}
        self.cluster.api.patch_status("v1", "Service", metadata["namespace"], metadata["name"], status)
        return None


def _seen(pod: Object) -> tuple[object, ...]:
    """What of a pod a service sees."""
    status = pod.get("status") or {}
    return pod["metadata"].get("labels"), status.get("podIP"), is_ready(pod), is_active(pod)


def _endpoint(pod: Object) -> Object:
    ready, metadata = is_ready(pod), pod["metadata"]
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }


def _ports(service: Object, pods: list[Object]) -> list[Object]:
    """The service's ports as numbers: a named target is looked up in the pods."""
    ports = []
    for port in service["spec"].get("ports") or ():
        number = _number(port.get("targetPort", port["port"]), pods)
        if number is not None:
            ports.append({"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")})
    return ports


def _number(target: object, pods: list[Object]) -> int | None:
    if isinstance(target, int):
        return target
    for pod in pods:
        for container in pod["spec"]["containers"]:
            for port in container.get("ports") or ():
                if port.get("name") == target:
                    return int(port["containerPort"])
    return None


def _external(cluster_ip: str) -> str:
    """An address outside the cluster that nobody routes (198.18.0.0/16), one to one with the cluster IP."""
    parts = cluster_ip.split(".")
    return f"198.18.{parts[2]}.{parts[3]}" if len(parts) == 4 else "198.18.0.1"
