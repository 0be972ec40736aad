"""Types, keywords, lists and combinations, each with the server's sentence."""

from __future__ import annotations

from typing import Any

import pytest

from engine.embedded.schema import compile_crd, default, prune, validate
from engine.errors import Invalid


def spec_schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}


def errors_of(field_schema: dict[str, Any], value: Any) -> list[str]:
    known = compile_crd(spec_schema(x=field_schema))
    return [str(error) for error in validate({"spec": {"x": value}}, None, known)]


@pytest.mark.parametrize(
    ("field_schema", "value", "expected"),
    [
        (
            {"type": "string", "pattern": "^a+$"},
            "b",
            "spec.x: Invalid value: \"b\": spec.x in body should match '^a+$'",
        ),
        (
            {"type": "string", "minLength": 2},
            "b",
            'spec.x: Invalid value: "b": spec.x in body should be at least 2 chars long',
        ),
        ({"type": "string", "maxLength": 2}, "bcd", "spec.x: Too long: may not be more than 2 bytes"),
        (
            {"type": "integer", "minimum": 2},
            1,
            "spec.x: Invalid value: 1: spec.x in body should be greater than or equal to 2",
        ),
        (
            {"type": "integer", "minimum": 2, "exclusiveMinimum": True},
            2,
            "spec.x: Invalid value: 2: spec.x in body should be greater than 2",
        ),
        ({"type": "number", "multipleOf": 2}, 3, "spec.x: Invalid value: 3: spec.x in body should be a multiple of 2"),
        ({"type": "integer"}, 1.5, 'spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"'),
        ({"type": "boolean"}, 1, 'spec.x: Invalid value: "integer": spec.x in body must be of type boolean: "integer"'),
        (
            {"type": "integer"},
            True,
            'spec.x: Invalid value: "boolean": spec.x in body must be of type integer: "boolean"',
        ),
        (
            {"x-kubernetes-int-or-string": True},
            [],
            'spec.x: Invalid value: "array": spec.x in body must be of type integer,string: "array"',
        ),
        (
            {"type": "string", "format": "date-time"},
            "soon",
            'spec.x: Invalid value: "soon": spec.x in body must be of type date-time: "soon"',
        ),
        (
            {"type": "array", "items": {"type": "string"}, "maxItems": 1},
            ["a", "b"],
            "spec.x: Too many: 2: must have at most 1 item",
        ),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            [],
            "spec.x: Invalid value: 0: spec.x in body should have at least 1 items",
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            ["a", 2],
            'spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer"',
        ),
        ({"type": "string", "enum": ["a", "b"]}, "c", 'spec.x: Unsupported value: "c": supported values: "a", "b"'),
        (
            {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            ["a", "b", "a"],
            'spec.x[2]: Duplicate value: "a"',
        ),
        (
            {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "v": {"type": "string"}}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
            [{"name": "a", "v": "1"}, {"name": "a", "v": "2"}],
            'spec.x[1]: Duplicate value: {"name":"a"}',
        ),
        (
            {
                "type": "object",
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                "x-kubernetes-preserve-unknown-fields": True,
            },
            {"a": 1, "b": 2},
            (
                '<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). '
                "Found 2 valid alternatives"
            ),
        ),
        (
            {"type": "object", "not": {"required": ["a"]}, "x-kubernetes-preserve-unknown-fields": True},
            {"a": 1},
            '<nil>: Invalid value: "": "spec.x" must not validate the schema (not)',
        ),
    ],
)
def test_a_wrong_value_is_named(field_schema: dict[str, Any], value: Any, expected: str) -> None:
    assert errors_of(field_schema, value) == [expected]


@pytest.mark.parametrize(
    ("field_schema", "value"),
    [
        ({"type": "integer"}, 3.0),
        ({"type": "number"}, 3),
        ({"type": "string", "nullable": True}, None),
        ({"type": "string", "format": "date-time"}, "2026-11-21T12:00:00.123456789Z"),
        ({"type": "string", "format": "nothing-known"}, "anything"),
        ({"x-kubernetes-int-or-string": True}, "5%"),
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, 5),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": "b"}),
        ({"type": "object", "additionalProperties": True}, {"a": {"b": [1]}}),
    ],
)
def test_a_right_value_passes(field_schema: dict[str, Any], value: Any) -> None:
    assert errors_of(field_schema, value) == []


