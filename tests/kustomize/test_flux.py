"""Flux's overlay on a source: generated files, the Kustomization's own fields, nothing written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import yaml
from engine.errors import Malformed
from engine.kustomize import BuildError, DirectoryTree, MemoryTree, build, generate
from engine.kustomize.tree import Tree


def obj(name: str, kind: str = "ConfigMap") -> bytes:
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n".encode()


def made(tree: Tree, path: str = ".", **spec: Any) -> list[str]:
    overlay = generate(tree, path, spec)
    directory = path.lstrip("./") or "."
    return [
        "/".join(filter(None, (found["metadata"].get("namespace"), found["metadata"]["name"])))
        for found in build(overlay, directory, load_restrictor="none")
    ]


PLAIN = MemoryTree(
    {
        "b.yaml": obj("b"),
        "a.yml": obj("a1") + b"---\n" + obj("a2"),
        "readme.md": b"no manifest",
        "values.json": b"{}",
        "sub/z.yaml": obj("z"),
        "sub/deep/y.yaml": obj("y"),
        "own/kustomization.yaml": b"resources: [x.yaml]\nnamePrefix: own-",
        "own/x.yaml": obj("x"),
        "own/deeper/not-reached.yaml": b"not: yaml: at all",
    }
)


def test_a_plain_directory_becomes_a_kustomization_in_lexical_order() -> None:
    overlay = generate(PLAIN, "./", {})
    assert yaml.load(overlay.read("kustomization.yaml")) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["./a.yml", "./b.yaml", "./own", "./sub/deep/y.yaml", "./sub/z.yaml"],
    }
    assert made(PLAIN) == ["a1", "a2", "b", "own-x", "y", "z"]
    assert not PLAIN.is_file("kustomization.yaml")


@pytest.mark.parametrize("path", ["sub", "./sub", "sub/", "/sub", "./sub/."])
def test_path_forms(path: str) -> None:
    assert yaml.load(generate(PLAIN, path, {}).read("sub/kustomization.yaml"))["resources"] == [
        "./deep/y.yaml",
        "./z.yaml",
    ]


@pytest.mark.parametrize("path", ["absent", "b.yaml"])
def test_a_path_that_is_no_directory_is_an_error(path: str) -> None:
    with pytest.raises(BuildError, match="kustomization path not found"):
        generate(PLAIN, path, {})


def test_the_path_stays_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("../outside")
    (root / "a.yaml").write_bytes(obj("a"))
    with pytest.raises(BuildError):
        generate(DirectoryTree(root), "../outside", {})
    with pytest.raises(BuildError, match="symlink leaves the root"):
        generate(DirectoryTree(root), "link", {})


def test_nothing_is_written_into_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(obj("a"))
    assert made(DirectoryTree(tmp_path), targetNamespace="ns") == ["ns/a"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_an_empty_directory_builds_to_nothing() -> None:
    tree = MemoryTree({"readme.md": b""})
    assert yaml.load(generate(tree, ".", {}).read("kustomization.yaml"))["namespace"] == "_placeholder"
    assert made(tree) == []


@pytest.mark.parametrize(
    "content", [b"", b"resources: []", b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"]
)
def test_a_file_without_resources_builds_to_nothing(content: bytes) -> None:
    assert made(MemoryTree({"kustomization.yaml": content, "a.yaml": obj("a")})) == []


def test_without_resources_what_is_generated_carries_its_origin() -> None:
    tree = MemoryTree({"kustomization.yaml": b"configMapGenerator: [{name: g, literals: [a=1]}]"})
    [found] = build(generate(tree, ".", {}), load_restrictor="none")
    assert "config.kubernetes.io/origin" in found["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "failed to decode Kubernetes YAML from bad.yaml"),
        (b"a: 1", "failed to decode Kubernetes YAML from bad.yaml: an object without kind"),
        (b"- a", "failed to decode Kubernetes YAML from bad.yaml"),
    ],
)
def test_a_manifest_that_is_none_is_an_error(content: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        generate(MemoryTree({"bad.yaml": content}), ".", {})


def test_each_name_of_the_file_is_found_and_two_are_an_error() -> None:
    for name in ("kustomization.yaml", "kustomization.yml", "Kustomization"):
        assert made(MemoryTree({name: b"resources: [a.yaml]", "a.yaml": obj("a"), "b.yaml": obj("b")})) == ["a"]
    both = MemoryTree(
        {"kustomization.yml": b"resources: [a.yaml]", "Kustomization": b"resources: [a.yaml]", "a.yaml": obj("a")}
    )
    with pytest.raises(BuildError, match="multiple kustomization files"):
        made(both)


OWN = MemoryTree(
    {
        "kustomization.yaml": b"""
