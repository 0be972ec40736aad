"""Answers as tables: column definitions, and rows with cells and the object they are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.clock import Clock
from engine.embedded import printers
from engine.embedded.registry import Column, Resource

Object = dict[str, Any]

_DESCRIPTIONS = {
    "Name": "The object's name, unique within its namespace and kind.",
    "Age": "Time since the object was created, by the server's clock.",
}
_DEFAULT = (Column("Name", "string", "name"), Column("Created At", "date"))


class Tables:
    """Makes tables; ages are by `clock`. `include` is what each row carries: Metadata, Object or None."""

    def __init__(self, clock: Clock, include: str = "Metadata") -> None:
        self._clock = clock
        self._include = include

    def table(
        self,
        resource: Resource,
        objects: Sequence[Object],
        version: str,
        *,
        columns: bool = True,
        list_metadata: Object | None = None,
    ) -> Object:
        """A meta.k8s.io/v1 Table; `columns` off leaves the definitions out, as later watch frames do."""
        shown = resource.columns or _DEFAULT
        now = self._clock.now()
        return {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": list_metadata if list_metadata is not None else {"resourceVersion": version},
            "columnDefinitions": [_definition(column) for column in shown] if columns else None,
            "rows": [
                {"cells": printers.cells(resource, shown, obj, now), "object": self._row_object(obj)} for obj in objects
            ],
        }

    def bookmark(self, metadata: Object) -> Object:
        """The object of a BOOKMARK in a watch of tables."""
        return {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": metadata["resourceVersion"]},
            "columnDefinitions": None,
            "rows": [
                {
                    "cells": [],
                    "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata},
                }
            ],
        }

    def _row_object(self, obj: Object) -> Object | None:
        forms: dict[str, Object | None] = {
            "Object": obj,
            "None": None,
        }
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
        return forms.get(self._include, partial)


def _definition(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description or _DESCRIPTIONS.get(column.name, f"{column.name} of the object."),
        "priority": column.priority,
    }
