from __future__ import annotations

import pytest

from engine.errors import Malformed
from engine.flux.selectors import Selector

LABELS = {"app": "web", "tier": "front", "example.com/x": "1"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app=web,tier=back", False),
        ("app!=web", False),
        ("absent!=x", True),
        ("app in (a, web)", True),
        ("app notin (a,web)", False),
        ("absent notin (a)", True),
        ("app", True),
        ("!app", False),
        ("!absent", True),
        ("example.com/x=1", True),
        ("absent=", False),
    ],
)
def test_label_selectors(text, matches):
    assert Selector.parse(text).matches(LABELS) == matches


@pytest.mark.parametrize("text", ["app=web;", "=x", "a in b", "a in (b", "a=b,,c=d", "x" * 5000])
def test_what_is_no_selector_is_malformed(text):
    with pytest.raises(Malformed):
        Selector.parse(text)
