"""Drift says beforehand what the real kustomize-controller was recorded to change."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.kube.config import ClusterConfig
from engine.model import DriftReport, Verdict
from tests.goldens.recording import Recording
from tests.goldens.replay import Allowed, Replay
from tests.goldens.stack import Stack, stack
from tests.shared import GOLDENS, need_shared

FOLDER = GOLDENS / "flux-2.9"

#: Scenarios whose last step is a reconcile after somebody's edit, and what that edit did.
EDITED = {
    "48-drift-changed": "values changed",
    "49-drift-added": "fields added",
    "50-drift-removed": "fields removed",
    "51-drift-other-applier": "values taken over by another applier",
    "52-drift-labels": "labels changed, added and removed, the owner's among them",
    "53-deleted-by-hand": "objects deleted",
}


class AskingFirst(Replay):
    """Asks for the drift before the last step."""

    def __init__(self, recording: Recording, flux: Stack) -> None:
        super().__init__(recording, flux, Allowed())
        self.reports: dict[bool, DriftReport] = {}

    async def _step(self, step: Mapping[str, Any]) -> None:
        if step is self._recording.steps[-1]:
            for confirm in (False, True):
                self.reports[confirm] = await self._stack.drift.report(self._recording.name, "app", confirm=confirm)
        await super()._step(step)


def content(entry: Mapping[str, Any]) -> Any:
    """A recorded object without what a write always changes."""
    if entry.get("absent"):
        return None
    obj = copy.deepcopy(entry["object"])
    for key in ("managedFields", "generation"):
        obj["metadata"].pop(key, None)
    return obj


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The objects that the recorded reconcile changed."""
    old = {entry["ref"]: content(entry) for entry in before["objects"]}
    return {entry["ref"] for entry in after["objects"] if content(entry) != old.get(entry["ref"])}


@pytest.mark.parametrize("name", EDITED)
async def test_drift_is_what_the_reconcile_then_changed(name: str, api: ClusterConfig, tmp_path: Path) -> None:
    recording = Recording(need_shared(FOLDER) / name)
    async with stack(tmp_path, {}, api) as flux:
        replay = AskingFirst(recording, flux)
        differences = await replay.play()
    assert not differences, "\n".join(differences)
    before, after = (recording.after(step) for step in recording.steps[-2:])
    expected = changed(before, after)
    assert expected
    for report in replay.reports.values():
        drifted = {
            f"{found.kind}/{found.namespace}/{found.name}"
            for found in report.objects
            if found.verdict in (Verdict.DIFFERS, Verdict.MISSING, Verdict.TO_PRUNE)
        }
        assert drifted == expected
