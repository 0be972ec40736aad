from __future__ import annotations

import json

import pytest

from engine import errors
from engine.kube.status import from_response, retry_after
from tests.shared import GOLDENS, need_shared

EXPECTED = {
    "019-401": errors.LoginRequired,
    "020-anonymous-403": errors.NotAllowed,
    "021-403": errors.NotAllowed,
    "022-403-nonresource": errors.NotAllowed,
    "023-404-path": errors.NoKindMatch,
    "024-404-group": errors.NoKindMatch,
    "025-404-resource": errors.NoKindMatch,
    "026-404-object": errors.NotFound,
    "027-405": errors.Invalid,
    "029-406": errors.Invalid,
    "030-415": errors.Invalid,
    "032-400-badjson": errors.Invalid,
    "036-409-exists": errors.AlreadyExists,
    "037-404-ns-missing": errors.NotFound,
    "039-422-badname": errors.Invalid,
    "051-409-conflict": errors.Conflict,
    "052-409-uid-precond": errors.Conflict,
    "064-409-ssa-conflict": errors.Conflict,
    "185-410-continue-expired": errors.Expired,
}


def _golden(name: str) -> tuple[int, bytes, str]:
    folder = need_shared(GOLDENS / "kubernetes-1.36")
    _, _, answer = (folder / f"{name}.txt").read_text(encoding="utf-8").partition("\n=> ")
    head, _, body = answer.partition("\n\n")
    code, *headers = head.splitlines()
    content_type = next((line.partition(": ")[2] for line in headers if line.startswith("Content-Type")), "")
    return int(code), body.encode(), content_type


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_api_servers_refusal_becomes_its_type_with_its_words(name: str) -> None:
    code, body, content_type = _golden(name)
    error = from_response(code, body, content_type=content_type, request="GET /x")
    assert type(error) is EXPECTED[name]
    assert error.code == code
    if "json" in content_type:
        assert error.message == json.loads(body)["message"]


def test_a_missing_right_names_verb_and_resource() -> None:
    code, body, content_type = _golden("021-403")
    error = from_response(code, body, content_type=content_type)
    assert isinstance(error, errors.NotAllowed)
    assert (error.verb, error.resource) == ("list", "secrets")


def test_a_missing_right_on_a_group_names_plural_and_group() -> None:
    message = (
        'kustomizations.kustomize.toolkit.fluxcd.io "a" is forbidden: User "dev" cannot patch resource '
        '"kustomizations" in API group "kustomize.toolkit.fluxcd.io" in the namespace "x"'
    )
    error = from_response(403, json.dumps({"kind": "Status", "message": message}).encode(), content_type="x/json")
    assert isinstance(error, errors.NotAllowed)
    assert (error.verb, error.resource) == ("patch", "kustomizations.kustomize.toolkit.fluxcd.io")


def test_a_refusal_of_another_sort_names_no_right() -> None:
    body = b'{"kind":"Status","message":"admission webhook \\"x\\" denied the request: no"}'
    error = from_response(403, body, content_type="application/json")
    assert isinstance(error, errors.NotAllowed)
    assert (error.verb, error.resource) == ("", "")


def test_retry_after_comes_from_the_header_or_the_status() -> None:
    assert retry_after(from_response(429, b"slow down", retry_after=7)) == 7
    body = b'{"kind":"Status","message":"m","details":{"retryAfterSeconds":3}}'
    assert retry_after(from_response(504, body, content_type="application/json")) == 3
    assert retry_after(from_response(500, b"boom")) is None


@pytest.mark.parametrize("body", [b"", b"<html>gateway</html>", b'{"kind":"Sta', b"[1]", b"\xff\xfe"])
def test_an_answer_that_is_no_status_still_becomes_a_sentence(body: bytes) -> None:
    error = from_response(502, body, content_type="application/json", request="GET /api/v1/pods")
    assert isinstance(error, errors.Unavailable)
    assert error.message.startswith("GET /api/v1/pods: 502")
    assert "<html>" not in error.message


def test_a_flood_of_words_is_cut() -> None:
    body = json.dumps({"kind": "Status", "message": "x" * 100_000}).encode()
    assert len(from_response(500, body, content_type="application/json").message) <= 4096
