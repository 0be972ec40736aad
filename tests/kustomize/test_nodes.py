"""Nodes: spelling, tag and style of a scalar until it is printed, and scalars that stand in several places."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kustomize import BuildError
from engine.kustomize.json_values import nodes, quoted_nodes, values
from engine.kustomize.nodes import (
    BOOL,
    FLOAT,
    INT,
    NULL,
    STR,
    UNTAGGED,
    Tagged,
    copy_node,
    overwrite,
    plain,
    put,
    retagged,
    share,
    styled,
    tag_of,
    untagged,
)


@pytest.mark.parametrize(
    ("text", "tag", "value"),
    [
        ("0x10", INT, 16),
        ("1_000", INT, 1000),
        ("1.0", FLOAT, 1),
        ("123456789012345678901", FLOAT, 123456789012345678901.0),
        ("True", BOOL, True),
        ("~", NULL, None),
        ("", NULL, None),
        ("yes", STR, "yes"),
        ("2020-01-02", "timestamp", "2020-01-02T00:00:00Z"),
        ("<<", "merge", "<<"),
    ],
)
def test_a_plain_scalar_keeps_its_text_and_means_what_it_reads_as(text: str, tag: str, value: Any) -> None:
    node = plain(text)
    assert (node, tag_of(node)) == (text, tag)
    assert values(node) == value


def test_text_goes_over_text_and_keeps_tag_and_quotes() -> None:
    assert values(retagged("0x1F", styled("x", '"'))) == "0x1F"
    assert values(retagged("7", plain("1"))) == 7
    assert values(untagged("7", "x")) == 7
    assert values(untagged("7", styled("x", "'"))) == "7"
    with pytest.raises(BuildError, match="cannot decode a str as a !!int"):
        values(retagged("web", plain("1")))
    assert values(Tagged("5", FLOAT)) == 5


def test_what_was_quoted_stays_quoted_when_a_number_is_put_there() -> None:
    mapping = {"quoted": styled("x", '"'), "plain": "x", "block": styled("x", "|")}
    for key in ("quoted", "plain", "block", "new"):
        put(mapping, key, plain("1e3"))
    assert values(mapping) == {"quoted": "1e3", "plain": 1000, "block": "1e3", "new": 1000}


def test_a_shared_scalar_changes_everywhere_but_where_it_was_removed_or_copied() -> None:
    one: dict[str, Any] = {}
    two: dict[str, Any] = {}
    three: dict[str, Any] = {}
    share("old", [(one, "a"), (two, "a"), (three, "a")])
    copied = copy_node(one)
    del three["a"]
    put(two, "a", "new")
    assert (one, two, three, copied) == ({"a": "new"}, {"a": "new"}, {}, {"a": "old"})
    overwrite(one, "a", plain("5"))
    assert values(two) == {"a": 5}


def test_a_block_may_not_begin_with_a_tab_and_a_key_must_be_text() -> None:
    assert values(styled("\tx\n", '"')) == "\tx\n"
    with pytest.raises(BuildError, match="tab"):
        values(styled("\tx\n", "|"))
    with pytest.raises(BuildError, match="key"):
        values({plain("1"): "x"})


def test_numbers_that_went_through_gos_json_are_floats() -> None:
    through = nodes({"big": 2**53 + 1, "million": 1_000_000, "small": 5, "half": 0.5}, floats=True)
    assert through == {"big": "9.007199254740992e+15", "million": "1e+06", "small": "5", "half": "0.5"}
    assert values(through) == {"big": 2**53, "million": 1_000_000, "small": 5, "half": 0.5}


def test_strings_of_json_are_quoted_where_it_counts() -> None:
    assert values(retagged("5", nodes("off"))) == "5"
    assert values(untagged("5", nodes("word"))) == 5
    assert values(untagged("5", quoted_nodes("word"))) == "5"
    assert tag_of(untagged("5", "word")) == UNTAGGED
