"""Ignore rules, one row a rule of flux.md 2.3."""

from __future__ import annotations

import time

import pytest

from engine import errors
from engine.source import ignore

FILE, DIR = False, True

TABLE = [
    # patterns, path, is a directory, excluded
    ("a.yaml", "a.yaml", FILE, True),
    ("a.yaml", "x/y/a.yaml", FILE, True),
    ("a.yaml", "b.yaml", FILE, False),
    ("a", "a/below/it", FILE, True),
    ("/a", "a", FILE, True),
    ("/a", "x/a", FILE, False),
    ("/a", "a/b", FILE, True),
    ("x/a", "x/a", FILE, True),
    ("x/a", "y/x/a", FILE, False),
    ("a/", "a", FILE, False),
    ("a/", "a", DIR, True),
    ("a/", "a/b", FILE, True),
    ("x/a/", "x/a", FILE, False),
    ("x/a/", "x/a/b", FILE, True),
    ("**/a", "a", FILE, True),
    ("**/a", "x/y/a", FILE, True),
    ("**/a/b", "x/a/b", FILE, True),
    ("**/a/b", "x/a/c/a/b", FILE, False),  # the first `a` is taken
    ("x/**/a", "x/a", FILE, True),
    ("x/**/a", "x/1/2/a", FILE, True),
    ("x/**/a", "y/1/a", FILE, False),
    ("x/**", "x", DIR, True),
    ("x/**", "x/y", FILE, True),
    ("x/a**", "x/ab", FILE, False),  # ** only as a whole component
    ("*.md", "docs/readme.md", FILE, True),
    ("*.md", "md", FILE, False),
    ("/docs/*.md", "docs/a.md", FILE, True),
    ("/docs/*.md", "docs/x/a.md", FILE, False),
    ("f?o", "foo", FILE, True),
    ("f?o", "fo", FILE, False),
    ("[a-c]x", "bx", FILE, True),
    ("[a-c]x", "dx", FILE, False),
    ("[^a]x", "bx", FILE, True),
    ("[^a]x", "ax", FILE, False),
    ("[!a]x", "!x", FILE, True),
    ("[!a]x", "bx", FILE, False),
    ("[", "[", FILE, False),  # malformed: matches nothing
    ("[]a]", "]", FILE, False),
    ("a\\", "a\\", FILE, False),
    ("\\*", "*", FILE, True),
    ("\\*", "x", FILE, False),
    ("\\#x", "#x", FILE, True),
    ("\\!x", "!x", FILE, True),
    ("#x", "#x", FILE, False),
    ("a   ", "a", FILE, True),
    ("a\\ ", "a ", FILE, True),
    ("a\r\nb", "a", FILE, True),
    ("/*\n!/dir", "dir", DIR, False),
    ("/*\n!/dir", "dir/a", FILE, False),
    ("/*\n!/dir", "other/a", FILE, True),
    ("dir/\n!dir/keep", "dir/keep", FILE, False),
    ("dir/\n!dir/keep", "dir/lose", FILE, True),
    ("!a\na", "a", FILE, True),
    ("*a*b*c*", "xxaxxbxxcxx", FILE, True),
    ("*a*b*c*", "xxaxxcxxbxx", FILE, False),
]


@pytest.mark.parametrize(("text", "path", "is_dir", "excluded"), TABLE)
def test_a_pattern(text: str, path: str, is_dir: bool, excluded: bool) -> None:
    assert ignore.rules([], text).excludes(path.split("/"), is_dir) is excluded


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".gitignore",
        "a/.gitmodules",
        "logo.png",
        "x/y.tar.gz",
        ".github/workflows/ci.yaml",
        "d/.sops.yaml",
    ],
)
def test_defaults_exclude(path: str) -> None:
    assert ignore.rules([]).excludes(path.split("/"), is_dir=False)


def test_any_custom_pattern_drops_all_defaults_but_version_control() -> None:
    rules = ignore.rules([], "x")
    assert not rules.excludes(["logo.png"], is_dir=False)
    assert rules.excludes([".gitignore"], is_dir=False)


def test_comments_and_blank_lines_are_no_custom_pattern() -> None:
    assert ignore.rules([((), "# only a comment\n\n   \n")], "").excludes(["logo.png"], is_dir=False)


def test_a_file_counts_below_its_directory_and_a_deeper_one_wins() -> None:
    rules = ignore.rules([(("d", "e"), "!a"), (("d",), "a\n/b"), ((), "c")])
    assert rules.excludes(["d", "a"], is_dir=False)
    assert not rules.excludes(["a"], is_dir=False)
    assert not rules.excludes(["d", "e", "a"], is_dir=False)
    assert rules.excludes(["d", "b"], is_dir=False)
    assert not rules.excludes(["d", "e", "b"], is_dir=False)
    assert rules.excludes(["d", "e", "c"], is_dir=False)


def test_spec_ignore_comes_last() -> None:
    assert not ignore.rules([((), "a")], "!a").excludes(["a"], is_dir=False)


def test_a_hostile_glob_stays_quick() -> None:
    rules = ignore.rules([], "*a" * 200 + "b")
    started = time.process_time()
    assert not rules.excludes(["a" * 2000], is_dir=False)
    assert time.process_time() - started < 5


def test_too_many_patterns_are_refused() -> None:
    with pytest.raises(errors.LimitExceeded):
        ignore.rules([((), "a\n" * (ignore.MAX_PATTERNS + 1))])
