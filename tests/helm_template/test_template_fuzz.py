"""Whatever the text: it renders or is refused in our words, never with Python's."""

from __future__ import annotations

import random

import pytest

from engine.errors import EngineError
from engine.helm.functions import functions
from engine.helm.template import Limits, TemplateError, TemplateLimit, Templates

_PIECES = (
    *("{{", "}}", "{{- ", " -}}", "{{/*", "*/}}", "if ", "else ", "else if ", "end", "range ", "with ", "define "),
    *("block ", "template ", "break", "continue", "nil", "true", ".", ".a", ".a.b", "$", "$x", "$x.y", ":=", "=", ","),
    *("|", "(", ")", '"t"', '"', "`", "'a'", "1", "-1", "0x1f", "1e3", "1.5", "1i", "99999999999999999999", " ", "\n"),
    *("text", "é", "\udc80", "\x00", "and ", "or ", "not ", "eq ", "print ", "printf ", "list ", "dict ", "index "),
    *(
        "include ",
        "tpl ",
        "len ",
        "{{ end }}",
        "{{ else }}",
        "{{ if .a }}",
        "{{ range $i, $e := .l }}",
        "{{ $x := 1 }}",
    ),
    *("{{ $x = 2 }}", "{{ .a }}", '{{ define "t" }}', '{{ template "t" . }}', '{{ include "t" . }}', "{{ break }}"),
    "{{ with .m }}",
)
_DATA = {"a": "text", "l": [1.0, "b", None], "m": {"k": 1.0}, "n": 2.0}


def attempt(text: str) -> None:
    templates = Templates(functions(), limits=Limits(seconds=5))
    told = ""
    try:
        templates.parse("main", text)
        assert isinstance(templates.execute("main", dict(_DATA)), str)
    except (TemplateError, TemplateLimit) as problem:
        told = problem.message
    assert not told or told.startswith(("template: main:", "the template")), text
    for word in ("Traceback", "has no attribute", "NoneType", "UnboundLocal", "f_", "positional"):
        assert word not in told, text


@pytest.mark.parametrize("seed", range(10))
def test_pieces_of_templates_in_any_order(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(200):
        attempt("".join(choose.choices(_PIECES, k=choose.randint(1, 25))))


@pytest.mark.parametrize("seed", range(5))
def test_any_bytes(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(200):
        data = choose.randbytes(choose.randint(0, 60))
        attempt(data.decode("utf-8", "surrogateescape"))
        attempt("{{" + data.decode("latin-1") + "}}")


@pytest.mark.parametrize("seed", range(10))
def test_good_templates_with_one_change(seed: int) -> None:
    choose = random.Random(seed)
    good = (
        '{{ range $i, $e := .l }}{{ if and $i (eq . "b") }}{{ $x := .a | upper }}{{ else }}{{ $i }}{{ end }}{{ end }}'
    )
    for _ in range(200):
        at = choose.randrange(len(good))
        attempt(good[:at] + choose.choice(_PIECES) + good[at + choose.randint(0, 3) :])


def test_a_functions_own_fault_is_told_with_its_place() -> None:
    def broken(value: object) -> str:
        return value.nothing  # type: ignore[attr-defined, no-any-return]

    templates = Templates({"broken": broken})
    templates.parse("t", "a\n {{ broken 1 }}")
    with pytest.raises(EngineError, match=r'template: t:2:4: executing "t" at <broken 1>: error calling broken'):
        templates.execute("t", {})
