"""Values files as Helm reads them: cut into documents by lines, each merged over the one before."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Malformed
from engine.helm.documents import documents
from engine.helm.values.files import load_values


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["\n"]),
        ("a", ["a\n"]),
        ("a\n", ["a\n"]),
        ("---\na\n---\nb", ["a\n", "b\n"]),
        ("--- # remark\na\n---  \n---\nb\n---\n", ["a\n", "b\n"]),
        ("a: |\n  ---\n", ["a: |\n  ---\n"]),
        ("\n---\na", ["\n", "a\n"]),
    ],
)
def test_documents_lie_between_separators(text: str, parts: list[str]) -> None:
    assert list(documents(text)) == parts


@pytest.mark.parametrize("text", ["---a", "----", "a\n--- b"])
def test_a_separator_stands_alone(text: str) -> None:
    with pytest.raises(Malformed, match="invalid Yaml document separator"):
        list(documents(text))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# nothing", {}),
        ("null", {}),
        ("a: 1\n---\na: {b: 2}\n---\na: {c: null}\n", {"a": {"b": 2.0, "c": None}}),
        ("a: |\n  x\n  y", {"a": "x\ny\n"}),
        ("a: 1\na: 2", {"a": 2.0}),
        ("a: 1\n...\nb: 2", {"a": 1.0}),
        ("a: [-0.0, -0, -.0e5]", {"a": [-0.0, 0.0, -0.0]}),
    ],
)
def test_documents_are_merged_and_numbers_are_floats(text: str, values: dict[str, Any]) -> None:
    assert repr(load_values(text)) == repr(values)


@pytest.mark.parametrize("text", ["- a", "text", b"a: \xff", "a: [", "a: 1\n---b: 2"])
def test_what_holds_no_values_is_refused_by_name(text: str | bytes) -> None:
    with pytest.raises(Malformed, match=r"cannot load v\.yaml"):
        load_values(text, name="v.yaml")
