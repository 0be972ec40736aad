"""Archives are, inside their gzip, byte for byte what the real source-controller wrote."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from engine import errors
from engine.source import archive, ignore
from tests.shared import GOLDENS, need_shared

#: Scenarios whose trees need a feature that waits for its issue.
WAITING = {"git-include", "git-sparse"}


def cases() -> list[tuple[Path, Path]]:
    """(scenario folder, golden tarball)."""
    root = GOLDENS / "flux-2.9"
    found = sorted(root.glob("*/artifact-*.tar.gz")) if root.is_dir() else []
    return [(path.parent, path) for path in found if path.parent.name.partition("-")[2] not in WAITING]


def tree_of(scenario: Path, step: int, name: str) -> tuple[Path, dict, str | None]:
    """The tree, its commit and the spec.ignore that were in force at a step, as the scenario tells."""
    plan = yaml.safe_load((scenario / "scenario.yaml").read_text())
    after = yaml.safe_load((scenario / f"after-{step}.yaml").read_text())
    source = next(o for o in after["flux"] if o["kind"] == "GitRepository" and o["metadata"]["name"] == name)
    sha = source["status"]["artifact"]["revision"].rpartition(":")[2]
    commits = [a["commit"] for s in plan["steps"] for a in s["do"] if "commit" in a]
    commit = next(c for c in commits if c["sha"] == sha)
    return scenario / commit["tree"], commit, source["status"].get("observedIgnore")


def members(tree: Path, commit: dict, spec_ignore: str | None) -> list[archive.Member]:
    files = {unquote(str(p.relative_to(tree))): p for p in tree.rglob("*") if p.is_file()}
    texts = [(Path(n).parent.parts, p.read_text()) for n, p in files.items() if Path(n).name == ".sourceignore"]
    rules = ignore.rules(texts, spec_ignore)
    folders = {str(parent) for name in files for parent in Path(name).parents if str(parent) != "."}
    out = [archive.Member(os.fsencode(f)) for f in folders if not rules.excludes(Path(f).parts, True)]
    for name, path in files.items():
        if not rules.excludes(Path(name).parts, False):
            out.append(archive.Member(os.fsencode(name), path.read_bytes(), name in commit.get("executable", [])))
    return sorted(out, key=lambda m: archive.order(m.name))


@pytest.mark.parametrize(("scenario", "golden"), cases(), ids=lambda p: p.name if isinstance(p, Path) else str(p))
def test_the_tar_inside_equals_the_recorded_one(scenario: Path, golden: Path) -> None:
    _, step, name = golden.name.removesuffix(".tar.gz").split("-", 2)
    tree, commit, spec_ignore = tree_of(scenario, int(step), name)
    out = io.BytesIO()
    written = archive.write(out, members(tree, commit, spec_ignore))
    assert gzip.decompress(out.getvalue()) == gzip.decompress(golden.read_bytes())
    assert out.getvalue()[:10] == golden.read_bytes()[:10]
    assert written.size == len(out.getvalue())
    assert written.digest == "sha256:" + hashlib.sha256(out.getvalue()).hexdigest()


def test_recorded_tarballs_were_compared() -> None:
    need_shared(GOLDENS / "flux-2.9")
    assert len(cases()) >= 12


def unpacked(*given: archive.Member) -> dict[str, tarfile.TarInfo]:
    out = io.BytesIO()
    archive.write(out, given)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        return {info.name: info for info in tar}


def test_equal_content_gives_equal_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    content = [archive.Member(b"a", b"x" * 5000), archive.Member(b"b")]
    assert archive.write(first, content) == archive.write(second, iter(content))
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "ä.yaml",
        "d" * 60 + "/" + "e" * 90,
        "x" * 101,
        "ordner/" + "ü" * 80 + "/x.yaml",
        "a/" * 60 + "end",
        "p" * 155 + "/" + "n" * 100,
        "p" * 156 + "/n",
    ],
)
def test_long_and_foreign_names_survive(name: str) -> None:
    found = unpacked(archive.Member(name.encode(), b"content"))
    assert found[name].size == 7
    assert found[name].mode == 0o600


def test_a_name_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(errors.Malformed):
        unpacked(archive.Member(b"a\0b", b""))


def test_a_directory_comes_before_its_content_and_before_longer_names() -> None:
    names = [b"a.yaml", b"a/x", b"a", b"a-b"]
    assert sorted(names, key=archive.order) == [b"a", b"a/x", b"a-b", b"a.yaml"]
