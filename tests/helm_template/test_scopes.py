"""Variables: where they are seen, and what a name means, by Go's rules."""

from __future__ import annotations

import pytest

from engine.helm.functions import functions
from engine.helm.template import TemplateError, Templates
from engine.helm.template.nodes import LARGE
from tests.helm_template.oracle import find_helm, ours, real
from tests.helm_template.scopes import SCOPES


def render(text: str) -> str | None:
    templates = Templates(functions())
    try:
        templates.parse("t.yaml", text)
        return templates.execute("t.yaml", {})
    except TemplateError:
        return None


@pytest.mark.parametrize(("text", "expected"), SCOPES.items())
def test_a_name_means_what_it_means_in_go(text: str, expected: str | None) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(("text", "expected"), SCOPES.items())
def test_large_blocks_see_and_change_the_same_variables(text: str, expected: str | None) -> None:
    """Blocks of this size are functions of their own."""
    filler = "{{/* " + "x" * LARGE + " */}}"
    assert render(text.replace("{{ end }}", filler + "{{ end }}").replace("{{ else", filler + "{{ else")) == expected


@pytest.mark.real
def test_helm_means_the_same() -> None:
    helm = find_helm()
    theirs = real(helm, list(SCOPES), "", expect=[text is not None for text in SCOPES.values()])
    assert [answer.text for answer in theirs] == list(SCOPES.values())
    assert [answer.text for answer in ours(list(SCOPES), "")] == list(SCOPES.values())
