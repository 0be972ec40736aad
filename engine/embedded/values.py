"""JSON values in memory."""

from __future__ import annotations

from typing import Any, TypeVar

import orjson

T = TypeVar("T", dict[str, Any], list[Any])


def clone(value: T) -> T:
    """A deep copy of a JSON value; ten times faster than copy.deepcopy."""
    copied: T = orjson.loads(orjson.dumps(value))
    return copied
