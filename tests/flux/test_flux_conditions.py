from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.flux import conditions

NOW = datetime(2026, 1, 1, 12, 0, 0, 900_000, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def make(generation: int = 2) -> dict:
    return {"metadata": {"name": "x", "generation": generation}}


def types(obj: dict) -> list[str]:
    return [condition["type"] for condition in conditions.all_of(obj)]


def test_a_condition_is_stored_with_generation_and_whole_seconds():
    obj = make()
    conditions.mark_true(obj, "Ready", "Succeeded", "fine", NOW)
    assert conditions.get(obj, "Ready") == {
        "type": "Ready",
        "status": "True",
        "reason": "Succeeded",
        "message": "fine",
        "observedGeneration": 2,
        "lastTransitionTime": "2026-01-01T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({}, False),
        ({"value": "False"}, True),
        ({"why": "Other"}, True),
        ({"text": "other"}, True),
    ],
)
def test_the_transition_time_moves_only_when_the_condition_says_something_else(change, moved):
    obj = make()
    said = {"value": "True", "why": "Succeeded", "text": "fine"}
    conditions.put(obj, "Ready", said["value"], said["why"], said["text"], NOW)
    obj["metadata"]["generation"] = 3
    said |= change
    conditions.put(obj, "Ready", said["value"], said["why"], said["text"], LATER)
    ready = conditions.get(obj, "Ready")
    assert ready["lastTransitionTime"] == ("2026-01-01T12:01:00Z" if moved else "2026-01-01T12:00:00Z")
    assert ready["observedGeneration"] == 3


def test_stored_order_is_stalled_reconciling_ready_then_newest_generation_then_type():
    obj = make(1)
    conditions.mark_true(obj, "Aaa", "R", "", NOW)
    obj["metadata"]["generation"] = 2
    conditions.mark_true(obj, "Zzz", "R", "", NOW)
    conditions.mark_true(obj, "Mmm", "R", "", NOW)
    conditions.mark_true(obj, "Ready", "R", "", NOW)
    conditions.mark_reconciling(obj, "Progressing", "", NOW)
    assert types(obj) == ["Reconciling", "Ready", "Mmm", "Zzz", "Aaa"]
    conditions.mark_stalled(obj, "Bad", "", NOW)
    assert types(obj) == ["Stalled", "Ready", "Mmm", "Zzz", "Aaa"]
    conditions.mark_reconciling(obj, "Progressing", "", NOW)
    assert types(obj)[0] == "Reconciling"
    assert "Stalled" not in types(obj)


def test_messages_are_cut_to_what_the_crd_allows_and_stay_utf8():
    obj = make()
    conditions.mark_true(obj, "Ready", "R", "ä" * 20_000, NOW)
    text = conditions.message(obj, "Ready")
    assert text.endswith("...")
    assert len(text.encode()) <= 32_768


def test_progressive_status_leaves_a_known_ready_alone_unless_there_is_drift():
    obj = make()
    conditions.mark_true(obj, "Ready", "Succeeded", "fine", NOW)
    conditions.progressive(obj, "working", NOW)
    assert conditions.status(obj, "Ready") == "True"
    conditions.progressive(obj, "working", NOW, drift=True)
    assert conditions.status(obj, "Ready") == "Unknown"
    assert conditions.message(obj, "Ready") == "working"


def test_a_failed_pass_keeps_the_last_progress_text():
    obj = make()
    conditions.retrying(obj, NOW)
    assert not conditions.all_of(obj)
    conditions.mark_reconciling(obj, "Progressing", "step 3", NOW)
    conditions.retrying(obj, NOW)
    assert conditions.reason(obj, "Reconciling") == "ProgressingWithRetry"
    assert conditions.message(obj, "Reconciling") == "step 3"


@pytest.mark.parametrize(
    ("present", "status", "reason"),
    [
        ([], "", ""),
        ([("Stored", "True", "Ok")], "True", "Ok"),
        ([("Stored", "True", "Ok"), ("Outdated", "True", "Old")], "False", "Old"),
        ([("Stored", "False", "Lost"), ("Outdated", "True", "Old"), ("Failed", "True", "Boom")], "False", "Boom"),
        ([("Stored", "False", "Lost"), ("Outdated", "False", "Fresh")], "False", "Lost"),
        ([("Outdated", "False", "Fresh")], "True", "Fresh"),
        ([("Stored", "Unknown", "Hm")], "Unknown", "Hm"),
        ([("Stored", "Unknown", "Hm"), ("Outdated", "False", "Fresh")], "True", "Fresh"),
    ],
)
def test_summary_takes_the_lowest_merge_group_and_the_first_in_order(present, status, reason):
    obj = make()
    for kind, value, why in present:
        conditions.put(obj, kind, value, why, "m", NOW)
    conditions.summarize(obj, ("Failed", "Outdated", "Stored"), ("Failed", "Outdated"), NOW)
    assert conditions.status(obj, "Ready") == status
    assert conditions.reason(obj, "Ready") == reason
