"""Functions that are asked for too much refuse, soon, with a sentence."""

from __future__ import annotations

import pytest

from engine.helm.functions import functions
from engine.helm.template import TemplateLimit, Templates

_TWICE = '{{ $x := dict "a" "b" }}{{ range 40 }}{{ $x = dict "l" $x "r" $x }}{{ end }}'
_SELF = '{{ $x := dict }}{{ $_ := set $x "x" (list $x) }}'


def render(text: str) -> str:
    templates = Templates(functions())
    templates.parse("t", text)
    return templates.execute("t", {})


@pytest.mark.parametrize(
    "expression",
    ["toYaml $x", "toYamlPretty $x", "toJson $x", "toPrettyJson $x", "toToml $x", "deepCopy $x"],
)
def test_a_value_that_shares_its_parts_is_not_written_out_without_end(expression: str) -> None:
    with pytest.raises(TemplateLimit, match="a value holds more than"):
        render(f"{_TWICE}{{{{ {expression} }}}}")


def test_such_values_can_be_compared_and_merged() -> None:
    other = _TWICE.replace("$x", "$y")
    assert render(f"{_TWICE}{other}{{{{ deepEqual $x $y }}}} {{{{ len (merge $x $y) }}}}") == "true 2"


@pytest.mark.parametrize("expression", ["toToml $x", "toYamlPretty $x", "deepCopy $x"])
def test_what_holds_itself_is_refused(expression: str) -> None:
    with pytest.raises(TemplateLimit, match="nested deeper than"):
        render(f"{_SELF}{{{{ {expression} }}}}")


def test_what_holds_itself_has_no_json() -> None:
    assert render(f"{_SELF}[{{{{ toJson $x }}}}][{{{{ toYaml $x }}}}]") == "[][]"


@pytest.mark.parametrize(
    "expression",
    [
        'repeat 9999999 "x" | splitList ""', 'split "x" (repeat 9999999 "x")',
        'regexFindAll "x" (repeat 2000000 "x") -1', 'regexSplit "x" (repeat 2000000 "x") -1', "until 2000000",
        "untilStep 0 9223372036854775807 1", "seq 0 3 99999999", 'indent 99999999 "x"', "randAlphaNum 999999999",
        "randBytes 999999999",
    ],
)  # fmt: skip
def test_a_result_of_any_size_is_refused_before_it_is_made(expression: str) -> None:
    with pytest.raises(TemplateLimit):
        render(f"{{{{ {expression} }}}}")


@pytest.mark.parametrize("pattern", ["((a{1000}){1000}){1000}", "x{1001}", "(" * 2000])
def test_a_pattern_that_is_too_large_is_none(pattern: str) -> None:
    assert render(f'{{{{ regexMatch "{pattern}" "a" }}}}') == "false"


def test_depth_in_a_text_is_bounded() -> None:
    assert "exceeded max depth" in render('{{ repeat 20000 "[" | fromJson }}')
    assert "Error" in render('{{ print "a: " (repeat 20000 "[") | fromYaml }}')
    assert "Error" in render('{{ print "a = " (repeat 20000 "[") | fromToml }}')
