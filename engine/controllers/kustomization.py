"""The Kustomization reconciler (flux.md 4): what one pass decides, writes and tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from engine.apply import objects
from engine.apply.changes import Change, log
from engine.apply.errors import PruneError
from engine.apply.prune import Pruner
from engine.controllers import kustomization_checks as checks
from engine.controllers.base import FluxReconciler, Pass, Result, Services
from engine.controllers.cluster import NORMAL, WARNING, Cache
from engine.controllers.kustomization_attempt import Attempt, Failed, Steps
from engine.controllers.kustomization_checks import Blocked
from engine.controllers.kustomization_tell import COMMIT_STATUS, of_artifact, of_status, tell
from engine.flux import conditions, duration, intervals, inventory, kinds
from engine.flux.inventory import Entry

_READY: Final = conditions.READY


@dataclass(frozen=True, slots=True)
class Settings:
    """The controller's flags."""

    requeue_dependency: float = intervals.REQUEUE_DEPENDENCY
    no_cross_namespace_refs: bool = False
    quiet: float = 1.0
    """Seconds after which a running pass shows its progress."""


class KustomizationReconciler(FluxReconciler):
    """Brings the cluster to what a Kustomization's source says."""

    kind: ClassVar = kinds.KUSTOMIZATION
    manager: ClassVar = "gotk-kustomize-controller"
    owned: ClassVar = frozenset({_READY, conditions.RECONCILING, conditions.STALLED, conditions.HEALTHY})

    def __init__(
        self, services: Services, cache: Cache, sources: Cache, steps: Steps, pruner: Pruner, settings: Settings
    ) -> None:
        super().__init__(services, cache)
        self._kustomizations = cache
        self._sources = sources
        self._steps = steps
        self._pruner = pruner
        self._settings = settings

    async def work(self, run: Pass) -> Result:
        """Steps 2 to 10 of flux.md 4.1."""
        obj = run.object
        source = None
        blocked = checks.unsupported(obj)
        if blocked is None and self._settings.no_cross_namespace_refs:
            blocked = checks.cross_namespace(obj)
        if blocked is None:
            node = checks.source_of(obj)
            source = self._sources.get(node.namespace, node.name)
            blocked = checks.source_missing(obj, source, self._settings.requeue_dependency)
        artifact = checks.artifact_of(source)
        told = of_artifact(artifact)
        if blocked is None and artifact is not None:
            blocked = checks.dependency_missing(
                obj, str(artifact.get("revision")), self._kustomizations, self._settings.requeue_dependency
            )
        if blocked is not None or artifact is None:
            assert blocked is not None
            return await self._blocked(run, blocked, told)
        attempt = Attempt(run, artifact, told, self._steps, quiet=self._settings.quiet)
        try:
            await attempt.run()
        except Failed as failure:
            return await self._failed(run, failure, told)
        return Result(requeue_after=self.services.jitter(intervals.interval(obj)))

    async def delete(self, run: Pass) -> Result:
        """Delete what is managed, as the deletion policy says, and let the object go (flux.md 4.3)."""
        spec, entries = run.spec, inventory.parse(run.status)
        policy = spec.get("deletionPolicy") or "MirrorPrune"
        wanted = policy in ("Delete", "WaitForTermination") or (policy == "MirrorPrune" and spec.get("prune"))
        if wanted and entries and not self.suspended(run):
            await self._delete_managed(run, entries, wait=policy == "WaitForTermination")
        namespace, name = run.original["metadata"].get("namespace") or "", run.original["metadata"]["name"]
        self._steps.builder.forget(namespace, name)
        run.remove_finalizer()
        return Result()

    async def finish(self, run: Pass, result: Result, error: Exception | None) -> None:
        """ObservedGeneration follows a pass that leaves Ready=True, and such a pass says when the next one is."""
        obj = run.object
        suspended = self.suspended(run)
        if not suspended and not run.deleting and conditions.reason(obj, conditions.RECONCILING) == "Progressing":
            conditions.retrying(obj, self.services.clock.now())
        if not conditions.is_ready(obj):
            return
        run.status["observedGeneration"] = run.generation
        if suspended or error is not None or result.requeue:
            return
        took = duration.since(run.started, self.services.clock.now())
        following = duration.text(intervals.interval(obj))
        told = {**of_status(run.status), **COMMIT_STATUS}
        await tell(run, NORMAL, f"Reconciliation finished in {took}, next run in {following}", told)

    async def _blocked(self, run: Pass, blocked: Blocked, told: Mapping[str, str]) -> Result:
        now = self.services.clock.now()
        conditions.mark_false(run.object, _READY, blocked.reason, blocked.message, now)
        if blocked.stalled:
            conditions.mark_stalled(run.object, blocked.reason, blocked.message, now)
        if blocked.event:
            await tell(run, WARNING if blocked.stalled else NORMAL, blocked.event, told)
        return Result(requeue_after=blocked.requeue or 0.0)

    async def _failed(self, run: Pass, failure: Failed, told: Mapping[str, str]) -> Result:
        now = self.services.clock.now()
        obj = run.object
        conditions.mark_reconciling(obj, conditions.PROGRESSING_WITH_RETRY, failure.step, now)
        conditions.mark_false(obj, _READY, failure.reason, failure.message, now)
        if not failure.silent:
            await tell(run, WARNING, failure.message, told)
        if failure.wait_for_source:
            return Result(requeue_after=self._settings.requeue_dependency)
        return Result(requeue_after=intervals.retry_interval(obj))

    async def _delete_managed(self, run: Pass, entries: list[Entry], *, wait: bool) -> None:
        checks.refuse_deletion(run.original)
        metadata = run.original["metadata"]
        owner = objects.owner_labels(metadata["name"], metadata.get("namespace") or "")
        told = of_status(run.status)
        try:
            changes: list[Change] = await self._pruner.prune(entries, owner)
        except PruneError:
            await tell(run, WARNING, "pruning for deleted resource failed", told)
            raise
        if changes:
            await tell(run, NORMAL, log(changes), told)
        deleted = [change.entry for change in changes if change.action == "deleted"]
        if wait and not await self._pruner.wait_gone(deleted, intervals.timeout(run.original)):
            await tell(run, WARNING, "failed to wait for resources termination", told)
