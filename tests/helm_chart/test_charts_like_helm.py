"""Charts of our own, rendered by us and by helm 4.2.3: the same bytes, or both refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.helm_chart import bundles
from tests.helm_template.oracle import find_helm

ALL = bundles.bundles()


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
    folder = bundle.write(tmp_path / "chart")
    recorded = bundles.goldens(bundle.name)["cases"]
    assert set(recorded) == set(bundle.cases), "record the chart again: tests/helm_chart/record.py"
    for case in bundle.cases:
        compare(case, recorded[case], bundles.record(bundles.ours(bundles.template_args(case), folder)))


@pytest.mark.parametrize("bundle", ALL, ids=lambda bundle: bundle.name)
def test_a_lint_remarks_what_is_recorded_from_helm(bundle: Any, tmp_path: Path) -> None:
    folder = bundle.write(tmp_path / "chart")
    recorded = bundles.goldens(bundle.name)["lint"]
    assert set(recorded) == set(bundle.lints), "record the chart again: tests/helm_chart/record.py"
    for case in bundle.lints:
        code, out, err = bundles.ours(bundles.lint_args(case), folder)
        theirs_code, theirs_out, theirs_err = recorded[case]
        assert bundles.remarks(out) == bundles.remarks(theirs_out), case
        assert (code, bool(err)) == (theirs_code, "Error" in theirs_err), case


@pytest.mark.real
@pytest.mark.parametrize("bundle", ALL, ids=lambda bundle: bundle.name)
def test_the_records_are_what_the_real_helm_says(bundle: Any, tmp_path: Path) -> None:
    find_helm()
    folder = bundle.write(tmp_path / "chart")
    recorded = bundles.goldens(bundle.name)
    for case in bundle.cases:
        said = bundles.record(bundles.helm(bundles.template_args(case), folder))
        assert said.get("output") == recorded["cases"][case].get("output"), case
    for case in bundle.lints:
        code, out, _ = bundles.helm(bundles.lint_args(case), folder)
        assert (code, bundles.remarks(out)) == (recorded["lint"][case][0], bundles.remarks(recorded["lint"][case][1]))


def test_there_are_charts_for_every_rule() -> None:
    assert len(ALL) >= 60
    assert sum("templates/" in path for bundle in ALL for path in bundle.files) >= 150
