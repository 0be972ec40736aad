"""A stored version of an object, and the write that made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

Object = dict[str, Any]
#: Namespace and name.
Key = tuple[str, str]


class Record:
    """One version of one object: `body` is it as JSON, `obj` as a value that is never changed."""

    __slots__ = ("_obj", "body", "name", "namespace", "storage", "version")

    def __init__(self, storage: str, namespace: str, name: str, version: int, obj: Object, body: bytes) -> None:
        self.storage = storage
        self.namespace = namespace
        self.name = name
        self.version = version
        self.body = body
        self._obj: Object | None = obj

    @property
    def obj(self) -> Object:
        """The object; of an earlier version read from its JSON each time."""
        obj = self._obj
        if obj is None:
            obj = orjson.loads(self.body)
        return obj

    def pack(self) -> None:
        """Keep the JSON alone: what the history holds is rarely asked for, and a tenth as big so."""
        self._obj = None

    @property
    def key(self) -> Key:
        """Where it is within its storage."""
        return self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Event:
    """A published write: ADDED, MODIFIED or DELETED; `record` is the new or the last state, `old` the one before."""

    type: str
    record: Record
    old: Record | None

    @property
    def version(self) -> int:
        """The resourceVersion of the write."""
        return self.record.version
