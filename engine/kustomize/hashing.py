"""The hash that generated names end in (engines.md B5)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from engine.kustomize.resource import Object
from engine.yaml.floats import float_text

_LETTERS: Final = str.maketrans("013ae", "ghkmt")
_ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def name_hash(obj: Object) -> str:
    """Ten characters over the data of a ConfigMap or Secret, or over the whole of another object."""
    kind = obj.get("kind")
    if kind == "ConfigMap":
        content: Any = {"kind": kind, "name": "", "data": _map(obj, "data")}
        if isinstance(obj.get("binaryData"), dict):
            content["binaryData"] = obj["binaryData"]
    elif kind == "Secret":
        content = {"kind": kind, "type": obj.get("type", ""), "name": "", "data": _map(obj, "data")}
        if isinstance(obj.get("stringData"), dict):
            content["stringData"] = obj["stringData"]
    else:
        content = obj
    return hashlib.sha256(go_json(content).encode()).hexdigest()[:10].translate(_LETTERS)


def _map(obj: Object, field: str) -> Any:
    found = obj.get(field)
    return found if isinstance(found, dict) else ""


def go_json(value: Any) -> str:
    """Compact JSON as Go's encoding/json writes it: sorted keys, <, > and & escaped."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_string(key)}:{go_json(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(go_json, value)) + "]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return float_text(value)
    return json.dumps(value)


def go_json_indented(value: Any, pad: str = "\n") -> str:
    """The same over several lines, two spaces a level."""
    deeper = pad + "  "
    if isinstance(value, dict) and value:
        fields = (f"{deeper}{_string(key)}: {go_json_indented(value[key], deeper)}" for key in sorted(value))
        return "{" + ",".join(fields) + pad + "}"
    if isinstance(value, list) and value:
        return "[" + ",".join(f"{deeper}{go_json_indented(item, deeper)}" for item in value) + pad + "]"
    return go_json(value)


def _string(text: str) -> str:
    encoded = json.dumps(text, ensure_ascii=False)
    for char, escape in _ESCAPES.items():
        if char in encoded:
            encoded = encoded.replace(char, escape)
    return encoded
