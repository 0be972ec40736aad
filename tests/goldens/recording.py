"""A recorded scenario: its steps, what was seen after each, and how both sides are made comparable."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

_TMP = re.compile(r"(?:<TMP>|/tmp)/kustomization-(?:<RANDOM>|[0-9]+)/?")
_DURATION = re.compile(r"(finished in|passed in|failed after) [0-9][0-9a-zµ.]*")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STORAGE = re.compile(r"http://[^/\s]+(?:/[A-Za-z0-9_-]{20,})?/(?=gitrepository/)")
_LEFT_OUT_MANAGERS = ("kube-controller-manager", "kubelet", "fake-kubelet")
_LEFT_OUT_METADATA = ("deletionTimestamp", "uid", "resourceVersion", "creationTimestamp", "selfLink")


class Recording:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan: dict[str, Any] = yaml.safe_load((folder / "scenario.yaml").read_text())
        self.name = str(self.plan["name"])
        self.namespaces = [str(name) for name in self.plan.get("namespaces") or [self.name]]
        self.steps: list[dict[str, Any]] = self.plan["steps"]
        self.retries = bool(self.plan.get("retries"))

    def after(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """What was seen after a step."""
        found: dict[str, Any] = yaml.safe_load((self.folder / step["after"]).read_text())
        return found

    def text(self, path: str) -> str:
        return (self.folder / path).read_text()

    def files(self, commit: Mapping[str, Any]) -> dict[str, bytes]:
        """The tree of a commit."""
        tree = self.folder / commit["tree"]
        stored = {str(v): str(k) for k, v in (commit.get("storedAs") or {}).items()}
        found = {}
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                name = str(path.relative_to(tree))
                found[stored.get(name, unquote(name))] = path.read_bytes()
        return found


def masked(text: str, hosts: Mapping[str, str]) -> str:
    """A text of ours as recordings mask it."""
    for host, mask in hosts.items():
        text = text.replace(host, mask)
    text = _STORAGE.sub("http://<STORAGE-HOST>/", text)
    return _UID.sub("<UID>", _DURATION.sub(r"\1 <DURATION>", _TMP.sub("", text)))


def flux_object(obj: Mapping[str, Any], hosts: Mapping[str, str]) -> dict[str, Any]:
    """A Flux object without what may differ: spec, times, and what only Go's gzip can give."""
    found = _masked_values(_object(obj), hosts)
    found.pop("spec", None)
    status = found.get("status") or {}
    for condition in status.get("conditions") or []:
        condition.pop("lastTransitionTime", None)
    for entry in status.get("history") or []:
        for key in ("firstReconciled", "lastReconciled", "lastReconciledDuration"):
            entry.pop(key, None)
    for key in ("digest", "size", "lastUpdateTime", "url"):
        (status.get("artifact") or {}).pop(key, None)
    return found


def managed_object(obj: Mapping[str, Any], hosts: Mapping[str, str]) -> dict[str, Any]:
    """A managed object without status."""
    found = _masked_values(_object(obj), hosts)
    found.pop("status", None)
    if found["kind"] == "Service":
        spec = found.get("spec") or {}
        for port in spec.get("ports") or []:
            port.pop("nodePort", None)
    return found


def event(obj: Mapping[str, Any], hosts: Mapping[str, str]) -> tuple[str, ...]:
    """(object, type, reason, message, annotations) of one of our events."""
    about = obj["involvedObject"]
    return _event(
        f"{about['kind']}/{about['name']}",
        obj["type"],
        obj["reason"],
        masked(obj["message"], hosts),
        obj["metadata"].get("annotations") or {},
    )


def recorded_event(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The same of a recorded one."""
    return _event(
        entry["object"], entry["type"], entry["reason"], _TMP.sub("", entry["message"]), entry.get("annotations") or {}
    )


def _event(about: str, kind: str, reason: str, message: str, annotations: Mapping[str, str]) -> tuple[str, ...]:
    # The digest is over what Go's gzip writes.
    told = {key: value for key, value in annotations.items() if key != "source.toolkit.fluxcd.io/digest"}
    return about, kind, reason, message, json.dumps(told, sort_keys=True)


def _object(obj: Mapping[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(dict(obj))
    metadata = found["metadata"]
    for key in _LEFT_OUT_METADATA:
        metadata.pop(key, None)
    metadata["managedFields"] = sorted(map(_entry, _kept(metadata.get("managedFields") or [])), key=_order)
    if not metadata["managedFields"]:
        del metadata["managedFields"]
    for reference in metadata.get("ownerReferences") or []:
        reference.pop("uid", None)
    return found


def _kept(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry.get("manager") not in _LEFT_OUT_MANAGERS]


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    fields = entry.get("fieldsV1") or {}
    fields = json.loads(fields) if isinstance(fields, str) else fields
    found = {key: entry[key] for key in ("manager", "operation", "apiVersion") if key in entry}
    found["manager"] = found["manager"].removesuffix("-1.36")
    return found | {"subresource": entry.get("subresource", ""), "fieldsV1": fields}


def _order(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return entry["operation"], entry["subresource"], entry["manager"], json.dumps(entry["fieldsV1"], sort_keys=True)


def _masked_values(value: Any, hosts: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _cluster_ip(key, _masked_values(item, hosts)) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked_values(item, hosts) for item in value]
    return masked(value, hosts) if isinstance(value, str) else value


def _cluster_ip(key: str, value: Any) -> Any:
    """Addresses that nobody asked for by number."""
    if key == "clusterIP":
        return _ip(value)
    if key == "clusterIPs" and isinstance(value, list):
        return [_ip(item) for item in value]
    return value


def _ip(value: Any) -> Any:
    text = str(value)
    return "<CLUSTER-IP>" if text.startswith("10.96.") and text not in ("10.96.200.20", "10.96.200.21") else value
