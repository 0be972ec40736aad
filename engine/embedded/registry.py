"""Every resource that is served: Kubernetes 1.36's own (engine.openapi), and those of the CRDs.

data/columns.json has one line per built-in resource: its printer columns as [name, type, format, priority].
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources as package_files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from engine import openapi

if TYPE_CHECKING:
    from engine.embedded.crds import CustomVersion

#: The one kind that is stored once and served by two groups (embedded/convert.py).
EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column; `json_path` is empty for built-in kinds, whose cells are made in printers.py."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""
    json_path: str = ""


@dataclass(frozen=True, slots=True)
class Subresource:
    """`status`, `scale`, …; kind, group and version are those of what it takes and gives."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource in one version."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    list_kind: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: Mapping[str, Subresource] = field(default_factory=lambda: MappingProxyType({}))
    columns: tuple[Column, ...] = ()
    #: The type, for field ownership, strategic merge and typed decoding.
    schema: openapi.Schema | None = field(default=None, compare=False, repr=False)
    #: The version of a CRD that this is, or None for a built-in.
    custom: CustomVersion | None = field(default=None, compare=False, repr=False)

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`plural.group`, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def storage(self) -> str:
        """The key under which all versions of this resource are stored."""
        return EVENTS if self.plural == EVENTS and self.group == "events.k8s.io" else self.qualified

    @property
    def stored(self) -> bool:
        """Whether there are objects at all: reviews and bindings are only ever created."""
        return "list" in self.verbs

    @property
    def version_hash(self) -> str:
        """Discovery's storageVersionHash."""
        digest = hashlib.sha256(f"{self.group}/{self.version}/{self.kind}".encode()).digest()
        return base64.b64encode(digest[:8]).decode()


class Registry:
    """Lookup by path and by kind. `on_change` is called after resources came or went."""

    def __init__(self, builtin: Iterable[Resource] | None = None) -> None:
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._listeners: list[Callable[[], None]] = []
        self._groups: tuple[str, ...] = ()
        self.add(load_builtin() if builtin is None else builtin)

    def __iter__(self) -> Iterator[Resource]:
        return iter(tuple(self._by_path.values()))

    def on_change(self, listener: Callable[[], None]) -> None:
        """Be told after every change."""
        self._listeners.append(listener)

    def add(self, found: Iterable[Resource]) -> None:
        """Serve these."""
        for resource in found:
            self._by_path[resource.group, resource.version, resource.plural] = resource
            self._by_kind[resource.api_version, resource.kind] = resource
        self._changed()

    def remove(self, group: str, plural: str) -> None:
        """Stop serving every version of a resource."""
        for key in [key for key in self._by_path if key[0] == group and key[2] == plural]:
            resource = self._by_path.pop(key)
            self._by_kind.pop((resource.api_version, resource.kind), None)
        self._changed()

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """By the parts of a URL."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """By what an object says of itself."""
        return self._by_kind.get((api_version, kind))

    def groups(self) -> tuple[str, ...]:
        """Group names in discovery's order, "" (core) first."""
        return self._groups

    def versions(self, group: str) -> tuple[str, ...]:
        """Served versions of a group, preferred first."""
        return tuple(dict.fromkeys(key[1] for key in self._by_path if key[0] == group))

    def resources(self, group: str, version: str) -> tuple[Resource, ...]:
        """The resources of one version of a group."""
        return tuple(found for key, found in self._by_path.items() if key[:2] == (group, version))

    def _changed(self) -> None:
        self._groups = tuple(dict.fromkeys(key[0] for key in self._by_path))
        for listener in self._listeners:
            listener()


@cache
def load_builtin() -> tuple[Resource, ...]:
    """Kubernetes 1.36's own resources in discovery's order."""
    text = package_files.files("engine.embedded").joinpath("data/columns.json").read_bytes()
    columns = orjson.loads(text)
    return tuple(_builtin(row, columns) for row in openapi.resources())


def _builtin(row: openapi.Resource, columns: Mapping[str, Any]) -> Resource:
    group, version, kind = row.kind
    path = "/".join(part for part in (group, version, row.plural) if part)
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=row.plural,
        singular=row.singular,
        namespaced=row.namespaced,
        verbs=row.verbs,
        list_kind=f"{kind}List",
        short_names=row.short_names,
        categories=row.categories,
        subresources=MappingProxyType(
            {name: _subresource(name, of, verbs, row.kind) for name, (of, verbs) in row.subresources.items()}
        ),
        columns=tuple(Column(*column) for column in columns.get(path, ())),
        schema=openapi.schema(group, version, kind),
    )


def _subresource(name: str, of: openapi.Kind, verbs: tuple[str, ...], parent: openapi.Kind) -> Subresource:
    """Discovery names group and version only where they are not the parent's."""
    own = of[:2] == parent[:2]
    return Subresource(name, of.kind, verbs, "" if own else of.group, "" if own else of.version)
