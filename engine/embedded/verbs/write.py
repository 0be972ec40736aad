"""Create, replace and change: from a decoded object to a stored one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.embedded import builtin, convert, fieldmanager, metadata, pipeline, prepare, status, zero
from engine.embedded.fieldmanager.fieldset import Path
from engine.embedded.options import WriteOptions
from engine.embedded.records import Record
from engine.embedded.registry import Resource
from engine.embedded.schema.fielderrors import FieldError, invalid
from engine.embedded.values import clone

if TYPE_CHECKING:
    from engine.embedded.core import Core

Object = dict[str, Any]

#: Resources that a PUT creates when they are not there.
_CREATED_BY_UPDATE = frozenset({"events", "leases.coordination.k8s.io", "endpoints", "services"})


@dataclass(frozen=True, slots=True)
class Target:
    """The object that a request is about."""

    resource: Resource
    namespace: str
    name: str
    subresource: str = ""

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own path only."""
        return "status" in self.resource.subresources


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer: the HTTP code, the object in the storage's version, and warnings."""

    obj: Object
    code: int = 200
    warnings: tuple[str, ...] = ()


def create(
    core: Core,
    resource: Resource,
    namespace: str,
    obj: Any,
    options: WriteOptions,
    *,
    name: str = "",
    duplicates: tuple[str, ...] = (),
) -> Outcome:
    """A new object from a POST, or from a PUT that creates (`name` is then the URL's)."""
    pipeline.place(resource, namespace, name, obj)
    obj = convert.to_storage(resource, obj)
    resource = core.stored_as(resource)
    warnings = pipeline.shape(resource, obj, options, duplicates)
    if "status" in resource.subresources:
        obj.pop("status", None)
    pipeline.fill(resource, obj)
    obj = fieldmanager.update(
        None,
        obj,
        manager=options.manager,
        schema=resource.schema,
        api_version=resource.api_version,
        now=core.now(),
        reset=reset_paths(resource, ""),
    )
    if resource.custom is None:
        obj = zero.unowned_from_start(obj)
    return insert(core, resource, namespace, obj, options, warnings)


def insert(
    core: Core, resource: Resource, namespace: str, obj: Object, options: WriteOptions, warnings: list[str]
) -> Outcome:
    """The second half of a create, for objects whose ownership is recorded."""
    _check_namespace(core, resource, namespace, str(obj["metadata"].get("name") or ""))
    metadata.stamp_new(resource, obj, core.now())
    prepare.new(resource, obj)
    builtin.admit(obj, None)
    pipeline.judge_new(resource, obj, core.allocate(resource, obj, None))
    name = obj["metadata"]["name"]
    if core.store.get(resource.storage, namespace, name) is not None:
        raise status.already_exists(resource, name)
    obj = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], **obj}
    if not options.dry_run:
        core.put(resource, namespace, obj)
    inert = prepare.INERT.get(resource.group)
    return Outcome(obj, 201, (*warnings, inert) if inert else tuple(warnings))


def replace(
    core: Core,
    target: Target,
    obj: Any,
    options: WriteOptions,
    *,
    duplicates: tuple[str, ...] = (),
    trusted: bool = False,
) -> Outcome:
    """A PUT; `trusted` writers inside the server need not say which version they saw."""
    resource = target.resource
    record = core.store.get(resource.storage, target.namespace, target.name)
    if record is None:
        if resource.storage in _CREATED_BY_UPDATE and not target.subresource:
            return create(core, resource, target.namespace, obj, options, name=target.name, duplicates=duplicates)
        raise status.not_found(resource, target.name)
    pipeline.place(resource, target.namespace, target.name, obj)
    obj = convert.to_storage(resource, obj)
    if resource.custom is not None and not obj["metadata"].get("resourceVersion") and not trusted:
        error = invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise status.invalid(resource.group, resource.plural, target.name, [error])
    return _write(core, target, record, obj, options, duplicates)


def modify(core: Core, target: Target, change: Callable[[Object], Any], options: WriteOptions) -> Outcome:
    """A PATCH of an object that is there; `change` gets it in the version of the request, and leaves it as it is."""
    resource = target.resource
    record = core.store.get(resource.storage, target.namespace, target.name)
    if record is None:
        raise status.not_found(resource, target.name)
    obj = clone(change(convert.to_version(resource, record.obj)))
    pipeline.place(resource, target.namespace, target.name, obj)
    return _write(core, target, record, convert.to_storage(resource, obj), options)


