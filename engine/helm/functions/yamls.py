# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""YAML as sigs.k8s.io/yaml writes and reads it; toYamlPretty as go-yaml v3 writes it."""

from __future__ import annotations

import re
from typing import Any, Final

from yaml.error import MarkedYAMLError
from yaml.scanner import ScannerError

from engine import yaml
from engine.errors import EngineError
from engine.helm.functions.jsonread import mismatch
from engine.helm.functions.jsons import NotJSON, plain
from engine.helm.functions.yaml_pretty import pretty
from engine.helm.template.errors import CallError
from engine.helm.template.signature import go
from engine.yaml.resolve import Scalar, plain_v2

_ANCHOR: Final = re.compile("the anchor (.*) is unknown or contains itself")
_INTEGER: Final = re.compile("-(?:0[xXbBoO])?[0_]+")
_INFINITE: Final = re.compile(r"([+-]?)\.(inf|nan) is not a JSON number", re.IGNORECASE)


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
    return floats(yaml.load_first(text, plain=_plain))


def _plain(text: str) -> Scalar:
    """A plain scalar; JSON, which the numbers go through, knows a zero below zero."""
    value = plain_v2(text)
    return -0.0 if value == 0 and text[:1] == "-" and value.__class__ is int and not _INTEGER.fullmatch(text) else value


def _complaint(problem: EngineError) -> str:
    """What go-yaml says where our reader found a problem; lines are named from the second on."""
    words, line = problem.message, 0
    if isinstance(problem, yaml.YAMLError):
        cause = problem.__cause__
        words, line = problem.problem, problem.line
        if isinstance(cause, MarkedYAMLError):
            words = cause.problem or "unknown problem parsing YAML content"
            mark = cause.problem_mark
            line = mark.line + isinstance(cause, ScannerError) if mark and mark.line else 0
            if not line and cause.context_mark:
                line = cause.context_mark.line
        elif _ANCHOR.fullmatch(words):
            words, line = _ANCHOR.sub(r"unknown anchor '\1' referenced", words), 0
        elif _INFINITE.fullmatch(words):
            return _INFINITE.sub(_infinite, words)
    return f"yaml: line {line}: {words}" if line else f"yaml: {words}"


def _infinite(match: re.Match[str]) -> str:
    value = "NaN" if match[2].lower() == "nan" else f"{match[1] or '+'}Inf"
    return f"json: unsupported value: {value}"


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
    value, problem = _read(text, dict)
    return {"Error": problem} if problem else value or {}


@go("string -> list")
def from_yaml_array(text: str) -> list[Any]:
    value, problem = _read(text, list)
    return [problem] if problem else value or []


def _read(text: str, wanted: type) -> tuple[Any, str]:
    """A document and Go's complaint about it, or ""."""
    try:
        value = loads(text)
    except EngineError as problem:
        return None, f"error converting YAML to JSON: {_complaint(problem)}"
    wrong = mismatch(value, wanted)
    return value, f"error unmarshaling JSON: while decoding JSON: {wrong}" if wrong else ""


FUNCTIONS: Final = {
    "toYaml": to_yaml, "mustToYaml": must_to_yaml, "toYamlPretty": to_yaml_pretty, "fromYaml": from_yaml,
    "fromYamlArray": from_yaml_array,
}  # fmt: skip
