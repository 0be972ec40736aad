"""The hash that generated names end in (engines.md B5)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from engine.errors import Unsupported
from engine.kustomize.ids import id_of
from engine.kustomize.json_values import values
from engine.kustomize.nodes import text, written
from engine.kustomize.resource import Object
from engine.yaml.floats import float_text

_LETTERS: Final = str.maketrans("013ae", "ghkmt")
_ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def name_hash(obj: Object) -> str:
    """Ten characters over the data of a ConfigMap or Secret; kustomize gives no other object a hash."""
    kind = text(obj.get("kind"))
    if kind not in _HASHED:
        raise Unsupported(f"{id_of(obj)}: only a ConfigMap or Secret has a hash in its name")
    content: dict[str, Any] = {"kind": kind, "name": "", "data": _field(obj, "data")}
    if kind == "Secret":
        content["type"] = _field(obj, "type")
    more = _HASHED[kind]
    if isinstance(obj.get(more), (dict, list)):
        content[more] = _field(obj, more)
    return hashlib.sha256(go_json(content).encode()).hexdigest()[:10].translate(_LETTERS)


#: What has a hash, and the field that counts beside `data` when it is there.
_HASHED: Final = {"ConfigMap": "binaryData", "Secret": "stringData"}


def _field(obj: Object, field: str) -> Any:
    """A mapping as Go's JSON decoder reads it (numbers are floats), a scalar as it is written."""
    found = obj.get(field)
    if isinstance(found, dict):
        return _floats(values(found))
    return None if isinstance(found, list) else written(found)


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floats(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_floats(child) for child in value]
    return float(value) if value.__class__ is int else value


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
