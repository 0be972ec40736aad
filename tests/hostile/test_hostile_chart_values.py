"""Values and schemas that mean harm: each ends within bounds, in a sentence that does not repeat it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from engine.errors import EngineError, LimitExceeded, Malformed, Unsupported
from engine.helm.chart.metadata import Metadata
from engine.helm.chart.model import Chart
from engine.helm.errors import ValuesError
from engine.helm.values.files import load_values
from engine.helm.values.options import ValueOptions, merge_options
from engine.helm.values.schema import check, validate

SECONDS = 20.0
LONGEST = 400
"""Characters that an error may have."""


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Time is bounded."""
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS


def merge(**options: str) -> dict[str, Any]:
    def read(_name: str) -> bytes:
        raise AssertionError("nothing is read")

    return merge_options(ValueOptions(**{name: (text,) for name, text in options.items()}), read)


@pytest.mark.parametrize(
    ("flag", "text", "error"),
    [
        ("set", "a[999999999]=1", ValuesError),
        ("set", f"a[{'9' * 100_000}]=1", ValuesError),
        ("set", "a[-1]=1", ValuesError),
        ("set", "a" + "[65536]" * 300 + "=1", LimitExceeded),
        ("set", "a" + "[0]" * 100_000 + "=1", LimitExceeded),
        ("set", "a" + "[0].b" * 100_000 + "=1", LimitExceeded),
        ("set", ".".join("a" * 100_000) + "=1", ValuesError),
        ("set", ",".join(f"a{at}[65536]=1" for at in range(20_000)), LimitExceeded),
        ("set", "a={" * 100_000, ValuesError),
        ("set_string", "a[65537]=1", ValuesError),
        ("set_literal", "a" + "[0]" * 100_000 + "=1", LimitExceeded),
        ("set_json", "a=" + "[" * 100_000, LimitExceeded),
        ("set_json", "a=" + "[" * 900 + "]" * 900, LimitExceeded),
        ("set_json", '{"a":' * 500 + "1" + "}" * 500, LimitExceeded),
        ("set_json", "a=" + "9" * 100_000, ValuesError),
        ("set_json", "a=1e999", ValuesError),
        ("set_json", "a=NaN", ValuesError),
        ("set_json", '{"a":1}{"b":2}', ValuesError),
    ],
)
def test_flags_are_bounded(flag: str, text: str, error: type[EngineError]) -> None:
    with pytest.raises(error) as raised:
        merge(**{flag: text})
    assert len(str(raised.value)) < LONGEST


def test_a_list_that_is_filled_from_its_end_is_filled_in_place() -> None:
    text = ",".join(f"a[{at}]=1" for at in range(20_000, 0, -1))
    assert merge(set=text)["a"] == [None] + [1] * 20_000


def tens(depth: int) -> str:
    names = [f"n{at}" for at in range(depth)]
    return "n0: &n0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in pairwise(names)
    )


@pytest.mark.parametrize(
    "text",
    [
        tens(10),
        "a: &a {b: 1}\nc: {" + ",".join(f"k{at}: {{<<: *a}}" for at in range(20_000)) + "}",
        "a: " + "[" * 100_000,
        "a: " + "{a: " * 1_000 + "}" * 1_000,
        "\n".join(" " * at + "a:" for at in range(1_000)),
        "a: &a [*a]",
        "- a\n" * 10,
        "a: 1\n" * 2 + "\t",
    ],
)
def test_values_files_are_bounded(text: str) -> None:
    with pytest.raises((LimitExceeded, Malformed)) as raised:
        load_values(text)
    assert len(str(raised.value)) < LONGEST


# --- schemas ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "https://example.com/schema.json",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "/etc/passwd",
        "../../other.json",
        "other.json",
        "ftp://example.com/x",
        "//example.com/x",
    ],
)
def test_what_lies_elsewhere_is_not_fetched_but_named(uri: str) -> None:
    pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed, so schemas were not checked")
    for schema in ({"properties": {"a": {"$ref": uri}}}, {"$schema": uri}):
        with pytest.raises(Unsupported, match=r"chart x refers to .*, and a render fetches nothing"):
            check("x", json.dumps(schema).encode(), {"a": 1})


@pytest.mark.parametrize(
    ("schema", "valid"),
    [
        ({"$ref": "#"}, True),
        ({"allOf": [{"$ref": "#"}]}, True),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, True),
        ({"$ref": "urn:example:any"}, True),
        ({"properties": {"a": {"pattern": "(a+)+$"}}}, False),
        ({"properties": {"a": {"pattern": "((a{1000}){1000}){1000}"}}}, False),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, False),
        ({"patternProperties": {"^(\\p{L}{500}){200}$": {}}}, False),
        ({"type": "unheard"}, False),
    ],
)
def test_schemas_end(schema: dict[str, Any], *, valid: bool) -> None:
    pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed, so schemas were not checked")
    found = check("x", json.dumps(schema).encode(), {"a": "a" * 50_000 + "b"})
    assert (not found) is valid
    assert all(len(line) < LONGEST for line in found)


@pytest.mark.parametrize("key", ["not", "items", "additionalProperties"])
def test_deep_schemas_end(key: str) -> None:
    pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed, so schemas were not checked")
    deep = f'{{"{key}":' * 5_000 + "{}" + "}" * 5_000
    (found,) = check("x", deep.encode(), {})
    assert "values.schema.json" in found
    assert len(found) < LONGEST


def test_only_the_first_of_many_violations_are_listed_and_none_repeats_a_value() -> None:
    pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed, so schemas were not checked")
    schema = b'{"properties": {"a": {"items": {"type": "string"}}}}'
    chart = Chart(Metadata("x"), schema=schema)
    with pytest.raises(ValuesError) as raised:
        validate(chart, {"a": [31337.0] * 100_000})
    lines = str(raised.value).splitlines()
    assert len(lines) == 103
    assert lines[-1] == "- and more"
    assert "31337" not in str(raised.value)
