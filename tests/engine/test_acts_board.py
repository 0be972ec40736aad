"""Acts are checked, journaled, sent once, followed, undone; nothing is sent that should not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from engine.clock import Clock
from engine.commands import Command, Delete, Edit, Reconcile, Resume, Rollback, Suspend, Undo
from engine.flux import kinds
from engine.journal import Journal
from engine.kube.types import PatchType
from engine.session import Session
from engine.snapshot import Progress
from tests.engine.acting import NEW, NS, OLD, Stage, done, effect, ended, ref, stage, submit, until
from tests.engine.flux_stub import resource_of

FLEET = {"kind": "GitRepository", "name": "fleet"}


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


def commands(session: Session) -> list[Command]:
    apps, infra = ref(session, "Kustomization", "apps"), ref(session, "Kustomization", "infra")
    return [
        Reconcile(apps),
        Reconcile(apps, with_source=True),
        Suspend(apps),
        Resume(infra),
        Rollback(apps, revision=f"sha1:{OLD}"),
        Undo(apps, operation="some"),
        Delete(apps),
        Edit(apps, before="spec: {}", after="spec: {path: ./}"),
    ]


async def test_read_only_refuses_every_act_before_anything_is_sent(on: Stage) -> None:
    await on.flux.apply(
        kinds.KUSTOMIZATION,
        "infra",
        {"interval": "1h", "prune": True, "suspend": True, "sourceRef": FLEET},
    )
    session = await on.open(read_only=True)
    before = [await on.flux.get("Kustomization", name) for name in ("apps", "infra")]
    for command in commands(session):
        outcome = await submit(session, command)
        assert not outcome.accepted
        assert "read-only" in outcome.message, command
    assert [await on.flux.get("Kustomization", name) for name in ("apps", "infra")] == before
    assert not Journal(on.state).path.exists()
    assert session.store.snapshot.operations == ()


async def test_an_act_is_in_the_journal_with_its_effect_before_it_is_sent(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await on.open()
    written: list[bytes] = []
    assert session.world is not None
    merge = session.world.client.patch

    async def patch(*args: object, **options: object) -> object:
        written.append(Journal(on.state).path.read_bytes())
        return await merge(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(session.world.client, "patch", patch)
    source = ref(session, "GitRepository", "fleet")
    command = Suspend(source, reason="freeze")
    shown = await effect(session, command)
    operation = await done(session, command)
    assert len(written) == 1, "it is sent once"
    record = orjson.loads(written[0].splitlines()[-1])
    assert (record["event"], record["id"], record["command"]) == ("begin", operation.id, "Suspend")
    assert record["effect"]["warnings"] == list(shown.warnings)
    assert "consume Kustomization flux-system/apps" in record["effect"]["lines"]
    assert record["effect"]["complete"] is True


async def test_without_a_dialog_the_effect_is_what_is_known_at_once(on: Stage) -> None:
    session = await on.open()
    await done(session, Suspend(ref(session, "GitRepository", "fleet")))
    first = orjson.loads(Journal(on.state).path.read_bytes().splitlines()[0])
    assert "consume Kustomization flux-system/infra" in first["effect"]["lines"]


async def test_acts_over_many_marks_are_all_carried_out(on: Stage) -> None:
    names = [f"k{number}" for number in range(60)]
    spec = {"interval": "1h", "prune": True, "sourceRef": FLEET}
    for name in names:
        await on.flux.apply(kinds.KUSTOMIZATION, name, spec)
    session = await on.open()
    refs = [ref(session, "Kustomization", name) for name in names]
    await until(lambda: all(session.store.resource(item) for item in refs))
    outcomes = await asyncio.gather(*(submit(session, Suspend(item, reason="freeze")) for item in refs))
    assert len({outcome.operation for outcome in outcomes}) == len(names)
    operations = [await ended(session, outcome.operation) for outcome in outcomes]
    assert {operation.progress for operation in operations} == {Progress.DONE}
    live = [await on.flux.get("Kustomization", name) for name in names]
    assert all(obj["spec"]["suspend"] is True and obj["metadata"]["generation"] == 2 for obj in live)
    undone = await asyncio.gather(*(submit(session, Undo(o.ref, o.id)) for o in operations))
    assert {(await ended(session, outcome.operation)).progress for outcome in undone} == {Progress.DONE}
    await until(lambda: not any(session.store.resource(item).suspended for item in refs))


async def test_one_of_many_that_fails_fails_alone(on: Stage) -> None:
    session = await on.open()
    on.flux.fails["infra"] = "build failed"
    operations = [await done(session, Reconcile(ref(session, "Kustomization", name))) for name in ("apps", "infra")]
    assert [operation.progress for operation in operations] == [Progress.DONE, Progress.FAILED]
    assert operations[1].message == "build failed"


async def test_undo_is_offered_once(on: Stage) -> None:
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    operation = await done(session, Suspend(apps, reason="freeze"))
    assert operation.undoable
    assert (await done(session, Undo(apps, operation.id))).progress is Progress.DONE
    await until(lambda: not session.store.operation(operation.id).undoable)
    again = await submit(session, Undo(apps, operation.id))
    assert not again.accepted
    assert "cannot be taken back" in again.message


async def test_undoing_a_resume_suspends_with_the_old_reason(on: Stage) -> None:
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    await done(session, Suspend(apps, reason="freeze"))
    operation = await done(session, Resume(apps))
    await done(session, Undo(apps, operation.id))
    seen = await until(lambda: (r := session.store.resource(apps)).suspended and r)
    assert seen.suspension.reason == "freeze"


async def test_a_rollback_adds_the_commit_and_undo_takes_only_that_away(on: Stage) -> None:
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    operation = await done(session, Rollback(apps, revision=f"main@sha1:{OLD}"))
    assert operation.progress is Progress.DONE, operation
    assert (await on.flux.get("GitRepository", "fleet"))["spec"]["ref"] == {"branch": "main", "commit": OLD}
    again = await done(session, Rollback(apps, revision=f"sha1:{NEW}"))
    assert again.progress is Progress.DONE, again
    undone = await done(session, Undo(apps, again.id))
    assert (await on.flux.get("GitRepository", "fleet"))["spec"]["ref"] == {"branch": "main", "commit": OLD}
    assert undone.message == "pinned to aaaaaaaa again"


async def test_a_pin_that_somebody_changed_is_not_taken_away(on: Stage) -> None:
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    operation = await done(session, Rollback(apps, revision=f"main@sha1:{OLD}"))
    body = {"spec": {"ref": {"commit": "c" * 40}}}
    await on.client.patch(
        resource_of(kinds.GIT_REPOSITORY), NS, "fleet", body, type=PatchType.MERGE, manager="somebody"
    )
    outcome = await submit(session, Undo(apps, operation.id))
    assert not outcome.accepted
    assert "is pinned to cccccccc: somebody changed it since" in outcome.message


@pytest.mark.parametrize("revision", ["", "main", "main@sha256:" + "a" * 64, "--upload-pack=x", "sha1:zzz"])
async def test_a_revision_that_names_no_commit_is_refused(on: Stage, revision: str) -> None:
    session = await on.open()
    outcome = await submit(session, Rollback(ref(session, "Kustomization", "apps"), revision=revision))
    if revision.startswith("main@sha256"):
        assert outcome.accepted, "git has repositories with sha256 too"
        return
    assert not outcome.accepted
    assert "names no commit" in outcome.message


async def test_what_cannot_be_reconciled_is_refused_in_words(on: Stage) -> None:
    spec = {"providerRef": {"name": "x"}, "eventSources": [{"kind": "Kustomization", "name": "*"}]}
    await on.flux.apply(kinds.ALERT, "alerts", spec)
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    words = {
        Reconcile(ref(session, "Alert", "alerts")): "are not reconciled",
        Reconcile(apps, force=True): "are requests to helm-controller",
        Reconcile(ref(session, "Kustomization", "none")): "is not there",
        Resume(apps): "is not suspended",
        Undo(apps, operation="x"): "is not known here",
        Rollback(ref(session, "GitRepository", "fleet"), revision=f"sha1:{OLD}"): "is not rolled back itself",
    }
    for command, text in words.items():
        outcome = await submit(session, command)
        assert not outcome.accepted
        assert text in outcome.message, command


async def test_an_object_of_the_same_name_is_not_deleted_in_its_place(on: Stage) -> None:
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    assert session.board is not None
    assert session.world is not None
    old = session.world.resource(apps)
    await on.client.delete(resource_of(kinds.KUSTOMIZATION), NS, "apps")
    await on.flux.kustomization("apps", source="fleet", revision=f"main@sha1:{NEW}")
    await until(lambda: (r := session.store.resource(apps)) is not None and r.uid != old.uid)
    session.store.put(old)  # what a screen may still show
    outcome = await submit(session, Delete(apps))
    operation = await ended(session, outcome.operation)
    assert operation.progress is Progress.FAILED
    assert (await on.flux.get("Kustomization", "apps"))["metadata"]["uid"] != old.uid


async def test_a_request_that_somebody_elses_outpaces_is_answered_with_theirs(on: Stage) -> None:
    session = await on.open()
    on.flux.asleep = True
    apps = ref(session, "Kustomization", "apps")
    outcome = await submit(session, Reconcile(apps))
    await until(lambda: session.store.resource(apps).requested_at)
    later = "2099-01-01T00:00:00Z"
    body = {"metadata": {"annotations": {kinds.REQUESTED_AT: later}}}
    await on.client.patch(resource_of(kinds.KUSTOMIZATION), NS, "apps", body, type=PatchType.MERGE, manager="flux")
    await on.flux.ready(kinds.KUSTOMIZATION, "apps", lastHandledReconcileAt=later)
    assert (await ended(session, outcome.operation)).progress is Progress.DONE


async def test_the_next_session_takes_up_what_was_under_way(on: Stage) -> None:
    session = await on.open()
    on.flux.asleep = True
    apps = ref(session, "Kustomization", "apps")
    outcome = await submit(session, Reconcile(apps))
    await until(lambda: session.store.resource(apps).requested_at)
    await on.close()
    on.flux.asleep = False
    await on.flux.apply(
        kinds.KUSTOMIZATION,
        "apps",
        {"interval": "2h", "prune": True, "path": "./", "sourceRef": FLEET},
    )
    again = await on.open()
    operation = await ended(again, outcome.operation)
    assert operation.progress is Progress.DONE, operation
    assert on.flux.handled == ["Kustomization/apps"], "it was asked for once"
    entries = Journal(on.state).read(again.context, Clock().now())
    assert [entry.ended for entry in entries] == ["done"]


async def test_what_was_done_can_be_undone_in_the_next_session(on: Stage) -> None:
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    operation = await done(session, Suspend(apps, reason="freeze"))
    await on.close()
    again = await on.open()
    restored = await until(lambda: again.store.operation(operation.id))
    assert restored.undoable
    assert (await done(again, Undo(apps, operation.id))).progress is Progress.DONE
    await on.close()
    third = await on.open()
    await until(lambda: third.store.operation(operation.id))
    assert not third.store.operation(operation.id).undoable
