"""Ages, JSONPaths and cells as kubectl's columns need them; shaping of built-in kinds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine import openapi
from engine.embedded import jsonpath, printers, typed
from engine.embedded.ages import age, duration
from engine.embedded.registry import Column, Registry
from engine.embedded.status import ApiError
from engine.errors import Malformed

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (192, "3m12s"),
        (601, "10m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 1800, "3h30m"),
        (9 * 3600, "9h"),
        (51 * 3600, "2d3h"),
        (17 * 86400, "17d"),
        (2 * 365 * 86400 + 45 * 86400, "2y45d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_a_span_is_two_units_at_most(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


def test_an_age_without_a_time_or_with_a_broken_one_says_so() -> None:
    assert age(None, NOW) == "<unknown>"
    assert age("yesterday", NOW) == "<invalid>"
    assert age("2026-01-01T23:59:00Z", NOW) == "60s"


OBJECT: dict[str, Any] = {
    "metadata": {"labels": {"app.kubernetes.io/name": "x"}},
    "spec": {"list": [1, 2, 3], "map": {"a": {"n": 1}, "b": {"n": 2}}},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "n": 3},
            {"type": "Other", "status": "False", "message": "m"},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.list[0]", [1]),
        (".spec.list[-1]", [3]),
        (".spec.list[9]", []),
        (".spec.list[*]", [1, 2, 3]),
        (".spec.map.*.n", [1, 2]),
        (".spec['map'].a.n", [1]),
        (r".metadata.labels.app\.kubernetes\.io/name", ["x"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type=='Other')].message", ["m"]),
        ('.status.conditions[?(@.type!="Ready")].status', ["False"]),
        (".status.conditions[?(@.n>2)].type", ["Ready"]),
        (".status.conditions[?(@.message)].type", ["Other"]),
        (".nowhere.at.all", []),
        ("{.spec.list[1]}", [2]),
    ],
)
def test_a_path_finds(path: str, found: list[Any]) -> None:
    assert jsonpath.compile_path(path).find(OBJECT) == found


@pytest.mark.parametrize("path", ["spec", ".a[", ".a[?(@.b==c)]", ".a..b", "." + "a" * 2000])
def test_a_path_that_is_none_is_malformed(path: str) -> None:
    with pytest.raises(Malformed):
        jsonpath.compile_path(path)


@pytest.mark.parametrize(
    ("kind", "path", "cell"),
    [
        ("string", ".spec.list", "[1,2,3]"),
        ("string", ".nowhere", None),
        ("integer", ".spec.list[0]", 1),
        ("integer", ".metadata", None),
        ("date", ".spec.list[0]", "<unset>"),
        ("boolean", ".spec.list[0]", None),
        ("string", ".a[", None),
    ],
)
def test_a_cell_of_a_custom_column(kind: str, path: str, cell: Any) -> None:
    assert printers.custom_cell(Column("C", kind, json_path=path), OBJECT, NOW) == cell


def test_every_printer_survives_an_empty_object_and_fills_its_columns() -> None:
    for resource in Registry():
        if not resource.columns:
            continue
        empty = {"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}}
        made = printers.cells(resource, resource.columns, empty, NOW)
        assert len(made) == len(resource.columns)
        assert "x" in made


def test_shaping_drops_what_the_type_does_not_know_and_what_is_empty() -> None:
    schema = openapi.schema("apps", "v1", "Deployment")
    assert schema is not None
    pod: dict[str, Any] = {"containers": [], "volumes": [], "nope": 1, "hostAliases": None}
    obj: dict[str, Any] = {
        "metadata": {"name": "a", "labels": {}, "annotations": {"a": None}},
        "spec": {"template": {"spec": pod}, "wrong": {"deep": 1}},
    }
    assert typed.conform(obj, schema, "Deployment") == ["spec.template.spec.nope", "spec.wrong"]
    assert obj["metadata"] == {"name": "a", "annotations": {"a": ""}}
    assert obj["spec"]["template"]["spec"] == {"containers": []}


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            {"replicas": "3"},
            "json: cannot unmarshal string into Go struct field Deployment.spec.replicas of type int32",
        ),
        ({"paused": 1}, "json: cannot unmarshal number into Go struct field Deployment.spec.paused of type bool"),
        (
            {"selector": []},
            "json: cannot unmarshal array into Go struct field Deployment.spec.selector of type v1.LabelSelector",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_said_in_go_s_words(field: dict[str, Any], message: str) -> None:
    schema = openapi.schema("apps", "v1", "Deployment")
    assert schema is not None
    with pytest.raises(ApiError) as refused:
        typed.conform({"spec": field}, schema, "Deployment")
    assert refused.value.message == message
