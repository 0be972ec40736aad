"""Every recorded case of kustomize 5.8.1: the same bytes in the same order, or refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine import yaml
from engine.errors import EngineError
from engine.kustomize import DirectoryTree, build
from tests.shared import CONFORMANCE, need_shared

FOLDER = CONFORMANCE / "kustomize"

_FLAG = "asks for the label by a flag, and shows the version of a development build"
_HARNESS = "recorded in upstream's harness, which skips a pass; kubectl prints what we print (test_kubectl.py)"

#: Cases that do not pass yet, each with its reason. One that starts to pass must leave the table.
NOT_YET = {
    "krusty.managedbylabel.TestAddManagedbyLabel-01": _FLAG,
    "krusty.namespaces.TestNameReferenceDeploymentIssue3489-01": "names a directory outside the recorded tree",
    "plugin.TestConfigMapGenerator-1": _HARNESS,
    "plugin.TestNamespaceTransformer1-1": _HARNESS,
    "plugin.TestSecretGenerator-1": _HARNESS,
}

#: What kustomize's words mean in ours: the first row whose left side is in its text decides.
MEANINGS = (
    ("cannot be absolute", "cannot be absolute"),
    ("already registered id", "already registered id"),
    ("already encountered", "already encountered"),
    ("is not in or below", "is not in or below"),
    ("MalformedYAMLError", "line \\d+, column \\d+: .*did not find expected key"),
    ("unable to find one of", "unable to find one of"),
    ("multiple kustomization files", "multiple kustomization files"),
    ("namespace is blank", "namespace is blank"),
    ("expected kind != 'Component'", "expected kind != 'Component'"),
    ("expected kind 'Component'", "expected kind 'Component'"),
    ("apiVersion for Component should be", "apiVersion for Component should be"),
    ("behavior must be merge or replace", "behavior must be merge or replace"),
    ("multiple matches for Id", "multiple matches for Id"),
    ("no matches for Id", "no matches for Id"),
    ("patch appears to be empty", "patch appears to be empty"),
    ("found multiple possible referrals", "found multiple possible referrals"),
    ("unable to disambiguate", "unable to disambiguate"),
    ("cannot use both", "cannot use both"),
    ("version is not built in", "version is not built in"),
    ("sortOptions.legacySortOptions", "sortOptions.legacySortOptions"),
    ("sortOptions.order", "sortOptions.order"),
    ("unable to load builtin", "unable to load builtin"),
    ("external plugins disabled", "external plugins disabled"),
    ("cannot unmarshal string", "must be a list of operations"),
    ("missing Resource metadata", "a Kubernetes object is expected"),
    ("empty file path and empty", "empty file path and empty"),
    ("file path or jsonOp, not both", "file path or jsonOp, not both"),
    ("Multiple Strategic-Merge Patches", "multiple strategic merge patches"),
    ("produces ID conflict", "produces an ID conflict"),
    ("scalar", "must target scalar nodes"),
    ("does not match a config", "does not match a config"),
    ("unable to parse SM or JSON patch", "unable to parse SM or JSON patch"),
    ("must specify one of patch and path", "must specify one of patch and path"),
    ("can't be set at the same time", "can't be set at the same time"),
    ("must specify a target", "must specify a target"),
    ("file is not directory", "is a file"),
    ("doesn't exist", "doesn't exist"),
    ("no such file or directory", "doesn't exist"),
    # A directory that is not there is tried as a repository.
    ("Could not read from remote repository", "doesn't exist"),
)

CASES = sorted(path.name for path in FOLDER.iterdir()) if FOLDER.is_dir() else []


def _judge(case: Path) -> str:
    """What is wrong with our answer, or ""."""
    recorded: dict[str, Any] = json.loads((case / "case.json").read_text())
    try:
        objects = build(
            DirectoryTree(case / "input"),
            recorded["path"],
            reorder="none" if recorded["reorder"] == "none" else "legacy",
            load_restrictor="none" if recorded["loadRestrictions"] == "LoadRestrictionsNone" else "root",
        )
    except EngineError as error:
        return _misunderstood(recorded["error"], str(error)) if "error" in recorded else f"refused: {error}"
    if "error" in recorded:
        return f"not refused, but kustomize says: {recorded['error']}"
    # The recorded texts lost their outer newlines.
    printed, expected = yaml.dump_all(objects).strip("\n"), (case / "expected.yaml").read_text().strip("\n")
    return "" if printed == expected else f"prints\n{printed}\ninstead of\n{expected}"


def _misunderstood(theirs: str, ours: str) -> str:
    """What is wrong with the reason of a refusal, or ""."""
    meaning = next((ours for theirs_part, ours in MEANINGS if theirs_part in theirs), None)
    if meaning is None:
        return f"no row of MEANINGS says what this means: {theirs}"
    return "" if re.search(meaning, ours) else f"refused for another reason: {ours}\ninstead of {theirs}"


@pytest.mark.parametrize(
    "name", CASES or [pytest.param("", marks=pytest.mark.skipif(not CASES, reason="no cases here"))]
)
def test_case(name: str) -> None:
    problem = _judge(need_shared(FOLDER) / name)
    if name in NOT_YET:
        assert problem, f"{name} passes now: take it out of NOT_YET"
        pytest.xfail(NOT_YET[name])
    assert not problem, problem


def test_the_table_names_only_cases_that_exist() -> None:
    need_shared(FOLDER)
    assert NOT_YET.keys() <= set(CASES)
