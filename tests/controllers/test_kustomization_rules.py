"""The parts of the Kustomization reconciler that need no cluster: history, checks, triggers, drift's budget."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import VirtualClock
from engine.controllers import kustomization_checks as checks
from engine.controllers import kustomization_history as history
from engine.controllers.base import Request
from engine.controllers.drift_budget import Budget
from engine.controllers.kustomization_history import Attempt
from engine.controllers.kustomization_triggers import Triggers

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def attempt(digest: str = "sha256:a", status: str = "ReconciliationSucceeded", minutes: int = 0) -> Attempt:
    ended = NOW + timedelta(minutes=minutes)
    return Attempt(digest, status, "main@sha1:1", "", ended - timedelta(seconds=1.5), ended)


def test_a_repeat_counts_on_and_moves_to_the_front():
    entries = history.record(None, attempt("sha256:a"))
    entries = history.record(entries, attempt("sha256:b", minutes=1))
    entries = history.record(entries, attempt("sha256:a", minutes=2))
    assert [(e["digest"], e["totalReconciliations"]) for e in entries] == [("sha256:a", 2), ("sha256:b", 1)]
    assert entries[0]["firstReconciled"] == "2026-01-01T12:00:00Z"
    assert entries[0]["lastReconciled"] == "2026-01-01T12:02:00Z"
    assert entries[0]["lastReconciledDuration"] == "1.5s"


def test_the_same_digest_with_another_outcome_is_another_entry_and_five_are_kept():
    entries = history.record(None, attempt(status="HealthCheckFailed"))
    entries = history.record(entries, attempt())
    assert len(entries) == 2
    for number in range(10):
        entries = history.record(entries, attempt(f"sha256:{number}"))
    assert [e["digest"] for e in entries] == [f"sha256:{n}" for n in (9, 8, 7, 6, 5)]


def kustomization(name: str, *needs: str, ready: str = "True", reason: str = "R", source: str = "app", **more) -> dict:
    status = {
        "conditions": [{"type": "Ready", "status": ready, "reason": reason}],
        "observedGeneration": 1,
        "lastAppliedRevision": "r1",
        "lastAttemptedRevision": "r1",
    }
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "ns", "generation": 1},
        "spec": {
            "sourceRef": {"kind": "GitRepository", "name": source},
            "dependsOn": [{"name": need} for need in needs],
            **more,
        },
        "status": status,
    }


class FakeCache:
    """Objects of one kind, and who wants to hear of changes."""

    def __init__(self, *objects: dict) -> None:
        self.held = {(o["metadata"]["namespace"], o["metadata"]["name"]): o for o in objects}
        self.handlers: list = []

    def get(self, namespace: str, name: str) -> dict | None:
        return self.held.get((namespace, name))

    def objects(self) -> list[dict]:
        return list(self.held.values())

    def subscribe(self, handler):
        self.handlers.append(handler)
        return lambda: self.handlers.remove(handler)

    async def synced(self) -> None:
        return

    def change(self, old: dict | None, new: dict | None) -> None:
        for handler in list(self.handlers):
            handler("modified", old, new)


def source(revision: str | None) -> dict:
    status = {"artifact": {"revision": revision}} if revision else {}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "app", "namespace": "ns"},
        "status": status,
    }


def woken(objects: list[dict], act) -> list[str]:
    cache, sources, found = FakeCache(*objects), FakeCache(), []
    triggers = Triggers(cache, lambda request: found.append(request.name))
    triggers.watch_source(sources)
    triggers.watch_config("ConfigMap", config := FakeCache())
    act(cache, sources, config)
    triggers.close()
    assert not cache.handlers
    assert not sources.handlers
    return found


def test_a_new_revision_wakes_users_in_dependency_order():
    objects = [kustomization("b", "a"), kustomization("a"), kustomization("other", source="else")]
    assert woken(objects, lambda _, s, __: s.change(source("r1"), source("r2"))) == ["a", "b"]


@pytest.mark.parametrize(("old", "new"), [("r1", "r1"), (None, None), (None, "r1")])
def test_a_revision_that_is_not_new_wakes_nobody_who_has_it(old, new):
    assert woken([kustomization("a")], lambda _, s, __: s.change(source(old), source(new))) == []


def test_a_cycle_in_the_batch_drops_it():
    objects = [kustomization("a", "b"), kustomization("b", "a")]
    assert woken(objects, lambda _, s, __: s.change(source("r1"), source("r2"))) == []


def test_a_dependency_that_became_ready_wakes_only_those_that_wait():
    waiting = kustomization("waits", "dep", ready="False", reason="DependencyNotReady")
    objects = [waiting, kustomization("fine", "dep"), kustomization("dep")]
    before = kustomization("dep", ready="False")
    assert woken(objects, lambda c, _, __: c.change(before, kustomization("dep"))) == ["waits"]
    assert woken(objects, lambda c, _, __: c.change(kustomization("dep"), kustomization("dep"))) == []


def test_a_labelled_config_wakes_those_that_substitute_from_it():
    post_build = {"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}
    objects = [kustomization("uses", postBuild=post_build), kustomization("other")]
    config = {"metadata": {"name": "vars", "namespace": "ns"}}
    assert woken(objects, lambda _, __, c: c.change(None, config)) == ["uses"]


@pytest.mark.parametrize(
    ("dependency", "text"),
    [
        (None, "dependency 'ns/dep' not found: kustomizations.kustomize.toolkit.fluxcd.io \"dep\" not found"),
        (kustomization("dep", ready="False"), "dependency 'ns/dep' is not ready"),
        (kustomization("dep") | {"status": {}}, "dependency 'ns/dep' is not ready"),
        (kustomization("dep", source="else"), None),
        (kustomization("dep"), "dependency 'ns/dep' revision is not up to date"),
    ],
)
def test_what_a_dependency_has_to_be(dependency, text):
    cache = FakeCache(*([dependency] if dependency else []))
    blocked = checks.dependency_missing(kustomization("a", "dep"), "r2", cache, 30.0)
    assert (blocked.message if blocked else None) == text


@pytest.mark.parametrize(
    "spec",
    [
        {"decryption": {"provider": "sops"}},
        {"serviceAccountName": "x"},
        {"kubeConfig": {"secretRef": {"name": "x"}}},
        {"healthCheckExprs": [{"apiVersion": "v1"}]},
        {"sourceRef": {"kind": "OCIRepository", "name": "x"}},
        {"ignore": [{"paths": ["/x"], "target": {"kind": "("}}]},
        {"ignore": [{"paths": ["/x"], "target": {"labelSelector": "=="}}]},
    ],
)
def test_what_is_not_carried_out_is_refused(spec):
    blocked = checks.unsupported(kustomization("a", **spec))
    assert blocked is not None
    assert (blocked.reason, blocked.stalled, blocked.requeue) == ("Unsupported", True, None)


async def test_dry_runs_are_spaced_after_the_first_second_s_worth():
    clock = VirtualClock()
    clock._elapsed = 100.0
    budget = Budget(4, 5.0, clock)
    started: list[float] = []

    async def ask() -> None:
        async with budget.slot():
            started.append(clock.monotonic())

    tasks = [asyncio.create_task(ask()) for _ in range(8)]
    await clock.advance(0)
    assert len(started) == 5
    await clock.advance(1)
    assert len(started) == 8
    assert started[5:] == pytest.approx([100.2, 100.4, 100.6])
    budget.pause(10)
    late = asyncio.create_task(ask())
    await clock.advance(9)
    assert len(started) == 8
    await clock.advance(2)
    assert len(started) == 9
    await asyncio.gather(*tasks, late)


def test_requests_name_their_object():
    assert str(Request("ns", "a")) == "ns/a"
