"""One node of a type: what server-side apply, strategic merge, defaulting and validation ask of a field.

A `Schema` is compiled from OpenAPI v3, whether it comes from the built-in table or from a CustomResourceDefinition.
References are resolved: a type that contains itself is a cycle of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from engine.errors import LimitExceeded, Malformed


class _Missing:
    """The mark of a node without a default: None is a default too."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()

MAX_DEPTH = 100
_PLAIN = {"type", "format"}
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a value must also satisfy: only schemas of CustomResourceDefinitions have these."""

    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    min_items: int | None = None
    max_items: int | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    all_of: tuple[Schema, ...] = ()
    any_of: tuple[Schema, ...] = ()
    one_of: tuple[Schema, ...] = ()
    not_: Schema | None = None
    #: x-kubernetes-validations as written.
    validations: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Schema:
    """A node; absent keywords have the neutral value. Compared by identity: types refer to themselves.

    `type` is object, array, string, integer, number, boolean or "" (anything, or int-or-string). An object has
    `properties` (a struct), `additional_properties` (a map) or neither (anything). `list_type` is "" where nothing is
    said, which server-side apply takes as atomic; `merge_key` and `patch_strategy` are those of strategic merge.
    """

    type: str = ""
    format: str = ""
    properties: Mapping[str, Schema] = field(default_factory=lambda: _NOTHING)
    additional_properties: Schema | None = None
    items: Schema | None = None
    required: tuple[str, ...] = ()
    enum: tuple[Any, ...] = ()
    default: Any = MISSING
    nullable: bool = False
    list_type: str = ""
    map_keys: tuple[str, ...] = ()
    map_type: str = ""
    merge_key: str = ""
    patch_strategy: tuple[str, ...] = ()
    preserve_unknown: bool = False
    int_or_string: bool = False
    embedded_resource: bool = False
    constraints: Constraints | None = None
    #: The definition's name in the built-in table, or "".
    name: str = ""

    def __repr__(self) -> str:
        return f"Schema({self.name or self.type or 'anything'})"

    def child(self, step: str | int) -> Schema | None:
        """The node of a field (by name) or of a list's items (by any index); None where nothing is declared."""
        if isinstance(step, int):
            return self.items
        return self.properties.get(step) or self.additional_properties

    def at(self, *steps: str | int) -> Schema | None:
        """The node at a path: `at("spec", "containers", 0, "ports")`."""
        node: Schema | None = self
        for step in steps:
            node = None if node is None else node.child(step)
        return node


#: Any value: maps merge by key, lists are replaced.
ANYTHING: Final = Schema(preserve_unknown=True)

Resolver = Callable[[str], Schema]


def compile_schema(document: Mapping[str, Any], resolve: Resolver | None = None) -> Schema:
    """The node for an OpenAPI v3 schema. `resolve` turns the last part of a `$ref` into a node.

    Raises Malformed when the document is not a schema, LimitExceeded when it is nested too deeply.
    """
    return _compile(document, resolve or _no_references, 0)


def custom_resource(document: Mapping[str, Any] | None, metadata: Schema) -> Schema:
    """The root node of a custom resource: its openAPIV3Schema with the server's own apiVersion, kind and metadata."""
    node = ANYTHING if document is None else compile_schema(document)
    text = Schema(type="string")
    own = {"apiVersion": text, "kind": text, "metadata": metadata}
    return replace(node, type="object", properties={**node.properties, **own})


def _no_references(name: str) -> Schema:
    raise Malformed(f"schema refers to {name!r}", fix="write the schema out: references are not allowed here")


def _compile(document: Any, resolve: Resolver, depth: int) -> Schema:
    if not isinstance(document, Mapping):
        raise Malformed(f"a schema is a {type(document).__name__}, not an object")
    if depth > MAX_DEPTH:
        raise LimitExceeded(f"schema is nested deeper than {MAX_DEPTH} levels")
    if document.keys() <= _PLAIN:
        return _plain(str(document.get("type") or ""), str(document.get("format") or ""))
    if reference := _reference(document):
        return _with_siblings(resolve(reference.rpartition("/")[2]), document)
    schema = Schema(properties={}, **scalars(document))
    return fill(schema, document, resolve, depth)


