"""Templates that try to run away end soon, with a sentence."""

from __future__ import annotations

import pytest

from engine.errors import EngineError
from engine.helm.chart import File, load_files
from engine.helm.functions import functions
from engine.helm.render import Options
from engine.helm.render import render as renders
from engine.helm.template import Budget, Limits, TemplateError, TemplateLimit, Templates


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
        "{{ $x := list 1 }}{{ range 40 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
        '{{ range 8000 }}{{ repeat 20000 "x" }}{{ end }}',
        '{{ define "a" }}{{ range 9000 }}{{ repeat 9000 "x" }}{{ end }}{{ end }}{{ template "a" }}{{ template "a" }}',
    ],
)
def test_runaway_templates_end(text: str) -> None:
    with pytest.raises((TemplateLimit, TemplateError)) as caught:
        render(text)
    assert caught.value.message.startswith("template: t:")


def test_time_is_bounded() -> None:
    with pytest.raises(TemplateLimit, match="longer than"):
        render("{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}{{ end }}", seconds=0.2)


def test_output_is_counted_without_any_loop() -> None:
    with pytest.raises(TemplateLimit, match="write more than"):
        render('{{ repeat 20000 "x" }}' * 8000)


def test_all_templates_of_a_render_share_one_budget() -> None:
    seconds = iter(range(100))
    budget = Budget(Limits(seconds=20), lambda: float(next(seconds)))
    templates = Templates(functions(), budget=budget)
    templates.parse("c/templates/a.yaml", "{{ range 2 }}{{ end }}")
    templates.execute("c/templates/a.yaml", {})
    with pytest.raises(TemplateLimit, match=r"c/templates/a\.yaml:1:9: .* at <2>: rendering takes longer than 20 s"):
        for _ in range(20):
            templates.execute("c/templates/a.yaml", {})


def test_memory_is_bounded_where_lists_grow() -> None:
    with pytest.raises(TemplateLimit, match="needs more than 32 MiB of memory"):
        render('{{ $x := list }}{{ range 9000 }}{{ $x = append $x (repeat 1000000 "x") }}{{ end }}', memory=32 * 2**20)


def test_a_chart_that_takes_too_long_is_named() -> None:
    metadata = b"apiVersion: v2\nname: slow\nversion: 1.0.0\n"
    files = {
        "Chart.yaml": metadata,
        "templates/a.yaml": b"{{ range 999 }}{{ range 999 }}{{ range 999 }}{{ end }}{{ end }}{{ end }}",
    }
    chart = load_files([File(name, data) for name, data in files.items()])
    with pytest.raises(
        TemplateLimit, match=r"chart slow: template: slow/templates/a\.yaml:1:\d+: .* longer than 0\.1 s"
    ):
        renders(chart, {}, Options(limits=Limits(seconds=0.1)))


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
