"""Delete: preconditions, finalizers, propagation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.embedded import metadata, status
from engine.embedded.crds import FINALIZER as CRD_FINALIZER
from engine.embedded.crds import STORAGE as CRDS
from engine.embedded.options import DeleteOptions
from engine.embedded.records import Record
from engine.embedded.registry import Resource
from engine.embedded.verbs.write import Outcome

if TYPE_CHECKING:
    from engine.embedded.core import Core

Object = dict[str, Any]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_NAMESPACES = "namespaces"


def delete(core: Core, resource: Resource, record: Record, options: DeleteOptions) -> Outcome:
    """Remove the object, or mark it while finalizers hold it; the answer is a Status or the object."""
    _check_preconditions(resource, record, options)
    live = record.obj
    if live["metadata"].get("deletionTimestamp"):
        return Outcome(live)
    finalizers = _finalizers(live, record.storage, options)
    if not finalizers and record.storage != _NAMESPACES:
        if not options.dry_run:
            core.remove(record)
        return Outcome(status.success(resource, record.name, live["metadata"]["uid"]))
    obj = _marked(core, resource, live, finalizers)
    if not options.dry_run:
        core.put(resource, record.namespace, obj)
    return Outcome(obj)


def _check_preconditions(resource: Resource, record: Record, options: DeleteOptions) -> None:
    stored = record.obj["metadata"]
    if options.uid and options.uid != stored["uid"]:
        raise status.conflict_of_kind(
            resource,
            record.name,
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({stored['uid']}). "
            "The object might have been deleted and then recreated",
        )
    if options.version and options.version != stored["resourceVersion"]:
        raise status.conflict_of_kind(
            resource,
            record.name,
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion in "
            f"record ({stored['resourceVersion']}). The object might have been modified",
        )


def _finalizers(live: Object, storage: str, options: DeleteOptions) -> list[str]:
    """The stored finalizers, with the one that the propagation policy asks for."""
    found = [name for name in live["metadata"].get("finalizers") or () if name not in (FOREGROUND, ORPHAN)]
    wanted = {"Foreground": FOREGROUND, "Orphan": ORPHAN}.get(options.propagation)
    if wanted:
        found.append(wanted)
    elif not options.propagation:
        found = list(live["metadata"].get("finalizers") or ())
    if storage == CRDS and CRD_FINALIZER not in found:
        found.append(CRD_FINALIZER)
    return found


def _marked(core: Core, resource: Resource, live: Object, finalizers: list[str]) -> Object:
    now = core.now()
    stored = {**live["metadata"], "deletionTimestamp": now}
    if finalizers:
        stored["finalizers"] = finalizers
    if resource.storage not in (_NAMESPACES, CRDS):
        stored["deletionGracePeriodSeconds"] = 0
    if metadata.counts_deletion(resource):
        stored["generation"] = int(stored.get("generation") or 0) + 1
    obj = {**live, "metadata": stored}
    if resource.storage == _NAMESPACES:
        obj["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
    return obj
