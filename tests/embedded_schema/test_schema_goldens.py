"""The texts that a real API server gave for custom resources and their definitions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.embedded.schema import (
    Structural,
    accept,
    compile_crd,
    default,
    default_definition,
    prune,
    summary,
    validate,
    validate_definition,
)
from tests.shared import GOLDENS, need_shared


def exchange(name: str) -> tuple[Any, Any]:
    """The request's and the response's JSON."""
    path = next(need_shared(GOLDENS / "kubernetes-1.36").glob(f"{name}-*.txt"))
    request, _, response = path.read_text().partition("\n=> ")
    return json.loads(request.partition("\n\n")[2]), json.loads(response.partition("\n\n")[2])


def schema() -> Structural:
    definition, _ = exchange("148")
    return compile_crd(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


@pytest.mark.parametrize("name", ["156", "157", "158", "159"])
def test_a_refused_resource_reads_as_the_real_server_wrote_it(name: str) -> None:
    obj, status = exchange(name)
    known = schema()
    prune(obj, known)
    default(obj, known)

    errors = validate(obj, None, known)

    assert [error.cause for error in errors] == status["details"]["causes"]
    assert status["message"] == f'G.golden.test "c" is invalid: {summary(errors)}'


def test_a_transition_rule_judges_the_change() -> None:
    _, stored = exchange("153")
    changed = {**stored, "spec": {**stored["spec"], "n": 1}}
    _, status = exchange("160")

    errors = validate(changed, stored, schema())

    assert [error.cause for error in errors] == status["details"]["causes"]


def test_unknown_fields_go_and_defaults_come() -> None:
    obj, stored = exchange("153")
    known = schema()

    assert prune(obj, known) == ["spec.zzz"]
    default(obj, known)

    assert obj["spec"] == stored["spec"]
    assert validate(obj, None, known) == []


@pytest.mark.parametrize("name", ["150", "151"])
def test_a_refused_definition_reads_as_the_real_server_wrote_it(name: str) -> None:
    definition, status = exchange(name)
    default_definition(definition)

    errors = validate_definition(definition)

    assert [error.cause for error in errors] == status["details"]["causes"]


def test_a_definition_gets_its_defaults_and_then_its_conditions() -> None:
    definition, created = exchange("148")
    default_definition(definition)
    assert validate_definition(definition) == []
    assert definition["spec"] == created["spec"]
    assert definition["status"] == created["status"]

    path = next((GOLDENS / "kubernetes-1.36").glob("149-*.txt"))
    established = json.loads(path.read_text().partition("\n=> ")[2].partition("\n\n")[2])
    now = established["status"]["conditions"][0]["lastTransitionTime"]
    assert accept(definition, [], now) == established["status"]
