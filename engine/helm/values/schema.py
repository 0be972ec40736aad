"""values.schema.json: each chart's own values against its own schema, the root's first."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import orjson

from engine.errors import Unsupported
from engine.helm.chart.model import Chart
from engine.helm.errors import ValuesError
from engine.helm.template.types import Int64
from engine.helm.values.coalesce import is_table

_HEAD: Final = "values don't meet the specifications of the schema(s) in the following chart(s):"


def validate(chart: Chart, values: Mapping[str, Any]) -> None:
    """Check coalesced values; ValuesError lists every violation under its chart's name, without the values."""
    problems = _problems(chart, values)
    if problems:
        raise ValuesError("\n".join((_HEAD, *problems)))


def _problems(chart: Chart, values: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    if chart.schema is not None:
        violations = check(chart.name, chart.schema, values)
        if violations:
            found += [f"{chart.name}:", *violations]
    for child in chart.dependencies:
        own = values.get(child.name)
        if own is None:
            continue
        if is_table(own):
            found += _problems(child, own)
        else:
            found += [f"{child.name}:", "invalid type for values: expected object (map)"]
    return found


def check(name: str, schema: bytes, values: Mapping[str, Any]) -> list[str]:
    """The violations of one schema, one line each: where, and what is wrong.

    Unsupported when the validator is not installed: values that nobody checked must not pass for checked ones.
    """
    try:
        jsonschema_rs: Any = import_module("jsonschema_rs")
    except ImportError:
        raise Unsupported(
            f"chart {name} has a values.schema.json and jsonschema-rs, which checks it, is not installed",
            fix="install jsonschema-rs, or skip the validation of schemas",
        ) from None
    try:
        document = orjson.loads(schema)
    except orjson.JSONDecodeError as error:
        return [f"- values.schema.json is not JSON: {error}"]
    try:
        validator = jsonschema_rs.validator_for(
            document,
            mask="value",  # a value may be a secret
            retriever=_nothing_remote,
            pattern_options=jsonschema_rs.RegexOptions(),  # linear time, and Go's grammar
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return [f"- values.schema.json cannot be used: {str(error).splitlines()[0]}"]
    return sorted(
        f"- at '{''.join(f'/{part}' for part in error.instance_path)}': {error.message}"
        for error in validator.iter_errors(_plain(values))
    )


def _nothing_remote(uri: str) -> Any:
    """A render asks nobody; an unresolved urn: allows everything, as in Helm."""
    if uri.startswith("urn:"):
        return True
    raise ValueError(f"the schema refers to {uri}, which is not fetched; put it into the schema's $defs")


def _plain(value: Any) -> Any:
    """The values as the validator takes them: integral floats are integers for JSON Schema anyhow."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, Int64) else value
