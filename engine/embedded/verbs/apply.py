"""Server-side apply: an applied configuration merged into what is stored, by ownership of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.embedded import convert, fieldmanager, pipeline, status
from engine.embedded.options import WriteOptions
from engine.embedded.records import Record
from engine.embedded.registry import Resource
from engine.embedded.values import clone
from engine.embedded.verbs import write
from engine.embedded.verbs.write import Outcome, Target

if TYPE_CHECKING:
    from engine.embedded.core import Core

Object = dict[str, Any]


def apply(
    core: Core, target: Target, applied: Any, options: WriteOptions, *, duplicates: tuple[str, ...] = ()
) -> Outcome:
    """Create or change the object so that it has what `applied` says; 409 where others own a field."""
    resource = target.resource
    applied = _placed(target, applied)
    record = core.store.get(resource.storage, target.namespace, target.name)
    warnings = [f'duplicate field "{path}"' for path in duplicates] if options.validation != "Ignore" else []
    if record is None:
        return _create(core, target, applied, options, warnings)
    _check_preconditions(resource, record, applied["metadata"])
    stored = core.stored_as(resource)
    merged = _merged(core, target, record.obj, applied, options)
    pipeline.locate(resource, target.namespace, target.name, applied["metadata"])
    if merged is record.obj:
        return Outcome(record.obj, 200, tuple(warnings))
    merged = clone(merged)
    pipeline.locate(resource, target.namespace, target.name, merged["metadata"])
    warnings += pipeline.shape(stored, merged, options)
    merged = write.restrict(target, merged, record.obj)
    errors = write.complete(core, stored, merged, record.obj)
    return write.settle(core, stored, record, merged, options, warnings, errors)


def _placed(target: Target, applied: Any) -> Object:
    resource = target.resource
    said = applied if isinstance(applied, dict) else {}
    if said.get("apiVersion") != resource.api_version or said.get("kind") != resource.kind:
        group, _, version = str(said.get("apiVersion") or "").rpartition("/")
        raise status.bad_request(f"invalid object type: {group}/{version}, Kind={said.get('kind') or ''}")
    found = said.setdefault("metadata", {})
    if not isinstance(found, dict):
        kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
        raise status.internal(f"failed to create typed patch object (/{target.name}; {kind}): .metadata: expected map")
    if found.get("managedFields"):
        raise status.bad_request("metadata.managedFields must be nil")
    return said


def _create(core: Core, target: Target, applied: Object, options: WriteOptions, warnings: list[str]) -> Outcome:
    resource = target.resource
    uid = applied["metadata"].get("uid")
    if target.subresource:
        raise status.not_found(resource, target.name)
    if uid:
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise status.conflict(resource, target.name, why)
    stored = core.stored_as(resource)
    merged = clone(_merged(core, target, None, applied, options))
    pipeline.locate(resource, target.namespace, target.name, merged["metadata"])
    warnings += pipeline.shape(stored, merged, options)
    if target.has_status:
        merged.pop("status", None)
    pipeline.fill(stored, merged)
    return write.insert(core, stored, target.namespace, merged, options, warnings)


def _merged(core: Core, target: Target, live: Object | None, applied: Object, options: WriteOptions) -> Object:
    resource = core.stored_as(target.resource)
    try:
        return fieldmanager.apply(
            live,
            convert.to_storage(target.resource, _own_part(target, applied)),
            manager=options.manager,
            force=options.force,
            schema=resource.schema,
            api_version=resource.api_version,
            subresource=target.subresource,
            now=core.now(),
            reset=write.reset_paths(resource, target.subresource),
            shared=True,
        )
    except fieldmanager.FieldConflict as conflict:
        raise status.apply_conflict(conflict.causes, conflict.message) from None
    except fieldmanager.TypedError as error:
        raise status.internal(error.message) from None


def _own_part(target: Target, applied: Object) -> Object:
    """What this path may write: status through its own path, the rest through the object's."""
    if target.subresource == "status":
        kept = ("apiVersion", "kind", "metadata", "status")
        return {name: applied[name] for name in kept if name in applied}
    if target.has_status and "status" in applied:
        return {name: value for name, value in applied.items() if name != "status"}
    return applied


def _check_preconditions(resource: Resource, record: Record, said: Object) -> None:
    stored = record.obj["metadata"]
    version, uid = said.get("resourceVersion"), said.get("uid")
    if (version and str(version) != stored["resourceVersion"]) or (uid and uid != stored["uid"]):
        raise status.conflict(resource, record.name)
