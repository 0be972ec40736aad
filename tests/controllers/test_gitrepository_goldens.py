"""GitRepositories end every recorded scenario as the real source-controller left them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.controllers.replay import Scenario, comparable, owners, world
from tests.shared import GOLDENS, need_shared

FLUX = GOLDENS / "flux-2.9"

SCENARIOS = [
    "77-git-branch",
    "78-git-tag",
    "80-git-commit",
    "83-git-missing-branch",
    "84-git-401",
    "85-git-basic-auth",
    "86-git-unreachable",
    "87-git-timeout",
    "88-git-ignore-default",
    "89-git-ignore-file",
    "90-git-ignore-spec",
    "91-git-empty",
    "92-git-interval",
    "93-git-suspend",
    "94-git-force-push",
    "95-git-artifact-gone",
]

#: Steps from which on a scenario needs what waits for its issue: (scenario, first such step).
UNTIL = {"86-git-unreachable": 2}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_it_ends_as_recorded(name: str, tmp_path: Path) -> None:
    need_shared(FLUX)
    async with world(tmp_path) as source_world:
        scenario = Scenario(FLUX / name, source_world)
        await scenario.start()
        luck = Luck(scenario)
        for step in scenario.plan["steps"]:
            if step["step"] >= UNTIL.get(name, 99):
                break
            obj, happened = await scenario.play(step)
            recorded = yaml.safe_load((scenario.folder / step["after"]).read_text())
            where = f"{name} step {step['step']}"
            expected = next((o for o in recorded["flux"] if o["kind"] == "GitRepository"), None)
            assert (obj is None) == (expected is None), where
            if obj is not None and expected is not None:
                found = yaml.safe_load(scenario.masked(yaml.safe_dump(comparable(obj))))
                assert found == comparable(expected), where
                assert owners(obj) == owners(expected), where
            ours, theirs = luck.without(events_of(scenario, happened), recorded_events(recorded))
            assert ours == theirs, where


Seen = set[tuple[str, str, str, str]]


class Luck:
    """Where a source is retried with back-off, what a retry between two steps saw is a matter of time."""

    def __init__(self, scenario: Scenario) -> None:
        self._retries = "retries" in scenario.plan
        text = "no changes since last reconciliation: observed revision '{}@sha1:{}'"
        commits = [a["commit"] for step in scenario.plan["steps"] for a in step["do"] if "commit" in a]
        self._unchanged = {("Normal", "GitOperationSucceeded", text.format(c["branch"], c["sha"]), "") for c in commits}
        self._earlier: Seen = set()

    def without(self, ours: Seen, theirs: Seen) -> tuple[Seen, Seen]:
        """Both sides of a step, but for what a retry may have told before the step or in place of it."""
        repeated, self._earlier = self._earlier - theirs, self._earlier | theirs
        if not self._retries:
            return ours, theirs
        lucky = self._unchanged
        if ours & lucky:
            # The retry had the source before the request came: for the request it was nothing new.
            lucky = lucky | {event for event in theirs - ours if event[1] == "NewArtifact"}
        return ours - lucky - repeated, theirs - lucky


def events_of(scenario: Scenario, happened: list[dict]) -> set[tuple[str, str, str, str]]:
    key = "source.toolkit.fluxcd.io/revision"
    return {
        (e["type"], e["reason"], scenario.masked(e["message"]), e["metadata"].get("annotations", {}).get(key, ""))
        for e in happened
        if "garbage collected 1" not in e["message"]
    }


def recorded_events(recorded: dict) -> set[tuple[str, str, str, str]]:
    """Those of the step; whether old artifacts were collected is a matter of time."""
    key = "source.toolkit.fluxcd.io/revision"
    return {
        (e["type"], e["reason"], e["message"], e["annotations"].get(key, ""))
        for e in recorded["events"]
        if e["object"].startswith("GitRepository/") and "garbage collected 1" not in e["message"]
    }
