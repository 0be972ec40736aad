# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""YAML as sigs.k8s.io/yaml writes and reads it; toYamlPretty as go-yaml v3 writes it."""

from __future__ import annotations

from typing import Any, Final

from engine import yaml
from engine.errors import EngineError
from engine.helm.functions.jsons import NotJSON, expected, plain
from engine.helm.functions.yaml_pretty import pretty
from engine.helm.template.errors import CallError
from engine.helm.template.signature import go
from engine.helm.template.types import NilDict, NilList


def _sound(value: Any) -> Any:
    """Bytes that are no UTF-8 become U+FFFD on the way through JSON."""
    if value.__class__ is str:
        if value.isascii():
            return value
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value)
    if value.__class__ is dict:
        return {_sound(key): _sound(item) for key, item in value.items()}
    if value.__class__ is list:
        return [_sound(item) for item in value]
    return value


def dumps(value: Any) -> str:
    """yaml.Marshal without the last newline; NotJSON for infinities and cycles."""
    return yaml.dump(_sound(plain(value)), profile=yaml.Profile.V2).removesuffix("\n")


def floats(value: Any) -> Any:
    """JSON's numbers as Go reads them into an interface: all are float64."""
    cls = value.__class__
    if cls is int:
        return float(value)
    if cls is dict:
        return {key: floats(item) for key, item in value.items()}
    if cls is list:
        return [floats(item) for item in value]
    return value


def loads(text: str) -> Any:
    """The first document, with float64 numbers."""
    documents = yaml.load_all(text, profile=yaml.Profile.V2, unique_keys=False)
    return floats(documents[0]) if documents else None


@go("any -> string")
def to_yaml(value: Any) -> str:
    try:
        return dumps(value)
    except NotJSON:
        return ""


@go("any -> string")
def must_to_yaml(value: Any) -> str:
    try:
        return dumps(value)
    except NotJSON as problem:
        raise CallError(f"error marshaling into JSON: {problem}") from problem


@go("any -> string")
def to_yaml_pretty(value: Any) -> str:
    return pretty(value)


@go("string -> map")
def from_yaml(text: str) -> dict[str, Any]:
    try:
        value = loads(text)
    except EngineError as problem:
        return {"Error": f"error converting YAML to JSON: yaml: {problem.message}"}
    wrong = expected(value, dict)
    if wrong:
        return {"Error": f"error unmarshaling JSON: while decoding JSON: {wrong}"}
    return NilDict() if value is None else value


@go("string -> list")
def from_yaml_array(text: str) -> list[Any]:
    try:
        value = loads(text)
    except EngineError as problem:
        return [f"error converting YAML to JSON: yaml: {problem.message}"]
    wrong = expected(value, list)
    if wrong:
        return [f"error unmarshaling JSON: while decoding JSON: {wrong}"]
    return NilList() if value is None else value


FUNCTIONS: Final = {
    "toYaml": to_yaml, "mustToYaml": must_to_yaml, "toYamlPretty": to_yaml_pretty, "fromYaml": from_yaml,
    "fromYamlArray": from_yaml_array,
}  # fmt: skip
