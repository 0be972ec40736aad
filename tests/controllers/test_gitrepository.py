"""GitRepository passes one by one: what each writes, says and leaves behind."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine import errors
from engine.clock import VirtualClock
from engine.controllers.base import Request, Result, Services, TerminalError
from engine.controllers.cluster import resource_of
from engine.controllers.gitrepository import GitRepositoryReconciler
from engine.controllers.source import SourceFailure
from engine.demo.gitserver import GitServer
from engine.flux import conditions
from engine.flux.kinds import GIT_REPOSITORY, REQUESTED_AT
from engine.source.fetch import fetch_artifact
from engine.source.git import Git
from engine.source.storage import Storage
from tests.controllers.memory import Memory, Recorder
from tests.source.repo import Repo

RES = resource_of(GIT_REPOSITORY)
REQUEST = Request("ns", "app")


class Bench:
    def __init__(self, folder: Path, server: GitServer) -> None:
        self.server = server
        self.repo = Repo(server.path("a"))
        self.memory, self.recorder, self.clock = Memory(), Recorder(), VirtualClock()
        self.storage = Storage(folder / "storage", clock=self.clock, base_url="http://127.0.0.1:9/t")
        self.git = Git(folder / "mirrors")
        services = Services(self.memory, self.recorder, self.clock)
        self.reconciler = GitRepositoryReconciler(services, self.memory.cache(RES), self.git, self.storage)

    def put(self, metadata: dict[str, Any] | None = None, **spec: Any) -> None:
        obj = {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"namespace": "ns", "name": "app", **(metadata or {})},
            "spec": {"interval": "10m", "url": self.server.url("a"), "ref": {"branch": "main"}, **spec},
        }
        self.memory.put(obj, RES.plural)

    async def reconcile(self) -> Result:
        self.memory.writes.clear()
        self.recorder.events.clear()
        return await self.reconciler.reconcile(REQUEST)

    async def ready(self, **spec: Any) -> None:
        """An object that was fetched once."""
        self.repo.commit({"a.yaml": "a"})
        self.put(**spec)
        assert await self.reconcile() == Result(requeue=True)
        await self.reconcile()
        assert conditions.is_ready(self.live)

    @property
    def live(self) -> dict[str, Any]:
        found = self.memory.live(RES.plural, "ns", "app")
        assert found is not None
        return found

    @property
    def status(self) -> dict[str, Any]:
        return self.live["status"]

    def said(self, kind: str = "Ready") -> tuple[str, str, str]:
        found = conditions.get(self.live, kind) or {}
        return found.get("status", ""), found.get("reason", ""), found.get("message", "")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    server = GitServer(tmp_path / "served")
    await server.start()
    bench = Bench(tmp_path, server)
    yield bench
    bench.git.close()
    await server.stop()


async def test_the_first_fetch_takes_two_status_writes(bench: Bench) -> None:
    bench.repo.commit({"a.yaml": "a"})
    bench.put()
    await bench.reconcile()
    assert [where for _, where, _ in bench.memory.writes] == [RES.plural]
    result = await bench.reconcile()
    assert [where for _, where, _ in bench.memory.writes] == [f"{RES.plural}/status"] * 2
    assert 570 <= result.requeue_after <= 630
    assert await fetch_artifact(bench.status["artifact"], storage=bench.storage) == {"a.yaml": b"a"}


async def test_a_pass_without_news_writes_nothing_but_an_event(bench: Bench) -> None:
    await bench.ready()
    bench.server.requests.clear()
    await bench.reconcile()
    assert bench.memory.writes == []
    assert [reason for _, reason, _ in bench.recorder.events] == ["GitOperationSucceeded"]
    assert len(bench.server.requests) == 2  # one listing: refs' capabilities, then the refs asked for


async def test_a_pinned_commit_that_is_stored_is_up_to_date(bench: Bench) -> None:
    sha = bench.repo.commit({"a.yaml": "a"})
    await bench.ready(ref={"commit": sha})
    await bench.reconcile()
    assert bench.memory.writes == []
    assert bench.recorder.events == [
        ("Normal", "ArtifactUpToDate", f"artifact up-to-date with remote revision: 'sha1:{sha}'")
    ]


async def test_a_request_is_answered_while_it_is_worked_on_and_when_it_is_done(bench: Bench) -> None:
    await bench.ready()
    bench.put({"annotations": {REQUESTED_AT: "now"}})
    await bench.reconcile()
    first, last = (body["status"] for _, _, body in bench.memory.writes)
    assert [c["type"] for c in first["conditions"]] == ["Reconciling", "Ready", "ArtifactInStorage"]
    assert first["conditions"][0]["message"] == "reconciliation in progress"
    assert first["conditions"][1]["status"] == "True"
    assert last["lastHandledReconcileAt"] == "now"
    assert [c["type"] for c in last["conditions"]] == ["Ready", "ArtifactInStorage"]


async def test_a_failure_keeps_the_artifact_and_recovery_is_told(bench: Bench) -> None:
    await bench.ready()
    artifact = bench.status["artifact"]
    bench.server.faults.status = 500
    with pytest.raises(SourceFailure):
        await bench.reconcile()
    assert bench.said()[:2] == ("False", "GitOperationFailed")
    assert bench.said("FetchFailed") == ("True", *bench.said()[1:])
    assert bench.status["artifact"] == artifact
    assert [(kind, reason) for kind, reason, _ in bench.recorder.events] == [("Warning", "GitOperationFailed")]
    bench.server.faults.status = 0
    await bench.reconcile()
    assert bench.said()[0] == "True"
    assert bench.recorder.events[0] == ("Normal", "Succeeded", f"stored artifact for commit '{artifact['revision']}'")


async def test_a_damaged_artifact_is_built_again(bench: Bench) -> None:
    await bench.ready()
    before = bench.status["artifact"]
    file = bench.storage.root / before["path"]
    file.write_bytes(b"damaged")
    await bench.reconcile()
    assert bench.recorder.events == [
        (
            "Warning",
            "ArtifactVerificationFailed",
            f"failed to verify integrity of artifact: computed digest doesn't match '{before['digest']}'",
        )
    ]
    assert bench.status["artifact"]["digest"] == before["digest"]
    assert bench.storage.verify(bench.status["artifact"])


async def test_a_new_address_of_the_artifact_server_is_written(bench: Bench) -> None:
    await bench.ready()
    bench.storage.base_url = "http://127.0.0.1:10/u"
    await bench.reconcile()
    assert bench.status["artifact"]["url"].startswith("http://127.0.0.1:10/u/gitrepository/ns/app/")
    assert len(bench.memory.writes) == 1


async def test_a_new_ignore_rule_builds_anew_from_the_same_revision(bench: Bench) -> None:
    bench.repo.commit({"a.yaml": "a", "b.md": "b"})
    await bench.ready()
    bench.repo.commit({"a.yaml": "a", "b.md": "b"})
    bench.put(ignore="*.md\n")
    await bench.reconcile()
    assert bench.status["observedIgnore"] == "*.md\n"
    assert bench.status["observedGeneration"] == 2
    assert list(await fetch_artifact(bench.status["artifact"], storage=bench.storage)) == ["a.yaml"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"ref": {"semver": ">=1.0"}}, "spec.ref.semver"),
        ({"ref": {"name": "refs/heads/x"}}, "spec.ref.name"),
        ({"verify": {"mode": "HEAD", "secretRef": {"name": "x"}}}, "spec.verify"),
        ({"include": [{"repository": {"name": "x"}}]}, "spec.include"),
        ({"recurseSubmodules": True}, "spec.recurseSubmodules"),
        ({"sparseCheckout": ["a"]}, "spec.sparseCheckout"),
        ({"proxySecretRef": {"name": "x"}}, "spec.proxySecretRef"),
        ({"provider": "github"}, "spec.provider"),
        ({"url": "ssh://git@example.com/x.git"}, "ssh"),
    ],
)
async def test_what_waits_for_its_issue_stalls_and_says_so(bench: Bench, spec: dict, field: str) -> None:
    bench.put(**spec)
    await bench.reconcile()
    with pytest.raises(TerminalError):
        await bench.reconcile()
    ready, stalled, failed = bench.said(), bench.said("Stalled"), bench.said("FetchFailed")
    assert ready[:2] == ("False", "Unsupported")
    assert field in ready[2]
    assert stalled[1:] == failed[1:] == ready[1:]
    assert conditions.get(bench.live, "Reconciling") is None
    assert bench.status["observedGeneration"] == 1
    assert bench.recorder.events == [("Warning", "Unsupported", ready[2])]


async def test_a_stalled_object_recovers_when_its_spec_changes(bench: Bench) -> None:
    bench.repo.commit({"a.yaml": "a"})
    bench.put(url="http://-oops/x")
    await bench.reconcile()
    with pytest.raises(TerminalError):
        await bench.reconcile()
    assert bench.said()[:2] == ("False", "URLInvalid")
    bench.put()
    await bench.reconcile()
    assert bench.said()[0] == "True"
    assert [c["type"] for c in bench.status["conditions"]] == ["Ready", "ArtifactInStorage"]


def secret(**data: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": {"namespace": "ns", "name": "login"}, "data": encoded}


async def test_a_login_works_and_shows_nowhere(bench: Bench) -> None:
    bench.server.faults.basic_auth = "user:canary-1b9e"
    bench.memory.put(secret(username="user", password="canary-1b9e"), "secrets")
    await bench.ready(secretRef={"name": "login"})
    bench.server.faults.basic_auth = "user:changed"
    with pytest.raises(SourceFailure, match="authentication required: unauthorized"):
        await bench.reconcile()
    assert "canary-1b9e" not in repr(bench.live) + repr(bench.recorder.events)


@pytest.mark.parametrize(
    ("data", "reason", "text"),
    [
        ({"username": "a\r\nb", "password": "c"}, "AuthenticationFailed", "line break"),
        ({"githubAppID": "1"}, "InvalidProviderConfiguration", "has github app data"),
    ],
)
async def test_a_secret_that_cannot_be_used(bench: Bench, data: dict, reason: str, text: str) -> None:
    bench.put(secretRef={"name": "login"})
    bench.memory.put(secret(**data), "secrets")
    await bench.reconcile()
    with pytest.raises(SourceFailure):
        await bench.reconcile()
    assert bench.said()[:2] == ("False", reason)
    assert text in bench.said()[2]


async def test_what_is_too_large_fails_in_the_storage_step(bench: Bench, tmp_path: Path) -> None:
    from engine.source.gittree import Limits

    bench.reconciler._git = Git(tmp_path / "small", limits=Limits(file=10))
    bench.repo.commit({"big.yaml": "x" * 100})
    bench.put()
    await bench.reconcile()
    with pytest.raises(SourceFailure):
        await bench.reconcile()
    status, reason, text = bench.said("StorageOperationFailed")
    assert (status, reason) == ("True", "ArchiveOperationFailed")
    assert text.startswith("unable to archive artifact to storage: big.yaml makes the artifact too large")
    assert bench.said()[1] == "ArchiveOperationFailed"
    bench.reconciler._git.close()


async def test_deletion_takes_the_artifacts_along(bench: Bench) -> None:
    await bench.ready()
    await bench.memory.delete(RES, "ns", "app")
    await bench.reconcile()
    assert bench.memory.live(RES.plural, "ns", "app") is None
    assert bench.recorder.events == [
        ("Normal", "GarbageCollectionSucceeded", "garbage collected artifacts for deleted resource")
    ]
    assert not (bench.storage.root / "gitrepository/ns/app").exists()
    assert [where for _, where, _ in bench.memory.writes] == [RES.plural]


async def test_old_artifacts_are_collected(bench: Bench) -> None:
    await bench.ready()
    for number in range(3):
        await bench.clock.advance(61)
        bench.repo.commit({"a.yaml": str(number)})
        await bench.reconcile()
    files = list((bench.storage.root / "gitrepository/ns/app").iterdir())
    assert len(files) <= 3
    assert ("Normal", "GarbageCollectionSucceeded", "garbage collected 1 artifacts") in bench.recorder.events


async def test_an_api_that_is_down_keeps_what_was_known(bench: Bench) -> None:
    await bench.ready(secretRef={"name": ""})

    def down(body: Any) -> None:
        raise errors.Unavailable("the API server does not answer")

    bench.memory.before_patch = down
    bench.repo.commit({"a.yaml": "new"})
    with pytest.raises(errors.Unavailable):
        await bench.reconcile()
    bench.memory.before_patch = lambda body: None
    await bench.reconcile()
    assert bench.said()[0] == "True"
    assert await fetch_artifact(bench.status["artifact"], storage=bench.storage) == {"a.yaml": b"new"}
