"""go-yaml v3's encoder with two spaces: sequences indented below their key, no folding."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any, Final

from engine import yaml
from engine.helm.functions.jsons import plain
from engine.helm.functions.times import Time
from engine.helm.template.floats import format_float
from engine.helm.template.types import NilDict, NilList, is_nil
from engine.yaml.order import sorted_keys

_MAX_DEPTH: Final = 500


def pretty(value: Any) -> str:
    """The document without its last newline."""
    out: list[str] = []
    _node(value, "", "", out, 0)
    return "\n".join(out)


def _node(value: Any, lead: str, pad: str, out: list[str], depth: int) -> None:
    """A value whose first line starts with `lead` and whose others are indented by `pad`."""
    if depth > _MAX_DEPTH:
        out.append(lead + "null")
        return
    if isinstance(value, Mapping) and value:
        for key in sorted_keys(value):
            _entry(value[key], f"{lead}{_scalar(key, pad)}:", pad, out, depth)
            lead = pad
    elif isinstance(value, (list, tuple)) and value:
        for item in value:
            _node(item, f"{lead}- ", pad + "  ", out, depth + 1)
            lead = pad
    else:
        out.append(lead + _scalar(value, pad or "  "))


def _entry(value: Any, head: str, pad: str, out: list[str], depth: int) -> None:
    if isinstance(value, (Mapping, list, tuple)) and value:
        out.append(head)
        _node(value, pad + "  ", pad + "  ", out, depth + 1)
    else:
        out.append(f"{head} {_scalar(value, pad + '  ')}")


def _scalar(value: Any, pad: str) -> str:
    if value is None or isinstance(value, (NilDict, NilList)) or is_nil(value):
        return "{}" if isinstance(value, NilDict) else "[]" if isinstance(value, NilList) else "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Time):
        return value.Format("2006-01-02T15:04:05.999999999Z07:00")
    if isinstance(value, bytes):
        return f"!!binary {base64.b64encode(value).decode()}"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    return _text(value if isinstance(value, str) else str(plain(value)), pad)


def _float(value: float) -> str:
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return ".nan" if math.isnan(value) else format_float(value, "g", -1)


def _text(text: str, pad: str) -> str:
    # The quoting rules are those of v2; a key of its own line keeps the writer from folding.
    if "\n" in text:
        lines = yaml.dump(text).removesuffix("\n").split("\n")
        return "\n".join([lines[0], *(pad + line[2:] if line.strip() else "" for line in lines[1:])])
    if len(text) < 60 or " " not in text:
        return yaml.dump(text).removesuffix("\n")
    probe = yaml.dump(text.replace(" ", "\u00a0", text.count(" "))).removesuffix("\n")
    return probe.replace("\u00a0", " ") if "\u00a0" not in text else yaml.dump(text).removesuffix("\n")
