"""Documents, anchors, merge keys, limits, and errors that say where."""

from __future__ import annotations

import sys

import pytest

from engine.errors import LimitExceeded, Malformed
from engine.yaml import Limits, Profile, dump, load, load_all, load_first, reader


def test_empty_documents_are_dropped() -> None:
    assert load_all("---\n---\n# nothing\n---\na: 1\n---\nnull\n---\n- b\n") == [{"a": 1}, ["b"]]
    assert load("# nothing\n") is None


def test_several_documents_where_one_is_expected_are_an_error() -> None:
    with pytest.raises(Malformed, match=r"f\.yaml holds 2 YAML documents"):
        load("a: 1\n---\nb: 2\n", name="f.yaml")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\na: 2\n", r'f\.yaml, line 2, column 1: the key "a" is set twice'),
        ("a: 1\n---\nb: [1\n", r"f\.yaml, document 2, line 4, column 1"),
        ("a: &x [*x]\n", r"line 1, column 8: the anchor x is unknown or contains itself"),
        ("a: *missing\n", r"line 1, column 4.*missing"),
        ("? [1]\n: 2\n", r"line 1, column 3: a mapping key must be a scalar"),
        ("? {a: 1}\n: 2\n", r"a mapping key must be a scalar"),
        ("a: &x k\n? *x\n: 2\n", r"a mapping key must be a scalar"),
        ("<<: 1\n", r"<< takes a mapping"),
        ("~: 1\n", r"may not be null"),
        ("a: b: c\n", r"line 1, column 5"),
    ],
)
def test_errors_say_where(text: str, where: str) -> None:
    with pytest.raises(Malformed, match=where):
        load_all(text, name="f.yaml")


def test_bytes_that_are_not_utf8_are_an_error() -> None:
    with pytest.raises(Malformed, match=r"f\.yaml"):
        load(b"a: \xff\xfe\n", name="f.yaml")
    with pytest.raises(Malformed, match=r"f\.yaml"):
        load("a: \udcff\n", name="f.yaml")


def test_the_last_of_equal_keys_wins_when_asked_to() -> None:
    assert load("a: 1\na: 2\n", unique_keys=False) == {"a": 2}


def test_aliases_are_copies() -> None:
    value = load("a: &x {k: [1]}\nb: *x\n")
    assert value["b"] == {"k": [1]}
    value["a"]["k"].append(2)
    assert value["b"] == {"k": [1]}


def test_merge_keys_fill_in_what_is_not_there() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  b: 0\n  <<: [*x, *y]\nw:\n  <<: *x\n  a: 9\n"
    value = load(text)
    assert value["z"] == {"b": 0, "a": 1, "c": 2}
    assert value["w"] == {"a": 9, "b": 1}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        (BOMB, Limits()),
        ("[" * 1000 + "]" * 1000, Limits()),
        ("a: " + "x" * 2000, Limits(max_bytes=1000)),
        ("[[1], [2], [3], [4], [5], [6]]", Limits(max_nodes=5)),
        ("a: &a 1\nb: [*a, *a, *a]\n", Limits(max_aliases=2)),
    ],
)
def test_hostile_texts_end_in_an_error(text: str, limits: Limits) -> None:
    with pytest.raises(LimitExceeded):
        load(text, limits=limits)


def test_a_caller_may_have_a_rule_of_its_own_for_plain_scalars() -> None:
    (found,) = load_all("a: 0x10\nb: '0x10'\nc: !!int 7\n", profile=Profile.V3, plain=lambda text: f"<{text}>")
    assert found == {"a": "<0x10>", "b": "0x10", "c": "<7>"}


SAMPLE = """# comment
a: {b: [1, 'two', "three"], c: &x yes}
d: *x
e: |
  text
f: >-
  folded
  text
---
- !!str 1
"""


def test_reads_the_same_with_and_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_parser", reader._fastest_parser())
    fast = load_all(SAMPLE, profile=Profile.V3)
    monkeypatch.setattr(reader, "_parser", reader.PythonParser)
    assert load_all(SAMPLE, profile=Profile.V3) == fast


def test_libyaml_reads_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reader._fastest_parser() is not reader.PythonParser
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    assert reader._fastest_parser() is reader.PythonParser


def test_the_first_document_is_read_as_it_is_and_what_follows_it_is_not() -> None:
    assert load_first("null\n---\na: [") is None
    assert load_first("a: |\n  x\n  y\n---\n") == {"a": "x\ny\n"}
    assert load_first("a: 1\na: |\n  x\n  y") == {"a": "x\ny"}


def test_a_key_that_is_a_float_has_the_text_of_thirty_two_bits() -> None:
    found = load("0.30000000000000004: a\n1.0: b\n1234567.0: c\n1e400: d\n1e300: e\n0.00001: f\n2.5: g\n-.Inf: h\n")
    assert list(found) == ["0.3", "1", "1.234567e+06", "1e400", ".inf", "1e-05", "2.5", "-.inf"]


@pytest.mark.parametrize("key", ["a\rb", "a\x85", "a\u2028b", "\u2029"])
def test_a_key_with_a_line_break_of_any_kind_is_written_behind_a_question_mark(key: str) -> None:
    assert dump({key: 1}).startswith("? ")


@pytest.mark.parametrize(
    "text",
    [
        "x0: &x0 ["
        + "[" * 150
        + "]" * 150
        + "]\n"
        + "".join(f"x{n}: &x{n} {'[' * 150}*x{n - 1}{']' * 150}\n" for n in (1, 2)),
        "- a\n" * 30,
    ],
    ids=["aliases in aliases", "scalars alone"],
)
def test_depth_of_aliases_and_count_of_scalars_are_bounded(text: str) -> None:
    with pytest.raises(LimitExceeded, match=r"expand deeper|more than 20 nodes"):
        load(text, limits=Limits(max_nodes=20 if text.startswith("-") else 10_000))


def test_equal_plain_scalars_of_a_text_are_one_object() -> None:
    first, second = load("[some-text-that-repeats, some-text-that-repeats]")
    assert first is second
