"""`fluxtui template`: what is printed and written, one render or a batch."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.errors import LimitExceeded, Malformed, NotFound, Refused, Unsupported
from engine.helm.chart import ChartError
from engine.programs import template


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "crds").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text("who: world\n")
    (folder / "crds" / "c.yaml").write_text("kind: CustomResourceDefinition\n")
    (folder / "templates" / "a.yaml").write_text(
        "kind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\nwho: {{ .Values.who }}\n---\nkind: Secret\n"
    )
    (folder / "templates" / "hook.yaml").write_text("kind: Job\nmetadata: {annotations: {helm.sh/hook: test}}\n")
    return folder


def run(chart: Path, capfd: pytest.CaptureFixture[str], **flags: Any) -> str:
    assert template.main({"what": ["rel", str(chart)], **flags}) == 0
    return capfd.readouterr().out


CONFIG_MAP = "---\n# Source: x/templates/a.yaml\nkind: ConfigMap\nmetadata: {name: rel}\nwho: world\n"
SECRET = "---\n# Source: x/templates/a.yaml\nkind: Secret\n"
HOOK = "---\n# Source: x/templates/hook.yaml\nkind: Job\nmetadata: {annotations: {helm.sh/hook: test}}\n\n"


def test_manifests_then_hooks(chart: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(chart, capfd) == SECRET + "\n" + CONFIG_MAP + HOOK


def test_a_chart_alone_is_called_release_name(chart: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert template.main({"what": [str(chart)]}) == 0
    assert "metadata: {name: release-name}" in capfd.readouterr().out


def test_flags_choose_what_is_printed(chart: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(chart, capfd, no_hooks=True) == SECRET + "\n" + CONFIG_MAP
    assert run(chart, capfd, skip_tests=True) == SECRET + "\n" + CONFIG_MAP
    assert run(chart, capfd, include_crds=True).startswith("---\n# Source: x/crds/c.yaml\nkind: Custom")
    assert run(chart, capfd, show_only=["templates/hook.yaml"]) == HOOK + "\n"


def test_files_are_written_below_the_folder(chart: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    said = run(chart, capfd, output_dir=str(out), include_crds=True, release_name=True)
    written = {str(path.relative_to(out)): path.read_text() for path in out.rglob("*") if path.is_file()}
    assert written.keys() == {"rel/x/templates/a.yaml", "rel/x/templates/hook.yaml", "x/crds/c.yaml"}
    assert written["rel/x/templates/a.yaml"] == SECRET + "\n" + CONFIG_MAP
    assert said.count(f"wrote {out}/rel/x/templates/a.yaml\n") == 2


def test_what_was_written_before_is_replaced(chart: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run(chart, capfd, output_dir=str(out))
    before = (out / "x/templates/hook.yaml").read_text()
    run(chart, capfd, output_dir=str(out))
    assert (out / "x/templates/hook.yaml").read_text() == before


@pytest.mark.parametrize("name", ["Upper", "a_b", "", "a" * 54, "../up", "a.", "-a"])
def test_a_name_that_no_release_can_have_is_refused(chart: Path, name: str) -> None:
    with pytest.raises(Malformed, match="is no name of a release"):
        template.main({"what": [name, str(chart)]})


def test_nothing_is_chosen_of_what_is_only_written(chart: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(Refused, match="--output-dir prints nothing"):
        template.main({"what": ["rel", str(chart)], "output_dir": str(out), "show_only": ["templates/a.yaml"]})
    assert not out.exists()


def test_a_link_in_the_way_is_not_followed_out(chart: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (out / "x").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="through a link"):
        template.main({"what": ["rel", str(chart)], "output_dir": str(out)})
    assert not any((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("flags", "error", "why"),
    [
        ({"what": []}, Refused, "name a release and a chart"),
        ({"what": ["a", "b", "c"]}, Refused, "name a release and a chart"),
        ({"what": ["a", "/nowhere/at/all"]}, NotFound, "there is no chart at"),
        ({"values_files": ["https://example.com/v.yaml"]}, Unsupported, "fetches nothing"),
        ({"values_files": ["missing.yaml"]}, NotFound, r"cannot read missing\.yaml"),
        ({"kube_version": "new"}, Malformed, "invalid kube version"),
        ({"set": ["a"]}, Malformed, "failed parsing --set"),
        ({"show_only": ["templates/none.yaml"]}, NotFound, "could not find template"),
    ],
)
def test_mistakes_are_explained(chart: Path, flags: dict[str, Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        template.main({"what": ["rel", str(chart)], **flags})


def test_a_failing_template_names_file_line_and_expression(chart: Path) -> None:
    (chart / "templates" / "b.yaml").write_text("a: 1\nb: {{ .Values.none.deeper }}\n")
    with pytest.raises(Malformed, match=r"x/templates/b\.yaml:2:.*none\.deeper") as raised:
        template.main({"what": ["rel", str(chart)]})
    assert "Traceback" not in str(raised.value)


def test_output_is_bounded(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.helm import render

    (chart / "templates" / "b.yaml").write_text("{{ range until 2000 }}# 0123456789\n{{ end }}")
    options = render.Options(limits=render.Limits(output=10_000))
    from engine.helm.chart import load

    with pytest.raises(LimitExceeded, match="more than 10000 characters"):
        render.render(load(chart), {}, options)


def test_templates_that_include_themselves_end(chart: Path) -> None:
    (chart / "templates" / "b.yaml").write_text('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}')
    with pytest.raises((Malformed, LimitExceeded), match=r"nested reference|include each other"):
        template.main({"what": ["rel", str(chart)]})


def test_a_path_that_would_leave_the_output_folder_is_refused() -> None:
    from engine.helm.chart.metadata import Metadata
    from engine.helm.chart.model import Chart
    from engine.helm.printing import Shown, output_documents
    from engine.helm.render import Rendered
    from engine.helm.split import Manifest

    rendered = Rendered(Chart(Metadata("x")), {}, (Manifest("x/../../etc/passwd", "a"),))
    with pytest.raises(ChartError, match="outside the folder"):
        list(output_documents(rendered, Shown()))


# --- batch -----------------------------------------------------------------------------------------------------


def batch(*lines: Any) -> list[dict[str, Any]]:
    requests = b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines)
    answers = io.BytesIO()
    assert template.batch(io.BytesIO(requests), answers) == 0
    return [orjson.loads(line) for line in answers.getvalue().splitlines()]


def test_a_batch_answers_each_line_in_order(chart: Path, tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("who: file\n")
    first, second, third = batch(
        {"name": "rel", "chart": str(chart)},
        {"chart": str(chart), "set": ["who=a,other=b"], "include_crds": True, "kube_version": "1.30"},
        {"name": "n", "chart": str(chart), "values_files": [str(tmp_path / "v.yaml")], "namespace": "ns"},
    )
    assert first == {"ok": True, "manifest": SECRET + "\n" + CONFIG_MAP + HOOK}
    assert second["manifest"].startswith("---\n# Source: x/crds/c.yaml")
    assert "who: a\n" in second["manifest"]
    assert "who: file\n" in third["manifest"]


def test_what_fails_in_a_batch_is_an_answer_and_the_next_line_goes_on(chart: Path) -> None:
    answers = batch(
        {"chart": "/nowhere"},
        b"not json",
        {"name": "x"},
        {"chart": str(chart), "set": "a=1"},
        {"chart": str(chart), "set": [1]},
        {"chart": str(chart), "surprise": 1},
        [],
        {"chart": str(chart), "set": ["a"]},
        b"",
        {"name": "rel", "chart": str(chart)},
    )
    assert [answer["ok"] for answer in answers] == [False] * 8 + [True]
    assert all(answer["error"] for answer in answers[:-1])
    assert "no field surprise" in answers[5]["error"]
