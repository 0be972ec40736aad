"""Steps 5 to 10 of a Kustomization's pass: fetch, build, apply, inventory, prune, health (flux.md 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engine import errors
from engine.apply import ignore, objects
from engine.apply.build import PathNotFound
from engine.apply.changes import Action, Change, log
from engine.apply.errors import ApplyError, HealthError, PruneError
from engine.apply.live import Watches
from engine.apply.managers import TakeOver
from engine.apply.prune import Pruner
from engine.apply.ssa import Kinds, Options
from engine.apply.stages import Applied, Stages
from engine.apply.wait import HealthWait
from engine.controllers import kustomization_history as history
from engine.controllers.base import Pass
from engine.controllers.cluster import NORMAL
from engine.controllers.kustomization_build import Builder, Desired, refuse_encrypted
from engine.controllers.kustomization_progress import Progress
from engine.controllers.kustomization_tell import tell
from engine.flux import conditions, duration, intervals, inventory
from engine.flux.inventory import Entry, ObjectRef
from engine.source.fetch import ArtifactNotFound, FetchFailed

ARTIFACT_FAILED: Final = "ArtifactFailed"
BUILD_FAILED: Final = "BuildFailed"
RECONCILIATION_FAILED: Final = "ReconciliationFailed"
PRUNE_FAILED: Final = "PruneFailed"
HEALTH_CHECK_FAILED: Final = "HealthCheckFailed"
SUCCEEDED: Final = "ReconciliationSucceeded"
_PROGRESSING: Final = conditions.PROGRESSING


class Failed(Exception):
    """A step failed: Ready=False with this reason and message; `step` is what the pass was doing."""

    def __init__(
        self, reason: str, message: str, step: str, *, silent: bool = False, wait_for_source: bool = False
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.step = step
        self.silent = silent
        self.wait_for_source = wait_for_source


def _always(_: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Steps:
    """Who does the work of the steps."""

    builder: Builder
    stages: Stages
    pruner: Pruner
    health: HealthWait
    watches: Watches
    kinds: Kinds
    take_over: TakeOver = field(default_factory=TakeOver)
    present: Callable[[Mapping[str, Any]], bool] = _always
    """Whether an artifact still is where it was stored; asked even when its build is remembered."""
    fail_fast: bool = True
    """False: gate DisableFailFastBehavior."""


class Attempt:
    """One attempt to bring one revision to the cluster."""

    def __init__(
        self, run: Pass, artifact: Mapping[str, Any], told: Mapping[str, str], steps: Steps, *, quiet: float
    ) -> None:
        self._pass = run
        self._artifact = artifact
        self._told = told
        self._steps = steps
        self._clock = run.services.clock
        self._progress = Progress(run, quiet=quiet)
        self._revision = str(artifact.get("revision") or "")
        self._origin = str((artifact.get("metadata") or {}).get("org.opencontainers.image.revision") or "")
        metadata = run.original["metadata"]
        self._owner = objects.owner_labels(str(metadata["name"]), str(metadata.get("namespace") or ""))
        self._new_revision = run.status.get("lastAppliedRevision") != self._revision
        self._digest = ""

    async def run(self) -> None:
        """All steps; raises Failed. The object's status then says what happened, up to Ready of a failure."""
        started = self._clock.now()
        self._progress.start()
        try:
            await self._run()
        except Failed as failure:
            await self._progress.end()
            if self._digest:
                self._record(failure.reason, started)
            raise
        finally:
            await self._progress.end()
        self._succeed(started)

    async def _run(self) -> None:
        desired = await self._build()
        await self._step("Detecting drift")
        old = inventory.parse(self._pass.status)
        self._digest = desired.digest
        applied = await self._apply(desired, old)
        await self._prune(old, applied.changes.entries)
        await self._check_health(desired, applied)

    # --- fetch and build ----------------------------------------------------------------------------------

    async def _build(self) -> Desired:
        await self._step("Fetching manifests")
        try:
            if not self._steps.present(self._artifact):
                raise ArtifactNotFound("artifact not found")
            desired = await self._steps.builder.build(self._pass.original, self._artifact)
        except ArtifactNotFound:
            wait = duration.text(intervals.REQUEUE_DEPENDENCY)
            text = f"Source is not ready, artifact not found, retrying in {wait}"
            raise self._failure(ARTIFACT_FAILED, text, silent=True, wait_for_source=True) from None
        except (FetchFailed, PathNotFound) as error:
            raise self._failure(ARTIFACT_FAILED, error.message) from error
        except errors.EngineError as error:
            await self._fetched()
            raise self._failure(BUILD_FAILED, error.message) from error
        await self._fetched()
        return desired

    async def _fetched(self) -> None:
        self._progress.fields["lastAttemptedRevision"] = self._revision
        await self._step("Building manifests")

    # --- apply and prune ----------------------------------------------------------------------------------

    async def _apply(self, desired: Desired, old: Sequence[Entry]) -> Applied:
        spec = self._pass.spec
        options = Options(
            force=bool(spec.get("force")),
            rules=ignore.parse(spec.get("ignore") or []),
            take_over=self._steps.take_over,
            known=frozenset(old),
        )
        try:
            refuse_encrypted(desired.objects)
            applied = await self._steps.stages.apply(desired.objects, options)
        except ApplyError as error:
            raise self._failure(RECONCILIATION_FAILED, error.message) from error
        await self._watch(applied.changes.entries)
        if applied.changes.written:
            await self._tell(applied.changes.log())
        return applied

    async def _watch(self, entries: Sequence[Entry]) -> None:
        """From now on changes of these kinds are seen."""
        for group, version, kind in {(e.ref.group, e.version, e.ref.kind) for e in entries}:
            try:
                self._steps.watches.watch(await self._steps.kinds.resource(group, version, kind))
            except errors.NoKindMatch:
                # Only of skipped objects: nothing to watch there.
                continue

    async def _prune(self, old: Sequence[Entry], new: Sequence[Entry]) -> None:
        """The new inventory counts before anything is deleted; what cannot be deleted stays in it."""
        self._set_inventory(new)
        stale = inventory.stale(old, new)
        if not stale or not self._pass.spec.get("prune"):
            return
        try:
            changes = await self._steps.pruner.prune(stale, self._owner)
        except PruneError as error:
            self._set_inventory(inventory.merge(new, error.remaining))
            raise self._failure(PRUNE_FAILED, error.message) from error
        if changes:
            await self._tell(log(changes))

    def _set_inventory(self, entries: Sequence[Entry]) -> None:
        self._progress.fields["inventory"] = inventory.dump(entries)

    # --- health -------------------------------------------------------------------------------------------

    async def _check_health(self, desired: Desired, applied: Applied) -> None:
        checked = self._to_check(applied.changes.changes)
        if not checked:
            self._progress.without_health()
            return
        started = self._clock.now()
        healthy = conditions.is_true(self._pass.object, conditions.HEALTHY)
        await self._step("Running health checks")
        try:
            await self._steps.health.until_current(
                checked,
                intervals.timeout(self._pass.original),
                fail_fast=self._steps.fail_fast,
                seen=applied.seen,
                vanishing=_vanishing(desired),
                on_wait=lambda: self._progress.show(healthy=True),
            )
        except HealthError as error:
            await self._unhealthy(error, started)
        passed = f"Health check passed in {duration.since(started, self._clock.now())}"
        self._progress.healthy = passed
        if not healthy or (self._new_revision and applied.changes.written):
            await self._tell(passed)

    async def _unhealthy(self, error: HealthError, started: datetime) -> None:
        took = duration.since(started, self._clock.now())
        await self._progress.end()
        now = self._clock.now()
        conditions.mark_false(self._pass.object, conditions.HEALTHY, HEALTH_CHECK_FAILED, error.message, now)
        raise self._failure(HEALTH_CHECK_FAILED, f"health check failed after {took}: {error.message}") from error

    def _to_check(self, changes: Sequence[Change]) -> list[Entry]:
        """`wait`: all that was applied but skipped; else spec.healthChecks; never the Kustomization itself."""
        spec, me = self._pass.spec, inventory.ref_of(self._pass.original)
        if not changes:
            return []
        if spec.get("wait"):
            entries = [change.entry for change in changes if change.action is not Action.SKIPPED]
        else:
            entries = [_health_check(check) for check in spec.get("healthChecks") or []]
        return [entry for entry in entries if entry.ref != me]

    # --- the end ------------------------------------------------------------------------------------------

    def _succeed(self, started: datetime) -> None:
        run, now = self._pass, self._clock.now()
        run.status["lastAppliedRevision"] = self._revision
        if self._origin:
            run.status["lastAppliedOriginRevision"] = self._origin
        else:
            run.status.pop("lastAppliedOriginRevision", None)
        self._record(SUCCEEDED, started)
        conditions.delete(run.object, conditions.RECONCILING, conditions.STALLED)
        self._progress.settle_health(now)
        conditions.mark_true(run.object, conditions.READY, SUCCEEDED, f"Applied revision: {self._revision}", now)

    def _record(self, status: str, started: datetime) -> None:
        attempt = history.Attempt(self._digest, status, self._revision, self._origin, started, self._clock.now())
        self._pass.status["history"] = history.record(self._pass.status.get("history"), attempt)

    async def _step(self, text: str) -> None:
        timeout = duration.text(intervals.timeout(self._pass.original))
        await self._progress.step(f"{text} for revision {self._revision} with a timeout of {timeout}")

    def _failure(self, reason: str, message: str, *, silent: bool = False, wait_for_source: bool = False) -> Failed:
        return Failed(reason, message, self._progress.text, silent=silent, wait_for_source=wait_for_source)

    async def _tell(self, message: str) -> None:
        await tell(self._pass, NORMAL, message, self._told, reason=_PROGRESSING)


def _health_check(check: Mapping[str, Any]) -> Entry:
    group, _, version = str(check.get("apiVersion") or "apps/v1").rpartition("/")
    ref = ObjectRef(group, str(check.get("kind")), str(check.get("namespace") or ""), str(check.get("name")))
    return Entry(ref, version)


def _vanishing(desired: Desired) -> frozenset[ObjectRef]:
    """Jobs that delete themselves when they are done."""
    return frozenset(
        inventory.ref_of(obj)
        for obj in desired.objects
        if obj.get("kind") == "Job" and (obj.get("spec") or {}).get("ttlSecondsAfterFinished") is not None
    )
