"""Templates that try to run away end soon, with a sentence."""

from __future__ import annotations

import pytest

from engine.errors import EngineError
from engine.helm.functions import functions
from engine.helm.template import Limits, TemplateError, TemplateLimit, Templates


def render(text: str, **limits: float) -> str:
    templates = Templates(functions(), limits=Limits(**limits))  # type: ignore[arg-type]
    templates.parse("t", text)
    return templates.execute("t", {"x": "{{ tpl .x . }}", "grow": "{{ tpl (print .grow .grow) . }}"})


@pytest.mark.parametrize(
    "text",
    [
        '{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}',
        '{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}',
        "{{ tpl .x . }}",
        "{{ tpl .grow . }}",
        '{{ $d := dict }}{{ $_ := set $d "self" $d }}{{ $d }}',
        '{{ repeat 1000000000 "x" }}',
        "{{ until 1000000000 }}",
        "{{ range 1000000000 }}{{ end }}",
        '{{ $x := repeat 1000000 "x" }}{{ range 10000 }}{{ $x }}{{ end }}',
        '{{ printf "%1000000000d" 1 }}',
        '{{ nindent 1000000000 "x" }}',
        '{{ $x := "xxxxxxxx" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}',
        '{{ $x := "xxxxxxxx" }}{{ range 40 }}{{ $x = $x | replace "x" "xxxxxxxx" }}{{ end }}',
        "{{ $x := list 1 }}{{ range 40 }}{{ $x = concat $x $x }}{{ end }}",
    ],
)
def test_runaway_templates_end(text: str) -> None:
    with pytest.raises((TemplateLimit, TemplateError)):
        render(text)


def test_time_is_bounded() -> None:
    with pytest.raises(TemplateLimit, match="longer than"):
        render("{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}{{ end }}", seconds=0.2)


def test_a_regex_that_explodes_elsewhere_is_linear() -> None:
    assert render('{{ regexMatch "(a+)+$" (printf "%sb" (repeat 20000 "a")) }}') == "false"


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{{ if true }}" * 3000 + "{{ end }}" * 3000,
        "{{ range .l }}" * 40 + "{{ end }}" * 40,
        "{{ 1 " + "| add 1 " * 5000 + "}}",
        "{{ if 1 }}" + "{{ else if 1 }}" * 5000 + "{{ end }}",
    ],
    ids=["parens", "parens-allowed-by-go", "blocks", "loops", "pipes", "else-ifs"],
)
def test_deep_nesting_is_refused_or_rendered_but_never_crashes(text: str) -> None:
    try:
        told = render(text)
    except EngineError as problem:
        told = problem.message
    assert isinstance(told, str)
