"""Inventories: `status.inventory.entries[] {id, v}` (flux.md 4.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import Malformed

_COLON_KINDS = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """One object of a cluster: group and kind, namespace ("" = cluster-scoped) and name; version apart."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def id(self) -> str:
        """`<namespace>_<name>_<group>_<kind>`, colons of RBAC names written `__`."""
        name = self.name.replace(":", "__") if _is_rbac(self.group, self.kind) else self.name
        return f"{self.namespace}_{name}_{self.group}_{self.kind}"

    def __str__(self) -> str:
        """`Kind/namespace/name`, cluster-scoped `Kind/name`: how Flux names objects in texts."""
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Entry:
    """An inventory's entry: the object and the API version (without group) it was applied in."""

    ref: ObjectRef
    version: str

    @property
    def api_version(self) -> str:
        """`group/version` as objects carry it."""
        return f"{self.ref.group}/{self.version}" if self.ref.group else self.version

    def as_dict(self) -> dict[str, str]:
        """As status.inventory stores it."""
        return {"id": self.ref.id, "v": self.version}


def ref_of(obj: Mapping[str, Any]) -> ObjectRef:
    """The reference of an object as it is."""
    metadata = obj.get("metadata") or {}
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    return ObjectRef(
        group, str(obj.get("kind") or ""), str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    )


def entry_of(obj: Mapping[str, Any]) -> Entry:
    """The inventory entry of an object."""
    return Entry(ref_of(obj), str(obj.get("apiVersion") or "").rpartition("/")[2])


def parse_id(text: str) -> ObjectRef:
    """An id taken apart: namespace up to the first `_`, kind after the last, group before it, the rest is the name."""
    namespace, first, rest = text.partition("_")
    rest, last, kind = rest.rpartition("_")
    name, middle, group = rest.rpartition("_")
    if not (first and last and middle and kind and name):
        raise Malformed(f'"{text[:300]}" is not an inventory id', fix="expected <namespace>_<name>_<group>_<kind>")
    return ObjectRef(group, kind, namespace, name.replace("__", ":"))


def parse(status: Mapping[str, Any] | None) -> list[Entry]:
    """The inventory of a status, in stored order; entries that can't be read are left out."""
    entries = ((status or {}).get("inventory") or {}).get("entries") or []
    found = []
    for entry in entries:
        try:
            found.append(Entry(parse_id(str(entry.get("id") or "")), str(entry.get("v") or "")))
        except Malformed:
            # Written by something else; Flux would fail on it too, and a console must not.
            continue
    return found


def dump(entries: Iterable[Entry]) -> dict[str, Any]:
    """`status.inventory`; an empty build has an empty list, not nothing."""
    return {"entries": [entry.as_dict() for entry in entries]}


def stale(old: Iterable[Entry], new: Iterable[Entry]) -> list[Entry]:
    """Entries of the old inventory that the new one lacks, compared by id (the version may differ)."""
    kept = {entry.ref for entry in new}
    return [entry for entry in old if entry.ref not in kept]


def merge(entries: Sequence[Entry], more: Iterable[Entry]) -> list[Entry]:
    """Entries with further ones at their end, each object once."""
    merged = list(entries)
    seen = {entry.ref for entry in merged}
    for entry in more:
        if entry.ref not in seen:
            seen.add(entry.ref)
            merged.append(entry)
    return merged


def _is_rbac(group: str, kind: str) -> bool:
    return kind in _COLON_KINDS and group == _RBAC
