"""What an act says it will do, before it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import answers, api, errors
from engine.clock import Clock
from engine.commands import Delete, Reconcile, Resume, Rollback, Suspend
from engine.demo.gitserver import GitServer
from engine.demo.repository import DemoRepository
from engine.flux import kinds
from engine.kube.types import PatchType
from engine.session import Session
from tests.engine.acting import NEW, NS, OLD, Stage, done, effect, effects, ref, stage, until
from tests.engine.flux_stub import artifact, resource_of

FLEET = {"kind": "GitRepository", "name": "fleet"}
CRD = "_gitrepositories.source.toolkit.fluxcd.io_apiextensions.k8s.io_CustomResourceDefinition"


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


async def consumers_of_every_kind(on: Stage) -> None:
    """A HelmRelease by its chart, an image automation, and a GitRepository that includes the source."""
    chart = {"spec": {"chart": "./chart", "sourceRef": FLEET}}
    await on.flux.apply(kinds.HELM_RELEASE, "shop", {"interval": "1h", "chart": chart})
    push = {
        "git": {"commit": {"author": {"email": "a@example.com"}}},
        "sourceRef": FLEET,
    }
    await on.flux.apply(kinds.IMAGE_UPDATE_AUTOMATION, "bumps", {"interval": "1h", **push})
    include = {"interval": "1h", "url": "http://127.0.0.1:9/x", "include": [{"repository": {"name": "fleet"}}]}
    await on.flux.apply(kinds.GIT_REPOSITORY, "mono", include)


async def everything(on: Stage) -> Session:
    await consumers_of_every_kind(on)
    session = await on.open()
    await until(lambda: session.store.resource(ref(session, "ImageUpdateAutomation", "bumps")))
    return session


ALL = [
    "GitRepository flux-system/mono",
    "HelmRelease flux-system/shop",
    "ImageUpdateAutomation flux-system/bumps",
    "Kustomization flux-system/apps",
    "Kustomization flux-system/infra",
]


async def test_suspending_a_source_lists_everything_that_consumes_it(on: Stage) -> None:
    session = await everything(on)
    found = await effect(session, Suspend(ref(session, "GitRepository", "fleet")))
    assert sorted(line.subject for line in found.lines) == ALL
    assert all(line.danger for line in found.lines)
    assert found.warnings[0].startswith("5 objects follow this source: ")


async def test_used_by_lists_the_same(on: Stage) -> None:
    session = await everything(on)
    query = api.UsedBy(ref(session, "GitRepository", "fleet"))
    found = [value async for value in answers.used_by(query, session)]
    assert sorted(str(item) for item in found[-1]) == ALL


async def test_rolling_back_lists_everyone_else_first(on: Stage) -> None:
    session = await everything(on)
    command = Rollback(ref(session, "Kustomization", "apps"), revision=f"main@sha1:{OLD}")
    first = (await effects(session, command))[0]
    assert sorted(line.subject for line in first.lines) == [
        name for name in ALL if name != "Kustomization flux-system/apps"
    ]
    assert first.warnings[0].startswith("4 others follow GitRepository flux-system/fleet: ")
    last = await effect(session, command)
    assert any("what main@sha1:aaaaaaaa renders to is not known" in text for text in last.warnings)


async def test_a_suspension_that_a_parent_reverts_says_so(on: Stage) -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": NS}
    spec = {
        "interval": "1h",
        "prune": True,
        "path": "./",
        "suspend": False,
        "sourceRef": FLEET,
    }
    child = {
        "apiVersion": kinds.KUSTOMIZATION.api_version,
        "kind": "Kustomization",
        "metadata": {"name": "child", "namespace": NS, "labels": labels},
        "spec": spec,
    }
    await on.client.apply(resource_of(kinds.KUSTOMIZATION), child, manager="kustomize-controller")
    session = await on.open()
    me = ref(session, "Kustomization", "child")
    found = await effect(session, Suspend(me))
    assert found.warnings[0] == (
        "flux-system/infra sets spec.suspend: it will be undone within 60 m; suspend that one instead"
    )
    await done(session, Suspend(ref(session, "Kustomization", "infra")))
    await until(lambda: session.store.resource(ref(session, "Kustomization", "infra")).suspended)
    assert not (await effect(session, Suspend(me))).warnings


async def test_a_parent_that_does_not_set_it_reverts_nothing(on: Stage) -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": NS}
    await on.flux.kustomization("child", source="fleet", revision=f"main@sha1:{NEW}", labels=labels)
    session = await on.open()
    assert not (await effect(session, Suspend(ref(session, "Kustomization", "child")))).warnings


@pytest.mark.parametrize("bootstrap", ["by its name", "by what it applies"])
async def test_the_source_of_a_bootstrap_needs_its_name_typed(on: Stage, bootstrap: str) -> None:
    name = "flux-system" if bootstrap == "by its name" else "platform"
    await on.flux.source(name, revision=f"main@sha1:{NEW}")
    await on.flux.kustomization("cluster", source=name, revision=f"main@sha1:{NEW}")
    if bootstrap == "by what it applies":
        entries = {"entries": [{"id": CRD, "v": "v1"}]}
        await on.flux.ready(kinds.KUSTOMIZATION, "cluster", inventory=entries)
    session = await on.open()
    found = await effects(session, Rollback(ref(session, "Kustomization", "cluster"), revision=f"sha1:{OLD}"))
    assert {value.confirm for value in found} == {name}
    plain = await effect(session, Rollback(ref(session, "Kustomization", "apps"), revision=f"sha1:{OLD}"))
    assert plain.confirm == ""


async def test_what_is_not_git_says_why_it_cannot_be_rolled_back(on: Stage) -> None:
    bucket = {"interval": "1h", "bucketName": "b", "endpoint": "s3.example.com"}
    await on.flux.apply(kinds.BUCKET, "store", bucket)
    spec = {"interval": "1h", "prune": True, "sourceRef": {"kind": "Bucket", "name": "store"}}
    await on.flux.apply(kinds.KUSTOMIZATION, "stored", spec)
    await on.flux.apply(kinds.KUSTOMIZATION, "lost", spec | {"sourceRef": {"kind": "GitRepository", "name": "none"}})
    chart = {"spec": {"chart": "x", "sourceRef": {"kind": "HelmRepository", "name": "x"}}}
    await on.flux.apply(kinds.HELM_RELEASE, "shop", {"interval": "1h", "chart": chart})
    session = await on.open()

    async def why(kind: str, name: str) -> str:
        with pytest.raises(errors.Refused) as caught:
            [value async for value in answers.revision_choices(api.Revisions(ref(session, kind, name)), session)]
        return str(caught.value)

    assert "is built from Bucket, and only a GitRepository can be pinned" in await why("Kustomization", "stored")
    assert "is not there" in await why("Kustomization", "lost")
    assert "comes with its controller" in await why("HelmRelease", "shop")
    assert "roll back the Kustomization that is built from it" in await why("GitRepository", "fleet")


async def test_revisions_come_from_the_history_and_then_from_git(on: Stage, tmp_path: Path) -> None:
    git = GitServer(tmp_path / "git")
    await git.start()
    try:
        repository = DemoRepository(tmp_path / "git" / "fleet.git", Clock())
        await repository.create()
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: default}}\ndata: {{key: '{}'}}\n"
        await repository.commit({"a.yaml": text.format("old")}, "First", "Ana <ana@example.com>")
        first = await repository.head()
        await repository.commit({"a.yaml": text.format("new")}, "Second", "Ana <ana@example.com>")
        second = await repository.head()
        await on.flux.source("fleet", revision=f"main@sha1:{second}", url=git.url("fleet"))
        snapshot = {
            "digest": "sha256:1",
            "firstReconciled": "2026-01-01T00:00:00Z",
            "lastReconciled": "2026-01-01T00:00:00Z",
            "lastReconciledDuration": "1s",
            "lastReconciledStatus": "ReconciliationSucceeded",
            "totalReconciliations": 3,
            "metadata": {"revision": f"main@sha1:{first}"},
        }
        await on.flux.ready(kinds.KUSTOMIZATION, "apps", lastAppliedRevision=f"main@sha1:{second}", history=[snapshot])
        session = await on.open()
        me = ref(session, "Kustomization", "apps")
        await until(lambda: session.store.resource(me).history)
        found = [value async for value in answers.revision_choices(api.Revisions(me), session)]
        assert [choice.revision for choice in found[0]] == [f"main@sha1:{first}"]
        assert [(choice.subject, choice.current) for choice in found[-1]] == [("Second", True), ("First", False)]
        assert found[-1][1].applied == "ReconciliationSucceeded, 3 times"

        shown = await effect(session, Rollback(me, revision=f"main@sha1:{first}"))
        assert (shown.created, shown.changed) == (1, 0), shown
        assert any(line.subject == "ConfigMap/default/a" for line in shown.lines)
    finally:
        await git.stop()


async def test_git_that_needs_a_login_leaves_the_history_and_reads_no_secret(on: Stage) -> None:
    body = {"spec": {"secretRef": {"name": "login"}}}
    await on.client.patch(resource_of(kinds.GIT_REPOSITORY), NS, "fleet", body, type=PatchType.MERGE, manager="test")
    session = await on.open()
    me = ref(session, "Kustomization", "apps")
    found = [value async for value in answers.revision_choices(api.Revisions(me), session)]
    assert found == [()]
    shown = await effect(session, Rollback(me, revision=f"sha1:{OLD}"))
    assert any("which is not read from here" in text for text in shown.warnings)


async def test_deleting_says_what_goes_with_it_and_wants_the_name(on: Stage) -> None:
    entries = {"entries": [{"id": "default_a__ConfigMap", "v": "v1"}, {"id": "default_b__ConfigMap", "v": "v1"}]}
    await on.flux.ready(kinds.KUSTOMIZATION, "apps", inventory=entries)
    session = await on.open()
    me = ref(session, "Kustomization", "apps")
    await until(lambda: session.store.resource(me).inventory)
    found = await effect(session, Delete(me))
    assert found.confirm == "apps"
    assert found.warnings == ("everything it applied is deleted with it: 2 objects",)


async def test_reconciling_a_source_names_who_follows_and_a_resume_says_what_waited(on: Stage) -> None:
    session = await on.open()
    source = ref(session, "GitRepository", "fleet")
    assert {line.subject for line in (await effect(session, Reconcile(source))).lines} == {
        "Kustomization flux-system/apps",
        "Kustomization flux-system/infra",
    }
    apps = ref(session, "Kustomization", "apps")
    await done(session, Suspend(apps))
    await on.flux.ready(kinds.GIT_REPOSITORY, "fleet", artifact=artifact(f"main@sha1:{OLD}"))
    await until(lambda: OLD in session.store.resource(source).revision)
    found = await effect(session, Resume(apps))
    assert any(line.detail == "main@sha1:bbbbbbbb → main@sha1:aaaaaaaa" for line in found.lines), found
