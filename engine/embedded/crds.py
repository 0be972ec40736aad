"""CustomResourceDefinitions at work: what they make the server serve, their status, and the clean-up when they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine import openapi
from engine.embedded import metadata, schema
from engine.embedded.records import Event, Record
from engine.embedded.registry import Column, Resource, Subresource
from engine.embedded.schema import Structural

if TYPE_CHECKING:
    from engine.embedded.core import Core

Object = dict[str, Any]

STORAGE = "customresourcedefinitions.apiextensions.k8s.io"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
MANAGER = "kube-apiserver-1.36"
VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_SUB_VERBS = ("get", "patch", "update")
_AGE = Column(
    "Age",
    "date",
    description="Time since the object was created, by the server's clock.",
    json_path=".metadata.creationTimestamp",
)


@dataclass(frozen=True, slots=True)
class CustomVersion:
    """One version of a CRD. `scale` has the paths of the scale subresource, where it is on."""

    structural: Structural | None
    document: Mapping[str, Any]
    storage_api_version: str
    selectable: tuple[str, ...] = ()
    scale: Mapping[str, str] | None = None


class Definitions:
    """Keeps the registry in step with the stored definitions."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._serving: dict[str, Object] = {}

    def load(self) -> None:
        """Serve what is stored; called once at the start."""
        for record in self._core.store.records(STORAGE):
            self.written(record)

    def written(self, record: Record) -> None:
        """A definition was created or changed: judge its names, serve it, or begin to clean up."""
        crd = record.obj
        if crd["metadata"].get("deletionTimestamp"):
            self._clean_up(record)
            return
        others = [
            other.obj
            for other in self._core.store.records(STORAGE)
            if other.name != record.name and other.obj["spec"]["group"] == crd["spec"]["group"]
        ]
        status = schema.accept(crd, others, metadata.timestamp(self._core.clock.now()))
        if status != crd.get("status"):
            self._core.replace_object({**crd, "status": status}, manager=MANAGER, subresource="status")
            return
        if schema.condition(crd, "Established") == "True" and self._serving.get(record.name) != crd["spec"]:
            self._serving[record.name] = crd["spec"]
            self._core.registry.remove(crd["spec"]["group"], crd["spec"]["names"]["plural"])
            self._core.registry.add(resources_of(crd))

    def removed(self, record: Record) -> None:
        """A definition is gone."""
        self._serving.pop(record.name, None)
        spec = record.obj["spec"]
        self._core.registry.remove(spec["group"], spec["names"]["plural"])

    def instance_removed(self, event: Event) -> None:
        """A custom resource is gone: its definition may have waited for that."""
        crd = self._core.store.get(STORAGE, "", event.record.storage)
        if crd is not None and crd.obj["metadata"].get("deletionTimestamp"):
            self._clean_up(crd)

    def _clean_up(self, record: Record) -> None:
        """Delete the instances; when none is left, let the definition go."""
        found = next(iter(resources_of(record.obj)), None)
        left = self._core.store.records(record.name)
        if left and found is not None:
            for instance in left:
                if not instance.obj["metadata"].get("deletionTimestamp"):
                    self._core.delete_record(found, instance)
            left = self._core.store.records(record.name)
        if not left:
            self._core.drop_finalizer(STORAGE, "", record.name, FINALIZER)


def resources_of(crd: Object) -> list[Resource]:
    """The served versions of a definition, the preferred one first."""
    spec = crd["spec"]
    storage = next((v["name"] for v in spec["versions"] if v.get("storage")), spec["versions"][0]["name"])
    versions = sorted(
        (v for v in spec["versions"] if v.get("served")), key=lambda v: version_priority(v["name"]), reverse=True
    )
    return [_resource(spec, version, f"{spec['group']}/{storage}") for version in versions]


def version_priority(name: str) -> tuple[int, int, int]:
    """Sort key of a version: v2 over v1 over v1beta2 over v1alpha1 over anything else."""
    rest = name.removeprefix("v")
    for stage, word in ((2, "beta"), (1, "alpha")):
        major, found, minor = rest.partition(word)
        if found and major.isdigit() and minor.isdigit():
            return stage, int(major), int(minor)
    return (3, int(rest), 0) if name.startswith("v") and rest.isdigit() else (0, 0, 0)


def _resource(spec: Object, version: Object, storage_api_version: str) -> Resource:
    names, below = spec["names"], version.get("subresources") or {}
    document = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    structural = schema.compile_crd(document) if document else None
    if structural is not None and "status" not in below:
        structural = replace(structural)
    subresources: dict[str, Subresource] = {}
    if "status" in below:
        subresources["status"] = Subresource("status", names["kind"], _SUB_VERBS)
    if "scale" in below:
        subresources["scale"] = Subresource("scale", "Scale", _SUB_VERBS, "autoscaling", "v1")
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        namespaced=spec["scope"] == "Namespaced",
        verbs=VERBS,
        list_kind=names.get("listKind") or f"{names['kind']}List",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=MappingProxyType(subresources),
        columns=_columns(version),
        schema=openapi.custom_resource(document or None, openapi.object_meta()),
        custom=CustomVersion(
            structural=structural,
            document=document,
            storage_api_version=storage_api_version,
            selectable=tuple(field["jsonPath"] for field in version.get("selectableFields") or ()),
            scale=below.get("scale"),
        ),
    )


def _columns(version: Object) -> tuple[Column, ...]:
    name = Column("Name", "string", "name", description="The object's name.")
    own = tuple(
        Column(
            column["name"],
            column["type"],
            column.get("format") or "",
            int(column.get("priority") or 0),
            column.get("description")
            or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}",
            column["jsonPath"],
        )
        for column in version.get("additionalPrinterColumns") or ()
    )
    return (name, *(own or (_AGE,)))
