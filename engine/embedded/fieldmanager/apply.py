"""Server-side apply: what one manager wants, merged into what is there (kubernetes-api.md B3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.embedded.fieldmanager import lastapplied
from engine.embedded.fieldmanager.errors import FieldConflict, TypedError
from engine.embedded.fieldmanager.fieldset import EMPTY, FieldSet, Path, of_paths, text
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
from engine.embedded.fieldmanager.typed import compare, field_set, fresh, merge, remove, sweep, with_named
from engine.embedded.fieldmanager.update import record, take
from engine.embedded.fieldmanager.validate import validate
from engine.openapi import Schema


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
    _check_type(applied, kind)
    body = {} if live is None else body_of(live)
    recorded = decode_managers(managed_fields(live))
    managers = dict(recorded)
    if not recorded:
        before = ManagerKey(BEFORE_FIRST_APPLY, UPDATE, api_version, subresource)
        managers = record({}, before, api_version, {}, body, kind, now, reset)
    me = manager_key(manager, APPLY, api_version, subresource)
    ignored = of_paths(reset)
    config = _without(applied, ignored, kind)
    fields = field_set(config, kind)
    last = managers.pop(me, Entry(EMPTY, api_version))
    result = merge(body, config, kind)
    if not last.fields <= fields:
        result = _prune(result, managers, last.fields, fields, kind)
    if result is not body:
        managers = _yield(body, result, managers, me, kind, ignored, force)
        result = sweep(result)
    if own := unowned(fields):
        entry = last.with_fields(own).at_version(api_version)
        managers[me] = entry if result is body else entry.at_time(now)
    if me.manager == lastapplied.KUBECTL:
        result = lastapplied.refresh(result, applied)
    if live is not None and result is body and managers == recorded:
        return live if shared else fresh(live)
    return with_managers(result if shared else fresh(result), managers)


def _check_type(applied: dict[str, Any], kind: Node) -> None:
    try:
        validate(applied, kind)
    except TypedError as error:
        metadata = applied.get("metadata")
        named = metadata if isinstance(metadata, dict) else {}
        group_version = applied.get("apiVersion", "")
        what = f"{group_version if '/' in str(group_version) else f'/{group_version}'}, Kind={applied.get('kind', '')}"
        whose = f"{named.get('namespace', '')}/{named.get('name', '')}"
        raise TypedError(f"failed to create typed patch object ({whose}; {what}): {error.message}") from error


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
