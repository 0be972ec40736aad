"""`fluxtui kustomize`: what kubectl prints and writes, sentences on stderr, and batches."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from fluxtui.cli import main
from tests.kustomize.kubectl import kubectl_path, kubectl_prints, read_tree, write_tree

NAMES = "names_and_namespace"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(read_tree(NAMES), tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> int:
    return main(["kustomize", *args])


def test_prints_what_kubectl_prints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("over") == 0
    assert capsys.readouterr().out == kubectl_prints(kubectl_path(), folder / "over")


def test_writes_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("over", "--output", "all.yaml") == 0
    assert capsys.readouterr().out == ""
    assert (folder / "all.yaml").read_text() == kubectl_prints(kubectl_path(), folder / "over")


@pytest.mark.parametrize("namespaces", [("one", "one"), ("one", "Two"), ("", "two")])
def test_writes_the_files_that_kubectl_writes(namespaces: tuple[str, str], tmp_path: Path) -> None:
    objects = [
        f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: Some.name{n}{where}}}\n"
        for n, (api, kind, where) in enumerate(
            [
                ("v1", "ConfigMap", f", namespace: '{namespaces[0]}'"),
                ("apps/v1", "Deployment", f", namespace: '{namespaces[1]}'"),
                ("v1", "Namespace", ""),
                ("rbac.authorization.k8s.io/v1", "ClusterRole", ""),
            ]
        )
    ]
    (tmp_path / "a.yaml").write_text("---\n".join(objects))
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    subprocess.run([kubectl_path(), "kustomize", str(tmp_path), "-o", theirs], check=True)
    assert run(str(tmp_path), "-o", str(ours)) == 0
    assert {path.name: path.read_text() for path in ours.iterdir()} == {
        path.name: path.read_text() for path in theirs.iterdir()
    }


def test_an_error_names_the_file_from_here(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "over" / "kustomization.yaml").write_text("resources: [../base]\nnamePrefx: x\n")
    assert run("over") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("✗ over/kustomization.yaml, namePrefx: unknown field; did you mean namePrefix?")


def test_an_error_elsewhere_names_the_whole_path(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "over" / "kustomization.yaml").write_text("namePrefx: x\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert run(str(folder / "over")) == 1
    assert f"✗ {folder.resolve()}/over/kustomization.yaml, namePrefx" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["absent"], 1, "absent is no directory"),
        (["over", "--enable-helm"], 1, "HelmRelease"),
        (["over", "--output", "absent/there.yaml"], 1, "cannot be written"),
        (["over", "--batch"], 1, "stdin"),
    ],
)
def test_refusals(folder: Path, args: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.is_dir()
    assert run(*args) == code
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""


@pytest.mark.parametrize("flag", ["--load-restrictor", "--reorder"])
def test_an_unknown_choice_is_a_usage_error(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        run(flag, "other")
    assert raised.value.code == 2
    assert flag in capsys.readouterr().err


def test_the_load_restrictor_and_the_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "over" / "kustomization.yaml").write_text("resources: [../base/all.yaml, ns.yaml]\n")
    (folder / "over" / "ns.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n")
    assert run("over") == 1
    assert "security" in capsys.readouterr().err
    assert run("over", "--load-restrictor", "LoadRestrictionsNone") == 0
    assert "kind: Namespace" in capsys.readouterr().out.split("---\n")[0]
    assert run("over", "--load-restrictor", "LoadRestrictionsNone", "--reorder", "none") == 0
    assert "kind: Namespace" in capsys.readouterr().out.split("---\n")[-1]


def test_a_batch_answers_every_line_in_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests: list[object] = [
        {"dir": "over"},
        {"dir": "absent"},
        "no object",
        {"dir": "over", "reorder": "some"},
        {"dir": "over", "load_restrictor": "LoadRestrictionsNone", "reorder": "none"},
        {"dir": "over", "load-restrictor": "x"},
        {"dir": 1},
    ]
    text = "".join(json.dumps(request) + "\n" for request in requests) + "\n{\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert run("--batch") == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["ok"] for answer in answers] == [True, False, False, False, True, False, False, False]
    assert answers[0]["yaml"] == kubectl_prints(kubectl_path(), folder / "over")
    assert "absent is no directory" in answers[1]["error"]
    assert '"some" is no order' in answers[3]["error"]
    assert "load-restrictor" in answers[5]["error"]