@lru_cache(maxsize=256)
def _plain(kind: str, form: str) -> Schema:
    """A scalar that says nothing more: most fields are one of a few."""
    return Schema(type=kind, format=form, int_or_string=form == "int-or-string")


def fill(schema: Schema, document: Mapping[str, Any], resolve: Resolver, depth: int = 0) -> Schema:
    """Compile what is below `schema`, whose `properties` is the dict to fill: a type may then contain itself."""
    properties = schema.properties
    for name, child in (document.get("properties") or {}).items():
        properties[name] = _compile(child, resolve, depth + 1)  # type: ignore[index]  # the dict the caller made
    items, additional = document.get("items"), document.get("additionalProperties")
    below: dict[str, Any] = {}
    if items is not None:
        below["items"] = _compile(items, resolve, depth + 1)
    if additional is True:
        below["additional_properties"] = ANYTHING
    elif isinstance(additional, Mapping):
        below["additional_properties"] = _compile(additional, resolve, depth + 1)
    if constraints := _constraints(document, resolve, depth):
        below["constraints"] = constraints
    return replace(schema, **below) if below else schema


def _reference(document: Mapping[str, Any]) -> str:
    """The `$ref`, also of a sole allOf entry: OpenAPI v3 wraps a reference that has siblings so."""
    wrapped = document.get("allOf")
    if isinstance(wrapped, list) and len(wrapped) == 1 and isinstance(wrapped[0], Mapping):
        document = wrapped[0]
    return str(document.get("$ref") or "")


def _with_siblings(target: Schema, document: Mapping[str, Any]) -> Schema:
    """The referenced node, with what the referring field says beside the reference."""
    if len(document) == 1:
        return target
    said = {name: value for name, value in scalars(document).items() if name != "type"}
    return replace(target, **said) if said else target


_KEYWORDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "type": ("type", str),
    "format": ("format", str),
    "required": ("required", tuple),
    "enum": ("enum", tuple),
    "nullable": ("nullable", bool),
    "x-kubernetes-list-type": ("list_type", str),
    "x-kubernetes-list-map-keys": ("map_keys", tuple),
    "x-kubernetes-map-type": ("map_type", str),
    "x-kubernetes-patch-merge-key": ("merge_key", str),
    "x-kubernetes-patch-strategy": ("patch_strategy", lambda text: tuple(str(text).split(","))),
    "x-kubernetes-preserve-unknown-fields": ("preserve_unknown", bool),
    "x-kubernetes-int-or-string": ("int_or_string", bool),
    "x-kubernetes-embedded-resource": ("embedded_resource", bool),
}


def scalars(document: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of the node itself."""
    found = {
        name: convert(document[keyword])
        for keyword, (name, convert) in _KEYWORDS.items()
        if document.get(keyword) is not None
    }
    if "default" in document:
        found["default"] = document["default"]
    if document.get("format") == "int-or-string":
        found["int_or_string"] = True
    return found


_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minItems": "min_items",
    "maxItems": "max_items",
    "minProperties": "min_properties",
    "maxProperties": "max_properties",
}
_COMBINED = {"allOf": "all_of", "anyOf": "any_of", "oneOf": "one_of"}


def _constraints(document: Mapping[str, Any], resolve: Resolver, depth: int) -> Constraints | None:
    found: dict[str, Any] = {
        name: document[keyword] for keyword, name in _BOUNDS.items() if document.get(keyword) is not None
    }
    for keyword, name in _COMBINED.items():
        if entries := document.get(keyword):
            found[name] = tuple(_compile(entry, resolve, depth + 1) for entry in entries)
    if (negated := document.get("not")) is not None:
        found["not_"] = _compile(negated, resolve, depth + 1)
    if rules := document.get("x-kubernetes-validations"):
        found["validations"] = tuple(rules)
    return Constraints(**found) if found else None
