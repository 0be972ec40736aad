"""GitRepository: storage check → fetch → artifact, with Flux's conditions and events (flux.md 3.0, 3.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from engine import errors
from engine.controllers import gitaccess
from engine.controllers.base import Pass, Result, Services
from engine.controllers.cluster import NORMAL, WARNING, Cache
from engine.controllers.source import (
    ARTIFACT_IN_STORAGE,
    ARTIFACT_OUTDATED,
    FETCH_FAILED,
    INCLUDE_UNAVAILABLE,
    SOURCE_VERIFIED,
    STORAGE_OPERATION_FAILED,
    SourceFailure,
    SourceReconciler,
)
from engine.flux import conditions, intervals, revision
from engine.flux.conditions import FALSE, READY, RECONCILING, STALLED
from engine.flux.kinds import GIT_REPOSITORY, FluxKind
from engine.source.git import Commit, Git
from engine.source.giterrors import EmptyRepository
from engine.source.giturl import Reference, Remote
from engine.source.storage import Storage


class GitRepositoryReconciler(SourceReconciler):
    """One pass over a GitRepository."""

    kind: ClassVar[FluxKind] = GIT_REPOSITORY
    summary: ClassVar[tuple[str, ...]] = (
        STORAGE_OPERATION_FAILED,
        FETCH_FAILED,
        INCLUDE_UNAVAILABLE,
        ARTIFACT_OUTDATED,
        ARTIFACT_IN_STORAGE,
        SOURCE_VERIFIED,
        STALLED,
        RECONCILING,
    )
    owned: ClassVar[frozenset[str]] = frozenset({*summary, READY})

    def __init__(self, services: Services, cache: Cache, git: Git, storage: Storage) -> None:
        super().__init__(services, cache)
        self._git = git
        self._storage = storage

    async def work(self, run: Pass) -> Result:
        """Check what is stored, look at the remote, and store what is new."""
        self.start(run)
        await self._check_storage(run)
        remote, reference = await self._source(run)
        await run.patch()  # what git does now may take its time
        if await self._unchanged(run, remote, reference):
            await self._no_changes(run)
        else:
            commit = await self._fetch(run, remote, reference)
            await self._store(run, remote, reference, commit)
        return Result(requeue_after=self.services.jitter(intervals.interval(run.object)))

    async def delete(self, run: Pass) -> Result:
        """Delete what is stored, then let the object go."""
        metadata = run.object["metadata"]
        names = (self.kind.kind, metadata["namespace"], metadata["name"])
        try:
            found = await asyncio.to_thread(self._storage.delete_all, *names)
        except OSError as error:
            text = f"garbage collection for deleted resource failed: {error.strerror}"
            await run.event(WARNING, "GarbageCollectionFailed", text)
            raise SourceFailure("GarbageCollectionFailed", text) from error
        if found:
            text = "garbage collected artifacts for deleted resource"
            await run.event(NORMAL, "GarbageCollectionSucceeded", text)
        run.remove_finalizer()
        return Result()

    # ---- storage

    async def _check_storage(self, run: Pass) -> None:
        """Collect garbage, and believe in no artifact that is not there in full."""
        conditions.delete(run.object, STORAGE_OPERATION_FAILED)
        artifact = run.status.get("artifact")
        if artifact:
            await self._collect_garbage(run, artifact)
            if await self._intact(run, artifact):
                artifact["url"] = self._storage.url(str(artifact["path"]))
                return
            run.status.pop("artifact")
            conditions.delete(run.object, ARTIFACT_IN_STORAGE)
        text = "building artifact: disappeared from storage" if artifact else "building artifact"
        conditions.progressive(run.object, text, self.services.clock.now(), drift=True)

    async def _collect_garbage(self, run: Pass, artifact: Mapping[str, Any]) -> None:
        try:
            count = await asyncio.to_thread(self._storage.collect_garbage, artifact)
        except (OSError, errors.Malformed):
            return  # what could not be collected now is collected later, as in Flux
        if count:
            await run.event(NORMAL, "GarbageCollectionSucceeded", f"garbage collected {count} artifacts")

    async def _intact(self, run: Pass, artifact: Mapping[str, Any]) -> bool:
        try:
            if await asyncio.to_thread(self._storage.verify, artifact):
                return True
        except FileNotFoundError:
            return False
        except (OSError, errors.EngineError) as error:
            text = f"failed to verify integrity of artifact: {error}"
        else:
            text = (
                f"failed to verify integrity of artifact: computed digest doesn't match '{artifact.get('digest', '')}'"
            )
        await run.event(WARNING, "ArtifactVerificationFailed", text)
        return False

    # ---- the remote

    async def _source(self, run: Pass) -> tuple[Remote, Reference]:
        """Where to fetch from and what, or why that cannot be known."""
        if conditions.status(run.object, SOURCE_VERIFIED) == FALSE:
            conditions.delete(run.object, SOURCE_VERIFIED)
        return await gitaccess.resolve(self.services.cluster, run.object)

    async def _unchanged(self, run: Pass, remote: Remote, reference: Reference) -> bool:
        """Whether the remote still has what is stored; asked only where a listing of refs can tell."""
        artifact = run.status.get("artifact")
        if (
            not artifact
            or reference.commit
            or not conditions.is_true(run.object, ARTIFACT_IN_STORAGE)
            or run.status.get("observedIgnore") != run.spec.get("ignore")
        ):
            return False
        try:
            current = await self._git.current(remote, reference, gitaccess.timeout(run.spec))
        except errors.EngineError as error:
            raise _checkout_failed(error) from error
        return current == revision.upgrade(str(artifact.get("revision", "")))

    async def _no_changes(self, run: Pass) -> None:
        conditions.delete(run.object, FETCH_FAILED)
        artifact = run.status["artifact"]
        self.stored(run, artifact)
        found = artifact["revision"]
        await self.notify(run, f"commit '{found}'")
        text = f"no changes since last reconciliation: observed revision '{found}'"
        await run.event(NORMAL, "GitOperationSucceeded", text)

    async def _fetch(self, run: Pass, remote: Remote, reference: Reference) -> Commit:
        try:
            commit = await self._git.fetch(remote, reference, gitaccess.timeout(run.spec))
        except EmptyRepository as error:
            raise SourceFailure("EmptyGitRepository", error.message, condition=FETCH_FAILED) from error
        except errors.EngineError as error:
            raise _checkout_failed(error) from error
        conditions.delete(run.object, FETCH_FAILED)
        return commit

    # ---- the artifact

    async def _store(self, run: Pass, remote: Remote, reference: Reference, commit: Commit) -> None:
        artifact, wanted = run.status.get("artifact"), run.spec.get("ignore")
        stored_revision = artifact["revision"] if artifact else ""
        if stored_revision == commit.revision and run.status.get("observedIgnore") == wanted:
            self.stored(run, run.status["artifact"])
            await self.notify(run, f"commit '{commit.subject}'")
            text = f"artifact up-to-date with remote revision: '{commit.revision}'"
            await run.event(NORMAL, "ArtifactUpToDate", text)
            return
        if stored_revision != commit.revision:
            self._announce(run, commit, outdated=bool(artifact))
        run.status["artifact"] = await self._pack(run, remote, reference, commit)
        run.status.pop("observedIgnore", None)
        if wanted is not None:
            run.status["observedIgnore"] = wanted
        self.stored(run, run.status["artifact"])
        await self.notify(run, f"commit '{commit.subject}'")

    def _announce(self, run: Pass, commit: Commit, *, outdated: bool) -> None:
        now = self.services.clock.now()
        text = f"new upstream revision '{commit.revision}'"
        if outdated:
            conditions.mark_true(run.object, ARTIFACT_OUTDATED, "NewRevision", text, now)
        conditions.progressive(run.object, f"building artifact: {text}", now, drift=True)

    async def _pack(self, run: Pass, remote: Remote, reference: Reference, commit: Commit) -> dict[str, Any]:
        metadata = run.object["metadata"]
        path = self._storage.path(self.kind.kind, metadata["namespace"], metadata["name"], f"{commit.hash}.tar.gz")
        try:
            return await self._git.pack(
                remote,
                reference,
                commit,
                run.spec.get("ignore"),
                gitaccess.timeout(run.spec),
                lambda write: self._storage.store(path, commit.revision, write),
            )
        except errors.EngineError as error:
            text = f"unable to archive artifact to storage: {error}"
        except OSError as error:
            text = f"unable to archive artifact to storage: {error.strerror}"
        raise SourceFailure("ArchiveOperationFailed", text, condition=STORAGE_OPERATION_FAILED)


def _checkout_failed(error: errors.EngineError) -> SourceFailure:
    text = f"failed to checkout and determine revision: {error}"
    return SourceFailure("GitOperationFailed", text, condition=FETCH_FAILED)
