"""How Go reads a mapping into a struct: keys in any case, null changes nothing, numbers become text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from engine.helm.gotext import go_float


def by_field(content: Mapping[str, Any], names: Collection[str]) -> dict[str, tuple[str, Any]]:
    """For each field that is said: the key as written, and its value. Of two keys the later in order of bytes wins."""
    folded = {name.lower(): name for name in names}
    found: dict[str, tuple[str, Any]] = {}
    for key in sorted(content):
        name = key if key in names else folded.get(key.lower())
        if name is not None and content[key] is not None:
            found[name] = (key, content[key])
    return found


def as_text(value: Any) -> str | None:
    """What a string field makes of a scalar; None for mappings and lists, which it refuses."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return go_float(value) if isinstance(value, float) else None


def kind_of(value: Any) -> str:
    """A value's kind, for a sentence."""
    return {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean"}.get(type(value), "a number")
