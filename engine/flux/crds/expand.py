"""From `definitions.yaml` to CustomResourceDefinition objects.

The file's head says how a schema is written. A value is one of
- a text: a base type or a name under `types`, then words (`enum=a,b len=1..9 range=0.. pattern=… default=…`),
- a list: one item's schema, and keywords of the list itself,
- a mapping: fields (`name*` is required), `*` for the values of a map, `~` for the object's own keywords.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

from engine.errors import Malformed
from engine.flux.kinds import KINDS, FluxKind

Schema = dict[str, Any]

_BASES: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "int64": {"type": "integer", "format": "int64"},
    "time": {"type": "string", "format": "date-time"},
    "duration": {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"},
    "shortDuration": {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$"},
    "digest": {"type": "string", "pattern": r"^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$"},
}
_READY = '.status.conditions[?(@.type=="Ready")]'
_COLUMNS: Mapping[str, dict[str, Any]] = {
    "Age": {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    "Ready": {"name": "Ready", "type": "string", "jsonPath": f"{_READY}.status"},
    "Status": {"name": "Status", "type": "string", "jsonPath": f"{_READY}.message"},
}


def definitions() -> list[dict[str, Any]]:
    """All fifteen definitions, in the order of the registry; each call gives objects of its own."""
    return [definition(entry) for entry in KINDS]


def definition(entry: FluxKind) -> dict[str, Any]:
    """The CustomResourceDefinition of one kind."""
    return copy.deepcopy(_definition(entry))


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("definitions.yaml").read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return data


@cache
def _definition(entry: FluxKind) -> dict[str, Any]:
    data = _data()
    compact: dict[str, Any] = data["kinds"][entry.kind]
    expander = _Expander(data["types"], entry.kind)
    names: dict[str, Any] = {
        "kind": entry.kind,
        "listKind": f"{entry.kind}List",
        "plural": entry.plural,
        "singular": entry.kind.lower(),
        "categories": ["all", "fluxcd", f"fluxcd-{entry.category}s"],
    }
    if entry.short_names:
        names["shortNames"] = list(entry.short_names)
    root = {"apiVersion": "str", "kind": "str", **{k: v for k, v in compact.items() if k != "columns"}}
    schema = expander.schema(root)
    schema["properties"]["metadata"] = {"type": "object"}
    version = {
        "name": entry.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {} if entry.static else {"status": {}},
        "additionalPrinterColumns": [_column(text) for text in compact["columns"]],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": entry.resource, "labels": {"app.kubernetes.io/part-of": "flux"}},
        "spec": {"group": entry.group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _column(text: str) -> dict[str, Any]:
    """`Name=.json.path` or `Name=.json.path wide`, or the name of a column that many kinds have."""
    if text in _COLUMNS:
        return dict(_COLUMNS[text])
    name, _, path = text.partition("=")
    column: dict[str, Any] = {"name": name, "type": "string", "jsonPath": path.removesuffix(" wide")}
    return {**column, "priority": 1} if path.endswith(" wide") else column


class _Expander:
    """Expands one kind's values; `name` is for messages."""

    def __init__(self, types: Mapping[str, Any], name: str) -> None:
        self._types = types
        self._name = name

    def schema(self, value: Any) -> Schema:
        """The full schema of a compact value."""
        if isinstance(value, str):
            return self._scalar(value)
        if isinstance(value, list):
            item, *keywords = value
            return {"type": "array", "items": self.schema(item), **(keywords[0] if keywords else {})}
        return self._object(value)

    def _object(self, value: Mapping[str, Any]) -> Schema:
        own = dict(value.get("~") or {})
        rules = own.pop("rules", {})
        if rules:
            own["x-kubernetes-validations"] = [
                {"message": message, "rule": rule}
                for message, texts in rules.items()
                for rule in ([texts] if isinstance(texts, str) else texts)
            ]
        fields = {name: child for name, child in value.items() if name != "~"}
        if "*" in fields:
            return {"type": "object", "additionalProperties": self.schema(fields["*"]), **own}
        if not fields:
            return own
        schema: Schema = {
            "type": "object",
            "properties": {name.removesuffix("*"): self.schema(child) for name, child in fields.items()},
        }
        required = [name.removesuffix("*") for name in fields if name.endswith("*")]
        return {**schema, **({"required": required} if required else {}), **own}

    def _scalar(self, text: str) -> Schema:
        base, *words = text.split(" ")
        if base in self._types:
            schema = self.schema(self._types[base])
        elif base in _BASES:
            schema = dict(_BASES[base])
        else:
            raise Malformed(f"definitions.yaml: {self._name} has the unknown type {base!r}")
        for word in words:
            keyword, _, argument = word.partition("=")
            if keyword not in _WORDS:
                raise Malformed(f"definitions.yaml: {self._name} has the unknown word {keyword!r} in {text!r}")
            schema.update(_WORDS[keyword](argument, schema))
        return schema


def _bounds(low: str, high: str) -> Callable[[str, Schema], Schema]:
    """`1..9`, `1..` or `..9` as the two keywords."""

    def read(argument: str, schema: Schema) -> Schema:
        least, _, most = argument.partition("..")
        return {**({low: int(least)} if least else {}), **({high: int(most)} if most else {})}

    return read


_WORDS: Mapping[str, Callable[[str, Schema], Schema]] = {
    "enum": lambda argument, schema: {"enum": argument.split(",")},
    "len": _bounds("minLength", "maxLength"),
    "range": _bounds("minimum", "maximum"),
    "pattern": lambda argument, schema: {"pattern": argument},
    "default": lambda argument, schema: {"default": argument if schema["type"] == "string" else json.loads(argument)},
}
