"""managedFields: who owns what, and how Flux takes over what kubectl and older Flux versions wrote (flux.md 4.7).

`fieldsV1` is a tree of plain dicts: `f:name`, `k:{…}` and `v:…` steps, `.` where the node itself is owned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Fields = dict[str, Any]
Entry = Mapping[str, Any]

OWNER: Final = "kustomize-controller"

_APPLY, _UPDATE = "Apply", "Update"
_FOREIGN: Final = (("kubectl", _APPLY), ("kubectl", _UPDATE), ("before-first-apply", _UPDATE), (OWNER, _UPDATE))
_ANNOTATIONS: Final = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
)
_LABELS: Final = ("fluxcd.io/sync-gc-mark",)


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Which managers' fields become Flux's: (prefix of the name, operation)."""

    managers: tuple[tuple[str, str], ...] = _FOREIGN
    owner: str = OWNER

    @classmethod
    def with_overrides(cls, names: Iterable[str]) -> TakeOver:
        """The usual managers and those of --override-manager, in both operations."""
        return cls(_FOREIGN + tuple((name, operation) for name in names for operation in (_APPLY, _UPDATE)))

    def claims(self, entry: Entry) -> bool:
        """Whether this entry is taken over."""
        if entry.get("subresource"):
            return False
        manager, operation = str(entry.get("manager") or ""), entry.get("operation")
        return any(manager.startswith(prefix) and operation == wanted for prefix, wanted in self.managers)

    def owns(self, entry: Entry) -> bool:
        """Whether this is the owner's own entry."""
        return entry.get("manager") == self.owner and entry.get("operation") == _APPLY and not entry.get("subresource")

    def entries(self, obj: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """ManagedFields after the take-over; None when nobody's fields are taken."""
        current = managed_fields(obj)
        claimed = [entry for entry in current if self.claims(entry) and not self.owns(entry)]
        if not claimed:
            return None
        own = next((entry for entry in current if self.owns(entry)), None)
        first = own if own is not None else claimed[0]
        merged = {**first, "manager": self.owner, "operation": _APPLY}
        for entry in claimed:
            merged["fieldsV1"] = union(merged.get("fieldsV1") or {}, entry.get("fieldsV1") or {})
        gone = {id(entry) for entry in (*claimed, first)}
        return [dict(entry) for entry in current if id(entry) not in gone] + [merged]

    def patch(self, obj: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The JSON patch on a live object, [] when there is nothing to take over or to remove."""
        metadata = obj.get("metadata") or {}
        operations: list[dict[str, Any]] = [
            {"op": "remove", "path": f"/metadata/{kind}/{escape(name)}"}
            for kind, names in (("annotations", _ANNOTATIONS), ("labels", _LABELS))
            for name in names
            if name in (metadata.get(kind) or {})
        ]
        entries = self.entries(obj)
        if entries is not None:
            operations.append({"op": "replace", "path": "/metadata/managedFields", "value": entries})
        return operations

    def owned(self, obj: Mapping[str, Any]) -> Fields:
        """What the owner holds once it has taken over; {} when it holds nothing."""
        fields: Fields = {}
        for entry in managed_fields(obj):
            if self.owns(entry) or self.claims(entry):
                fields = union(fields, entry.get("fieldsV1") or {})
        return fields

    def others(self, obj: Mapping[str, Any]) -> list[Entry]:
        """The entries that stay other managers', those of subresources included."""
        return [entry for entry in managed_fields(obj) if not (self.owns(entry) or self.claims(entry))]


def managed_fields(obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`metadata.managedFields`, [] when there is none."""
    entries = (obj.get("metadata") or {}).get("managedFields")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def union(left: Mapping[str, Any], right: Mapping[str, Any]) -> Fields:
    """Both field sets. A node owned in either stays owned: `{}` beside children is written `.`."""
    merged: Fields = dict(left)
    for step, value in right.items():
        merged[step] = _join(merged[step], value) if step in merged else value
    return merged


def contains(fields: Mapping[str, Any], steps: Sequence[str]) -> bool:
    """Whether the node at this path, or anything below it, is in the set."""
    node: Any = fields
    for step in steps:
        if not isinstance(node, Mapping) or step not in node:
            return False
        node = node[step]
    return True


def escape(step: str) -> str:
    """One step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _join(left: Mapping[str, Any], right: Mapping[str, Any]) -> Fields:
    if not left and not right:
        return {}
    merged = union(left, right)
    if not left or not right:
        merged["."] = {}
    return merged
