"""What the reconcilers of all source kinds share: error classes, conditions, summary, events (flux.md 3.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from engine import errors
from engine.controllers.base import FluxReconciler, Pass, Result, TerminalError
from engine.controllers.cluster import NORMAL, WARNING
from engine.flux import conditions
from engine.flux.conditions import RECONCILING, STALLED, TRUE
from engine.flux.kinds import SOURCE_GROUP

ARTIFACT_IN_STORAGE = "ArtifactInStorage"
ARTIFACT_OUTDATED = "ArtifactOutdated"
FETCH_FAILED = "FetchFailed"
INCLUDE_UNAVAILABLE = "IncludeUnavailable"
SOURCE_VERIFIED = "SourceVerified"
STORAGE_OPERATION_FAILED = "StorageOperationFailed"

SUCCEEDED = "Succeeded"


class SourceFailure(errors.Retryable):
    """A step failed: Flux's Generic error. The condition (if any) says so, and the pass is retried with back-off."""

    def __init__(self, reason: str, message: str, *, condition: str = "") -> None:
        super().__init__(message)
        self.why = reason
        self.condition = condition


class SourceStalled(TerminalError):
    """A step failed and will again: Flux's Stalling error. Not retried until the spec changes or somebody asks."""

    def __init__(self, reason: str, message: str, *, condition: str = "") -> None:
        super().__init__(message)
        self.why = reason
        self.condition = condition


class SourceReconciler(FluxReconciler):
    """A source kind; it fills in `work` and `delete`."""

    manager: ClassVar[str] = "source-controller"
    #: The conditions that Ready is the summary of, the most telling first.
    summary: ClassVar[tuple[str, ...]]
    negative: ClassVar[frozenset[str]] = frozenset(
        {
            STORAGE_OPERATION_FAILED,
            FETCH_FAILED,
            INCLUDE_UNAVAILABLE,
            ARTIFACT_OUTDATED,
            STALLED,
            RECONCILING,
        }
    )

    async def finish(self, run: Pass, result: Result, error: Exception | None) -> None:
        """Conditions and observedGeneration as each way to end a pass leaves them; the event of a failure."""
        if run.deleting or result.requeue:
            return  # a pass over a deleted object, or one that only added the finalizer, leaves them alone
        obj, now = run.object, self.services.clock.now()
        had_any = bool(conditions.all_of(obj))
        if isinstance(error, SourceFailure | SourceStalled):
            if error.condition:
                conditions.mark_true(obj, error.condition, error.why, error.message, now)
            await run.event(WARNING, error.why, error.message)
        if isinstance(error, SourceStalled):
            conditions.mark_stalled(obj, error.why, error.message, now)
        elif error is not None or self.suspended(run):
            conditions.delete(obj, STALLED)
            conditions.retrying(obj, now)
        else:
            conditions.delete(obj, STALLED, RECONCILING)
        conditions.summarize(obj, self.summary, self.negative, now)
        settled = error is None or isinstance(error, SourceStalled)
        if settled and (had_any or not self.suspended(run)):
            run.status["observedGeneration"] = run.generation

    def start(self, run: Pass) -> None:
        """Say that work begins, if anything asked for it; written together with what follows."""
        observed = int(run.status.get("observedGeneration") or 0)
        if run.generation != observed:
            text = f"processing object: new generation {observed} -> {run.generation}"
        elif run.token and run.token != run.status.get("lastHandledReconcileAt"):
            text = "reconciliation in progress"
        else:
            return
        conditions.progressive(run.object, text, self.services.clock.now())

    def stored(self, run: Pass, artifact: Mapping[str, Any]) -> None:
        """The artifact is in the storage, and what said otherwise goes."""
        text = f"stored artifact for revision '{artifact['revision']}'"
        conditions.delete(run.object, ARTIFACT_OUTDATED)
        conditions.mark_true(run.object, ARTIFACT_IN_STORAGE, SUCCEEDED, text, self.services.clock.now())

    async def notify(self, run: Pass, what: str) -> None:
        """The event of a new artifact, or of a recovery with the old one; `what` names the commit, the chart…"""
        artifact = run.status.get("artifact") or {}
        before = (run.original.get("status") or {}).get("artifact") or {}
        if artifact.get("digest") != before.get("digest"):
            reason = "NewArtifact"
        elif _failed(run.original) and not _failed(run.object):
            reason = SUCCEEDED
        else:
            return
        annotations = {
            f"{SOURCE_GROUP}/revision": str(artifact.get("revision", "")),
            f"{SOURCE_GROUP}/digest": str(artifact.get("digest", "")),
        }
        await run.event(NORMAL, reason, f"stored artifact for {what}", annotations)


def _failed(obj: Mapping[str, Any]) -> bool:
    kinds = (FETCH_FAILED, INCLUDE_UNAVAILABLE, STORAGE_OPERATION_FAILED)
    return any(conditions.status(obj, kind) == TRUE for kind in kinds)
