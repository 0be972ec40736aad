"""What a Service is given on creation and keeps: a cluster IP, and node ports where its type has them."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from engine.embedded.schema.fielderrors import FieldError, invalid
from engine.errors import LimitExceeded

Object = dict[str, Any]
Candidate = TypeVar("Candidate", str, int)

NODE_PORTS = range(30000, 32768)
_PORTED = ("NodePort", "LoadBalancer")
_KEPT = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")


class ServiceAllocator:
    """Hands out addresses and ports, each to one service; `adopt` what is stored, `release` what is deleted.

    The choice follows from the service's uid, so that the same services get the same addresses on every run.
    """

    def __init__(self, network: str = "10.96.0.0/16") -> None:
        self._network = ipaddress.ip_network(network)
        self._addresses: dict[str, str] = {}
        self._ports: dict[int, str] = {}

    def adopt(self, service: Object) -> None:
        """Note what a stored service has."""
        owner = _uid(service)
        for address in (service.get("spec") or {}).get("clusterIPs") or ():
            if address != "None":
                self._addresses[address] = owner
        for port in (service.get("spec") or {}).get("ports") or ():
            if port.get("nodePort"):
                self._ports[port["nodePort"]] = owner

    def release(self, service: Object) -> None:
        """Give back what a service had."""
        owner = _uid(service)
        self._addresses = {address: held for address, held in self._addresses.items() if held != owner}
        self._ports = {port: held for port, held in self._ports.items() if held != owner}

    def allocate(self, service: Object, old: Object | None = None) -> list[FieldError]:
        """Complete spec in place: what `old` had is kept, what is asked for is taken if it is free.

        Nothing is noted: call `adopt` when the service is stored.
        """
        spec = service.setdefault("spec", {})
        if old is not None:
            _keep(spec, old.get("spec") or {})
        if spec.get("type") == "ExternalName":
            return []
        errors = self._allocate_address(spec, _uid(service))
        if spec.get("type") in _PORTED and spec.get("allocateLoadBalancerNodePorts") is not False:
            errors += self._allocate_ports(spec, _uid(service))
        return errors

    def _allocate_address(self, spec: Object, owner: str) -> list[FieldError]:
        asked = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
        if asked and asked != "None" and self._addresses.get(asked, owner) != owner:
            detail = f"failed to allocate IP {asked}: provided IP is already allocated"
            return [invalid("spec.clusterIPs", [asked], detail)]
        size = self._network.num_addresses - 2
        candidates = (str(self._network[1 + (_start(owner) + step) % size]) for step in range(size))
        spec["clusterIP"] = asked or _first_free(candidates, self._addresses, "cluster IP")
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        return []

    def _allocate_ports(self, spec: Object, owner: str) -> list[FieldError]:
        errors: list[FieldError] = []
        taken = {port: held for port, held in self._ports.items() if held != owner}
        for index, port in enumerate(spec.get("ports") or ()):
            asked = port.get("nodePort")
            path = f"spec.ports[{index}].nodePort"
            if asked and asked in taken:
                errors.append(invalid(path, asked, "provided port is already allocated"))
            elif asked and asked not in NODE_PORTS:
                valid = f"The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
                detail = f"provided port is not in the valid range. {valid}"
                errors.append(invalid(path, asked, detail))
            elif not asked:
                start = _start(f"{owner}/{index}")
                candidates = (NODE_PORTS[(start + step) % len(NODE_PORTS)] for step in range(len(NODE_PORTS)))
                port["nodePort"] = _first_free(candidates, taken, "node port")
            taken[port.get("nodePort", 0)] = owner
        return errors


def _uid(service: Object) -> str:
    return str((service.get("metadata") or {}).get("uid") or "")


def _start(owner: str) -> int:
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big")


def _keep(spec: Object, before: Object) -> None:
    """What an update leaves out and the server had given stays."""
    if spec.get("type") == "ExternalName":
        return
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    for field in _KEPT:
        if before.get(field) and not spec.get(field):
            spec[field] = before[field]
    if spec.get("type") in _PORTED:
        given = {(port.get("port"), port.get("protocol")): port.get("nodePort") for port in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            known = given.get((port.get("port"), port.get("protocol")))
            if known and not port.get("nodePort"):
                port["nodePort"] = known


def _first_free(candidates: Iterable[Candidate], taken: Mapping[Candidate, str], what: str) -> Candidate:
    for candidate in candidates:
        if candidate not in taken:
            return candidate
    raise LimitExceeded(f"no free {what} is left", fix="delete a service")
