"""Discovery documents, legacy and aggregated, from the registry."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from engine.embedded.registry import Registry, Resource

Object = dict[str, Any]


def api_versions(address: str) -> Object:
    """GET /api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list(registry: Registry) -> Object:
    """GET /apis."""
    groups = [_group(registry, name) for name in registry.groups() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(registry: Registry, name: str) -> Object:
    """GET /apis/GROUP."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(registry, name)}


def _group(registry: Registry, name: str) -> Object:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in registry.versions(name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resource_list(registry: Registry, group_name: str, version: str) -> Object:
    """GET /apis/GROUP/VERSION or /api/v1."""
    rows: list[Object] = []
    for resource in registry.resources(group_name, version):
        rows.append(_legacy(resource))
        rows.extend(_legacy_below(resource))
    head: Object = {"kind": "APIResourceList"}
    if group_name:
        head["apiVersion"] = "v1"
    group_version = f"{group_name}/{version}" if group_name else version
    return {**head, "groupVersion": group_version, "resources": rows}


def _legacy(resource: Resource) -> Object:
    row: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.stored and "create" in resource.verbs:
        row["storageVersionHash"] = resource.version_hash
    return row


def _legacy_below(resource: Resource) -> list[Object]:
    rows: list[Object] = []
    for sub in resource.subresources.values():
        row: Object = {"name": f"{resource.plural}/{sub.name}", "singularName": "", "namespaced": resource.namespaced}
        if sub.group:
            row |= {"group": sub.group, "version": sub.version}
        rows.append({**row, "kind": sub.kind, "verbs": list(sub.verbs)})
    return rows


def aggregated(registry: Registry, *, core: bool) -> Object:
    """GET /api or /apis as an APIGroupDiscoveryList."""
    names = [name for name in registry.groups() if bool(name) != core]
    items = [
        {
            "metadata": {"name": name} if name else {},
            "versions": [
                {
                    "version": version,
                    "resources": [_aggregated(resource) for resource in registry.resources(name, version)],
                    "freshness": "Current",
                }
                for version in registry.versions(name)
            ],
        }
        for name in names
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated(resource: Resource) -> Object:
    custom = resource.custom is not None
    row: Object = {
        "resource": resource.plural,
        "responseKind": {
            "group": resource.group if custom else "",
            "version": resource.version if custom else "",
            "kind": resource.kind,
        },
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    below = [
        {
            "subresource": sub.name,
            "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind},
            "verbs": list(sub.verbs),
        }
        for sub in resource.subresources.values()
    ]
    if below:
        row["subresources"] = below
    return row


def etag(document: Object) -> str:
    """The strong tag of a document."""
    return f'"{hashlib.sha512(orjson.dumps(document)).hexdigest().upper()}"'


def paths(registry: Registry) -> list[str]:
    """GET /."""
    found = {"/api", "/apis", "/apis/", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"}
    for name in registry.groups():
        root = f"/apis/{name}" if name else "/api"
        found.add(root)
        found.update(f"{root}/{version}" for version in registry.versions(name))
    return sorted(found)
