"""toYamlPretty: go-yaml v3's encoder with two spaces, sequences indented below their key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cmp_to_key
from typing import Any

from engine.helm.functions.convert import Nodes, bounded_text, deeper
from engine.helm.functions.jsons import plain
from engine.helm.functions.times import Time
from engine.helm.functions.yaml_text import is_simple_key, text_of
from engine.helm.template.floats import format_float
from engine.yaml.order import sorted_keys


def pretty(value: Any) -> str:
    """The document without its last newline."""
    out: list[str] = []
    _Writer(out).node(value, "", "", 0)
    text = "\n".join(out)
    bounded_text(len(text))
    return text


def _entries(value: Any) -> Iterable[tuple[str, Any]] | None:
    """What stands in a map, or in a struct under its fields' names in small letters; None for anything else."""
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in sorted(value, key=_by_name)]
    fields: Mapping[str, str] | None = getattr(value, "go_fields", None)
    if fields is None or hasattr(value, "go_json"):
        return None
    return [(name.lower(), getattr(value, attribute)) for name, attribute in fields.items()]


def _compare(one: str, other: str) -> int:
    """The order of v3: as v2's, but that a letter comes before anything else behind digits."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            if index and a.isalpha() != b.isalpha() and one[index - 1].isdecimal():
                return -1 if a.isalpha() else 1
            break
    return -1 if sorted_keys((one, other))[0] == one else 1


_by_name = cmp_to_key(_compare)


class _Writer:
    """Appends lines, and counts what it goes through."""

    def __init__(self, out: list[str]) -> None:
        self.out = out
        self.nodes = Nodes()

    def node(self, value: Any, lead: str, pad: str, depth: int) -> None:
        """A value whose first line starts with `lead` and whose others are indented by `pad`."""
        depth = deeper(depth)
        self.nodes.take()
        entries = _entries(value)
        if entries:
            for key, item in entries:
                self.entry(key, item, lead, pad, depth)
                lead = pad
        elif entries is None and isinstance(value, (list, tuple, bytes)) and value:
            for item in value:
                self.node(item, f"{lead}- ", pad + "  ", depth)
                lead = pad
        else:
            self.out.append(lead + _scalar(value, pad or "  "))

    def entry(self, key: str, value: Any, lead: str, pad: str, depth: int) -> None:
        """One key and its value."""
        further = pad + "  "
        if not is_simple_key(key):
            self.out.append(f"{lead}? {text_of(key, further)}")
            self.node(value, f"{pad}: ", further, depth)
            return
        head = f"{lead}{text_of(key, further)}:"
        if _is_block(value):
            self.out.append(head)
            self.node(value, further, further, depth)
        else:
            self.nodes.take()
            self.out.append(f"{head} {_scalar(value, further)}")


def _is_block(value: Any) -> bool:
    if isinstance(value, (Mapping, list, tuple, bytes)):
        return bool(value)
    return hasattr(value, "go_fields") and not hasattr(value, "go_json")


def _scalar(value: Any, pad: str) -> str:
    if isinstance(value, str):
        return text_of(value, pad)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Time):
        return value.Format("2006-01-02T15:04:05.999999999Z07:00")
    if isinstance(value, Mapping) or (hasattr(value, "go_fields") and not hasattr(value, "go_json")):
        return "{}"
    return "[]" if isinstance(value, (list, tuple, bytes)) else text_of(str(plain(value)), pad)


def _float(value: float) -> str:
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return ".nan" if math.isnan(value) else format_float(value, "g", -1)
