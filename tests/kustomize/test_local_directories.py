"""`fluxtui build` and `fluxtui diff` on directories: what is ignored, what is masked, what is followed."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from engine import yaml
from fluxtui.cli import main
from tests.engine.test_programs import NS, Cluster, cluster  # noqa: F401

API = "kustomize.toolkit.fluxcd.io/v1"
MASK = base64.b64encode(b"**SOPS**").decode()


def config_map(name: str, **data: str) -> str:
    return yaml.dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"a": "b"}})


def kustomization(name: str, path: str = "./", namespace: str = NS, **spec: Any) -> dict[str, Any]:
    source = {"kind": "GitRepository", "name": "fleet"}
    return {
        "apiVersion": API,
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"path": path, "prune": True, "interval": "1m", "sourceRef": source, **spec},
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ks.yaml").write_text(yaml.dump(kustomization("apps")))
    (tmp_path / "app").mkdir()
    return tmp_path


def build(*args: str) -> int:
    return main(["build", "ks", "apps", "--dry-run", "--kustomization-file", "ks.yaml", "--path", "app", *args])


def names(printed: str) -> list[str]:
    return [obj["metadata"]["name"] for obj in yaml.load_all(printed)]


# --- ignored paths


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_ignored_files_are_no_resources(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder / "app", {f"{name}.yaml": config_map(name[-1]) for name in ("a", "b", "sub/c", "sub/d")})
    put(
        folder / "app",
        {".sourceignore": "# no\n/b.yaml\n", "sub/.sourceignore": "d.yaml\n", "notes.yaml": "no: kind\n"},
    )
    assert build("--ignore-paths", "notes.yaml,/nothing") == 0
    assert names(capsys.readouterr().out) == ["a", "c"]


def test_a_later_pattern_brings_back_what_an_earlier_one_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder / "app", {"a.yaml": config_map("a"), "b.yaml": config_map("b"), ".sourceignore": "/*\n"})
    assert build("--ignore-paths", "!a.yaml", "--ignore-paths", "!c.yaml") == 0
    assert names(capsys.readouterr().out) == ["a"]
    assert build() == 0
    assert capsys.readouterr().out == ""


def test_what_a_kustomization_names_is_left_out_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, {"shared/kustomization.yaml": "resources: [s.yaml]\n", "shared/s.yaml": config_map("s")})
    put(
        folder / "app",
        {
            "kustomization.yaml": "resources: [a.yaml, b.yaml, sub, ../shared]\n",
            "a.yaml": config_map("a"),
            "b.yaml": config_map("b"),
            "sub/kustomization.yaml": "resources: [c.yaml]\n",
            "sub/c.yaml": config_map("c"),
        },
    )
    assert build("--ignore-paths", "b.yaml,sub/,s.yaml") == 0
    assert names(capsys.readouterr().out) == ["a", "s"], "what lies elsewhere is not meant"


# --- masks


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ({"data": {"x": "ENC[abc]"}, "sops": {"mac": "ENC[m]"}}, {"data": {"x": MASK}}),
        ({"stringData": {"x": "ENC[abc]"}, "sops": {"mac": "ENC[m]"}}, {"stringData": {"x": "**SOPS**"}}),
        (
            {"data": {"file": base64.b64encode(b"a: ENC[x]\nsops: {}").decode(), "plain": "YQ=="}},
            {"data": {"file": MASK, "plain": "YQ=="}},
        ),
        (
            {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "ENC[x]"}, "sops": {}},
            {"data": {".dockerconfigjson": base64.b64encode(b'{"mask":"**SOPS**"}').decode()}},
        ),
    ],
    ids=["data", "stringData", "an encrypted file in it", "docker"],
)
def test_secrets_are_masked_as_flux_masks_them(
    folder: Path, secret: dict[str, Any], expected: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    put(
        folder / "app",
        {"s.yaml": yaml.dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **secret})},
    )
    assert build() == 0
    printed = capsys.readouterr().out
    assert "ENC[" not in printed
    (found,) = yaml.load_all(printed)
    assert {field: found[field] for field in expected} == expected
    assert "sops" not in found


def test_a_secret_that_is_not_base64_is_named_without_its_value(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder / "app", {"s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {key: hunter2!}\n"})
    assert build() == 1
    told = capsys.readouterr()
    assert "data.key is not base64" in told.err
    assert "hunter2" not in told.out + told.err


# --- Kustomizations that make Kustomizations


def nested(folder: Path) -> None:
    put(folder / "app", {"child.yaml": yaml.dump(kustomization("child", "./child")), "a.yaml": config_map("a")})
    put(
        folder / "repo",
        {"child/c.yaml": config_map("c"), "child/grand.yaml": yaml.dump(kustomization("grand", "grand"))},
    )
    put(folder / "repo", {"grand/g.yaml": config_map("g")})


SOURCES = ("--recursive", "--local-sources", f"GitRepository/{NS}/fleet=repo")


def test_nested_kustomizations_are_built_behind_the_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nested(folder)
    assert build(*SOURCES) == 0
    objects = yaml.load_all(capsys.readouterr().out)
    assert [obj["metadata"]["name"] for obj in objects] == ["a", "child", "c", "grand", "g"]
    owners = [obj["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] for obj in objects]
    assert owners == ["apps", "apps", "child", "child", "grand"]


def test_a_source_without_a_directory_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nested(folder)
    assert build("--recursive") == 1
    assert f"--local-sources GitRepository/{NS}/fleet=DIR" in capsys.readouterr().err


def test_a_circle_of_kustomizations_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nested(folder)
    put(folder / "repo", {"grand/again.yaml": yaml.dump(kustomization("child", "./child"))})
    assert build(*SOURCES) == 1
    assert f"{NS}/child -> {NS}/grand -> {NS}/child" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["../../outside", "nowhere"])
def test_a_nested_path_stays_in_its_source(folder: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder / "app", {"child.yaml": yaml.dump(kustomization("child", path))})
    (folder.parent / "outside").mkdir(exist_ok=True)
    (folder / "repo").mkdir()
    assert build(*SOURCES) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "child" in told.err


@pytest.mark.parametrize("given", ["repo", "GitRepository=repo", f"GitRepository/{NS}/fleet=absent"])
def test_a_local_source_that_says_nothing_is_refused(
    folder: Path, given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nested(folder)
    assert build("-r", "--local-sources", given) == 1
    assert "--local-sources" in capsys.readouterr().err


# --- diff


async def test_diff_follows_nested_kustomizations_that_are_there(cluster: Cluster) -> None:  # noqa: F811
    nested(cluster.folder)
    await cluster.client.discovery.refresh()
    res = await cluster.client.discovery.resource("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
    for name in ("apps", "child"):
        await cluster.client.apply(res, kustomization(name, f"./{name}"), manager="kustomize-controller")
    args = ("diff", "kustomization", "apps", "--path", "app")
    compared = await cluster.run(*args, *SOURCES)
    assert compared.code == 1, compared.err
    assert "📁 Kustomization/flux-system/child" in compared.out
    assert "► ConfigMap/default/c created" in compared.out or "► ConfigMap/c created" in compared.out
    assert "► Kustomization/flux-system/grand created" in compared.out
    assert "ConfigMap/g" not in compared.out, "what a new Kustomization will make is not compared"
    unknown = await cluster.run(*args, "--recursive")
    assert unknown.code == 2
    assert "--local-sources" in unknown.err


async def test_a_kustomization_that_is_new_is_compared_when_asked_to(cluster: Cluster) -> None:  # noqa: F811
    put(
        cluster.folder,
        {"ks.yaml": yaml.dump(kustomization("new", targetNamespace="default")), "app/a.yaml": config_map("a")},
    )
    args = ("diff", "kustomization", "new", "--path", "app", "--kustomization-file", "ks.yaml")
    refused = await cluster.run(*args)
    assert (refused.code, refused.out) == (2, "")
    assert "--ignore-not-found" in refused.err
    compared = await cluster.run(*args, "--ignore-not-found", "--progress-bar=false")
    assert compared.code == 1, compared.err
    assert "► ConfigMap/default/a created" in compared.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--ignore-not-found", "--path", "app"), "--kustomization-file"),
        (("--recursive",), "--path DIR"),
        (("--kustomization-file", "ks.yaml"), "--path DIR"),
    ],
)
def test_flags_that_need_another_say_so(
    folder: Path, args: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    assert main(["diff", "ks", "apps", *args]) == 2
    assert words in capsys.readouterr().err
