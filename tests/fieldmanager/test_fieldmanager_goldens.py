"""What the real API server recorded, replayed without a server: the states come from the transcripts themselves."""

from __future__ import annotations

import pytest

from engine import openapi
from engine.embedded.fieldmanager import FieldConflict, TypedError, apply, reset_paths, update
from tests.fieldmanager.transcripts import Exchange, read


def schema_of(obj: dict) -> openapi.Schema | None:
    group, _, version = obj["apiVersion"].rpartition("/")
    return openapi.schema(group, version, obj["kind"])


def now_of(obj: dict) -> str:
    entries = obj["metadata"].get("managedFields", [])
    return max((entry.get("time", "") for entry in entries), default="")


def replay_apply(exchange: Exchange, live: dict | None, now: str) -> dict:
    return apply(
        live,
        exchange.body,
        manager=exchange.manager,
        force=exchange.query.get("force") == "true",
        schema=schema_of(exchange.body),
        api_version=exchange.body["apiVersion"],
        now=now,
        reset=reset_paths("", custom=False),
    )


#: The exchange that applies, and the one whose answer is the state before it.
APPLIES = [
    ("062", None),
    ("063", "062"),
    ("065", "063"),
    ("066", "065"),
    ("075", None),
    ("304", "302"),
    ("305", "304"),
    ("307", "306"),
    ("309", None),
    ("310", "309"),
    ("311", "310"),
    ("312", "311"),
    ("313", None),
    ("314", "313"),
    ("317", "316"),
    ("318", None),
    ("319", None),
    ("339", None),
    ("340", None),
    ("341", "340"),
]


#: Objects that defaulting or decoding completes after the apply.
FINISHED_BY_THE_SERVER = ("075", "313", "314", "317", "318", "319", "339", "340", "341")


@pytest.mark.parametrize(("number", "before"), APPLIES)
def test_an_apply_leaves_the_recorded_owners(number, before):
    exchange = read(number)
    live = read(before).answer if before else None
    result = replay_apply(exchange, live, now_of(exchange.answer))
    assert result["metadata"].get("managedFields") == exchange.answer["metadata"].get("managedFields")


@pytest.mark.parametrize(("number", "before"), [pair for pair in APPLIES if pair[0] not in FINISHED_BY_THE_SERVER])
def test_an_apply_leaves_the_recorded_object(number, before):
    exchange = read(number)
    live = read(before).answer if before else None
    result = replay_apply(exchange, live, now_of(exchange.answer))
    assert (result.get("data") or {}) == exchange.answer.get("data", {})  # storing leaves an empty map out


def test_an_apply_without_change_gives_the_stored_object_back():
    exchange, live = read("063"), read("062").answer
    same = {
        "manager": "a",
        "force": False,
        "schema": schema_of(live),
        "api_version": "v1",
        "now": "2030-01-01T00:00:00Z",
    }
    assert apply(live, exchange.body, **same, shared=True) is live
    copied = apply(live, exchange.body, **same)
    assert copied == live
    assert copied is not live
    assert copied["data"] is not live["data"]


@pytest.mark.parametrize(("number", "before"), [("064", "063"), ("303", "302"), ("308", "307")])
def test_a_conflict_names_managers_and_fields_as_recorded(number, before):
    exchange = read(number)
    with pytest.raises(FieldConflict) as caught:
        replay_apply(exchange, read(before).answer, "")
    assert caught.value.message == exchange.answer["message"]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": path}
        for who, path in caught.value.causes
    ]
    assert causes == exchange.answer["details"]["causes"]


def test_a_conflict_about_the_status_names_the_subresource():
    exchange, before = read("170"), read("162").answer
    with pytest.raises(FieldConflict) as caught:
        apply(
            before,
            exchange.body,
            manager="ctl",
            force=False,
            schema=None,
            api_version="golden.test/v1",
            subresource="status",
            now="",
            reset=reset_paths("status", custom=True),
        )
    assert caught.value.message == exchange.answer["message"]


@pytest.mark.parametrize("number", ["070", "320", "321", "322"])
def test_an_object_that_does_not_fit_its_type_is_refused_in_the_recorded_words(number):
    exchange = read(number)
    with pytest.raises(TypedError) as caught:
        replay_apply(exchange, None, "")
    assert caught.value.message == exchange.answer["message"]


#: Writes that are no applies: the answers hold the complete objects before and after.
UPDATES = [
    ("043", None),
    ("050", "049"),
    ("056", "054"),
    ("059", "056"),
    ("061", "059"),
    ("074", "066"),
    ("076", "075"),
    ("301", None),
    ("302", None),
    ("306", "305"),
    ("325", None),
    *((f"{n}", f"{n - 1}") for n in range(326, 339)),
    ("401", None),
]


@pytest.mark.parametrize(("number", "before"), UPDATES)
def test_a_write_leaves_the_recorded_owners(number, before):
    exchange = read(number)
    old = read(before).answer if before else None
    sent = (exchange.body or {}).get("metadata", {}) if isinstance(exchange.body, dict) else {}
    after = {**exchange.answer, "metadata": dict(exchange.answer["metadata"])}
    after["metadata"].pop("managedFields", None)
    if after["kind"] == "Namespace":
        del after["spec"]  # the server adds its finalizer after it has counted the owners
    if "managedFields" in sent:
        after["metadata"]["managedFields"] = sent["managedFields"]
    result = update(
        old,
        after,
        manager=exchange.manager,
        schema=schema_of(after),
        api_version=after["apiVersion"],
        now=now_of(exchange.answer),
        reset=reset_paths("", custom=False),
    )
    assert result["metadata"].get("managedFields") == exchange.answer["metadata"].get("managedFields")


def test_more_than_ten_updaters_are_gathered_as_recorded():
    created, last = read("401").answer, read("402").answer
    state, schema = created, openapi.schema("", "v1", "ConfigMap")
    for number in range(1, 13):
        after = {**state, "data": {**state["data"], f"k{number}": "1"}}
        state = update(
            state, after, manager=f"u{number:02}", schema=schema, api_version="v1", now="2026-11-20T23:27:03Z"
        )
    after = {**state, "data": {**state["data"], "z": "1"}}
    state = update(state, after, manager="z", schema=schema, api_version="v1", now="2026-11-20T23:27:03Z")
    assert state["metadata"]["managedFields"] == last["metadata"]["managedFields"]
