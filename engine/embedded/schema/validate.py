"""Validation of custom resources, with the API server's wording and in its order.

First types and value keywords, then duplicates in list-maps and sets, then the rules; the rules only when nothing
found so far makes their answer meaningless. On an update, parts that did not change are not judged again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from engine.embedded.schema import cel
from engine.embedded.schema.fielderrors import (
    DUPLICATE,
    FORBIDDEN,
    INVALID,
    NO_FIELD,
    NOT_SUPPORTED,
    OMITTED,
    REQUIRED,
    TOO_LONG,
    TOO_MANY,
    TYPE_INVALID,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    required,
    type_invalid,
)
from engine.embedded.schema.structural import MISSING, Structural, ValidationRule

#: No earlier value at this place: everything is judged.
_NO_OLD = MISSING
_BLOCKING = frozenset({NOT_SUPPORTED, REQUIRED, TOO_LONG, TOO_MANY, TYPE_INVALID})
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
#: More errors than this help nobody.
MAX_ERRORS = 100


def validate(obj: dict[str, Any], old: dict[str, Any] | None, schema: Structural) -> list[FieldError]:
    """What is wrong with `obj`; `old` is the stored object of an update, None on create."""
    before: Any = _NO_OLD if old is None else old
    errors: list[FieldError] = []
    _judge(obj, before, schema, "", errors)
    if schema.has_keyed_lists:
        _duplicates(obj, schema, "", errors)
    if schema.has_rules:
        if any(error.reason in _BLOCKING for error in errors):
            errors.append(invalid(NO_FIELD, None, _UNCHECKED))
        else:
            _apply_rules(obj, before, schema, "", errors)
    return errors[:MAX_ERRORS]


# Types and keywords ---------------------------------------------------------------------------------------------


def _judge(value: Any, old: Any, schema: Structural, path: str, errors: list[FieldError]) -> None:
    if value is None and schema.nullable:
        return
    kind = _kind(value)
    if not _type_fits(kind, schema):
        wanted = "integer,string" if schema.int_or_string else schema.type
        errors.append(type_invalid(path or NO_FIELD, kind, f'{path} in body must be of type {wanted}: "{kind}"'))
    if schema.all_of or schema.any_of or schema.one_of or schema.not_ is not None:
        _combine(value, schema, path, errors)
    checks = schema.checks
    if kind == "array":
        _judge_items(value, schema, path, errors)
    if checks:
        for check in (*checks.get("number" if kind == "integer" else kind, ()), *checks.get("", ())):
            error = check(path, value)
            if error is not None:
                errors.append(error)
    if kind == "object":
        _judge_fields(value, old, schema, path, errors)


def _kind(value: Any) -> str:
    """The JSON type; whole numbers are integers however they are written."""
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return _KINDS.get(type(value), "null")


_KINDS: dict[type, str] = {str: "string", bool: "boolean", int: "integer", dict: "object", list: "array"}


def _type_fits(kind: str, schema: Structural) -> bool:
    if schema.int_or_string:
        return kind in ("integer", "string")
    return not schema.type or kind == schema.type or (kind == "integer" and schema.type == "number")


def _judge_items(value: list[Any], schema: Structural, path: str, errors: list[FieldError]) -> None:
    if schema.items is None:
        return
    for index, item in enumerate(value):
        _judge(item, _NO_OLD, schema.items, f"{path}[{index}]", errors)
        if len(errors) > MAX_ERRORS:
            return


def _judge_fields(value: dict[str, Any], old: Any, schema: Structural, path: str, errors: list[FieldError]) -> None:
    prefix = f"{path}." if path else ""
    errors.extend(required(prefix + name) for name in schema.required if name not in value)
    for name in sorted(value):
        child = schema.properties.get(name) or schema.additional
        if child is None:
            continue
        before = _below(old, name)
        if before is _NO_OLD or before != value[name]:
            _judge(value[name], before, child, prefix + name, errors)


def _below(old: Any, name: str) -> Any:
    return old.get(name, _NO_OLD) if isinstance(old, dict) else _NO_OLD


def _combine(value: Any, schema: Structural, path: str, errors: list[FieldError]) -> None:
    """allOf, anyOf, oneOf and not: one sentence that belongs to no field, then the nearest alternative's errors."""
    quoted = f'"{path}" must'
    failures = [_alone(value, node, path) for node in schema.all_of]
    if any(failures):
        errors.append(invalid(NO_FIELD, "", f"{quoted} validate all the schemas (allOf)"))
        errors.extend(error for found in failures for error in found)
    if schema.any_of:
        failures = [_alone(value, node, path) for node in schema.any_of]
        if all(failures):
            errors.append(invalid(NO_FIELD, "", f"{quoted} validate at least one schema (anyOf)"))
            errors.extend(_fewest(failures))
    if schema.one_of:
        failures = [_alone(value, node, path) for node in schema.one_of]
        fitting = sum(not found for found in failures)
        if fitting != 1:
            which = f"Found {fitting} valid alternatives" if fitting else "Found none valid"
            errors.append(invalid(NO_FIELD, "", f"{quoted} validate one and only one schema (oneOf). {which}"))
            errors.extend([] if fitting else _fewest(failures))
    if schema.not_ is not None and not _alone(value, schema.not_, path):
        errors.append(invalid(NO_FIELD, "", f"{quoted} not validate the schema (not)"))


