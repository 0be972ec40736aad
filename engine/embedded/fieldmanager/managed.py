"""metadata.managedFields: which manager owns which fields, and the rules by which entries are kept and ordered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from engine.embedded.fieldmanager.fieldset import FieldSet, decode, encode, of_paths
from engine.errors import Malformed

APPLY, UPDATE = "Apply", "Update"
#: More Update managers than this are merged, the oldest first, into ANCIENT.
MAX_UPDATE_MANAGERS = 10
ANCIENT = "ancient-changes"
#: Owns what an object had when its first Apply came and nobody was recorded.
BEFORE_FIRST_APPLY = "before-first-apply"

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_UNOWNED = of_paths(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        ),
    ]
)


class ManagerKey(NamedTuple):
    """Who owns: the same name with another operation is another owner. `api_version` is "" for Apply."""

    manager: str
    operation: str
    api_version: str
    subresource: str

    def text(self) -> str:
        """The manager as conflicts name it."""
        words = f'"{self.manager}"'
        if self.subresource:
            words += f' with subresource "{self.subresource}"'
        return f"{words} using {self.api_version}" if self.operation == UPDATE else words


def manager_key(manager: str, operation: str, api_version: str, subresource: str) -> ManagerKey:
    """The key of who acts; a manager without a name is "unknown"."""
    return ManagerKey(manager or "unknown", operation, api_version if operation == UPDATE else "", subresource)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one manager owns, at which version, and when it last changed it ("" when it never did)."""

    fields: FieldSet
    api_version: str
    time: str = ""
    #: The entry as stored, kept while nothing in it changes.
    stored: Mapping[str, Any] | None = None

    def with_fields(self, fields: FieldSet) -> Entry:
        """The entry with other fields, and itself when they are the same."""
        return self if fields == self.fields else replace(self, fields=fields, stored=None)

    def at_version(self, api_version: str) -> Entry:
        """The entry with its fields at another version of the kind."""
        if api_version == self.api_version:
            return self
        return replace(self, api_version=api_version, stored=self._storing(apiVersion=api_version))

    def at_time(self, time: str) -> Entry:
        """The entry as changed now."""
        return replace(self, time=time, stored=self._storing(time=time))

    def _storing(self, **changed: str) -> Mapping[str, Any] | None:
        """The stored entry with this changed: the fields need not be written anew."""
        return None if self.stored is None else {**self.stored, **changed}


Managers = dict[ManagerKey, Entry]


def unowned(fields: FieldSet) -> FieldSet:
    """The set without what nobody ever owns: identity and the server's own metadata."""
    return fields - _UNOWNED


def decode_managers(entries: Iterable[Any] | None, *, stored: bool = True) -> Managers:
    """The managers of managedFields. Raises Malformed. What is not `stored` but sent is written anew."""
    managers: Managers = {}
    for index, entry in enumerate(entries or ()):
        if not isinstance(entry, Mapping):
            raise Malformed(f"managedFields entry {index} is no object")
        operation, api_version = entry.get("operation"), str(entry.get("apiVersion") or "")
        if operation not in (APPLY, UPDATE):
            raise Malformed("operation must be `Apply` or `Update`")
        if not api_version:
            raise Malformed("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            raise Malformed(f"invalid fieldsType {entry.get('fieldsType', '')!r} in managed fields entry {index}")
        key = manager_key(str(entry.get("manager") or ""), operation, api_version, str(entry.get("subresource") or ""))
        time = str(entry.get("time") or "")
        if time and not _TIME.fullmatch(time):
            raise Malformed(f"time of managed fields entry {index} is not RFC 3339")
        managers[key] = Entry(decode(entry.get("fieldsV1") or {}), api_version, time, entry if stored else None)
    return managers


def encode_managers(managers: Managers) -> list[dict[str, Any]]:
    """ManagedFields in the API server's order: Apply first, then by time, then by name."""
    keyed = sorted(managers.items(), key=lambda pair: _order(*pair))
    return [_encode(key, entry) for key, entry in keyed]


def _order(key: ManagerKey, entry: Entry) -> tuple[str, ...]:
    return (key.operation, entry.time[:19], key.manager, entry.api_version, key.subresource)


def _encode(key: ManagerKey, entry: Entry) -> dict[str, Any]:
    if entry.stored is not None:
        return dict(entry.stored)
    out: dict[str, Any] = {"manager": key.manager, "operation": key.operation, "apiVersion": entry.api_version}
    if entry.time:
        out["time"] = entry.time
    out["fieldsType"] = "FieldsV1"
    out["fieldsV1"] = encode(entry.fields)
    if key.subresource:
        out["subresource"] = key.subresource
    return out


def cap(managers: Managers) -> Managers:
    """At most MAX_UPDATE_MANAGERS Update entries: the oldest of a version are merged into ANCIENT."""
    updaters = [key for key in managers if key.operation == UPDATE]
    surplus = len(updaters) - MAX_UPDATE_MANAGERS
    if surplus <= 0:
        return managers
    out = dict(managers)
    first_of: dict[str, ManagerKey] = {}
    for key in sorted(updaters, key=lambda key: (managers[key].time[:19], key)):
        if surplus <= 0:
            break
        entry = out[key]
        bucket = ManagerKey(ANCIENT, UPDATE, entry.api_version, "")
        first = first_of.setdefault(entry.api_version, key)
        if first == key:
            continue
        gathered = out.get(bucket) or out.pop(first)
        del out[key]
        out[bucket] = Entry(gathered.fields | entry.fields, entry.api_version, entry.time)
        surplus -= 1
    return out


def body_of(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object without managedFields, which nobody owns and which never differ."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return dict(obj)
    return {**obj, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def managed_fields(obj: Mapping[str, Any] | None) -> Any:
    """metadata.managedFields as stored, or None."""
    metadata = (obj or {}).get("metadata")
    return metadata.get("managedFields") if isinstance(metadata, dict) else None


def with_managers(body: Mapping[str, Any], managers: Managers) -> dict[str, Any]:
    """The object with these managers; without managedFields when there are none."""
    metadata = {name: value for name, value in (body.get("metadata") or {}).items() if name != "managedFields"}
    if managers:
        metadata["managedFields"] = encode_managers(managers)
    return {**body, "metadata": metadata}


def unchanged(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two states differ in nothing but the times of managedFields and the resourceVersion.

    The API server then keeps the stored object, times included: ask after defaulting, before storing.
    """
    return _timeless(before) == _timeless(after)


def _timeless(obj: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in (obj.get("metadata") or {}).items() if name != "resourceVersion"}
    if entries := metadata.get("managedFields"):
        metadata["managedFields"] = [
            {name: value for name, value in entry.items() if name != "time"} for entry in entries
        ]
    return {**obj, "metadata": metadata}
