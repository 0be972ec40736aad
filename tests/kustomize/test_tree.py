"""Trees: files by path, and no way out of the root."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.kustomize import BuildError, DirectoryTree, MemoryTree, OverlayTree, Tree

FILES = {"a.yaml": b"a", "d/b.yaml": b"b", "d/e/c.yaml": b"c"}


def on_disk(root: Path) -> DirectoryTree:
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return DirectoryTree(root)


@pytest.fixture(params=["memory", "disk", "overlay"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    if request.param == "memory":
        return MemoryTree(FILES)
    if request.param == "disk":
        return on_disk(tmp_path)
    return OverlayTree(MemoryTree({"a.yaml": b"below", "d/b.yaml": b"b"}), {"a.yaml": b"a", "d/e/c.yaml": b"c"})


def test_reads_files_and_lists_names(tree: Tree) -> None:
    assert tree.read("a.yaml") == b"a"
    assert tree.read("./d/../d/e/c.yaml") == b"c"
    assert tree.list(".") == ["a.yaml", "d"]
    assert tree.list("d") == ["b.yaml", "e"]
    assert tree.is_dir("d/e")
    assert not tree.is_dir("a.yaml")
    assert tree.is_file("d/b.yaml")
    assert not tree.is_file("d")
    for missing in ("absent", "d/absent.yaml"):
        with pytest.raises(KeyError):
            tree.read(missing)
        with pytest.raises(KeyError):
            tree.list(missing)


@pytest.mark.parametrize("path", ["..", "../x", "d/../../x", "/etc/passwd", "d/../.."])
def test_a_path_that_leaves_the_root_is_an_error(tree: Tree, path: str) -> None:
    for ask in (tree.read, tree.is_file, tree.is_dir, tree.list):
        with pytest.raises(BuildError):
            ask(path)


def test_a_symlink_that_leaves_the_root_is_an_error(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("x")
    root = tmp_path / "root"
    root.mkdir()
    tree = on_disk(root)
    (root / "out").symlink_to(outside)
    (root / "file.yaml").symlink_to("../outside/secret.yaml")
    (root / "d" / "up").symlink_to("..")
    for path in ("out/secret.yaml", "file.yaml", "out"):
        with pytest.raises(BuildError, match="symlink leaves the root"):
            tree.is_file(path)
        with pytest.raises(BuildError, match="symlink leaves the root"):
            tree.read(path)
    assert tree.read("d/up/a.yaml") == b"a", "a link inside the root is followed"
    assert tree.real("d/up/a.yaml") == "a.yaml"


def test_symlinks_in_a_circle_are_an_error_or_absent(tmp_path: Path) -> None:
    tree = on_disk(tmp_path)
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    with pytest.raises((BuildError, KeyError)):
        tree.read("x")


def test_an_overlay_leaves_the_tree_below_alone(tmp_path: Path) -> None:
    overlay = OverlayTree(on_disk(tmp_path), {"a.yaml": b"new", "f/g.yaml": b"g"})
    assert overlay.read("a.yaml") == b"new"
    assert overlay.list(".") == ["a.yaml", "d", "f"]
    assert (tmp_path / "a.yaml").read_bytes() == b"a"
    assert not (tmp_path / "f").exists()
