"""Charts of our own, rendered by us and by helm 4.2.3: the same bytes, or both refuse."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _bundles() -> ModuleType:
    spec = importlib.util.spec_from_file_location("helm_chart_bundles", Path(__file__).with_name("bundles.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bundles = _bundles()
ALL = bundles.bundles()
#: The sentences that helm and we share with each other, or what of them must be there.
NEEDS_SCHEMAS = {"schema"}


def compare(case: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    if "error" in theirs:
        assert "error" in ours, f"{case}: helm refuses: {theirs['error']}"
        assert "Traceback" not in ours["error"]
        return
    assert "error" not in ours, f"{case}: {ours['error']}"
    ours_by_source, theirs_by_source = (documents(answer["output"]) for answer in (ours, theirs))
    assert ours_by_source == theirs_by_source, case
    assert ours["output"] == theirs["output"], case


def documents(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in text.split("---\n# Source: ")[1:]:
        name, _, content = part.partition("\n")
        found.setdefault(name, []).append(content)
    return found


@pytest.mark.parametrize("bundle", ALL, ids=lambda bundle: bundle.name)
def test_a_chart_renders_as_recorded_from_helm(bundle: Any, tmp_path: Path) -> None:
    if bundle.name in NEEDS_SCHEMAS:
        pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed, so schemas were not checked")
    folder = bundle.write(tmp_path)
    recorded = bundles.goldens(bundle.name)["cases"]
    assert set(recorded) == set(bundle.cases), "record the chart again: tests/helm_chart/record.py"
    for case in bundle.cases:
        compare(case, recorded[case], bundles.ours(case, folder))


@pytest.mark.real
@pytest.mark.parametrize("bundle", ALL, ids=lambda bundle: bundle.name)
def test_the_records_are_what_the_real_helm_says(bundle: Any, tmp_path: Path) -> None:
    if bundles.find_helm() is None:
        pytest.skip("there is no helm (HELM_BIN or PATH), so the records were not compared with the real one")
    folder = bundle.write(tmp_path)
    recorded = bundles.goldens(bundle.name)["cases"]
    for case in bundle.cases:
        said = bundles.helm(bundles.template_args(case), folder)
        assert said.get("output") == recorded[case].get("output"), case


def test_there_are_charts() -> None:
    assert len(ALL) >= 30
