# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""JSON as Go's encoding/json writes and reads it."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from engine.helm.template.errors import CallError
from engine.helm.template.floats import format_float
from engine.helm.template.quote import quote
from engine.helm.template.signature import go
from engine.helm.template.types import NilDict, NilList, go_type, is_nil

_MAX_DEPTH: Final = 500
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


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON knows it: named types, structs, bytes and nils of a type resolved; NotJSON for infinities."""
    cls = value.__class__
    if cls in (str, int, bool) or value is None:
        return value
    if depth > _MAX_DEPTH:
        raise NotJSON(f"json: unsupported value: encountered a cycle via {go_type(value)}")
    if cls is float:
        if not math.isfinite(value):
            raise NotJSON(f"json: unsupported value: {format_float(value, 'g', -1)}")
        return value
    if isinstance(value, (NilDict, NilList)) or is_nil(value):
        return None
    if isinstance(value, Mapping):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    own = getattr(value, "go_json", None)
    if own is not None:
        return own()
    if isinstance(value, (int, str)):
        return value
    fields: Mapping[str, str] = getattr(value, "go_fields", {})
    return Fields((name, plain(getattr(value, attribute), depth + 1)) for name, attribute in fields.items())


def dumps(value: Any, *, html: bool = True) -> str:
    """Compact JSON with sorted keys; `html` escapes <, > and &."""
    out: list[str] = []
    _write(plain(value), out, html=html)
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


def _refuse(word: str) -> Any:
    raise ValueError(f"invalid character {quote(word[0]).replace(chr(34), chr(39))} looking for beginning of value")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return number


def loads(text: str) -> Any:
    """json.Unmarshal into an interface: every number is a float64; ValueError in Go's words."""
    if not text.strip(" \t\r\n"):
        raise ValueError("unexpected end of JSON input")
    try:
        return json.loads(_sound(text), parse_int=_finite, parse_float=_finite, parse_constant=_refuse)
    except json.JSONDecodeError as problem:
        raise ValueError(_words(text, problem)) from problem
    except RecursionError as problem:
        raise ValueError("exceeded max depth") from problem


def _sound(text: str) -> str:
    """Bytes that are no UTF-8 read as U+FFFD."""
    if text.isascii():
        return text
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


_CONTEXTS: Final = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after array element",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}


def _words(text: str, problem: json.JSONDecodeError) -> str:
    message = problem.msg.split(":")[0] if problem.msg.startswith("Invalid \\escape") else problem.msg
    context = _CONTEXTS.get(message)
    place = problem.pos
    if context is None or message.startswith("Illegal trailing"):
        place += 1
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    if context is None or place >= len(text):
        return "unexpected end of JSON input"
    if message == "Expecting ',' delimiter" and _in_object(text[: problem.pos]):
        context = "after object key:value pair"
    char = text[place]
    shown = "'\\''" if char == "'" else "'\"'" if char == '"' else f"'{quote(char)[1:-1]}'"
    return f"invalid character {shown} {context}"


def _in_object(text: str) -> bool:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    depth = 0
    for char in reversed(bare):
        if char in "}]":
            depth += 1
        elif char in "{[":
            if depth == 0:
                return char == "{"
            depth -= 1
    return False


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


#: How JSON's kinds are called in Go's complaint about a wrong one.
_KINDS: Final = {dict: "object", list: "array", str: "string", bool: "bool", float: "number"}


def expected(value: Any, wanted: type) -> str:
    """Go's complaint when a document is no map or no list, or ""."""
    if value is None or isinstance(value, wanted):
        return ""
    kind = _KINDS.get(value.__class__, "number")
    target = "map[string]interface {}" if wanted is dict else "[]interface {}"
    return f"json: cannot unmarshal {kind} into Go value of type {target}"


@go("string -> map")
def from_json(text: str) -> dict[str, Any]:
    try:
        value = loads(text)
    except ValueError as problem:
        return {"Error": str(problem)}
    wrong = expected(value, dict)
    return {"Error": wrong} if wrong else NilDict() if value is None else value


@go("string -> list")
def from_json_array(text: str) -> list[Any]:
    try:
        value = loads(text)
    except ValueError as problem:
        return [str(problem)]
    wrong = expected(value, list)
    return [wrong] if wrong else NilList() if value is None else value


@go("string -> any")
def must_from_json(text: str) -> Any:
    try:
        return loads(text)
    except ValueError as problem:
        raise CallError(str(problem)) from problem


FUNCTIONS: Final = {
    "toJson": to_json, "mustToJson": must_to_json, "toPrettyJson": to_pretty_json,
    "mustToPrettyJson": must_to_pretty_json, "toRawJson": to_raw_json, "mustToRawJson": to_raw_json,
    "fromJson": from_json, "fromJsonArray": from_json_array, "mustFromJson": must_from_json,
}  # fmt: skip
