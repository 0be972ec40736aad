"""Bytes out: what sigs.k8s.io/yaml prints."""

from __future__ import annotations

from typing import Any

import pytest

from engine.yaml import Profile, dump, dump_all, load, load_all
from tests.shared import CONFORMANCE, need_shared

LONG = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore"
TEXTS = [
    ("", '""'),
    ("yes", '"yes"'),
    ("Off", '"Off"'),
    ("y", '"y"'),
    ("true", '"true"'),
    ("null", '"null"'),
    ("~", '"~"'),
    ("1", '"1"'),
    ("0x1F", '"0x1F"'),
    ("1e3", '"1e3"'),
    ("1e400", "1e400"),
    (".5", '".5"'),
    (".inf", '".inf"'),
    ("2001-12-14", '"2001-12-14"'),
    ("1:30", '"1:30"'),
    ("1.2.3", "1.2.3"),
    ("=", "="),
    ("<<", "<<"),
    ("-", "'-'"),
    ("-x", "-x"),
    ("- x", "'- x'"),
    ("?x", "?x"),
    (":x", ":x"),
    ("x:", "'x:'"),
    ("a: b", "'a: b'"),
    ("a:b", "a:b"),
    ("a #b", "'a #b'"),
    ("#x", "'#x'"),
    ("[x]", "'[x]'"),
    ("{x", "'{x'"),
    ("*x", "'*x'"),
    ("%x", "'%x'"),
    ("@x", "'@x'"),
    ("`x", "'`x'"),
    ("it's", "it's"),
    ("'x'", "'''x'''"),
    ('"x"', "'\"x\"'"),
    (" x", "' x'"),
    ("x ", "'x '"),
    ("---", "'---'"),
    ("...", "'...'"),
    ("a\tb", '"a\\tb"'),
    ("a\rb", '"a\\rb"'),
    ("é 漢字", "é 漢字"),
    ("😀", '"\\U0001F600"'),
    ("\x07", '"\\a"'),
    ("\ufeff", '"\\uFEFF"'),
    ("\x7f", '"\\x7F"'),
    ("a\\b", "a\\b"),
    ("a\nb", "|-\n  a\n  b"),
    ("a\n", "|\n  a"),
    ("a\n\n", "|+\n  a\n"),
    ("\n", "|2+\n"),
    (" a\nb", "|2-\n   a\n  b"),
    ("a\n\n b", "|-\n  a\n\n   b"),
    ("a \nb", '"a \\nb"'),
    ("a\nb ", '"a\\nb "'),
    ("a\tb\nc", '"a\\tb\\nc"'),
    (LONG, "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt\n  ut labore"),
    ("x" * 200, "x" * 200),
]


@pytest.mark.parametrize(("text", "printed"), TEXTS)
def test_quotes_as_go_does(text: str, printed: str) -> None:
    assert dump({"k": text}) == f"k: {printed}\n"


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("text", [text for text, _ in TEXTS])
def test_what_is_printed_reads_back(text: str, profile: Profile) -> None:
    value = {"k": text, "l": [text, [text]], "m": {"n": text}}
    assert load(dump(value), profile=profile) == value


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1, "1"),
        (-0.0, "0"),
        (1.0, "1"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (1e19, "10000000000000000000"),
        (1.2345678901234567e19, "12345678901234567000"),
        (1e21, "1e+21"),
        (1e-5, "1e-05"),
        (0.0001, "0.0001"),
        (-2.5e-7, "-2.5e-07"),
        (100000.5, "100000.5"),
        (1000000.5, "1.0000005e+06"),
        (True, "true"),
        (None, "null"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_prints_scalars_as_go_does(value: Any, printed: str) -> None:
    assert dump({"k": value}) == f"k: {printed}\n"


def test_structure() -> None:
    value = {"b": [1, {"x": 1, "a": [2]}, [3, [4]], {}, []], "a": {"c": {"d": None}}}
    assert dump(value) == ("a:\n  c:\n    d: null\nb:\n- 1\n- a:\n  - 2\n  x: 1\n- - 3\n  - - 4\n- {}\n- []\n")
    assert dump([1, 2]) == "- 1\n- 2\n"
    assert dump("x") == "x\n"


def test_keys_are_in_natural_order() -> None:
    keys = ["a10", "a9", "b", "B", "a-b", "a.b", "a_b", "10", "9", "09", "A", "aa", "a"]
    assert [line.partition(":")[0] for line in dump(dict.fromkeys(keys, "x")).splitlines()] == [
        '"9"', '"09"', '"10"', "A", "B", "a", "a-b", "a.b", "a_b", "a9", "a10", "aa", "b",
    ]  # fmt: skip


def test_a_long_key_is_an_explicit_key() -> None:
    assert dump({"k" * 129: {"a": 1, "b": [2]}}) == f"? {'k' * 129}\n: a: 1\n  b:\n  - 2\n"
    assert dump({"k" * 128: 1}) == f"{'k' * 128}: 1\n"
    assert dump({"a\nb": [1]}) == "? |-\n  a\n  b\n: - 1\n"


def test_documents_are_joined() -> None:
    assert dump_all([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"
    assert dump_all([]) == ""


def test_prints_every_recorded_output_of_kustomize_again() -> None:
    folder = need_shared(CONFORMANCE / "kustomize")
    for case in sorted(folder.glob("*/expected.yaml")):
        text = case.read_text()
        assert dump_all(load_all(text, profile=Profile.V3)).strip("\n") == text.strip("\n"), case.parent.name
