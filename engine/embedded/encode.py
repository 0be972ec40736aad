"""Stored objects as bytes of an answer. JSON goes out as it was stored: nothing is encoded twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from engine import yaml
from engine.embedded import convert
from engine.embedded.negotiate import YAML, Form
from engine.embedded.records import Record
from engine.embedded.registry import Resource
from engine.embedded.tables import Tables
from engine.embedded.verbs.read import Page

Object = dict[str, Any]

_PARTIAL = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}


def json_bytes(value: Any) -> bytes:
    """A value as JSON, a newline at its end."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def value_bytes(value: Any, form: Form) -> bytes:
    """A Status, a document of discovery, … as JSON or YAML."""
    return yaml.dump(value).encode() if form.media == YAML else json_bytes(value)


def partial(obj: Object) -> Object:
    """PartialObjectMetadata of an object."""
    return {**_PARTIAL, "metadata": obj["metadata"]}


class Encoder:
    """Answers for one resource in the form the client asked for."""

    def __init__(self, resource: Resource, form: Form, tables: Tables) -> None:
        self._resource = resource
        self._form = form
        self._tables = tables
        self._prefix = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()

    def object(self, obj: Object) -> bytes:
        """One object."""
        shown = convert.to_version(self._resource, obj)
        transforms = {
            "Table": lambda: self._tables.table(self._resource, [shown], shown["metadata"]["resourceVersion"]),
            "PartialObjectMetadata": lambda: partial(shown),
        }
        make = transforms.get(self._form.transform)
        return value_bytes(make() if make else shown, self._form)

    def page(self, page: Page) -> bytes:
        """A list."""
        metadata: Object = {"resourceVersion": str(page.version)}
        if page.token:
            metadata["continue"] = page.token
            if page.remaining:
                metadata["remainingItemCount"] = page.remaining
        if self._form.transform or self._form.media == YAML:
            return value_bytes(self._list_value(page, metadata), self._form)
        head = {"kind": self._resource.list_kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        items = b",".join(self._items(page.records))
        return orjson.dumps(head)[:-1] + b',"items":[' + items + b"]}\n"

    def frame(self, kind: str, record: Record, *, first: bool) -> bytes:
        """One frame of a watch, the newline included."""
        if self._form.transform or not record.body.startswith(self._prefix):
            shown = convert.to_version(self._resource, record.obj)
            if self._form.transform == "Table":
                version = record.obj["metadata"]["resourceVersion"]
                shown = self._tables.table(self._resource, [shown], version, columns=first)
            elif self._form.transform:
                shown = partial(shown)
            return b'{"type":"%s","object":%s}\n' % (kind.encode(), orjson.dumps(shown))
        return b'{"type":"%s","object":%s}\n' % (kind.encode(), record.body)

    def bookmark(self, version: int, *, initial_end: bool) -> bytes:
        """A BOOKMARK frame; `initial_end` marks the end of the initial events."""
        metadata: Object = {"resourceVersion": str(version)}
        if initial_end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        obj: Object = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        if self._form.transform == "Table":
            obj = self._tables.bookmark(metadata)
        elif self._form.transform:
            obj = {**_PARTIAL, "metadata": metadata}
        elif self._resource.schema is not None and self._resource.custom is None:
            obj = {**obj, **dict.fromkeys(())}
        return b'{"type":"BOOKMARK","object":%s}\n' % orjson.dumps(obj)

    def _items(self, records: Iterable[Record]) -> Iterable[bytes]:
        """Items of built-in kinds say neither kind nor apiVersion; custom resources say both."""
        custom, prefix = self._resource.custom is not None, self._prefix
        for record in records:
            if record.body.startswith(prefix):
                yield record.body if custom else b"{" + record.body[len(prefix) :]
            else:
                yield orjson.dumps(self._item(record))

    def _item(self, record: Record) -> Object:
        shown = convert.to_version(self._resource, record.obj)
        if self._resource.custom is not None:
            return shown
        return {name: value for name, value in shown.items() if name not in ("kind", "apiVersion")}

    def _list_value(self, page: Page, metadata: Object) -> Object:
        shown = [convert.to_version(self._resource, record.obj) for record in page.records]
        if self._form.transform == "Table":
            return self._tables.table(self._resource, shown, "", list_metadata=metadata)
        if self._form.transform:
            head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
            return {**head, "items": [partial(obj) for obj in shown]}
        head = {"kind": self._resource.list_kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        return {**head, "items": [self._item(record) for record in page.records]}
