"""Cutting and fitting by terminal cells."""

from __future__ import annotations

from random import Random

import pytest

from fluxtui.view.text import (
    Role,
    Span,
    cut_end,
    cut_middle,
    fit,
    head,
    justify,
    line_width,
    pad,
    plain,
    tail,
    width,
    wrap,
)

WIDE = "数据库-集群"
COMBINING = "e\u0301" * 10
ALPHABET = "abc -\u0301\u0300数据🙂\x1b[]\x00é\ufe0f"
_RANDOM = Random(11)
HOSTILE = ["".join(_RANDOM.choices(ALPHABET, k=_RANDOM.randrange(60))) for _ in range(150)]


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("short", 10, "short"),
        ("exactly", 7, "exactly"),
        ("too long to fit", 8, "too lon…"),
        (WIDE, 6, "数据…"),
        ("anything", 1, "…"),
        ("anything", 0, ""),
    ],
)
def test_messages_are_cut_at_the_end(text: str, cells: int, expected: str) -> None:
    assert cut_end(text, cells) == expected


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("checkout-frontend-v2", 11, "check…nd-v2"),
        ("fits", 4, "fits"),
        (WIDE, 7, "数…群"),
        ("abc", 1, "…"),
    ],
)
def test_names_are_cut_in_the_middle(text: str, cells: int, expected: str) -> None:
    cut = cut_middle(text, cells)
    assert width(cut) <= cells
    assert cut == expected


@pytest.mark.parametrize("cells", [0, 1, 2, 3, 7, 20, 40])
def test_no_cut_is_wider_than_asked(cells: int) -> None:
    for text in HOSTILE:
        for cut in (cut_end, cut_middle, head, tail):
            assert width(cut(text, cells)) <= cells


@pytest.mark.parametrize("cells", [1, 2, 3, 7, 40])
def test_padding_fills_exactly(cells: int) -> None:
    for text in HOSTILE:
        assert width(pad(text, cells)) == cells


def test_a_stack_of_combining_marks_is_cut_short() -> None:
    assert len(cut_end("a" + "\u0301" * 5_000, 10)) <= 10 * 8 + 1
    assert cut_end(COMBINING, 10) == COMBINING


def test_fitting_a_line_cuts_the_span_that_overflows() -> None:
    line = fit((Span("name", Role.TEXT), Span(" a long message", Role.FAIL), Span(" 5m")), 10)
    assert plain(line) == "name a lo…"
    assert line_width(line) == 10
    assert line[-1].role is Role.FAIL


def test_fitting_at_the_edge_of_a_span_still_shows_that_something_is_missing() -> None:
    assert plain(fit((Span("four"), Span("more")), 4)) == "fou…"


def test_justify_cuts_the_left_part_first() -> None:
    line = justify((Span("a very long left part"),), (Span("right"),), 15)
    assert plain(line).endswith("right")
    assert line_width(line) == 15


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("fits", 10, ["fits"]),
        ("key: value is long", 10, ["key: value", "  is long"]),
    ],
)
def test_wrapping_breaks_at_blanks_and_long_words_anywhere(text: str, cells: int, expected: list[str]) -> None:
    indent = "  " if text.startswith("key") else ""
    assert wrap(text, cells, indent) == expected


@pytest.mark.parametrize("cells", [4, 5, 13, 40])
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(cells: int) -> None:
    for text in HOSTILE:
        lines = wrap(text, cells)
        assert all(width(line) <= max(cells, 2) for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
