"""The cells of a table's row: by JSONPath for custom resources, by kind for the common built-in ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from engine.embedded import jsonpath
from engine.embedded.ages import age
from engine.embedded.builtin_cells import NONE, PRINTERS, UNSET, Cells
from engine.embedded.registry import Column, Resource
from engine.errors import Malformed

Object = Mapping[str, Any]


def cells(resource: Resource, columns: Sequence[Column], obj: Object, now: datetime) -> list[Any]:
    """One value per column."""
    if resource.custom is not None:
        return [obj["metadata"].get("name"), *(custom_cell(column, obj, now) for column in columns[1:])]
    found = obj["metadata"]
    made: Cells = {
        "Name": found.get("name"),
        "Age": age(found.get("creationTimestamp"), now),
        "Created At": found.get("creationTimestamp"),
    }
    printer = PRINTERS.get(resource.storage)
    if printer is not None:
        made |= printer(obj, now)
    return [made.get(column.name, 0 if column.type == "integer" else NONE) for column in columns]


def custom_cell(column: Column, obj: Object, now: datetime) -> Any:
    """A cell of a CRD's printer column, or None where the path leads nowhere."""
    try:
        found = jsonpath.compile_path(column.json_path).find(obj)
    except Malformed:
        return None
    if not found:
        return None
    value = found[0]
    if column.type == "date":
        return age(value, now) if isinstance(value, str) else UNSET
    if column.type == "string":
        return _text(value)
    fits: dict[str, tuple[type, ...]] = {"integer": (int, float), "number": (int, float), "boolean": (bool,)}
    return value if isinstance(value, fits.get(column.type, (object,))) else None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
