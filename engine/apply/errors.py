"""What went wrong with one object, in Flux's words (flux.md 4.7 "Errors", 4.8, 4.9)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from engine.errors import EngineError, NoKindMatch, NotFound
from engine.flux.inventory import Entry, ObjectRef


class ApplyError(EngineError):
    """An object could not be applied; the cause is chained."""


class PruneError(EngineError):
    """Objects that should be gone could not be deleted; `remaining` stay in the inventory."""

    def __init__(self, message: str, remaining: Sequence[Entry]) -> None:
        super().__init__(message)
        self.remaining = tuple(remaining)


class HealthError(EngineError):
    """Objects failed, or were not Current in time."""


class ForceFailed(ApplyError):
    """An object that has to be created anew could not be deleted."""


def words(error: EngineError) -> str:
    """The server's own words, without our hint."""
    return str((error.status or {}).get("message") or error.message)


def dry_run(ref: ObjectRef, version: str, error: EngineError) -> ApplyError:
    """Why a dry run failed."""
    return _failed(ref, version, "dry-run failed", error)


def apply(ref: ObjectRef, version: str, error: EngineError) -> ApplyError:
    """Why an apply failed."""
    return _failed(ref, version, "apply failed", error)


def cleanup(ref: ObjectRef, error: EngineError) -> ApplyError:
    """Why the take-over of foreign managers failed."""
    return ApplyError(f"{ref} metadata.managedFields cleanup failed: {words(error)}", status=error.status)


def _failed(ref: ObjectRef, version: str, step: str, error: EngineError) -> ApplyError:
    if isinstance(error, NoKindMatch):
        api_version = f"{ref.group}/{version}" if ref.group else version
        return ApplyError(f'{ref} {step}: no matches for kind "{ref.kind}" in version "{api_version}"')
    if isinstance(error, NotFound) or error.code == HTTPStatus.NOT_FOUND:
        what = "not found" if ref.namespace else "namespace not specified"
        return ApplyError(f"{ref} {what}: {words(error)}", status=error.status)
    reason = f" ({error.reason})" if error.reason else ""
    return ApplyError(f"{ref} {step}{reason}: {words(error)}", status=error.status)
