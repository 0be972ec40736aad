"""The template language: what each construct prints, and how each mistake is named."""

from __future__ import annotations

import pytest

from engine.helm.functions import functions
from engine.helm.template import ExecError, ParseError, TemplateError, Templates

DATA = {"a": "text", "n": 1000000.0, "m": {"b": {"c": "x"}, "a": 1.0}, "l": [1.0, None, "s"], "nul": None, "e": {}}


def render(text: str, data: object = None) -> str:
    templates = Templates(functions())
    templates.parse("t.yaml", text)
    return templates.execute("t.yaml", DATA if data is None else data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {{- 1 -}} b", "a1b"),
        ("a {{/* gone */}} b", "a  b"),
        ("a {{- /* gone */ -}} b", "ab"),
        ("{{ .n }} {{ .m }} {{ .l }}", "1e+06 map[a:1 b:map[c:x]] [1 <nil> s]"),
        ("[{{ .nope }}][{{ (.nope).x }}]", "[][]"),
        ("{{ range $k, $v := .m }}{{ $k }};{{ end }}", "a;b;"),
        ("{{ range .e }}x{{ else }}none{{ end }}", "none"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range .l }}{{ if not . }}{{ continue }}{{ end }}{{ . }}{{ end }}", "1s"),
        ("{{ range $i, $e := .l }}{{ if $i }}{{ break }}{{ end }}{{ $e }}{{ end }}", "1"),
        ("{{ with .nope }}x{{ else with .a }}{{ . }}{{ end }}", "text"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "32"),
        ("{{ if and .a (eq .a \"text\") }}y{{ else if .n }}z{{ end }}", "y"),
        ("{{ or \"\" .a }}{{ and 0 (fail \"never\") }}", "text0"),
        ("{{ define \"x\" }}<{{ . }}>{{ end }}{{ template \"x\" 1 }}{{ include \"x\" 2 | quote }}", '<1>"<2>"'),
        ("{{ block \"y\" .a }}[{{ . }}]{{ end }}", "[text]"),
        ("{{ tpl \"{{ define `z` }}{{ . }}{{ end }}{{ include `z` .a }}\" . }}", "text"),
        ("{{ $ = .m }}{{ $.a }}{{ .a }}", "1text"),
        ("{{ range $i, $_ := .l }}{{ $.a }}{{ end }}", "texttexttext"),
        ("{{ 'a' }} {{ 0x10 }} {{ 1e3 }} {{ 0b11 }} {{ 1_000 }}", "97 16 1000 3 1000"),
        ("{{ printf \"%d %s %v\" .n nil true }}", "%!d(float64=1e+06) %!s(<nil>) true"),
        ("{{ .m.b.c | upper | printf \"%s-%s\" \"p\" }}", "p-X"),
        ("{{ html \"<a>\" }} {{ js \"it's\" }} {{ urlquery \"a b&c\" }}", "&lt;a&gt; it\\'s a+b%26c"),
        ("{{ slice (list 1 2 3) 1 }} {{ index .m \"b\" \"c\" }} {{ len .l }}", "[2 3] x 3"),
    ],
)  # fmt: skip
def test_constructs_print_what_helm_prints(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n{{ .nul.b }}", 't.yaml:2:7: executing "t.yaml" at <.nul.b>: nil pointer evaluating interface {}.b'),
        ("{{ .a.b }}", "at <.a.b>: can't evaluate field b in type interface {}"),
        ("{{ upper .n }}", "at <.n>: wrong type for value; expected string; got float64"),
        ("{{ .nope | upper }}", "at <upper>: invalid value; expected string"),
        ("{{ upper }}", "wrong number of args for upper: want 1 got 0"),
        ("{{ eq 1 1.0 }}", "error calling eq: incompatible types for comparison: int and float64"),
        ("{{ include \"nope\" . }}", 'include: template: no template "nope" associated with template "gotpl"'),
        ("{{ template \"nope\" }}", 'template "nope" not defined'),
        ("{{ .a 1 }}", "a is not a method but has arguments"),
        ("{{ nil }}", "nil is not a command"),
        ("{{ range 1.5 }}{{ end }}", "range can't iterate over 1.5"),
        ("{{ $x = 1 }}", "undefined variable: $x"),
    ],
)  # fmt: skip
def test_failures_name_template_place_expression_and_cause(text: str, message: str) -> None:
    with pytest.raises(ExecError) as caught:
        render(text)
    assert message in caught.value.message
    assert caught.value.template == "t.yaml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ foo }}", 'function "foo" not defined'),
        ("a\n{{ if }}", "t.yaml:2: missing value for if"),
        ("{{ .a", "unclosed action"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ if .a }}", "unexpected EOF"),
        ("{{ $x }}", 'undefined variable "$x"'),
        ("{{ \"a }}", "unterminated quoted string"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{/* x }}", "unclosed comment"),
        ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
        ("{{define \"a\"}}1{{end}}{{define \"a\"}}2{{end}}", 'multiple definition of template "a"'),
    ],
)  # fmt: skip
def test_texts_that_are_no_templates_are_refused(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        render(text)
    assert message in caught.value.message


def test_what_a_chart_asks_for_is_kept_apart_from_where() -> None:
    templates = Templates(functions())
    templates.parse("h.tpl", '{{ define "h" }}{{ required "set .a" .nope }}{{ end }}')
    templates.parse("t.yaml", '{{ include "h" . }}')
    with pytest.raises(ExecError) as caught:
        templates.execute("t.yaml", {})
    assert caught.value.asked == "set .a"
    assert [frame.location for frame in caught.value.frames] == ["t.yaml:1:3", "h.tpl:1:19"]


def test_a_later_definition_wins_unless_it_is_empty() -> None:
    templates = Templates(functions())
    for name, text in (("1", "one"), ("2", "two"), ("3", "  ")):
        templates.parse(name, f'{{{{ define "x" }}}}{text}{{{{ end }}}}')
    templates.parse("t", '{{ template "x" }}')
    assert templates.execute("t", {}) == "two"


def test_definitions_of_tpl_end_with_it() -> None:
    with pytest.raises(TemplateError, match='no template "z" associated'):
        render('{{ tpl "{{ define `z` }}1{{ end }}" . }}{{ include "z" . }}')


def test_methods_and_fields_of_objects_follow_the_protocol() -> None:
    class Files:
        go_type = "engine.files"
        go_methods = frozenset(("Get",))
        go_fields = {"Count": "count"}
        count = 2

        def Get(self, name: str) -> str:
            return f"<{name}>"

    assert (
        render('{{ .F.Get "a" }}{{ "b" | .F.Get }}{{ .F.Count }}{{ typeOf .F }}', {"F": Files()})
        == "<a><b>2engine.files"
    )


def test_a_variable_of_the_body_may_be_named_in_else_but_is_not_there() -> None:
    text = "{{ if .%s }}{{ $x := 1 }}{{ $x }}{{ else }}{{ $x }}{{ end }}"
    assert render(text % "a") == "1"
    with pytest.raises(ExecError, match=r"undefined variable: \$x"):
        render(text % "nope")
