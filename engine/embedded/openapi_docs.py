"""OpenAPI for clients: version 3 by group and version, and as little of version 2 as old clients need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from engine import openapi
from engine.embedded.registry import Registry, Resource

Object = dict[str, Any]

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
#: `swagger: "2.0"`, an empty info and no paths, as gnostic's protobuf: all that kubectl before 1.29 looks at.
_V2_BODY = b"\n\x032.0\x12\x12\n\nKubernetes\x12\x041.36B\x00"
_V2_JSON = {"swagger": "2.0", "info": {"title": "Kubernetes", "version": "1.36"}, "paths": {}}
_PREFIX = "/openapi/v3/"
_GVK = "x-kubernetes-group-version-kind"
_PATCH_MEDIA = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_TEXT = {"type": "string", "uniqueItems": True}
_FLAG = {"type": "boolean", "uniqueItems": True}
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class Documents:
    """The documents of everything served now; made when asked for, forgotten when resources come or go."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made: dict[str, tuple[bytes, str]] = {}
        registry.on_change(self._made.clear)

    def answer(self, path: str, request: web.Request) -> web.Response:
        """GET /openapi/…"""
        accept = request.headers.get("Accept", "")
        if path == "/openapi/v2":
            return _version_2(accept)
        if path.rstrip("/") == "/openapi/v3":
            return web.Response(body=orjson.dumps(self._index()), content_type="text/plain", charset="utf-8")
        name = path.removeprefix(_PREFIX)
        if name not in self._names():
            return web.Response(status=404)
        body, tag = self._document(name)
        headers = {"ETag": f'"{tag}"', "Vary": "Accept"}
        if request.headers.get("If-None-Match") == f'"{tag}"':
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)

    def _index(self) -> Object:
        paths = {
            name: {"serverRelativeURL": f"{_PREFIX}{name}?hash={self._document(name)[1]}"} for name in self._names()
        }
        return {"paths": paths}

    def _names(self) -> Mapping[str, tuple[str, str]]:
        registry = self._registry
        return {
            f"apis/{group}/{version}" if group else f"api/{version}": (group, version)
            for group in registry.groups()
            for version in registry.versions(group)
        }

    def _document(self, name: str) -> tuple[bytes, str]:
        made = self._made.get(name)
        if made is None:
            body = orjson.dumps(document(self._registry, *self._names()[name]))
            made = self._made[name] = body, hashlib.sha512(body).hexdigest().upper()
        return made


def _version_2(accept: str) -> web.Response:
    if V2_PROTOBUF in accept:
        return web.Response(body=_V2_BODY, content_type=V2_PROTOBUF)
    if not accept or "json" in accept or "*/*" in accept:
        return web.Response(body=orjson.dumps(_V2_JSON), content_type="application/json", headers={"Vary": "Accept"})
    return web.Response(status=406, headers={"Vary": "Accept"})


def document(registry: Registry, group: str, version: str) -> Object:
    """The document of one group and version."""
    schemas: Object = dict(openapi.definitions_for(group, version))
    paths: Object = {}
    for resource in registry.resources(group, version):
        if resource.custom is not None:
            _add_custom_schema(resource, schemas)
        _add_paths(resource, paths)
    info = {"title": "Kubernetes", "version": "1.36"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _add_custom_schema(resource: Resource, schemas: Object) -> None:
    assert resource.custom is not None
    document = dict(resource.custom.document or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    text = {"type": "string"}
    own = {"apiVersion": text, "kind": text, "metadata": {"allOf": [{"$ref": f"#/components/schemas/{_META}"}]}}
    document["properties"] = {**(document.get("properties") or {}), **own}
    document[_GVK] = [{"group": resource.group, "version": resource.version, "kind": resource.kind}]
    schemas[schema_name(resource)] = document
    for name, definition in openapi.definitions_for("", "v1").items():
        if ".apis.meta.v1." in name:
            schemas.setdefault(name, definition)


def schema_name(resource: Resource) -> str:
    """The component of a custom resource: the group's labels in reverse, version and kind."""
    reverse = ".".join(reversed(resource.group.split(".")))
    return f"{reverse}.{resource.version}.{resource.kind}"


def _add_paths(resource: Resource, paths: Object) -> None:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    base = f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    collection = {
        method: _operation(verb, gvk)
        for verb, method in (("list", "get"), ("create", "post"))
        if verb in resource.verbs
    }
    single = {
        method: _operation(verb, gvk)
        for verb, method in (("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete"))
        if verb in resource.verbs
    }
    paths[base] = collection
    if single:
        paths[f"{base}/{{name}}"] = single


def _operation(verb: str, gvk: Object) -> Object:
    operation: Object = {"responses": {"200": {"description": "OK"}}, "x-kubernetes-action": _ACTIONS.get(verb, verb)}
    operation[_GVK] = gvk
    names = _PARAMETERS.get(verb, ())
    if names:
        operation["parameters"] = [
            {"name": name, "in": "query", "schema": _FLAG if name == "force" else _TEXT} for name in names
        ]
    if verb == "patch":
        operation["requestBody"] = {"content": {media: {"schema": {"type": "object"}} for media in _PATCH_MEDIA}}
    return operation


_ACTIONS = {"create": "post", "update": "put"}
_PARAMETERS = {
    "create": ("dryRun", "fieldManager", "fieldValidation"),
    "update": ("dryRun", "fieldManager", "fieldValidation"),
    "patch": ("dryRun", "fieldManager", "fieldValidation", "force"),
    "delete": ("dryRun",),
}
