"""Write the table of built-in types. Run by hand, with kubernetes-validate (development only) installed:

    python -m engine.openapi.generate DISCOVERY.json

DISCOVERY.json holds {"api": …, "apis": …}: the aggregated discovery documents of a kube-apiserver 1.36 with its
default flags. Facts are kept (names, types, list and map types, merge keys, scopes, verbs), prose is not.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.openapi.table import DATA

SOURCE = "v1.36.0-local"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
#: Carry the kinds of every group: no types of their own.
SHARED = {f"{META}DeleteOptions", f"{META}WatchEvent"}
#: The only defaults that are part of an identity: keys of list-maps that a client may leave out.
DEFAULTS = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
}
#: Served as 1.36 serves them: kubectl and server-side apply take both for scalars.
UNIONS: Mapping[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
}
#: Scopes of kinds that only alpha and beta versions serve.
UNSERVED = [
    ["internal.apiserver.k8s.io", "StorageVersion", False],
    ["certificates.k8s.io", "ClusterTrustBundle", False],
    ["certificates.k8s.io", "PodCertificateRequest", True],
    ["coordination.k8s.io", "LeaseCandidate", True],
    ["resource.k8s.io", "DeviceTaintRule", False],
    ["resource.k8s.io", "ResourcePoolStatusRequest", False],
    ["scheduling.k8s.io", "PodGroup", True],
    ["scheduling.k8s.io", "Workload", True],
    ["storagemigration.k8s.io", "StorageVersionMigration", False],
]
_KEPT = ("format", "required", "default")
_PREFIX = "x-kubernetes-"


def compact(node: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of one node, as OpenAPI v3 writes them."""
    out = {key: node[key] for key in node if key in _KEPT or key.startswith(_PREFIX)}
    out.pop("x-kubernetes-unions", None)
    kind = node.get("type")
    if kind is not None:
        out["type"] = kind if isinstance(kind, str) else next(name for name in kind if name != "null")
    if "properties" in node:
        out["properties"] = {name: compact(child) for name, child in node["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in node:
            out[key] = compact(node[key])
    if "$ref" in node:
        reference = {"$ref": "#/components/schemas/" + node["$ref"].rpartition("/")[2]}
        return {**out, "allOf": [reference]} if out else reference
    return out


def definitions(source: Mapping[str, Any]) -> dict[str, Any]:
    """Every definition by name."""
    found = {}
    for name, node in sorted(source.items()):
        out = {**compact(node), **UNIONS.get(name, {})}
        if name in SHARED:
            del out["x-kubernetes-group-version-kind"]
        found[name] = out
    for (name, field), value in DEFAULTS.items():
        found[name]["properties"][field]["default"] = value
    return found


def resources(discovery: Mapping[str, Any]) -> list[list[Any]]:
    """One row a resource; table.py names the columns."""
    rows: list[list[Any]] = []
    for root in ("api", "apis"):
        for group in discovery[root]["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                rows.extend(_row(name, version["version"], entry) for entry in version["resources"])
    return rows


def _row(group: str, version: str, entry: Mapping[str, Any]) -> list[Any]:
    below = []
    for item in entry.get("subresources", ()):
        kind = item["responseKind"]
        served = [kind.get("group") or group, kind.get("version") or version, kind["kind"]]
        below.append([item["subresource"], served, item["verbs"]])
    return [
        group,
        version,
        entry["resource"],
        entry["responseKind"]["kind"],
        entry.get("singularResource", ""),
        entry["scope"] == "Namespaced",
        entry["verbs"],
        entry.get("shortNames", []),
        entry.get("categories", []),
        below,
    ]


def main(discovery: Path) -> None:
    """Write the data file beside this module and say how large it is."""
    import kubernetes_validate

    schemas = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / SOURCE
    source = json.loads((schemas / "_definitions.json").read_text())["$defs"]
    document = {
        "definitions": definitions(source),
        "resources": resources(json.loads(discovery.read_text())),
        "scopes": UNSERVED,
    }
    text = json.dumps(document, separators=(",", ":"))
    data = zlib.compress(text.encode(), 9)
    Path(__file__).with_name(DATA).write_bytes(data)
    sys.stdout.write(f"{DATA}: {len(document['definitions'])} types, {len(text)} bytes, {len(data)} deflated\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
