"""Ownership after a POST, PUT or PATCH: the writer owns all that it changed (kubernetes-api.md B3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.embedded.fieldmanager.compare import compare
from engine.embedded.fieldmanager.fieldset import FieldSet, Path, of_paths
from engine.embedded.fieldmanager.managed import (
    UPDATE,
    Entry,
    ManagerKey,
    Managers,
    body_of,
    cap,
    decode_managers,
    managed_fields,
    manager_key,
    unowned,
    with_managers,
)
from engine.embedded.fieldmanager.nodes import ANY, Node, node
from engine.errors import Malformed
from engine.openapi import Schema


def update(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    *,
    manager: str,
    schema: Schema | None,
    api_version: str,
    subresource: str = "",
    now: str,
    reset: Iterable[Path] = (),
) -> dict[str, Any]:
    """`after` with the managedFields that result; `before` is None on create. Nothing is changed in place.

    `after` is complete: defaulted, and with what the server does not take from this request restored from `before`.
    An object that nobody manages stays so. managedFields in `after` replace the stored ones, `[{}]` and `[]` clear
    them; through a subresource they are ignored. `now` is RFC 3339 in whole seconds. `reset` are the paths that a
    request through this (sub)resource cannot own: reset_paths().
    """
    kind = ANY if schema is None else node(schema)
    managers = _recorded(before, after, subresource)
    body = body_of(after)
    if before is not None and not managers:
        return with_managers(body, {})
    key = manager_key(manager, UPDATE, api_version, subresource)
    return with_managers(
        body, record(managers, key, api_version, {} if before is None else body_of(before), body, kind, now, reset)
    )


def _recorded(before: Mapping[str, Any] | None, after: Mapping[str, Any], subresource: str) -> Managers:
    """The managers that the request starts from. What cannot be read counts as not there, as in the API server."""
    sent = managed_fields(after)
    if not subresource:
        if isinstance(sent, list) and sent in ([], [{}]):
            return {}
        if sent != managed_fields(before) and (found := readable(sent, stored=False)):
            return found
    return readable(managed_fields(before))


def readable(entries: Any, *, stored: bool = True) -> Managers:
    """The managers of managedFields; none where they cannot be read."""
    try:
        return decode_managers(entries if isinstance(entries, list) else None, stored=stored)
    except Malformed:
        return {}


def record(
    managers: Managers,
    key: ManagerKey,
    api_version: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    kind: Node,
    now: str,
    reset: Iterable[Path] = (),
) -> Managers:
    """The managers after `key` made `after` of `before`: it takes what it changed from all others."""
    difference = compare(before, after, kind)
    ignored = of_paths(reset)
    visible = difference.without(ignored)
    changed = visible.added | visible.modified
    out = take(managers, changed | visible.removed)
    own = unowned(changed)
    if own:
        previous = out.get(key)
        fields = own if previous is None else own | previous.fields
        out[key] = Entry(fields, api_version, now)
    return cap(out)


def take(managers: Managers, fields: FieldSet) -> Managers:
    """The managers without these fields, and without those who are left with none."""
    out: Managers = {}
    for key, entry in managers.items():
        left = entry.with_fields(entry.fields - fields) if fields else entry
        if left.fields:
            out[key] = left
    return out


def reset_paths(subresource: str, *, custom: bool, has_status: bool = True) -> tuple[Path, ...]:
    """What a request cannot own: status through the object itself, all else through /status.

    `custom` says that it is a custom resource, `has_status` that the kind has the status subresource.
    """
    if subresource == "status":
        return (("f:spec",), ("f:metadata",)) if custom else (("f:spec",),)
    return (("f:status",),) if has_status and not subresource else ()
