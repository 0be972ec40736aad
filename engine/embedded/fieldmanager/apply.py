"""Server-side apply: what one manager wants, merged into what is there (kubernetes-api.md B3)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

from engine.embedded.fieldmanager import lastapplied
from engine.embedded.fieldmanager.compare import compare
from engine.embedded.fieldmanager.errors import FieldConflict, TypedError
from engine.embedded.fieldmanager.fieldset import CACHED, EMPTY, FieldSet, Path, of_paths, text
from engine.embedded.fieldmanager.managed import (
    APPLY,
    BEFORE_FIRST_APPLY,
    UPDATE,
    Entry,
    ManagerKey,
    Managers,
    body_of,
    decode_managers,
    managed_fields,
    manager_key,
    unowned,
    with_managers,
)
from engine.embedded.fieldmanager.nodes import ANY, Node, node
from engine.embedded.fieldmanager.typed import field_set, fresh, merge, remove, with_named
from engine.embedded.fieldmanager.update import record, take
from engine.embedded.fieldmanager.validate import validate
from engine.openapi import Schema

#: Larger configurations are read anew each time: in bytes.
MAX_REMEMBERED = 64 * 1024


def apply(
    live: dict[str, Any] | None,
    applied: dict[str, Any],
    *,
    manager: str,
    force: bool,
    schema: Schema | None,
    api_version: str,
    subresource: str = "",
    now: str,
    reset: Iterable[Path] = (),
    shared: bool = False,
) -> dict[str, Any]:
    """The object that results, with its managedFields. Nothing is changed in place.

    The result is the caller's own to default and change. With `shared` it is not: it shares parts with `live` and
    `applied`, and is `live` itself when the apply changes nothing at all, so that a caller can stop there.
    After defaulting ask `unchanged(live, result)`: an apply that only left out what defaulting brings back is none.
    `live` is None on create. `reset` are the paths that the server does not take from this request: reset_paths().
    Raises FieldConflict, and TypedError (the API server's 500) when `applied` does not fit its type.
    """
    kind = ANY if schema is None else node(schema)
    sets = _fields(applied, kind)
    body = {} if live is None else body_of(live)
    recorded = decode_managers(managed_fields(live))
    managers = dict(recorded)
    if not recorded:
        before = ManagerKey(BEFORE_FIRST_APPLY, UPDATE, api_version, subresource)
        managers = record({}, before, api_version, {}, body, kind, now, reset)
    me = manager_key(manager, APPLY, api_version, subresource)
    ignored = of_paths(reset)
    config, fields = _without(applied, ignored, kind), sets.without(ignored)
    last = managers.pop(me, Entry(EMPTY, api_version))
    result = merge(body, config, kind)
    if not last.fields <= fields:
        result = _prune(result, managers, last.fields, fields, kind)
    if result is not body and managers:
        managers = _yield(body, result, managers, me, kind, ignored, force)
    if own := unowned(fields):
        entry = last.with_fields(own).at_version(api_version)
        managers[me] = entry if result is body else entry.at_time(now)
    if me.manager == lastapplied.KUBECTL:
        result = lastapplied.refresh(result, applied)
    if live is not None and result is body and managers == recorded:
        return live if shared else fresh(live)
    return with_managers(result if shared else fresh(result), managers)


def _fields(applied: dict[str, Any], kind: Node) -> FieldSet:
    """What the applied object sets. Raises TypedError when it does not fit its type."""
    try:
        try:
            written = orjson.dumps(applied)
        except orjson.JSONEncodeError:  # integers beyond 64 bits
            return _read(applied, kind)
        return _read_text(written, kind) if len(written) <= MAX_REMEMBERED else _read(applied, kind)
    except TypedError as error:
        raise TypedError(f"failed to create typed patch object ({_named(applied)}): {error.message}") from error


def _read(applied: Any, kind: Node) -> FieldSet:
    validate(applied, kind)
    return field_set(applied, kind)


@lru_cache(maxsize=CACHED)
def _read_text(written: bytes, kind: Node) -> FieldSet:
    """Controllers apply the same configuration again and again."""
    return _read(orjson.loads(written), kind)


def _named(applied: dict[str, Any]) -> str:
    """The object as the API server names it here: namespace/name; group/version, Kind=kind."""
    metadata = applied.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    group_version = str(applied.get("apiVersion", ""))
    what = f"{group_version if '/' in group_version else f'/{group_version}'}, Kind={applied.get('kind', '')}"
    return f"{named.get('namespace', '')}/{named.get('name', '')}; {what}"


def _without(applied: dict[str, Any], ignored: FieldSet, kind: Node) -> dict[str, Any]:
    """What is applied, less what the server does not take."""
    if not ignored:
        return applied
    left = remove(applied, ignored, kind)
    return left if isinstance(left, dict) else {}


def _prune(merged: Any, managers: Managers, last: FieldSet, fields: FieldSet, kind: Node) -> Any:
    """The merged object less what this manager applied before, applies no more, and nobody else owns.

    Removing a field takes all below it, so what others own and what nobody owns is found and kept step by step.
    """
    owned = fields
    for entry in managers.values():
        owned = owned | entry.fields
    owned, last = with_named(owned, kind), with_named(last, kind)
    everything = with_named(field_set(merged, kind), kind)
    left = with_named(field_set(remove(merged, last, kind), kind), kind)
    kept = with_named(field_set(remove(merged, everything - (left | owned), kind), kind), kind)
    return remove(merged, (everything - kept) & last, kind)


def _yield(
    body: dict[str, Any],
    result: Any,
    managers: Managers,
    me: ManagerKey,
    kind: Node,
    ignored: FieldSet,
    force: bool,
) -> Managers:
    """The other managers after this change: they conflict, or give up what changes. Raises FieldConflict."""
    difference = compare(body, result, kind).without(ignored)
    changed = difference.added | difference.modified
    if not force:
        allowed = lastapplied.owned(body, kind) if me.manager == lastapplied.KUBECTL else EMPTY
        conflicts = {key: entry.fields & changed - allowed for key, entry in managers.items()}
        causes = [(key.text(), text(path)) for key in sorted(conflicts) for path in conflicts[key].paths()]
        if causes:
            raise FieldConflict(causes)
    return take(managers, changed | difference.removed)
