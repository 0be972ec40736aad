"""Every recorded case of kustomize 5.8.1: the same bytes in the same order, or refused."""

from __future__ import annotations

import json
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
        return "" if "error" in recorded else f"refused: {error}"
    if "error" in recorded:
        return f"not refused, but kustomize says: {recorded['error']}"
    # The recorded texts lost their outer newlines.
    printed, expected = yaml.dump_all(objects).strip("\n"), (case / "expected.yaml").read_text().strip("\n")
    return "" if printed == expected else f"prints\n{printed}\ninstead of\n{expected}"


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