def _fewest(failures: Sequence[list[FieldError]]) -> list[FieldError]:
    return min(failures, key=len)


def _alone(value: Any, schema: Structural, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    _judge(value, _NO_OLD, schema, path, errors)
    return errors


# Duplicates -----------------------------------------------------------------------------------------------------


def _duplicates(value: Any, schema: Structural, path: str, errors: list[FieldError]) -> None:
    if isinstance(value, list) and schema.items is not None:
        if schema.list_type != "atomic":
            _duplicate_items(value, schema, path, errors)
        if schema.items.has_keyed_lists:
            for index, item in enumerate(value):
                _duplicates(item, schema.items, f"{path}[{index}]", errors)
    elif isinstance(value, dict):
        for name, child_value in value.items():
            child = schema.properties.get(name) or schema.additional
            if child is not None and child.has_keyed_lists:
                _duplicates(child_value, child, f"{path}.{name}" if path else name, errors)


def _duplicate_items(value: list[Any], schema: Structural, path: str, errors: list[FieldError]) -> None:
    seen: set[bytes] = set()
    for index, item in enumerate(value):
        key = key_of(item, schema)
        identity = orjson.dumps(key, option=orjson.OPT_SORT_KEYS)
        if identity in seen:
            errors.append(duplicate(f"{path}[{index}]", key))
        seen.add(identity)


def key_of(item: Any, schema: Structural) -> Any:
    """What identifies an item of a list-map (its key fields) or of a set (itself)."""
    if schema.list_type != "map" or not isinstance(item, dict):
        return item
    return {name: item[name] for name in schema.map_keys if name in item}


# Rules ----------------------------------------------------------------------------------------------------------


def _apply_rules(value: Any, old: Any, schema: Structural, path: str, errors: list[FieldError]) -> None:
    if not schema.has_rules or value is None or (old is not _NO_OLD and old == value):
        return
    for rule in schema.rules:
        if not rule.rule.uses_old or old is not _NO_OLD:
            error = _apply(rule, value, old, path)
            if error is not None:
                errors.append(error)
    for child_value, child_old, child, child_path in _children(value, old, schema, path):
        _apply_rules(child_value, child_old, child, child_path, errors)


def _children(value: Any, old: Any, schema: Structural, path: str) -> Iterator[tuple[Any, Any, Structural, str]]:
    """Each child with its earlier self: fields by name, items of list-maps by key, others have none."""
    if isinstance(value, dict):
        for name, child_value in value.items():
            child = schema.properties.get(name)
            if child is not None:
                yield child_value, _below(old, name), child, f"{path}.{name}" if path else name
            elif schema.additional is not None:
                yield child_value, _below(old, name), schema.additional, f"{path}[{name}]"
    elif isinstance(value, list) and schema.items is not None:
        earlier = _by_key(old, schema)
        for index, item in enumerate(value):
            before = earlier.get(orjson.dumps(key_of(item, schema), option=orjson.OPT_SORT_KEYS), _NO_OLD)
            yield item, before, schema.items, f"{path}[{index}]"


def _by_key(old: Any, schema: Structural) -> Mapping[bytes, Any]:
    if not isinstance(old, list) or schema.list_type != "map":
        return {}
    return {orjson.dumps(key_of(item, schema), option=orjson.OPT_SORT_KEYS): item for item in old}


def _apply(rule: ValidationRule, value: Any, old: Any, path: str) -> FieldError | None:
    scope = {"self": value} if old is _NO_OLD else {"self": value, "oldSelf": old}
    where = (path + rule.field_path).lstrip(".") or NO_FIELD
    try:
        if rule.rule.evaluate(scope) is True:
            return None
    except cel.CelError as error:
        return invalid(where, OMITTED, f"{error} evaluating rule: {rule.message}")
    return _REASONED[rule.reason](where, _message(rule, scope))


def _message(rule: ValidationRule, scope: dict[str, Any]) -> str:
    """The message expression's text when it gives one, else the message."""
    if rule.message_expression is not None:
        try:
            text = rule.message_expression.evaluate(scope)
        except cel.CelError:
            return rule.message  # as the server does: a message that fails must not hide the failure
        if isinstance(text, str) and text.strip():
            return text
    return rule.message


_REASONED: dict[str, Callable[[str, str], FieldError]] = {
    INVALID: lambda path, detail: invalid(path, OMITTED, detail),
    FORBIDDEN: forbidden,
    REQUIRED: required,
    DUPLICATE: lambda path, detail: FieldError(path, DUPLICATE, f"Duplicate value: {detail}"),
}
