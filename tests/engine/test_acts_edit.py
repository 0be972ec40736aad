"""An edit sends what changed between two texts, once, and keeps no values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import answers, api
from engine.clock import Clock
from engine.commands import Edit
from engine.flux import kinds
from engine.journal import Journal
from engine.kube.types import PatchType
from engine.model import Ref
from engine.session import Session
from engine.snapshot import Progress
from tests.engine.acting import NEW, NS, Stage, done, effect, ref, stage, submit, until
from tests.engine.flux_stub import resource_of


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


async def shown(session: Session, of: Ref) -> str:
    return str([value async for value in answers.answers(api.Editable(of), session)][-1])


async def edit(session: Session, of: Ref, *changes: tuple[str, str]) -> Edit:
    before = after = await shown(session, of)
    for old, new in changes:
        assert old in after
        after = after.replace(old, new)
    return Edit(of, before=before, after=f"# a comment\n{after}")


async def test_what_was_changed_is_sent_and_nothing_else(on: Stage) -> None:
    session = await on.open()
    apps = ref(session, "Kustomization", "apps")
    command = await edit(session, apps, ("interval: 1h", "interval: 5m"), ("  path: ./\n", ""))
    seen = await effect(session, command)
    assert [(line.subject, line.detail) for line in seen.lines[:2]] == [
        ("spec.path", "./ → nothing"),
        ("spec.interval", "1h → 5m"),
    ]
    outcome = await submit(session, command)
    assert outcome.accepted

    def seen_by_all() -> bool:
        found = session.store.resource(apps)
        return found is not None and found.interval == 300

    await until(seen_by_all)
    live = await on.flux.get("Kustomization", "apps")
    assert live["spec"]["interval"] == "5m"
    assert "path" not in live["spec"]
    assert live["spec"]["sourceRef"] == {"kind": "GitRepository", "name": "fleet"}
    assert {entry["manager"] for entry in live["metadata"]["managedFields"]} >= {"fluxtui"}


async def test_an_edit_of_a_suspended_object_ends_when_it_is_seen(on: Stage) -> None:
    await on.flux.kustomization("held", source="fleet", revision=f"main@sha1:{NEW}", suspend=True)
    session = await on.open()
    operation = await done(session, await edit(session, ref(session, "Kustomization", "held"), ("1h", "2h")))
    assert operation.progress is Progress.DONE
    assert operation.message == "edited: spec.interval"
    assert (await on.flux.get("Kustomization", "held"))["spec"]["interval"] == "2h"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ((), "nothing was changed"),
        ((("name: apps", "name: other"),), "may not change metadata.name"),
        ((("spec:", "spec: ]"),), "your text"),
        ((("kind: Kustomization\n", "kind: HelmRelease\n"),), "may not change kind"),
    ],
)
async def test_texts_that_are_no_edit_are_refused(on: Stage, changes: tuple[tuple[str, str], ...], why: str) -> None:
    session = await on.open()
    before = await on.flux.get("Kustomization", "apps")
    outcome = await submit(session, await edit(session, ref(session, "Kustomization", "apps"), *changes))
    assert not outcome.accepted
    assert why in outcome.message
    assert await on.flux.get("Kustomization", "apps") == before


async def test_what_the_api_server_would_refuse_is_said_before(on: Stage) -> None:
    session = await on.open()
    command = await edit(session, ref(session, "Kustomization", "apps"), ("interval: 1h", "interval: soon"))
    seen = await effect(session, command)
    assert "will be refused" in seen.warnings[0]
    assert "spec.interval" in seen.warnings[0]


async def test_somebody_elses_change_in_between_is_not_lost(on: Stage) -> None:
    session = await on.open()
    command = await edit(session, ref(session, "Kustomization", "apps"), ("interval: 1h", "interval: 5m"))
    body = {"spec": {"timeout": "3m"}}
    await on.client.patch(
        resource_of(kinds.KUSTOMIZATION), NS, "apps", body, type=PatchType.MERGE, manager="kubectl-edit"
    )
    operation = await done(session, command)
    assert operation.progress is Progress.REFUSED
    assert "changed by somebody" in operation.message
    assert (await on.flux.get("Kustomization", "apps"))["spec"]["interval"] == "1h"


async def test_masked_values_stay_and_no_value_is_written_down(on: Stage) -> None:
    substitute = {"substitute": {"TOKEN": "hunter2", "REGION": "eu"}}
    await on.flux.kustomization("vars", source="fleet", revision=f"main@sha1:{NEW}", suspend=True, postBuild=substitute)
    session = await on.open()
    of = ref(session, "Kustomization", "vars")
    assert "hunter2" not in await shown(session, of)
    command = await edit(session, of, ("REGION: '***'", "REGION: south"), ("interval: 1h", "interval: 7m"))
    seen = await effect(session, command)
    assert "south" not in repr(seen)
    assert (await done(session, command)).progress is Progress.DONE
    spec = (await on.flux.get("Kustomization", "vars"))["spec"]
    assert spec["postBuild"]["substitute"] == {"TOKEN": "hunter2", "REGION": "south"}
    assert spec["interval"] == "7m"
    assert b"south" not in Journal(on.state).path.read_bytes()
    restored = Journal(on.state).read(session.context, Clock().now())[-1].command
    assert restored == Edit(of)


async def test_a_parent_that_applies_the_object_is_named(on: Stage) -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": NS}
    await on.flux.kustomization("child", source="fleet", revision=f"main@sha1:{NEW}", labels=labels)
    session = await on.open()
    seen = await effect(session, await edit(session, ref(session, "Kustomization", "child"), ("1h", "2h")))
    assert any(f"Kustomization {NS}/infra applies this object" in warning for warning in seen.warnings)
