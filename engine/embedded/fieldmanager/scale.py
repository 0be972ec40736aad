"""Ownership across the scale subresource: an object's replicas seen as the replicas of its Scale, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.embedded.fieldmanager.fieldset import Path, of_paths
from engine.embedded.fieldmanager.managed import UPDATE, Entry, Managers, encode_managers
from engine.embedded.fieldmanager.update import readable

SCALE = "autoscaling/v1"
_SCALE_REPLICAS = of_paths([("f:spec", "f:replicas")])


def scale_managers(entries: Any, replicas: Path, api_version: str) -> list[dict[str, Any]]:
    """ManagedFields of an object's Scale: the owners of its replicas.

    `entries` are the object's managedFields, `replicas` the path there, e.g. ("f:spec", "f:replicas").
    """
    owners = {
        key: replace(entry, fields=_SCALE_REPLICAS, api_version=SCALE, stored=None)
        for key, entry in readable(entries).items()
        if entry.api_version == api_version and entry.fields.has(replicas)
    }
    return encode_managers(owners)


def parent_managers(entries: Any, scale_entries: Any, replicas: Path, api_version: str) -> list[dict[str, Any]]:
    """The object's managedFields after its Scale was written, from both managedFields.

    Who no longer owns the Scale's replicas loses them on the object; a new owner is recorded with the subresource.
    """
    scale = {
        (key.manager, key.operation, key.subresource): (key, entry) for key, entry in readable(scale_entries).items()
    }
    path = of_paths([replicas])
    out: Managers = {}
    for key, entry in readable(entries).items():
        identity = (key.manager, key.operation, key.subresource)
        if not entry.fields.has(replicas) or scale.pop(identity, None) is not None:
            out[key] = entry
        elif left := entry.fields - path:
            out[key] = entry.with_fields(left)
    for key, entry in scale.values():
        own = key._replace(api_version=api_version) if key.operation == UPDATE else key
        out[own] = Entry(path, api_version, entry.time)
    return encode_managers(out)
