"""A structural schema, compiled once per version of a CustomResourceDefinition.

`compile_schema` turns the OpenAPI v3 document into a tree whose tests, patterns and rules are ready to run, and
collects what makes it unacceptable as FieldErrors at the paths that the API server names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.embedded.schema import cel
from engine.embedded.schema.checks import Check, compile_checks
from engine.embedded.schema.fielderrors import FieldError, forbidden, invalid, not_supported, required
from engine.embedded.schema.patterns import PatternError

MAX_DEPTH = 100


class _Missing:
    """No default."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """One entry of x-kubernetes-validations; `reason` is the cause's reason, `message` the text when it fails."""

    rule: cel.Rule
    message: str
    reason: str
    field_path: str
    message_expression: cel.Rule | None = None


@dataclass(frozen=True, slots=True)
class Structural:
    """One node. Absent keywords have the neutral value; `type` is "" where none is given."""

    type: str = ""
    properties: Mapping[str, Structural] = field(default_factory=dict)
    items: Structural | None = None
    additional: Structural | None = None
    required: tuple[str, ...] = ()
    default: Any = MISSING
    nullable: bool = False
    preserve_unknown: bool = False
    embedded: bool = False
    int_or_string: bool = False
    list_type: str = "atomic"
    map_keys: tuple[str, ...] = ()
    map_type: str = "granular"
    checks: Mapping[str, tuple[Check, ...]] = field(default_factory=dict)
    all_of: tuple[Structural, ...] = ()
    any_of: tuple[Structural, ...] = ()
    one_of: tuple[Structural, ...] = ()
    not_: Structural | None = None
    rules: tuple[ValidationRule, ...] = ()
    #: Whether this node or one below has rules: the others are not visited for them.
    has_rules: bool = False
    #: Whether this node or one below is a set or a list-map.
    has_keyed_lists: bool = False


@dataclass(slots=True)
class _Place:
    """Where the compiler is: the path for messages, how deep, and whether inside a value validation."""

    path: str
    depth: int = 0
    nested: bool = False
    errors: list[FieldError] = field(default_factory=list)

    def child(self, suffix: str, *, nested: bool = False) -> _Place:
        return _Place(self.path + suffix, self.depth + 1, self.nested or nested, self.errors)


def compile_schema(document: Mapping[str, Any], path: str, errors: list[FieldError]) -> Structural:
    """The compiled root. What is wrong with the document is added to `errors`, each at its path below `path`."""
    place = _Place(path, errors=errors)
    if not document.get("type"):
        errors.append(required(f"{path}.type", "must not be empty at the root"))
    elif document["type"] != "object":
        errors.append(invalid(f"{path}.type", document["type"], "must be object at the root"))
    return _compile(document, place, root=True)