def test_what_did_not_change_is_not_judged_again() -> None:
    known = compile_crd(spec_schema(x={"type": "string", "enum": ["a"]}, y={"type": "integer"}))
    stored = {"spec": {"x": "from before the enum", "y": 1}}

    assert validate({"spec": {"x": "from before the enum", "y": 2}}, stored, known) == []
    assert len(validate({"spec": {"x": "new", "y": 2}}, stored, known)) == 1


def test_pruning_keeps_object_fields_and_preserved_parts() -> None:
    known = compile_crd(
        spec_schema(
            free={
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {"k": {"type": "object"}},
            },
            embedded={"type": "object", "x-kubernetes-embedded-resource": True},
            list={"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
        )
    )
    obj = {
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {"name": "x", "labels": {"a": "b"}},
        "junk": 1,
        "spec": {
            "free": {"any": {"thing": 1}, "k": {"gone": 1}},
            "embedded": {"apiVersion": "v1", "kind": "Y", "metadata": {"name": "y"}, "spec": {}},
            "list": [{"a": "b", "c": "d"}],
        },
    }

    assert prune(obj, known) == ["junk", "spec.embedded.spec", "spec.free.k.gone", "spec.list[0].c"]
    assert obj["spec"]["free"] == {"any": {"thing": 1}, "k": {}}
    assert obj["metadata"]["labels"] == {"a": "b"}


def test_defaults_reach_into_lists_maps_and_replace_nulls() -> None:
    item = {"type": "object", "properties": {"p": {"type": "string", "default": "TCP"}}}
    known = compile_crd(
        spec_schema(
            ports={"type": "array", "items": item},
            byname={"type": "object", "additionalProperties": item},
            made={"type": "object", "default": {}, "properties": {"n": {"type": "integer", "default": 3}}},
            null={"type": "string", "default": "d"},
            gone={"type": "string"},
            kept={"type": "string", "nullable": True},
        )
    )
    obj = {"spec": {"ports": [{}], "byname": {"a": {}}, "null": None, "gone": None, "kept": None}}

    default(obj, known)

    assert obj["spec"] == {
        "ports": [{"p": "TCP"}],
        "byname": {"a": {"p": "TCP"}},
        "made": {"n": 3},
        "null": "d",
        "kept": None,
    }


def test_a_definition_may_restrict_the_name() -> None:
    name = {"type": "string", "maxLength": 3}
    known = compile_crd(
        {"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": name}}}}
    )
    obj = {"metadata": {"name": "long", "labels": {"a": "b"}}}

    assert prune(obj, known) == []
    assert [str(error) for error in validate(obj, None, known)] == [
        "metadata.name: Too long: may not be more than 3 bytes"
    ]


def test_one_objects_default_is_not_anothers() -> None:
    known = compile_crd(
        spec_schema(made={"type": "object", "default": {"list": []}, "x-kubernetes-preserve-unknown-fields": True})
    )
    first, second = {"spec": {}}, {"spec": {}}
    default(first, known)
    first["spec"]["made"]["list"].append(1)
    default(second, known)

    assert second["spec"] == {"made": {"list": []}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            {"type": "object", "properties": {"a": {}}},
            "properties[a].type: Required value: must not be empty for specified object fields",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "array"}}},
            "properties[a].items: Required value: must be specified",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}},
            "must be a valid regular expression",
        ),
        ({"type": "object", "properties": {"a": {"$ref": "#/x", "type": "object"}}}, "$ref is not supported"),
        ({"type": "object", "properties": {"a": {"type": "word"}}}, 'Unsupported value: "word"'),
        ({"type": "object", "x-kubernetes-validations": [{"rule": "self.a.map(x, x)"}]}, "calls .map()"),
        ({"type": "object", "x-kubernetes-validations": [{"rule": "url(self.a)"}]}, "calls url()"),
    ],
)
def test_a_schema_that_cannot_be_honoured_is_refused(document: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        compile_crd(document)
    assert words in str(refused.value)


def test_a_bottomless_schema_is_refused() -> None:
    document: dict[str, Any] = {"type": "object"}
    for _ in range(500):
        document = {"type": "object", "properties": {"a": document}}
    with pytest.raises(Invalid, match="nested deeper"):
        compile_crd(document)


def test_a_number_beyond_64_bits_can_be_named() -> None:
    assert errors_of({"type": "integer", "maximum": 5}, 10**30) == [
        f"spec.x: Invalid value: {10**30}: spec.x in body should be less than or equal to 5"
    ]
