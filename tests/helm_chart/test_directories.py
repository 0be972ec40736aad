"""Charts read from directories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import LimitExceeded
from engine.helm.chart import ChartError, Limits, load
from engine.helm.chart.directory import Directory
from engine.helm.chart.gomatch import BadPattern, glob, path_match
from engine.helm.chart.ignore import Ignore


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 0.1.0\n")
    (folder / "templates" / "a.yaml").write_text("kind: A\n")
    return folder


def test_a_link_out_of_the_chart_is_refused(chart: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (chart / "templates" / "link.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(ChartError, match=r"templates/link\.yaml is a link that leaves the chart"):
        load(chart)


def test_a_helmignore_that_leads_out_is_refused(chart: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (chart / ".helmignore").symlink_to(tmp_path / "secret")
    with pytest.raises(ChartError, match="leaves the chart"):
        load(chart)


def test_a_link_to_nothing_is_refused(chart: Path) -> None:
    (chart / "gone").symlink_to("nowhere")
    with pytest.raises(ChartError, match="leads nowhere"):
        load(chart)


def test_a_circle_of_folders_ends(chart: Path) -> None:
    (chart / "again").symlink_to(".")
    with pytest.raises(LimitExceeded, match="nested deeper"):
        load(chart)


def test_a_pipe_is_no_file(chart: Path) -> None:
    os.mkfifo(chart / "pipe")
    with pytest.raises(ChartError, match="irregular file pipe"):
        load(chart)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(files=3), "more than 3 entries"),
        (Limits(file_bytes=8), "maximum file size 8"),
        (Limits(chart_bytes=20), "larger than 20 bytes"),
    ],
)
def test_directories_are_bounded(chart: Path, limits: Limits, why: str) -> None:
    (chart / "more").write_text("some more")
    with pytest.raises(LimitExceeded, match=why):
        load(chart, limits=limits)


def test_files_come_in_the_order_of_their_paths(chart: Path) -> None:
    (chart / "b").write_text("")
    assert [file.name for file in Directory(chart).files()] == ["Chart.yaml", "b", "templates/a.yaml"]


@pytest.mark.parametrize(
    ("rules", "path", "is_dir", "ignored"),
    [
        ("a", "a", False, True),
        ("a", "x/a", False, True),
        ("/a", "x/a", False, False),
        ("/a", "a", False, True),
        ("x/a", "x/a", False, True),
        ("x/a", "y/x/a", False, False),
        ("a/", "a", False, False),
        ("a/", "x/a", True, True),
        ("*.txt", "x/a.txt", False, True),
        ("x/*.txt", "x/y/a.txt", False, False),
        ("?", "ab", False, False),
        ("[ab]c", "bc", False, True),
        ("[^ab]c", "bc", False, False),
        ("!*.yaml", "a.txt", False, True),
        ("!*.yaml", "a.yaml", False, False),
        ("!a/", "a", False, True),
        ("# a\n\n  b  ", "b", False, True),
        ("#a", "#a", False, False),
        ("\ufeffa", "a", False, True),
        ("", "templates/.hidden", False, True),
        ("", "templates/.", False, False),
        ("", "templates/deep/.hidden", False, False),
        ("", ".hidden", False, False),
    ],
)
def test_helmignore(rules: str, path: str, is_dir: bool, ignored: bool) -> None:
    assert Ignore(rules).ignores(path, is_dir=is_dir) is ignored


@pytest.mark.parametrize("rule", ["a/**", "[", "[a", "[]a]", "[a-]", "a\\"])
def test_a_rule_that_is_no_pattern_is_refused(rule: str) -> None:
    with pytest.raises(ChartError, match=r"double-star|syntax error"):
        Ignore(rule)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "abc", True),
        ("*", "a/b", False),
        ("a*/b", "abc/b", True),
        ("a\\*", "a*", True),
        ("a\\*", "ab", False),
        ("[a-c]", "b", True),
        ("[\\]a]", "]", True),
        ("[\\-x]", "-", True),
        ("a.b", "axb", False),
        ("ä?", "äö", True),
        ("", "", True),
    ],
)
def test_paths_match_as_in_go(pattern: str, path: str, matches: bool) -> None:
    assert path_match(pattern)(path) is matches


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("**", "a/b/c", True),
        ("*", "a/b", False),
        ("a/**", "a/", True),
        ("a/**", "a", False),
        ("{a,b/c}.txt", "b/c.txt", True),
        ("{a,{b,c}}", "c", True),
        ("a,b", "a,b", True),
        ("[!a]", "b", True),
        ("[!a-c]", "b", False),
        ("[abc]", "c", True),
        ("a\\{b\\}", "a{b}", True),
        ("{a,b", "b", True),
        ("a}", "a}", True),
    ],
)
def test_globs_match_as_in_helm(pattern: str, path: str, matches: bool) -> None:
    assert glob(pattern)(path) is matches


@pytest.mark.parametrize("pattern", ["[", "[a-z0-9]", "[]", "[z-a]", "[a"])
def test_a_glob_that_is_none_says_so(pattern: str) -> None:
    with pytest.raises(BadPattern):
        glob(pattern)


def test_a_pattern_of_many_stars_is_quick() -> None:
    assert path_match("*a" * 200 + "b")("a" * 10_000) is False
