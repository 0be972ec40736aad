"""Request bodies: JSON or YAML bytes to values, within bounds, with the fields that came twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson

from engine import yaml
from engine.embedded import status
from engine.embedded.negotiate import JSON, PROTOBUF, SERVED, YAML
from engine.errors import EngineError

#: As much as etcd takes in one request, and the real server in one body.
MAX_BODY = 3 * 1024 * 1024
MAX_DEPTH = 200

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_YAML = "application/apply-patch+yaml"

_USE_APPLY = "this server reads no protobuf bodies: use kubectl apply"


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body; `duplicates` are the paths of keys that came more than once (the last one counts)."""

    value: Any
    duplicates: tuple[str, ...] = ()


def media_type(content_type: str) -> str:
    """Without parameters, in lower case."""
    return content_type.split(";", 1)[0].strip().lower()


def decode_object(raw: bytes, content_type: str, *, kind: str) -> Body:
    """An object in a create or update; `kind` is what it must be, for the message."""
    media = media_type(content_type) or JSON
    if media == JSON:
        return _json(raw, kind)
    if media in (YAML, "application/x-yaml"):
        return decode_yaml(raw)
    if media == PROTOBUF:
        raise status.unsupported_body((JSON, YAML), _USE_APPLY)
    raise status.unsupported_body(SERVED)


def decode_json(raw: bytes) -> Any:
    """A patch, or DeleteOptions."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise status.bad_request(f"error decoding patch: {error}") from None
    return _bounded(value)


def decode_yaml(raw: bytes) -> Body:
    """An applied configuration; JSON, which most clients send, takes the fast way."""
    if raw[:1] == b"{":
        try:
            return Body(_bounded(orjson.loads(raw)), _duplicates(raw))
        except orjson.JSONDecodeError:
            pass  # flow-style YAML starts with a brace too
    try:
        value = yaml.load(raw, profile=yaml.Profile.V2, name="the request body")
    except EngineError as error:
        raise status.bad_request(f"error decoding YAML: {error.message}") from error
    return Body(_bounded(value))


def _json(raw: bytes, kind: str) -> Body:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        message = _json_error(raw)
        shown = raw[:1024].decode(errors="replace")
        raise status.bad_request(
            f"the object provided is unrecognized (must be of type {kind}): "
            f"couldn't get version/kind; json parse error: {message} ({shown})"
        ) from None
    return Body(_bounded(value), _duplicates(raw))


def _json_error(raw: bytes) -> str:
    """Where the text stops being JSON, in Go's words for the common cases."""
    text = raw.decode(errors="replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text):
            return "unexpected end of JSON input"
        looking = "beginning of object key string" if "property name" in error.msg else "beginning of value"
        return f"invalid character '{text[error.pos]}' looking for {looking}"
    except RecursionError:
        return "exceeded max depth"
    return "invalid JSON"


def _bounded(value: Any) -> Any:
    """The value, unless it is nested deeper than anything a schema describes."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return value
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
    raise status.bad_request(f"exceeded max depth: more than {MAX_DEPTH} levels")


class _Pairs(dict[str, Any]):
    """A JSON object that remembers its doubled keys."""

    __slots__ = ("doubled",)
    doubled: tuple[str, ...]


def _duplicates(raw: bytes) -> tuple[str, ...]:
    """Paths of doubled keys. One pass of the stdlib's scanner finds out whether there are any at all."""
    found = False

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        unique = dict(pairs)
        if len(unique) == len(pairs):
            return unique
        found = True
        marked = _Pairs(unique)
        seen: set[str] = set()
        marked.doubled = tuple(dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
        return marked

    value = json.loads(raw, object_pairs_hook=collect)
    return tuple(_paths(value, "")) if found else ()


def _paths(value: Any, path: str) -> list[str]:
    found: list[str] = []
    if isinstance(value, _Pairs):
        found += [f"{path}.{key}" if path else key for key in value.doubled]
    if isinstance(value, dict):
        for key, child in value.items():
            found += _paths(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            found += _paths(child, f"{path}[{index}]")
    return found
