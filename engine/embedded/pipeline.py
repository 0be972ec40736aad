"""The steps between a decoded object and a stored one, each for built-in kinds and for custom resources.

place → shape (unknown fields) → fill (defaults) → field ownership → prepare (what the server writes) → judge
"""

from __future__ import annotations

from typing import Any

from engine import openapi
from engine.embedded import builtin, metadata, prepare, schema, status, typed
from engine.embedded.options import WriteOptions
from engine.embedded.registry import Resource
from engine.embedded.schema import FieldError

Object = dict[str, Any]


def place(resource: Resource, namespace: str, name: str, obj: Any) -> None:
    """Hold an object to the URL it was sent to; `name` is "" on create. Fills in what the URL says."""
    if not isinstance(obj, dict):
        raise status.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): not an object"
        )
    api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
    if (kind and kind != resource.kind) or (api_version and api_version != resource.api_version):
        raise _wrong_kind(resource, api_version, kind)
    if resource.custom is not None and not (api_version and kind):
        missing = "Kind" if not kind else "apiVersion"
        raise status.bad_request(f"Object '{missing}' is missing in the object provided")
    obj.setdefault("kind", resource.kind)
    obj.setdefault("apiVersion", resource.api_version)
    found = obj.get("metadata")
    if found is None:
        found = obj["metadata"] = {}
    if not isinstance(found, dict):
        raise status.bad_request(
            f"json: cannot unmarshal into Go struct field {resource.kind}.metadata of type v1.ObjectMeta"
        )
    locate(resource, namespace, name, found)


def locate(resource: Resource, namespace: str, name: str, found: Object) -> None:
    """Hold metadata to the namespace and name of the URL, and fill them in."""
    _place_namespace(resource, namespace, found)
    if name:
        if found.get("name", name) != name:
            raise status.bad_request(
                f"the name of the object ({found['name']}) does not match the name on the URL ({name})"
            )
        found["name"] = name


def _place_namespace(resource: Resource, namespace: str, found: Object) -> None:
    if not resource.namespaced:
        found.pop("namespace", None)
        return
    if (found.get("namespace") or namespace) != namespace:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    found["namespace"] = namespace


def _wrong_kind(resource: Resource, api_version: str, kind: str) -> status.ApiError:
    group, _, version = api_version.rpartition("/")
    if group and group != resource.group:
        return status.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    return status.bad_request(
        f'{kind} in version "{version}" cannot be handled as a {resource.kind}: '
        f"converting ({version}.{kind}) to ({resource.group or 'core'}.{resource.kind}): unknown conversion"
    )


def shape(resource: Resource, obj: Object, options: WriteOptions, duplicates: tuple[str, ...] = ()) -> list[str]:
    """Drop unknown fields; warnings about them, or a 400 where the client asked for strictness."""
    custom = resource.custom
    try:
        if custom is not None:
            unknown = schema.prune(obj, custom.structural) if custom.structural is not None else []
            in_metadata = typed.conform(obj["metadata"], openapi.object_meta(), "ObjectMeta")
            unknown += [f"metadata.{path}" for path in in_metadata]
        else:
            unknown = typed.conform(obj, resource.schema, resource.kind) if resource.schema is not None else []
    except status.ApiError as error:
        raise _cannot_handle(resource, error.message) from None
    if options.validation == "Ignore":
        return []
    complaints = [f'unknown field "{path}"' for path in unknown]
    complaints += [f'duplicate field "{path}"' for path in duplicates]
    if complaints and options.validation == "Strict":
        raise _cannot_handle(resource, f"strict decoding error: {', '.join(complaints)}")
    return complaints


def _cannot_handle(resource: Resource, why: str) -> status.ApiError:
    return status.bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'
    )


def fill(resource: Resource, obj: Object) -> None:
    """Defaults and normal forms, as a decode gives them."""
    custom = resource.custom
    if custom is None:
        builtin.normalize(obj)
        builtin.default(obj)
        prepare.default(resource, obj)
    elif custom.structural is not None:
        schema.default(obj, custom.structural)


def judge_new(resource: Resource, obj: Object, found: list[FieldError]) -> None:
    """422 unless a new object is valid; `found` is what earlier steps complained about."""
    _judge(resource, obj, None, metadata.validate_new(resource, obj) + found)


def judge_update(resource: Resource, obj: Object, live: Object, found: list[FieldError]) -> None:
    """422 unless an update is valid; `found` is what earlier steps complained about."""
    _judge(resource, obj, live, metadata.validate_update(obj, live) + found)


def _judge(resource: Resource, obj: Object, live: Object | None, errors: list[FieldError]) -> None:
    custom = resource.custom
    if custom is None:
        errors += builtin.validate(obj, live) + prepare.validate(resource, obj, live)
    elif custom.structural is not None:
        errors += schema.validate(obj, live, custom.structural)
    if errors:
        raise status.invalid(resource.group, resource.kind, str(obj["metadata"].get("name") or ""), errors)
