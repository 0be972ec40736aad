"""`lint` remarks what `helm lint` remarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.helm.chart import Directory
from engine.helm.lint import Finding, Folder, Severity, lint, options_for
from engine.helm.lint.deprecations import deprecation
from engine.programs import lint as program

OPTIONS = options_for("default", "", skip_schema_validation=False)


def found_in(folder: Path) -> list[Finding]:
    return lint(Folder(Directory(folder)), {}, OPTIONS)


def chart(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 0.1.0\nicon: https://example.com/i.png\n")
    (tmp_path / "values.yaml").write_text("a: 1\n")
    (tmp_path / "templates").mkdir()
    for name, content in files.items():
        (tmp_path / "templates" / f"{name}.yaml").write_text(content)
    return tmp_path


def test_a_good_chart_has_no_remarks_and_exit_code_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = chart(tmp_path, a="kind: ConfigMap\nmetadata: {name: a}\n")
    assert program.main({"what": [str(folder)]}) == 0
    assert capsys.readouterr().out == f"==> Linting {folder}\n\n1 chart(s) linted, 0 chart(s) failed\n"


def test_warnings_fail_only_when_strict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = chart(tmp_path, a="apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: A}\n")
    assert program.main({"what": [str(folder)]}) == 0
    assert "[WARNING] templates/a.yaml: batch/v1beta1 CronJob is deprecated in v1.21+" in capsys.readouterr().out
    assert program.main({"what": [str(folder)], "strict": True}) == 1


def test_required_and_fail_let_pass(tmp_path: Path) -> None:
    text = 'kind: ConfigMap\nmetadata: {name: a}\nx: "{{ required "needed" .Values.none }}{{ fail "no" }}"\n'
    assert found_in(chart(tmp_path, a=text)) == []


def test_a_template_that_fails_is_an_error_with_its_place(tmp_path: Path) -> None:
    (found,) = found_in(chart(tmp_path, a="a: {{ .Values.a.b.c }}\n"))
    assert found.severity is Severity.ERROR
    assert "x/templates/a.yaml:1" in found.message


def test_a_folder_that_is_no_chart_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main({"what": [str(tmp_path)]}) == 1
    assert "unable to check Chart.yaml" in capsys.readouterr().out


def test_deprecations_know_their_version() -> None:
    assert deprecation("policy/v1beta1", "PodDisruptionBudget", 20) is None
    found = deprecation("policy/v1beta1", "PodDisruptionBudget", 21)
    assert found is not None
    assert found.instead == "policy/v1 PodDisruptionBudget"
    assert deprecation("apps/v1", "Deployment", 36) is None