_FORBIDDEN = ("$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "id", "deprecated")
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_LIST_TYPES = ("atomic", "map", "set")
_MAP_TYPES = ("atomic", "granular")


def _compile(document: Any, place: _Place, *, root: bool = False) -> Structural:
    if not isinstance(document, Mapping):
        place.errors.append(invalid(place.path, str(type(document).__name__), "must be a schema object"))
        return Structural()
    if place.depth > MAX_DEPTH:
        place.errors.append(forbidden(place.path, f"schema must not be nested deeper than {MAX_DEPTH} levels"))
        return Structural()
    _judge(document, place)
    properties = _properties(document, place, root=root)
    items = _items(document, place)
    additional = _additional(document, place)
    combined = {
        word: tuple(
            _compile(entry, place.child(f".{word}[{index}]", nested=True))
            for index, entry in enumerate(document.get(word) or ())
        )
        for word in ("allOf", "anyOf", "oneOf")
    }
    negated = document.get("not")
    rules = _rules(document, place)
    list_type = str(document.get("x-kubernetes-list-type") or "atomic")
    children = (*properties.values(), *(node for node in (items, additional) if node is not None))
    return Structural(
        type=str(document.get("type") or ""),
        properties=properties,
        items=items,
        additional=additional,
        required=tuple(document.get("required") or ()),
        default=document["default"] if document.get("default") is not None else MISSING,
        nullable=bool(document.get("nullable")),
        preserve_unknown=bool(document.get("x-kubernetes-preserve-unknown-fields")),
        embedded=bool(document.get("x-kubernetes-embedded-resource")),
        int_or_string=bool(document.get("x-kubernetes-int-or-string")),
        list_type=list_type,
        map_keys=tuple(document.get("x-kubernetes-list-map-keys") or ()),
        map_type=str(document.get("x-kubernetes-map-type") or "granular"),
        checks=_checks(document, place),
        all_of=combined["allOf"],
        any_of=combined["anyOf"],
        one_of=combined["oneOf"],
        not_=None if negated is None else _compile(negated, place.child(".not", nested=True)),
        rules=rules,
        has_rules=bool(rules) or any(child.has_rules for child in children),
        has_keyed_lists=list_type != "atomic" or any(child.has_keyed_lists for child in children),
    )


def _judge(document: Mapping[str, Any], place: _Place) -> None:
    """What the API server refuses in any node."""
    path, errors = place.path, place.errors
    errors.extend(forbidden(f"{path}.{word}", f"{word} is not supported") for word in _FORBIDDEN if document.get(word))
    kind = document.get("type")
    if kind and kind not in _TYPES:
        errors.append(not_supported(f"{path}.type", kind, _TYPES))
    if document.get("uniqueItems"):
        errors.append(
            forbidden(
                f"{path}.uniqueItems",
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            )
        )
    if document.get("additionalProperties") and document.get("properties"):
        errors.append(
            forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
        )
    if not place.nested:
        _judge_structure(document, place)
    _judge_extensions(document, place)


def _judge_structure(document: Mapping[str, Any], place: _Place) -> None:
    untyped = document.get("x-kubernetes-int-or-string") or document.get("x-kubernetes-preserve-unknown-fields")
    if place.depth and not document.get("type") and not untyped:
        what = "array items" if place.path.endswith(".items") else "object fields"
        place.errors.append(required(f"{place.path}.type", f"must not be empty for specified {what}"))
    if document.get("type") == "array" and document.get("items") is None:
        place.errors.append(required(f"{place.path}.items", "must be specified"))


def _judge_extensions(document: Mapping[str, Any], place: _Place) -> None:
    path, errors = place.path, place.errors
    list_type, map_type = document.get("x-kubernetes-list-type"), document.get("x-kubernetes-map-type")
    if list_type and list_type not in _LIST_TYPES:
        errors.append(not_supported(f"{path}.x-kubernetes-list-type", list_type, _LIST_TYPES))
    elif list_type and document.get("type") != "array":
        errors.append(
            invalid(f"{path}.type", document.get("type") or "", "must be array if x-kubernetes-list-type is specified")
        )
    if list_type == "map" and not document.get("x-kubernetes-list-map-keys"):
        errors.append(
            required(f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map")
        )
    if map_type and map_type not in _MAP_TYPES:
        errors.append(not_supported(f"{path}.x-kubernetes-map-type", map_type, _MAP_TYPES))


def _properties(document: Mapping[str, Any], place: _Place, *, root: bool) -> Mapping[str, Structural]:
    """Child nodes by name. Metadata is ObjectMeta, which the server judges; a schema may restrict only its names."""
    properties = document.get("properties") or {}
    embedded = root or bool(document.get("x-kubernetes-embedded-resource"))
    return {
        name: _compile(child, place.child(f".properties[{name}]"))
        for name, child in properties.items()
        if not (embedded and name == "metadata" and isinstance(child, Mapping) and not child.get("properties"))
    }


def _items(document: Mapping[str, Any], place: _Place) -> Structural | None:
    items = document.get("items")
    if items is None:
        return None
    if isinstance(items, list):
        place.errors.append(forbidden(f"{place.path}.items", "items must be a schema object and not an array"))
        return None
    return _compile(items, place.child(".items"))


def _additional(document: Mapping[str, Any], place: _Place) -> Structural | None:
    """The schema of a map's values; `true` allows anything."""
    additional = document.get("additionalProperties")
    if additional is None:
        return None
    if isinstance(additional, bool):
        if not additional:
            place.errors.append(
                forbidden(f"{place.path}.additionalProperties", "additionalProperties cannot be set to false")
            )
        return Structural(preserve_unknown=True)
    return _compile(additional, place.child(".additionalProperties"))


def _checks(document: Mapping[str, Any], place: _Place) -> Mapping[str, tuple[Check, ...]]:
    try:
        return compile_checks(document)
    except PatternError as error:
        pattern = str(document.get("pattern"))
        detail = f"must be a valid regular expression, but isn't: {error}"
        place.errors.append(invalid(f"{place.path}.pattern", pattern, detail))
        return {}


_REASONS = ("FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate")


def _rules(document: Mapping[str, Any], place: _Place) -> tuple[ValidationRule, ...]:
    rules: list[ValidationRule] = []
    for index, entry in enumerate(document.get("x-kubernetes-validations") or ()):
        path = f"{place.path}.x-kubernetes-validations[{index}]"
        if place.nested:
            place.errors.append(forbidden(path, "must be empty to be structural"))
            continue
        rule = _rule(entry, path, place.errors)
        if rule is not None:
            rules.append(rule)
    return tuple(rules)


def _rule(entry: Mapping[str, Any], path: str, errors: list[FieldError]) -> ValidationRule | None:
    text = str(entry.get("rule") or "")
    if not text.strip():
        errors.append(required(f"{path}.rule", "rule is not specified"))
        return None
    if entry.get("optionalOldSelf"):
        errors.append(invalid(f"{path}.optionalOldSelf", True, "rules with optionalOldSelf are not supported here"))
        return None
    reason = str(entry.get("reason") or _REASONS[0])
    if reason not in _REASONS:
        errors.append(not_supported(f"{path}.reason", reason, _REASONS))
    expression = str(entry.get("messageExpression") or "")
    try:
        return ValidationRule(
            rule=cel.compile_rule(text),
            message=str(entry.get("message") or "").strip() or f"failed rule: {text.strip()}",
            reason=reason,
            field_path=str(entry.get("fieldPath") or ""),
            message_expression=cel.compile_rule(expression) if expression else None,
        )
    except cel.CelSyntaxError as error:
        errors.append(invalid(f"{path}.rule", text, f"compilation failed: {error}"))
        return None
