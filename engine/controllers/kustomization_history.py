"""`status.history` of a Kustomization, pure (flux.md 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.flux import duration
from engine.flux.conditions import stamp

LIMIT: Final = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reconcile that got as far as applying."""

    digest: str
    status: str
    revision: str
    origin_revision: str
    started: datetime
    ended: datetime

    @property
    def metadata(self) -> dict[str, str]:
        """The revision, and the origin revision where there is one."""
        found = {"revision": self.revision}
        return found | {"originRevision": self.origin_revision} if self.origin_revision else found


def record(history: Sequence[Mapping[str, Any]] | None, attempt: Attempt) -> list[dict[str, Any]]:
    """The history with this attempt in front: a repeat of (digest, status) counts on, at most five are kept."""
    entries = [dict(entry) for entry in history or ()]
    now = stamp(attempt.ended)
    entry: dict[str, Any] = {
        "digest": attempt.digest,
        "firstReconciled": now,
        "lastReconciled": now,
        "lastReconciledDuration": duration.since(attempt.started, attempt.ended),
        "lastReconciledStatus": attempt.status,
        "totalReconciliations": 1,
        "metadata": attempt.metadata,
    }
    for index, known in enumerate(entries):
        if (known.get("digest"), known.get("lastReconciledStatus")) == (attempt.digest, attempt.status):
            entry["firstReconciled"] = known.get("firstReconciled") or now
            entry["totalReconciliations"] = int(known.get("totalReconciliations") or 0) + 1
            del entries[index]
            break
    return [entry, *entries][:LIMIT]
