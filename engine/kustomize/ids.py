"""Who an object is: group, version, kind, name, namespace, and how kustomize compares them (engines.md B4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from engine.kustomize.nodes import text, written
from engine.kustomize.schemas import is_cluster_scoped

#: The namespace of what has none: it equals no real one.
NO_NAMESPACE = "_non_namespaceable_"
_DEFAULT = "default"


class Gvk(NamedTuple):
    """Group, version and kind; as a selector an empty part matches anything."""

    group: str = ""
    version: str = ""
    kind: str = ""

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def selects(self, other: Gvk) -> bool:
        """Whether every part that is set here equals the other's."""
        return (
            (not self.kind or self.kind == other.kind)
            and (not self.group or self.group == other.group)
            and (not self.version or self.version == other.version)
        )

    def __str__(self) -> str:
        return f"{self.kind or '[noKind]'}.{self.version or '[noVer]'}.{self.group or '[noGrp]'}"


class ResId(NamedTuple):
    """An object's identity; `namespace` is as written ("" when it is not)."""

    gvk: Gvk
    name: str = ""
    namespace: str = ""
    cluster: bool = False

    @property
    def effective_namespace(self) -> str:
        """The namespace with the default filled in, or NO_NAMESPACE for a cluster's own objects."""
        if self.cluster:
            return NO_NAMESPACE
        return self.namespace or _DEFAULT

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What two ids share when they mean the same object."""
        return (*self.gvk, self.name, self.effective_namespace)

    def same_namespace(self, other: ResId) -> bool:
        """Whether both live in the same namespace, or in none."""
        return self.effective_namespace == other.effective_namespace

    def same(self, other: ResId) -> bool:
        """Whether both mean the same object."""
        return self.gvk == other.gvk and self.name == other.name and self.same_namespace(other)

    def __str__(self) -> str:
        return f"{self.gvk}/{self.name or '[noName]'}.{self.namespace or '[noNs]'}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """Group and version."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", group)


@lru_cache(maxsize=1024)
def _known(api_version: str, kind: str) -> tuple[Gvk, bool]:
    """The type, and whether it is cluster-scoped; a build asks this of few types and very often."""
    return Gvk(*split_api_version(api_version), kind), is_cluster_scoped(api_version, kind)


def gvk_of(obj: dict[str, Any]) -> Gvk:
    """The group, version and kind of an object."""
    return _type_of(obj)[0]


def _type_of(obj: dict[str, Any]) -> tuple[Gvk, bool]:
    api_version, kind = obj.get("apiVersion"), obj.get("kind")
    if api_version.__class__ is str and kind.__class__ is str:
        return _known(api_version, kind)
    return _known(written(api_version), written(kind))


def id_of(obj: dict[str, Any]) -> ResId:
    """The identity of an object as it stands."""
    gvk, cluster = _type_of(obj)
    metadata = obj.get("metadata")
    if metadata.__class__ is not dict:
        return ResId(gvk, "", "", cluster)
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if name.__class__ is not str:
        name = text(name)
    return ResId(gvk, name, "" if namespace is None else text(namespace), cluster)
