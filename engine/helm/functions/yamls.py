# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""YAML as sigs.k8s.io/yaml writes and reads it; toYamlPretty as go-yaml v3 writes it."""

from __future__ import annotations

import re
from typing import Any, Final

from yaml.error import MarkedYAMLError
from yaml.scanner import ScannerError

from engine import yaml
from engine.errors import EngineError
from engine.helm.functions import jsons
from engine.helm.functions.jsonread import mismatch
from engine.helm.functions.jsons import NotJSON, plain
from engine.helm.functions.yaml_pretty import pretty
from engine.helm.template.errors import CallError
from engine.helm.template.signature import go
from engine.helm.values.files import as_json_has_it, numbers_as_floats

#: What our reader says → what go-yaml says, without a line.
_WORDS: Final = (
    (re.compile("the anchor (.*) is unknown or contains itself"), r"unknown anchor '\1' referenced"),
    (re.compile("<< takes .*"), "map merge requires map or sequence of maps as the value"),
    (re.compile("unacceptable character .*: "), ""),
)
#: Characters that JSON leaves as they are and YAML refuses, or takes for a line break.
_UNREAD: Final = re.compile("[\x7f-\x9f\ufffe\uffff]")
#: YAML looks for the colon of a key no further than 1024 characters; JSON needs up to six for one.
_LONGEST_KEY: Final = 160
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_INFINITE: Final = re.compile(r"([+-]?)\.(inf|nan) is not a JSON number", re.IGNORECASE)


def dumps(value: Any) -> str:
    """yaml.Marshal without the last newline; NotJSON for infinities, cycles, and texts that YAML does not read."""
    resolved = plain(value)
    try:
        sound = _sound(resolved)
    except _Unread:
        # The library goes by way of JSON, which it reads as YAML: what that makes of such texts is in the result.
        sound = _reread(resolved)
    return yaml.dump(sound, profile=yaml.Profile.V2).removesuffix("\n")


class _Unread(Exception):
    """A text that does not come back from JSON as it was."""


def _reread(resolved: Any) -> Any:
    try:
        return yaml.load_first(jsons.write(resolved))
    except EngineError as problem:
        raise NotJSON(_complaint(problem)) from problem


def _sound(value: Any) -> Any:
    """Bytes that are no UTF-8 become U+FFFD on the way through JSON."""
    if value.__class__ is str:
        if value.isascii():
            if "\x7f" in value:
                raise _Unread
            return value
        if _UNREAD.search(value):
            raise _Unread
        return _SURROGATE.sub("\ufffd", value)
    if value.__class__ is dict:
        if any(len(key) > _LONGEST_KEY for key in value):
            raise _Unread
        return {_sound(key): _sound(item) for key, item in value.items()}
    if value.__class__ is list:
        return [_sound(item) for item in value]
    return value


def loads(text: str) -> Any:
    """The first document, with float64 numbers."""
    return numbers_as_floats(yaml.load_first(text, plain=as_json_has_it))


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
        elif _INFINITE.fullmatch(words):
            return _INFINITE.sub(_infinite, words)
        else:
            for ours, theirs in _WORDS:
                if ours.match(words):
                    words, line = ours.sub(theirs, words), 0
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
        where = "" if str(problem).startswith("yaml: ") else "error marshaling into JSON: "
        raise CallError(f"{where}{problem}") from problem


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