resources: [d.yaml]
namePrefix: file-
nameSuffix: -file
namespace: file
unknownField: vanishes
patches:
- patch: '[{"op": "add", "path": "/metadata/labels", "value": {"by": "file"}}]'
  target: {kind: Deployment}
components: [first]
images:
- {name: busybox, newName: mirror/busybox, newTag: "1"}
""",
        "d.yaml": b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
        b"spec: {template: {spec: {containers: [{name: c, image: busybox}, {name: e, image: nginx}]}}}\n",
        "first/kustomization.yaml": b"kind: Component\ncommonAnnotations: {first: x}",
        "second/kustomization.yaml": b"kind: Component\ncommonAnnotations: {second: x}",
    }
)


def one(**spec: Any) -> dict[str, Any]:
    [found] = build(generate(OWN, ".", spec), load_restrictor="none")
    return found


def test_the_specs_names_replace_the_files() -> None:
    assert one(targetNamespace="spec", namePrefix="p-", nameSuffix="-s")["metadata"] == {
        "name": "p-d-s",
        "namespace": "spec",
        "labels": {"by": "file"},
        "annotations": {"first": "x"},
    }


def test_the_specs_patches_come_after_the_files() -> None:
    patches = [
        {"patch": '[{"op": "test", "path": "/metadata/labels/by", "value": "file"},'
         ' {"op": "add", "path": "/metadata/labels/by", "value": "spec"}]', "target": {"kind": "Deployment"}},
    ]  # fmt: skip
    assert one(patches=patches)["metadata"]["labels"] == {"by": "spec"}


def test_the_specs_components_are_added() -> None:
    assert one(components=["second"])["metadata"]["annotations"] == {"first": "x", "second": "x"}
    with pytest.raises(BuildError, match="absent"):
        one(components=["absent"])
    assert (
        one(components=["absent", "second"], ignoreMissingComponents=True)["metadata"]["annotations"]["second"] == "x"
    )


@pytest.mark.parametrize(
    "component", ["/abs", "https://example.com/x", "github.com/x/y?ref=z", "git@example.com:x/y", ""]
)
def test_components_must_be_local(component: str) -> None:
    with pytest.raises(BuildError, match="must be local and relative"):
        one(components=[component])


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"name": "busybox", "newTag": "2"}, "mirror/busybox:2"),
        ({"name": "busybox", "digest": "sha256:12"}, "mirror/busybox@sha256:12"),
        ({"name": "busybox", "newName": "own/busybox"}, "own/busybox:1"),
        ({"name": "nginx", "newTag": "2"}, "mirror/busybox:1"),
    ],
)
def test_images_of_the_same_name_are_merged(image: dict[str, str], expected: str) -> None:
    containers = one(images=[image])["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == expected
    assert containers[1]["image"] == ("nginx:2" if image["name"] == "nginx" else "nginx")


def test_the_specs_build_metadata_replaces_the_files() -> None:
    assert "config.kubernetes.io/origin" in one(buildMetadata=["originAnnotations"])["metadata"]["annotations"]
