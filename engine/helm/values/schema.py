"""values.schema.json: each chart's own values against its own schema, the root's first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from itertools import islice
from typing import Any, Final

import orjson

from engine.errors import Unsupported
from engine.helm.chart.model import Chart
from engine.helm.errors import ValuesError
from engine.helm.template.types import Int64
from engine.helm.values.coalesce import is_table

FILE: Final = "values.schema.json"
_LISTED: Final = 100
_WHOLE: Final = 2.0**63
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

    Unsupported when the validator is not installed or the schema wants to be completed from elsewhere: values that
    nobody checked must not pass for checked ones.
    """
    try:
        jsonschema_rs: Any = import_module("jsonschema_rs")
    except ImportError:
        raise Unsupported(
            f"chart {name} has a {FILE} and jsonschema-rs, which checks it, is not installed",
            fix="install jsonschema-rs, or skip the validation of schemas",
        ) from None
    try:
        document = orjson.loads(schema)
    except orjson.JSONDecodeError as error:
        return [f"- {FILE} is not JSON: {error}"]
    elsewhere = _Elsewhere()
    try:
        validator = jsonschema_rs.validator_for(
            document,
            mask="value",  # a value may be a secret
            base_uri=f"file:///{FILE}",
            retriever=elsewhere,
            keywords={"contentEncoding": _Told, "contentMediaType": _Told},
            pattern_options=jsonschema_rs.RegexOptions(),  # linear time, and Go's grammar
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        if elsewhere.asked:
            raise Unsupported(
                f"the {FILE} of chart {name} refers to {elsewhere.asked[-1]}, and a render fetches nothing",
                fix="put it into the schema's $defs, or skip the validation of schemas",
            ) from None
        return [f"- {FILE} cannot be used: {str(error).splitlines()[0]}"]
    return _listed(validator.iter_errors(_plain(values)))


def _listed(errors: Iterable[Any]) -> list[str]:
    """The first of them in order: a schema can find fault with every item of a long list."""
    found = sorted(
        f"- at '{''.join(f'/{part}' for part in error.instance_path)}': {error.message}"
        for error in islice(errors, _LISTED + 1)
    )
    return found if len(found) <= _LISTED else [*found[:_LISTED], "- and more"]


class _Elsewhere:
    """Is asked for every document that a schema refers to, and has none."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, uri: str) -> Any:
        """An unresolved urn: allows everything, as in Helm."""
        if uri.startswith("urn:"):
            return True
        self.asked.append(uri)
        raise ValueError(uri)


def _plain(value: Any) -> Any:
    """The values as the validator takes them: draft 4 wants a whole number without a fraction, and Go writes it so."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    whole = isinstance(value, Int64) or (isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE)
    return int(value) if whole else value


class _Told:
    """A keyword that asserts nothing, as in Helm's validator."""

    def __init__(self, _parent: Any, _value: Any, _path: Any) -> None: ...

    def validate(self, _instance: Any) -> None:
        """Everything is right."""
