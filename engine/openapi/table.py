"""The built-in types of Kubernetes 1.36, read from one compact file when first asked for.

The file is deflated JSON: `definitions` are OpenAPI v3 component schemas by name, without prose; `resources` is what
discovery says of each served resource; `scopes` adds the kinds of versions that are not served by default.
`generate.py` writes it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from engine.openapi.schema import Schema, fill, scalars

DATA = "kubernetes-1.36.json.z"
_GVK = "x-kubernetes-group-version-kind"
_PREFIX = "#/components/schemas/"


class Kind(NamedTuple):
    """A built-in kind; `group` is "" for the core group."""

    group: str
    version: str
    kind: str


class Resource(NamedTuple):
    """What discovery says of a served resource. `subresources` maps name to (kind, verbs)."""

    kind: Kind
    plural: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    subresources: Mapping[str, tuple[Kind, tuple[str, ...]]]


class Table:
    """The decoded file, and the nodes compiled from it so far."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.definitions: Mapping[str, Any] = document["definitions"]
        self._document = document
        self._compiled: dict[str, Schema] = {}
        self.names = {
            Kind(gvk["group"], gvk["version"], gvk["kind"]): name
            for name, definition in self.definitions.items()
            for gvk in definition.get(_GVK, ())
        }

    def schema(self, name: str) -> Schema:
        """The node of a definition; a KeyError when there is none of that name."""
        known = self._compiled.get(name)
        if known is not None:
            return known
        definition = self.definitions[name]
        # Known before it is filled, so that a type that contains itself finds itself.
        node = Schema(properties={}, name=name, **scalars(definition))
        self._compiled[name] = node
        self._compiled[name] = filled = fill(node, definition, self.schema)
        return filled

    def resources(self) -> Iterator[Resource]:
        """Every resource that a 1.36 server serves by default, in discovery's order."""
        for group, version, plural, kind, singular, namespaced, verbs, short, categories, below in self._document[
            "resources"
        ]:
            yield Resource(
                kind=Kind(group, version, kind),
                plural=plural,
                singular=singular,
                namespaced=namespaced,
                verbs=tuple(verbs),
                short_names=tuple(short),
                categories=tuple(categories),
                subresources={name: (Kind(*of), tuple(can)) for name, of, can in below},
            )

    def scopes(self) -> dict[tuple[str, str], bool]:
        """Whether each kind is namespaced, by (group, kind)."""
        found = {(group, kind): bool(namespaced) for group, kind, namespaced in self._document["scopes"]}
        found.update({resource.kind[::2]: resource.namespaced for resource in self.resources()})
        return found


@cache
def table() -> Table:
    """The table of this version of Kubernetes; read once."""
    data = Path(__file__).with_name(DATA).read_bytes()
    return Table(orjson.loads(zlib.decompress(data)))


@cache
def _scopes() -> Mapping[tuple[str, str], bool]:
    return table().scopes()


def schema(group: str, version: str, kind: str) -> Schema | None:
    """The type of a built-in kind, or None."""
    name = table().names.get(Kind(group, version, kind))
    return None if name is None else table().schema(name)


def definition(name: str) -> Schema:
    """The type of a definition by its OpenAPI name, e.g. io.k8s.api.core.v1.PodSpec; KeyError when there is none."""
    return table().schema(name)


def object_meta() -> Schema:
    """Metadata of every object."""
    return table().schema("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")


def scope(group: str, kind: str) -> bool | None:
    """Whether objects of a built-in kind are namespaced; None when it is no resource or not built in."""
    return _scopes().get((group, kind))


def kinds() -> tuple[Kind, ...]:
    """Every built-in kind that has a type, lists and reviews included."""
    return tuple(table().names)


@cache
def resources() -> tuple[Resource, ...]:
    """Every built-in resource that is served by default."""
    return tuple(table().resources())


def definitions_for(group: str, version: str) -> dict[str, Any]:
    """OpenAPI v3 `components.schemas` of one group and version: its kinds and all that they refer to.

    The values belong to the table: read only.
    """
    known = table()
    wanted = [name for kind, name in known.names.items() if kind[:2] == (group, version)]
    found: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = known.definitions[name]
            wanted.extend(_references(found[name]))
    return dict(sorted(found.items()))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_PREFIX)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
