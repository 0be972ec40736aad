"""A rendered file as kubectl's decoder reads it: JSON objects in a row, or YAML documents between strict separators."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine import yaml
from engine.errors import Malformed
from engine.helm.chart.structs import as_text, by_field, kind_of
from engine.helm.documents import documents
from engine.helm.gotext import trim_left

_JSON: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Document:
    """The head of an object."""

    api_version: str
    kind: str
    name: str
    content: Mapping[str, Any] = field(default_factory=dict)


def decode(text: str) -> Iterator[Document]:
    """The documents that say something; Malformed where the file cannot be read on."""
    objects, rest = _json_objects(text) if trim_left(text).startswith("{") else ([], text)
    yield from map(_document, objects)
    # After the first object what follows may be YAML still.
    if rest and len(objects) > 1:
        raise Malformed(f"what follows {len(objects)} JSON objects is none")
    for part in documents(rest):
        content = yaml.load_first(part)
        if content is not None:
            yield _document(content)


def _json_objects(text: str) -> tuple[list[Any], str]:
    """The objects in a row at the start, and the rest that is none."""
    objects: list[Any] = []
    rest = trim_left(text)
    while rest:
        try:
            content, end = _JSON.raw_decode(rest)
        except json.JSONDecodeError:
            break
        objects.append(content)
        rest = trim_left(rest[end:])
    return objects, rest


def _document(content: Any) -> Document:
    head = _fields(content, "the document", ("apiVersion", "kind", "metadata"))
    metadata = _fields(head.get("metadata", {}), "metadata", ("namespace", "name"))
    _text(metadata, "namespace")
    return Document(_text(head, "apiVersion"), _text(head, "kind"), _text(metadata, "name"), content)


def _fields(content: Any, what: str, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise Malformed(f"{what} is {kind_of(content)} where a mapping is expected")
    return {name: value for name, (_key, value) in by_field(content, names).items()}


def _text(fields: Mapping[str, Any], name: str) -> str:
    text = as_text(fields.get(name, ""))
    if text is None:
        raise Malformed(f"{name} is {kind_of(fields[name])} where a string is expected")
    return text
