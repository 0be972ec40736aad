"""Events of a Kustomization (flux.md 4.1, 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.apply import objects
from engine.controllers.base import Pass
from engine.controllers.cluster import WARNING
from engine.flux import conditions, kinds

_GROUP: Final = kinds.KUSTOMIZE_GROUP
COMMIT_STATUS: Final[Mapping[str, str]] = {f"{_GROUP}/commit_status": "update"}


async def tell(run: Pass, severity: str, message: str, told: Mapping[str, str], *, reason: str = "") -> None:
    """Record an event; its reason is Ready's, or the severity's name while there is no Ready."""
    given = reason or conditions.reason(run.object, conditions.READY) or ("error" if severity == WARNING else "info")
    own = {
        key: value
        for key, value in objects.annotations_of(run.original).items()
        if key.startswith(kinds.EVENT_ANNOTATIONS)
    }
    await run.event(severity, given, message, {**told, **own})


def of_artifact(artifact: Mapping[str, Any] | None) -> dict[str, str]:
    """What events say about the revision; {} while there is none."""
    if artifact is None:
        return {}
    origin = (artifact.get("metadata") or {}).get("org.opencontainers.image.revision")
    found = {f"{_GROUP}/revision": str(artifact.get("revision"))}
    return found | {f"{_GROUP}/originRevision": str(origin)} if origin else found


def of_status(status: Mapping[str, Any]) -> dict[str, str]:
    """What events say about the last applied revision."""
    fields = {"revision": "lastAppliedRevision", "originRevision": "lastAppliedOriginRevision"}
    return {f"{_GROUP}/{key}": str(status[field]) for key, field in fields.items() if status.get(field)}
