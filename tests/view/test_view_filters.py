"""The filter language."""

from __future__ import annotations

import pytest

from fluxtui.view.filters import NOTHING, parse

HAYSTACK = "kustomization apps/checkout 4f2a91c applied ready"
LABELS = {"app": "checkout", "tier": "front"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", True),
        ("check", True),
        ("CHECK", True),
        ("checkout ready", True),
        ("checkout failing", False),
        ("!failing", True),
        ("!checkout", False),
        ("apps !cart", True),
        ("-l app=checkout", True),
        ("-lapp=checkout", True),
        ("-l app==checkout", True),
        ("-l app=cart", False),
        ("-l app!=cart", True),
        ("-l missing!=x", True),
        ("-l tier", True),
        ("-l !tier", False),
        ("-l app=checkout,tier=front", True),
        ("-l app=checkout,tier=back", False),
        ("checkout -l tier=front", True),
        ("-l", True),
        ("!", True),
        ("[red]", False),
        ("(", False),
    ],
)
def test_a_filter_shows_what_it_says(text: str, shown: bool) -> None:
    assert parse(text).matches(HAYSTACK, LABELS) is shown


def test_only_a_filter_that_hides_something_counts_as_one() -> None:
    assert not parse("  ")
    assert not NOTHING
    assert not parse("-l")
    assert parse("x")
    assert parse("-l x").text == "-l x"
