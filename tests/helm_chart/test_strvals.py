"""The grammar of --set and its siblings; what helm makes of whole command lines is in the charts' goldens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.helm.errors import ValuesError
from engine.helm.template.types import Int64
from engine.helm.values import strvals
from engine.helm.values.options import ValueOptions, merge_options


def parsed(setter: Callable[[str, dict[str, Any]], None], text: str, start: dict[str, Any] | None = None) -> Any:
    values = start or {}
    setter(text, values)
    return values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("a=1", {"a": 1}),
        ("a=,b=2", {"a": "", "b": 2}),
        ("a=true,b=FALSE,c=Null,d=nil", {"a": True, "b": False, "c": None, "d": "nil"}),
        (
            "a=0,b=00,c=01,d=-1,e=+1,f=1.0,g=1e3",
            {"a": 0, "b": "00", "c": "01", "d": -1, "e": 1, "f": "1.0", "g": "1e3"},
        ),
        ("a=9223372036854775807,b=9223372036854775808", {"a": 9223372036854775807, "b": "9223372036854775808"}),
        ("a.b.c=1,a.b.d=2", {"a": {"b": {"c": 1, "d": 2}}}),
        ("a={1,x,},b={}", {"a": [1, "x", ""], "b": [""]}),
        ("a={1},b=2", {"a": [1], "b": 2}),
        ("a[1]=x", {"a": [None, "x"]}),
        ("a[0].b=1,a[0].c=2,a[1].b=3", {"a": [{"b": 1, "c": 2}, {"b": 3}]}),
        ("a[0][1]=x", {"a": [[None, "x"]]}),
        ("a\\,b\\.c\\=d=x\\,y", {"a,b.c=d": "x,y"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x\\", {"a": "x"}),
        ("=x", {}),
        ("a.=x", {}),
    ],
)
def test_set(text: str, values: Any) -> None:
    if text == "a.=x":
        with pytest.raises(ValuesError, match='key map "a" has no value'):
            parsed(strvals.set_values, text)
        return
    assert parsed(strvals.set_values, text) == values


def test_integers_are_int64_as_in_helm() -> None:
    assert type(parsed(strvals.set_values, "a=5")["a"]) is Int64


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a", 'key "a" has no value'),
        ("a,b=1", "cannot end with ,"),
        ("a.b", 'key "b" has no value'),
        ("a={1,2", "must terminate with"),
        ("a[x]=1", "error parsing index"),
        ("a[=1", "error parsing index"),
        ("a[1x]=1", "error parsing index"),
        ("a[-1]=1", "negative -1"),
        ("a[65537]=1", "65536"),
        ("a[99999999999999999999]=1", "error parsing index"),
        ("a[0]x=1", "unexpected data at end of array index"),
        ("l.x=1", "is no mapping"),
        ("m[0]=1", "is no list"),
        ("l[0][0]=1", "is no list"),
        (".".join("a" * 33) + "=1", "maximum of 30"),
    ],
)
def test_what_cannot_be_set_is_explained(text: str, why: str) -> None:
    with pytest.raises(ValuesError, match=why):
        parsed(strvals.set_values, text, {"l": ["x"], "m": {"y": 1}})


def test_set_string_types_nothing() -> None:
    assert parsed(strvals.set_string, "a=1,b=true,c={1,null}") == {"a": "1", "b": "true", "c": ["1", "null"]}


def test_set_file_reads_each_name() -> None:
    values: dict[str, Any] = {}
    strvals.set_file("a=x,b.c=y", values, {"x": "X\n", "y": "Y"}.__getitem__)
    assert values == {"a": "X\n", "b": {"c": "Y"}}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('a={"b":[1,2.5,null]},c="x,y"', {"a": {"b": [1.0, 2.5, None]}, "c": "x,y"}),
        ("a=1 , b=2", {"a": 1.0, " b": 2.0}),
        ("a=,b=", {"a": None, "b": None}),
        ("a[1]=[1]", {"a": [None, [1.0]]}),
        ("a.b=true", {"a": {"b": True}}),
    ],
)
def test_set_json(text: str, values: Any) -> None:
    assert parsed(strvals.set_json, text) == values


@pytest.mark.parametrize("text", ["a=x", "a={", "a=NaN", "a=Infinity", "a='x'"])
def test_set_json_wants_json(text: str) -> None:
    with pytest.raises(ValuesError, match="not JSON"):
        parsed(strvals.set_json, text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1,b=2", {"a": "1,b=2"}),
        ("a.b[1].c={x}\\y", {"a": {"b": [None, {"c": "{x}\\y"}]}}),
        ("a,b=1", {"a,b": "1"}),
        ("a=", {"a": ""}),
    ],
)
def test_set_literal_keeps_everything_behind_the_first_equals_sign(text: str, values: Any) -> None:
    assert parsed(strvals.set_literal, text) == values


def test_flags_win_in_helms_order_not_in_the_order_given() -> None:
    options = ValueOptions(
        values_files=("f",), set_json=("a=1", "b=1"), set=("b=2", "c=2"), set_string=("c=3", "d=3"),
        set_file=("d=f", "e=f"), set_literal=("e=5",),
    )  # fmt: skip
    values = merge_options(options, lambda _name: b"a: 0\nz: 0\n")
    assert values == {"z": 0.0, "a": 1.0, "b": 2, "c": "3", "d": "a: 0\nz: 0\n", "e": "5"}


def test_the_flag_that_failed_is_named() -> None:
    with pytest.raises(ValuesError, match="failed parsing --set-string data"):
        merge_options(ValueOptions(set_string=("a",)), lambda _name: b"")
