"""Every recorded case of kustomize 5.8.1: the same bytes in the same order, or refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine import yaml
from engine.errors import EngineError
from engine.kustomize import DirectoryTree, Limits, MemoryTree, OverlayTree, build
from engine.kustomize.build import finished
from engine.kustomize.files import Files
from engine.kustomize.generators.objects import GENERATORS
from engine.kustomize.limits import Budget
from engine.kustomize.load import resources_from
from engine.kustomize.openapi_field import Schemas
from engine.kustomize.resmap import ResMap
from engine.kustomize.target import plugin_config
from engine.kustomize.transform.registry import TRANSFORMERS
from tests.shared import CONFORMANCE, need_shared

FOLDER = CONFORMANCE / "kustomize"

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


def _built(case: Path, recorded: dict[str, Any]) -> list[dict[str, Any]]:
    return build(
        DirectoryTree(case / "input"),
        recorded["path"],
        reorder="none" if recorded["reorder"] == "none" else "legacy",
        load_restrictor="none" if recorded["loadRestrictions"] == "LoadRestrictionsNone" else "root",
    )


def _labelled(case: Path, recorded: dict[str, Any]) -> list[dict[str, Any]]:
    """What kustomize's flag asks for, asked for by the field; a development build calls itself (devel)."""
    del recorded
    tree = DirectoryTree(case / "input")
    asked = tree.read("kustomization.yaml") + b"\nbuildMetadata: [managedByLabel]\n"
    (service,) = build(OverlayTree(tree, {"kustomization.yaml": asked}))
    labels = service["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "kustomize-v5.8.1"
    labels["app.kubernetes.io/managed-by"] = "kustomize-(devel)"
    return [service]


def _one_deeper(case: Path, recorded: dict[str, Any]) -> list[dict[str, Any]]:
    """The recorded tree lost the directory of its root, which refers to others beside it."""
    del recorded
    folder = case / "input"
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.yaml")}
    files["top/kustomization.yaml"] = files.pop("kustomization.yaml")
    return build(MemoryTree(files), "top")


def _plugin_alone(case: Path, recorded: dict[str, Any]) -> list[dict[str, Any]]:
    """Recorded in a harness that runs one plugin and nothing after it; kubectl prints what `build` does."""
    del recorded
    limits = Limits()
    files = Files(DirectoryTree(case / "input"), ".", True, Budget(limits), Schemas())
    (plugin,) = resources_from(files.read("zz_config.yaml"), "zz_config.yaml", limits.yaml)
    config = plugin_config(plugin, "zz_config.yaml")
    resources = ResMap(files.budget)
    if plugin.kind in GENERATORS:
        resources.append_all(GENERATORS[plugin.kind](config, files))
    else:
        resources.append_all(resources_from(files.read("zz_input.yaml"), "zz_input.yaml", limits.yaml))
        TRANSFORMERS[plugin.kind](config, files).apply(resources)
    return finished(resources, (), "zz_config.yaml")


#: Cases that were not recorded from the program itself, and how they were.
RECORDED_OTHERWISE = {
    "krusty.managedbylabel.TestAddManagedbyLabel-01": _labelled,
    "krusty.namespaces.TestNameReferenceDeploymentIssue3489-01": _one_deeper,
    "plugin.TestConfigMapGenerator-1": _plugin_alone,
    "plugin.TestNamespaceTransformer1-1": _plugin_alone,
    "plugin.TestSecretGenerator-1": _plugin_alone,
}


def _judge(case: Path) -> str:
    """What is wrong with our answer, or ""."""
    recorded: dict[str, Any] = json.loads((case / "case.json").read_text())
    try:
        objects = RECORDED_OTHERWISE.get(case.name, _built)(case, recorded)
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
    assert not problem, problem


def test_the_table_names_only_cases_that_exist() -> None:
    need_shared(FOLDER)
    assert RECORDED_OTHERWISE.keys() <= set(CASES)
