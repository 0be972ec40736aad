"""What a real kube-apiserver 1.36 answered, and this server too; the exceptions are named with their reason."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.shared import GOLDENS, need_shared

_SPEC = importlib.util.spec_from_file_location("golden_replay", Path(__file__).with_name("golden_replay.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
golden_replay = importlib.util.module_from_spec(_SPEC)
sys.modules["golden_replay"] = golden_replay
_SPEC.loader.exec_module(golden_replay)

_PROSE = "descriptions are our own words (the cells are compared below)"
_RBAC = "RBAC comes later: one token may do everything"
_IMPERSONATION = "impersonation comes later: 501"
_REVIEWS = "the token's user is another, and may do everything"
_TOKENS = "tokens of service accounts come later: 501"
_OPENAPI = "documents have what clients read, not every parameter and response"

#: Exchange → why the two servers differ.
EXCEPTIONS = {
    "001-version": "the version says who it is",
    "003-readyz-verbose": "other checks: there is no etcd, no informer",
    "005-root": "fewer paths: there is no flagz, no logs, one check a health path",
    "014-openapi-v3-root": _OPENAPI,
    "015-openapi-v3-apps": _OPENAPI,
    "016-openapi-v2-json": "OpenAPI v2 is a stub: kubectl reads v3",
    "020-anonymous-403": _RBAC,
    "021-403": _RBAC,
    "022-403-nonresource": _RBAC,
    "085-token-request": _TOKENS,
    "100-table": _PROSE,
    "101-table-obj": _PROSE,
    "106-table-pods": _PROSE,
    "107-table-deploy": _PROSE,
    "125-watch-table": _PROSE,
    "138-ssar": _REVIEWS,
    "139-ssrr": _REVIEWS,
    "140-ssr": _REVIEWS,
    "141-tokenreview": _TOKENS,
    "142-tokenreview-bad": _TOKENS,
    "143-sar": _RBAC,
    "144-impersonate": _IMPERSONATION,
    "145-impersonate-denied": _IMPERSONATION,
    "146-impersonate-group-only": _IMPERSONATION,
    "147-impersonate-ssr": _IMPERSONATION,
    "166-cr-table": _PROSE,
    "171-cr-protobuf": "the 406 itself is JSON: protobuf is never written",
    "173-crd-v2-openapi": _OPENAPI,
    "348-422-job-template": "the message prints the template as JSON, not as Go's structs",
}


@pytest.fixture(scope="module")
def replayed() -> list[tuple[Any, Any]]:
    """Each exchange with our server's answer; all of them are one session."""
    exchanges = golden_replay.load(need_shared(GOLDENS / "kubernetes-1.36"))
    answers = asyncio.run(golden_replay.replay(exchanges))
    return [(exchange, answers[exchange.name]) for exchange in exchanges]


def _differences(replayed: list[tuple[Any, Any]]) -> dict[str, str]:
    found = {exchange.name: golden_replay.differences(exchange, *answer) for exchange, answer in replayed}
    return {name: why for name, why in found.items() if why}


def test_every_recorded_exchange_agrees_but_for_the_named_ones(replayed: list[tuple[Any, Any]]) -> None:
    differing = _differences(replayed)
    unexpected = {name: why for name, why in differing.items() if name not in EXCEPTIONS}
    assert unexpected == {}
    assert sorted(set(EXCEPTIONS) - set(differing)) == [], "these agree now: take them out of the table"
    assert len(replayed) - len(differing) >= 221


def test_tables_agree_but_for_the_prose_of_their_descriptions(
    replayed: list[tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = golden_replay.mask

    def mask(value: Any, name: str = "") -> Any:
        return "<words>" if name == "description" else plain(value, name)

    monkeypatch.setattr(golden_replay, "mask", mask)
    differing = _differences(replayed)
    tables = {name for name, why in EXCEPTIONS.items() if why == _PROSE}
    assert {name: why for name, why in differing.items() if name in tables} == {}