def _write(
    core: Core,
    target: Target,
    record: Record,
    obj: Object,
    options: WriteOptions,
    duplicates: tuple[str, ...] = (),
) -> Outcome:
    resource = core.stored_as(target.resource)
    check_preconditions(resource, record, obj["metadata"])
    warnings = pipeline.shape(resource, obj, options, duplicates)
    obj = restrict(target, obj, record.obj)
    errors = complete(core, resource, obj, record.obj)
    obj = fieldmanager.update(
        record.obj,
        obj,
        manager=options.manager,
        schema=resource.schema,
        api_version=resource.api_version,
        subresource=target.subresource,
        now=core.now(),
        reset=reset_paths(resource, target.subresource),
    )
    return settle(core, resource, record, obj, options, warnings, errors)


def complete(core: Core, resource: Resource, obj: Object, live: Object) -> list[FieldError]:
    """Defaults, and what an update gets back from the stored object; in place."""
    pipeline.fill(resource, obj)
    metadata.keep_system(obj, live)
    prepare.update(resource, obj, live)
    builtin.admit(obj, live)
    return core.allocate(resource, obj, live)


def reset_paths(resource: Resource, subresource: str) -> tuple[Path, ...]:
    """The fields that a request through this path cannot own."""
    return fieldmanager.reset_paths(
        subresource, custom=resource.custom is not None, has_status="status" in resource.subresources
    )


def restrict(target: Target, obj: Object, live: Mapping[str, Any]) -> Object:
    """Only the part that the path may write: all but the status, or the status alone."""
    if target.subresource == "status":
        kept = clone({name: value for name, value in live.items() if name != "status"})
        if "managedFields" in obj["metadata"]:
            kept["metadata"]["managedFields"] = obj["metadata"]["managedFields"]
        if "status" in obj:
            kept["status"] = obj["status"]
        return kept
    if target.has_status:
        obj.pop("status", None)
        if "status" in live:
            obj["status"] = live["status"]
    return obj


def settle(
    core: Core,
    resource: Resource,
    record: Record,
    obj: Object,
    options: WriteOptions,
    warnings: list[str],
    errors: list[FieldError],
) -> Outcome:
    """The second half of an update: judge it, and store it unless nothing changed or it was waited for to go."""
    live = record.obj
    obj = {"kind": live["kind"], "apiVersion": live["apiVersion"], **obj, "metadata": dict(obj["metadata"])}
    if metadata.has_generation(resource) and metadata.changed_spec(resource, obj, live):
        obj["metadata"]["generation"] = int(live["metadata"].get("generation") or 0) + 1
    pipeline.judge_update(resource, obj, live, errors)
    if fieldmanager.unchanged(live, obj):
        return Outcome(live, 200, tuple(warnings))
    if options.dry_run:
        return Outcome(obj, 200, tuple(warnings))
    if is_finished(obj):
        core.remove(record)
    else:
        core.put(resource, record.namespace, obj)
    return Outcome(obj, 200, tuple(warnings))


def finalize(core: Core, resource: Resource, record: Record, obj: Object, options: WriteOptions) -> Outcome:
    """A namespace with other spec.finalizers; it goes when none is left."""
    return settle(core, resource, record, obj, options, [], [])


def is_finished(obj: Mapping[str, Any]) -> bool:
    """Whether an object that is to be deleted waits for nothing any more."""
    found = obj["metadata"]
    waits = found.get("finalizers") or (obj.get("kind") == "Namespace" and (obj.get("spec") or {}).get("finalizers"))
    return bool(found.get("deletionTimestamp")) and not waits and not found.get("deletionGracePeriodSeconds")


def check_preconditions(resource: Resource, record: Record, said: Mapping[str, Any]) -> None:
    """409 unless a resourceVersion and uid that the client sent are the stored ones."""
    stored = record.obj["metadata"]
    version, uid = said.get("resourceVersion"), said.get("uid")
    if version and str(version) != stored["resourceVersion"]:
        raise status.conflict(resource, record.name)
    if uid and uid != stored["uid"]:
        key = "/".join(part for part in ("/registry", resource.plural, record.namespace, record.name) if part)
        raise status.conflict(
            resource,
            record.name,
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored['uid']}",
        )


def _check_namespace(core: Core, resource: Resource, namespace: str, name: str) -> None:
    """The namespace must be there and not on its way out."""
    if not resource.namespaced:
        return
    found = core.store.get("namespaces", "", namespace)
    if found is None:
        namespaces = core.registry.find("", "v1", "namespaces")
        assert namespaces is not None
        raise status.not_found(namespaces, namespace)
    if found.obj["metadata"].get("deletionTimestamp"):
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise status.forbidden(resource, name, why, [cause])
