"""What a real API server made of objects that were sent to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.embedded.builtin import ServiceAllocator, admit, default, normalize, validate
from engine.embedded.schema import summary
from tests.shared import GOLDENS, need_shared

CREATES = ["075", "082", "083", "313", "319", "339", "347", "351", "352", "353", "354", "355", "356", "357"]
CREATES += ["358", "359", "360", "361"]


def exchange(name: str) -> tuple[str, Any, Any]:
    """The request line, the request's and the response's JSON."""
    path = next(need_shared(GOLDENS / "kubernetes-1.36").glob(f"{name}-*.txt"))
    request, _, response = path.read_text().partition("\n=> ")
    return request.splitlines()[0], json.loads(request.partition("\n\n")[2]), json.loads(response.partition("\n\n")[2])


def complete(obj: dict[str, Any], stored: dict[str, Any]) -> None:
    """Take a sent object through everything but storage, with the uid and address that the real server chose."""
    obj["metadata"]["uid"] = stored["metadata"]["uid"]
    normalize(obj)
    default(obj)
    admit(obj, None)
    if obj["kind"] == "Service":
        obj["spec"]["clusterIP"] = stored["spec"]["clusterIP"]
        assert ServiceAllocator().allocate(obj) == []


@pytest.mark.parametrize("name", CREATES)
def test_a_created_object_is_completed_as_the_real_server_does(name: str) -> None:
    _, obj, stored = exchange(name)

    complete(obj, stored)

    for field in ("apiVersion", "kind", "metadata"):
        mine = obj.pop(field)
        theirs = stored.pop(field)
        if field == "metadata":
            assert mine.get("labels") == theirs.get("labels")
            assert mine.get("annotations") == theirs.get("annotations")
    assert obj == stored
    assert json.dumps(obj)  # nothing but JSON came in


def test_a_namespace_carries_its_name_as_a_label() -> None:
    _, obj, stored = exchange("301")
    normalize(obj)
    default(obj)
    assert obj["metadata"]["labels"] == stored["metadata"]["labels"]


@pytest.mark.parametrize("name", CREATES)
def test_what_the_real_server_took_is_valid(name: str) -> None:
    _, obj, stored = exchange(name)
    complete(obj, stored)
    assert [str(error) for error in validate(obj, None)] == []


@pytest.mark.parametrize("name", CREATES)
def test_completing_twice_changes_nothing(name: str) -> None:
    _, obj, stored = exchange(name)
    complete(obj, stored)
    once = json.dumps(obj, sort_keys=True)
    normalize(obj)
    default(obj)
    assert json.dumps(obj, sort_keys=True) == once


def merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict) or not isinstance(target, dict):
        return patch
    return {**target, **{name: merged(target.get(name), value) for name, value in patch.items()}}


@pytest.mark.parametrize(
    ("name", "before"),
    [("077", "076"), ("343", "342"), ("344", "342"), ("346", "345"), ("350", "349")],
)
def test_a_refused_change_reads_as_the_real_server_wrote_it(name: str, before: str) -> None:
    _, patch, status = exchange(name)
    _, _, stored = exchange(before)
    changed = merged(stored, patch)
    normalize(changed)
    default(changed)
    if changed["kind"] == "Service":
        changed["spec"]["clusterIPs"] = [changed["spec"]["clusterIP"]]

    errors = validate(changed, stored)

    assert [error.cause for error in errors] == status["details"]["causes"]
    assert status["message"].endswith(f"is invalid: {summary(errors)}")


def test_a_refused_create_reads_as_the_real_server_wrote_it() -> None:
    _, obj, status = exchange("078")
    normalize(obj)
    default(obj)
    assert [error.cause for error in validate(obj, None)] == status["details"]["causes"]


def test_a_jobs_template_stays() -> None:
    _, patch, status = exchange("348")
    _, _, stored = exchange("347")
    changed = merged(stored, patch)
    default(changed)

    errors = validate(changed, stored)

    # The real server prints its internal Go struct as the value; ours prints the template as it was sent.
    assert [error.field for error in errors] == [status["details"]["causes"][0]["field"]]
    assert errors[0].message.endswith("field is immutable")
