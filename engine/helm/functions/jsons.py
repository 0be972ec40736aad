# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""JSON as Go's encoding/json writes and reads it."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.helm.functions.convert import MAX_DEPTH, Nodes, holds_itself
from engine.helm.functions.jsonread import BadJSON, loads, mismatch
from engine.helm.template.errors import CallError, TemplateLimit
from engine.helm.template.floats import format_float
from engine.helm.template.signature import go
from engine.helm.template.types import NilDict, NilList, go_type, is_nil

_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
    "\u2028": "\\u2028", "\u2029": "\\u2029",
}  # fmt: skip
_RAW: Final = re.compile('["\\\\\x00-\x1f\u2028\u2029\ud800-\udfff]')
_HTML: Final = re.compile('["\\\\\x00-\x1f\u2028\u2029\ud800-\udfff<>&]')


class NotJSON(ValueError):
    """A value that JSON has no words for; the sentence is Go's."""


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    known = _ESCAPES.get(char)
    if known is not None:
        return known
    return "\\ufffd" if "\ud800" <= char <= "\udfff" else f"\\u{ord(char):04x}"


def _text(text: str, *, html: bool) -> str:
    return f'"{(_HTML if html else _RAW).sub(_escape, text)}"'


def number_text(value: float) -> str:
    """A float64 as encoding/json prints it."""
    if not math.isfinite(value):
        raise NotJSON(f"json: unsupported value: {format_float(value, 'g', -1)}")
    size = abs(value)
    if size and (size < 1e-6 or size >= 1e21):
        text = format_float(value, "e", -1)
        return text[:-2] + text[-1] if text[-4:-1] == "e-0" else text
    if value.is_integer() and size < 1e15:
        return "-0" if value == 0 and math.copysign(1.0, value) < 0 else str(int(value))
    return format_float(value, "f", -1)


class Fields(dict[str, Any]):
    """A struct as JSON: its fields stay in their order."""

    __slots__ = ()


def plain(value: Any) -> Any:
    """A value as JSON knows it: named types, structs, bytes and nils of a type resolved.

    NotJSON for infinities and for what holds itself; TemplateLimit for what is nested too deeply.
    """
    return _plain(value, 0, Nodes())


def _plain(value: Any, depth: int, nodes: Nodes) -> Any:
    cls = value.__class__
    if cls in (str, int, bool) or value is None:
        return value
    if depth > MAX_DEPTH:
        if holds_itself(value):
            raise NotJSON(f"json: unsupported value: encountered a cycle via {go_type(value)}")
        raise TemplateLimit(f"a value is nested deeper than {MAX_DEPTH} levels")
    if cls is float:
        if not math.isfinite(value):
            raise NotJSON(f"json: unsupported value: {format_float(value, 'g', -1)}")
        return value
    if isinstance(value, (NilDict, NilList)) or is_nil(value):
        return None
    if isinstance(value, Mapping):
        nodes.take(len(value))
        return {key: _plain(item, depth + 1, nodes) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        nodes.take(len(value))
        return [_plain(item, depth + 1, nodes) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    own = getattr(value, "go_json", None)
    if own is not None:
        return _own(value, own)
    if isinstance(value, (int, str)):
        return value
    fields: Mapping[str, str] = getattr(value, "go_fields", {})
    return Fields((name, _plain(getattr(value, attribute), depth + 1, nodes)) for name, attribute in fields.items())


def _own(value: Any, method: Callable[[], Any]) -> Any:
    try:
        return method()
    except ValueError as problem:
        raise NotJSON(f"json: error calling MarshalJSON for type {go_type(value)}: {problem}") from problem


def dumps(value: Any, *, html: bool = True) -> str:
    """Compact JSON with sorted keys; `html` escapes <, > and &."""
    return write(plain(value), html=html)


def write(resolved: Any, *, html: bool = True) -> str:
    """The same of a value that `plain` has resolved."""
    out: list[str] = []
    _write(resolved, out, html=html)
    return "".join(out)


def _write(value: Any, out: list[str], *, html: bool) -> None:
    if isinstance(value, str):
        out.append(_text(value, html=html))
    elif value is None:
        out.append("null")
    elif isinstance(value, bool):
        out.append("true" if value else "false")
    elif isinstance(value, int):
        out.append(str(int(value)))
    elif isinstance(value, float):
        out.append(number_text(value))
    elif isinstance(value, dict):
        mark = "{"
        for key in value if isinstance(value, Fields) else sorted(value):
            out += (mark, _text(key, html=html), ":")
            _write(value[key], out, html=html)
            mark = ","
        out.append("{}" if mark == "{" else "}")
    else:
        mark = "["
        for item in value:
            out.append(mark)
            _write(item, out, html=html)
            mark = ","
        out.append("[]" if mark == "[" else "]")


def pretty(value: Any) -> str:
    """json.MarshalIndent with two spaces."""
    out: list[str] = []
    _indented(plain(value), "\n", out)
    return "".join(out)


def _indented(value: Any, newline: str, out: list[str]) -> None:
    if not isinstance(value, (dict, list)) or not value:
        _write(value, out, html=True)
        return
    deeper = newline + "  "
    is_map = isinstance(value, dict)
    mark = "{" if is_map else "["
    for item in sorted(value) if is_map else value:
        out += (mark, deeper)
        if is_map:
            out.append(_text(item, html=True) + ": ")
        _indented(value[item] if is_map else item, deeper, out)
        mark = ","
    out += (newline, "}" if is_map else "]")


@go("any -> string")
def to_json(value: Any) -> str:
    try:
        return dumps(value)
    except NotJSON:
        return ""


@go("any -> string")
def must_to_json(value: Any) -> str:
    try:
        return dumps(value)
    except NotJSON as problem:
        raise CallError(str(problem)) from problem


@go("any -> string")
def to_pretty_json(value: Any) -> str:
    try:
        return pretty(value)
    except NotJSON:
        return ""


@go("any -> string")
def must_to_pretty_json(value: Any) -> str:
    try:
        return pretty(value)
    except NotJSON as problem:
        raise CallError(str(problem)) from problem


@go("any -> string")
def to_raw_json(value: Any) -> str:
    try:
        return dumps(value, html=False)
    except NotJSON as problem:
        raise CallError(str(problem)) from problem


@go("string -> map")
def from_json(text: str) -> dict[str, Any]:
    value, problem = _read(text, dict)
    if not problem:
        return NilDict() if value is None else value
    return {**value, "Error": problem} if isinstance(value, dict) else {"Error": problem}


@go("string -> list")
def from_json_array(text: str) -> list[Any]:
    value, problem = _read(text, list)
    if problem:
        return [problem]
    return NilList() if value is None else value


def _read(text: str, wanted: type) -> tuple[Any, str]:
    """A document and Go's complaint about it, or ""."""
    try:
        value = loads(text)
    except BadJSON as problem:
        return problem.value, mismatch(problem.value, wanted) or str(problem)
    return value, mismatch(value, wanted)


@go("string -> any")
def must_from_json(text: str) -> Any:
    try:
        return loads(text)
    except BadJSON as problem:
        raise CallError(str(problem)) from problem


FUNCTIONS: Final = {
    "toJson": to_json, "mustToJson": must_to_json, "toPrettyJson": to_pretty_json,
    "mustToPrettyJson": must_to_pretty_json, "toRawJson": to_raw_json, "mustToRawJson": to_raw_json,
    "fromJson": from_json, "fromJsonArray": from_json_array, "mustFromJson": must_from_json,
}  # fmt: skip
