"""`fluxtui build kustomization` and `fluxtui diff kustomization --path`: a Kustomization on local files."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import yaml
from engine.kube.types import ResourceType
from fluxtui.cli import main
from tests.engine.test_programs import NS, Cluster, cluster  # noqa: F401

MANIFESTS = """apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {own: kept}}
data: {x: "${who}", y: "${from_cluster}"}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {x: c2VjcmV0}
"""
SPEC = {
    "path": "./elsewhere",
    "prune": True,
    "interval": "1m",
    "sourceRef": {"kind": "GitRepository", "name": "fleet"},
    "postBuild": {"substitute": {"who": "me"}, "substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]},
    "commonMetadata": {"labels": {"team": "x"}},
    "targetNamespace": "default",
}
CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)


def kustomization(name: str = "apps") -> str:
    metadata = {"name": name, "namespace": NS}
    return yaml.dump(
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata, "spec": SPEC}
    )


def put(folder: Path) -> None:
    (folder / "app").mkdir()
    (folder / "app" / "a.yaml").write_text(MANIFESTS)
    (folder / "ks.yaml").write_text(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: n}}\n---\n{kustomization()}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    put(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(*args: str) -> int:
    return main(["build", "kustomization", "apps", "--dry-run", *args])


def test_a_dry_run_builds_without_a_cluster(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert build("--kustomization-file", "ks.yaml", "--path", "app") == 0
    config, secret = yaml.load_all(capsys.readouterr().out)
    owner = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": NS, "team": "x"}
    assert config["data"] == {"x": "me", "y": None}
    assert config["metadata"]["labels"] == secret["metadata"]["labels"] == owner
    assert config["metadata"]["annotations"] == {"own": "kept"}
    assert config["metadata"]["namespace"] == "default"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_sops_encrypted_is_masked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app" / "a.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {x: 'ENC[abc]'}\nsops: {mac: m}\n"
    )
    assert build("--kustomization-file", "ks.yaml", "--path", "app") == 0
    (secret,) = yaml.load_all(capsys.readouterr().out)
    assert secret["data"] == {"x": "KipTT1BTKio="}
    assert "sops" not in secret


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "--kustomization-file"),
        (("--kustomization-file", "absent.yaml"), "cannot be read"),
        (("--kustomization-file", "ks.yaml"), "--path DIR"),
        (("--kustomization-file", "app/a.yaml"), "holds no Kustomization apps"),
        (("--kustomization-file", "ks.yaml", "--path", "app", "--strict-substitute"), "from_cluster"),
    ],
)
def test_refusals(folder: Path, args: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.is_dir()
    assert build(*args) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err


async def test_the_cluster_has_the_kustomization_and_its_variables(cluster: Cluster) -> None:  # noqa: F811
    put(cluster.folder)
    await cluster.client.discovery.refresh()
    (cluster.folder / "live.yaml").write_text(kustomization())
    res = await cluster.client.discovery.resource("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
    await cluster.client.apply(res, yaml.load(kustomization()), manager="test")
    variables = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "vars", "namespace": NS}}
    await cluster.client.apply(CONFIG_MAPS, {**variables, "data": {"from_cluster": "there"}}, manager="test")
    built = await cluster.run("build", "kustomization", "apps", "--path", "app")
    assert built.code == 0, built.err
    assert yaml.load_all(built.out)[0]["data"] == {"x": "me", "y": "there"}
    missing = await cluster.run("build", "kustomization", "nobody", "--path", "app")
    assert (missing.code, missing.out) == (1, "")
    assert f"no Kustomization {NS}/nobody" in missing.err

    changed = await cluster.run("diff", "kustomization", "apps", "--path", "app")
    assert changed.code == 1, changed.err
    assert "► ConfigMap/default/a created" in changed.out
    assert "► Secret/default/s created" in changed.out
    assert "c2VjcmV0" not in changed.out + changed.err
    owner = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": NS, "team": "x"}
    for obj in yaml.load_all(built.out):
        obj["metadata"]["labels"] = owner
        of = await cluster.client.discovery.resource("", "v1", obj["kind"])
        await cluster.client.apply(of, obj, manager="kustomize-controller")
    same = await cluster.run("diff", "kustomization", "apps", "--path", "app")
    assert same.code == 0, same.out + same.err
    assert same.out == ""
    (cluster.folder / "app" / "a.yaml").write_text(MANIFESTS.replace("c2VjcmV0", "b3RoZXI="))
    secret = await cluster.run("diff", "kustomization", "apps", "--path", "app")
    assert secret.code == 1
    assert "► Secret/default/s drifted" in secret.out
    assert "b3RoZXI=" not in secret.out + secret.err
    assert "c2VjcmV0" not in secret.out + secret.err
