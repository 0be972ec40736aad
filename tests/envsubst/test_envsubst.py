"""Every row of Flux's substitution grammar."""

from __future__ import annotations

import pytest

from engine.envsubst import EnvsubstError, substitute
from engine.errors import LimitExceeded

V = {
    "v": "abcdEFGH28ij",
    "upper": "ABC",
    "empty": "",
    "path": "/home/bozo/ideas/thoughts.for.today",
    "file": "bash.string.txt",
    "s": "abcABC123ABCabc",
    "slashes": "foo/bar/baz",
    "d": "foo1",
    "dots": "foo.bar",
    "é1": "unicode",
    "word": "häß",
    "stars": "a*b",
}

ROWS = [
    ("plain", "plain"),
    ("$v stays, so does $", "$v stays, so does $"),
    ("$$", "$"),
    ("$$$", "$$"),
    ("$$${v}", "$abcdEFGH28ij"),
    ("$${v}", "${v}"),
    ("some ${v}$${var$${v}$v${v}", "some abcdEFGH28ij${var${v}$vabcdEFGH28ij"),
    (r"\\outside ${d}", r"\\outside foo1"),
    ("${v}", "abcdEFGH28ij"),
    ("${unset}", ""),
    ("${empty}", ""),
    ("${é1}", "unicode"),
    ("${v:=d}", "abcdEFGH28ij"),
    *((f"${{unset{op}fall back}}", "fall back") for op in (":=", "=", ":-", ":?", ":+")),
    *((f"${{empty{op}fall back}}", "fall back") for op in (":=", "=", ":-", ":?", ":+")),
    ("${v:+other}", "abcdEFGH28ij"),
    ("${unset:=}", ""),
    ("${unset:-$$}", "$$"),
    ("${unset=pre${d}-post}", "prefoo1-post"),
    ("${unset:=${alsounset:-${d}}}", "foo1"),
    ("${unset=${v^^}}", "ABCDEFGH28IJ"),
    ("$${unset=${d}}", "${unset=foo1}"),
    ("${#v}", "12"),
    ("${#word}", "5"),
    ("${#unset}", "0"),
    ("${v^}", "AbcdEFGH28ij"),
    ("${v^^}", "ABCDEFGH28IJ"),
    ("${upper,}", "aBC"),
    ("${upper,,}", "abc"),
    ("${word^^}", "HÄß"),
    ("${path:11}", "ideas/thoughts.for.today"),
    ("${path:11:5}", "ideas"),
    ("${v:0:1}", "a"),
    ("${v:1:-1}", "bcdEFGH28i"),
    ("${v:5:-10}", ""),
    ("${v:99}", ""),
    ("${v:99:1}", ""),
    ("${v:2:99}", "cdEFGH28ij"),
    ("${v:x}", "abcdEFGH28ij"),
    ("${v:1:x}", "abcdEFGH28ij"),
    ("${v: -2}", "abcdEFGH28ij"),
    ("${upper:${unset:=1}}", "BC"),
    ("${file#*.}", "string.txt"),
    ("${file##*.}", "txt"),
    ("${path##*/}", "thoughts.for.today"),
    ("${path#*/}", "home/bozo/ideas/thoughts.for.today"),
    ("${file%.*}", "bash.string"),
    ("${file%%.*}", "bash"),
    ("${file#b?s}", "h.string.txt"),
    ("${file#[a-c]}", "ash.string.txt"),
    ("${file#nothing}", "bash.string.txt"),
    ("${file#[}", "bash.string.txt"),
    ("${stars#a\\*}", "b"),
    ("${file##*}", ""),
    ("${file#${unset:=bash}}", ".string.txt"),
    ("${s/abc/xyz}", "xyzABC123ABCabc"),
    ("${s//abc/xyz}", "xyzABC123ABCxyz"),
    ("${s/#abc/XYZ}", "XYZABC123ABCabc"),
    ("${s/%abc/XYZ}", "abcABC123ABCXYZ"),
    ("${s/#ABC/XYZ}", "abcABC123ABCabc"),
    ("${s/%ABC/XYZ}", "abcABC123ABCabc"),
    ("${dots/./}", "foobar"),
    ("${s//abc/}", "ABC123ABC"),
    ("${s/#abc/}", "abcABC123ABCabc"),
    ("${s/%abc/}", "abcABC123ABCabc"),
    (r"${slashes/\//-}", "foo-bar/baz"),
    (r"${slashes//\//-}", "foo-bar-baz"),
    ("${s/${unset:=abc}/x}", "xABC123ABCabc"),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_row(text: str, expected: str) -> None:
    assert substitute(text, V, strict=False) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${v-d}", "missing closing brace"),
        ("${v+d}", "missing closing brace"),
        ("${a.b}", "missing closing brace"),
        ("${v", "missing closing brace"),
        ("${}", "unable to parse variable name"),
        ("${ v}", "unable to parse variable name"),
        ("${-}", "unable to parse variable name"),
        ("${v:}", "unable to parse substitution within function"),
        ("${v#}", "unable to parse substitution within function"),
        ("${v:=open", "unable to parse substitution within function"),
        ("${v/a}", "bad substitution"),
        ("${v/a/b", "bad substitution"),
        ("${v^^^}", "bad substitution"),
        ("${#}", "bad substitution"),
        ("${#v:1}", "bad substitution"),
        ("${v#${d}x}", "bad substitution"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_errors_have_flux_own_texts(text: str, message: str, strict: bool) -> None:
    with pytest.raises(EnvsubstError) as raised:
        substitute(f"before {text}", V, strict=strict)
    assert str(raised.value) == message


SPARED = ("=", ":=", ":-", ":?", ":+")


@pytest.mark.parametrize("operator", SPARED)
def test_strict_mode_spares_defaults(operator: str) -> None:
    assert substitute(f"${{unset{operator}x}}", {}, strict=True) == "x"
    assert substitute(f"${{unset{operator}}}", {}, strict=True) == ""


@pytest.mark.parametrize(
    "form",
    ["${x}", "${#x}", "${x^}", "${x,,}", "${x:1}", "${x:1:2}", "${x#a}", "${x%%a}", "${x/a/b}", "${x//a/b}",
     "${x/#a/b}", "${y:=${x}}"],
)  # fmt: skip
def test_strict_mode_refuses_an_unset_variable(form: str) -> None:
    with pytest.raises(EnvsubstError) as raised:
        substitute(form, {}, strict=True)
    assert str(raised.value) == 'variable not set (strict mode): "x"'
    substitute(form, {"x": ""}, strict=True)


def test_an_error_of_form_comes_before_an_unset_variable() -> None:
    with pytest.raises(EnvsubstError, match="missing closing brace"):
        substitute("${unset} ${v-d}", {}, strict=True)


def test_values_are_not_substituted_again() -> None:
    assert substitute("${a}", {"a": "${b} $$"}, strict=True) == "${b} $$"


def test_nesting_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        substitute("${a:=" * 500 + "}" * 500, {}, strict=False)


def test_growth_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        substitute("${a}" * 1000, {"a": "x" * 100_000}, strict=False)


def test_a_long_value_under_a_pattern_of_stars_is_quick() -> None:
    assert substitute("${a##*a*b*c*d}", {"a": "a" * 200_000}, strict=True) == "a" * 200_000
