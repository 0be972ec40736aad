"""What decoding into the API server's types and encoding again does to values: call it before `default`.

Quantities become canonical, empty texts and zeros of fields without a pointer fall away, bytes become base64 without
line breaks, and a Secret's stringData moves into data. The rest (nulls, empty lists and maps, unknown fields) is the
decoder's part.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from engine import openapi
from engine.embedded import status
from engine.embedded.builtin.quantity import canonical
from engine.embedded.schema.patterns import compile_pattern

_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_QUANTITY_PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"

#: Texts whose empty value says something: the server keeps them (in any type, and in one type each).
_KEPT_EMPTY = frozenset(
    {"storageClassName", "ingressClassName", "volumeAttributesClassName", "runtimeClassName", "loadBalancerClass"}
)
_KEPT_EMPTY_IN = frozenset(
    {
        ("io.k8s.api.core.v1.HostPathVolumeSource", "type"),
        ("io.k8s.api.core.v1.GRPCAction", "service"),
        ("io.k8s.api.discovery.v1.EndpointPort", "name"),
    }
)
#: Numbers and booleans that are no pointers: zero and false are absent.
_ZERO_ABSENT = frozenset(
    {"minReadySeconds", "hostPort", "nodePort", "healthCheckNodePort", "initialDelaySeconds", "timeoutSeconds"}
    | {"periodSeconds", "successThreshold", "failureThreshold"}
    | {"hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "paused", "publishNotReadyAddresses"}
)
#: Where a value's own zero is kept although the name is one of those.
_POINTERS_IN = frozenset({"io.k8s.api.admissionregistration.v1.ValidatingWebhook"})

#: Fields that hold bytes by key, by API group and kind.
_BYTES = {("", "Secret"): ("data",), ("", "ConfigMap"): ("binaryData",)}


class _NotReadable(Exception):
    """A value that Go's types cannot hold; the text says why."""


def normalize(obj: dict[str, Any]) -> None:
    """Bring a built-in object's values into stored form, in place; a 400 for what is no quantity or no base64."""
    group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
    schema = openapi.schema(group, version, str(obj.get("kind") or ""))
    try:
        if schema is not None:
            for name, child in schema.properties.items():
                if name in obj and name not in ("metadata", "apiVersion", "kind"):
                    obj[name] = _value(obj[name], child)
        for field in _BYTES.get((group, str(obj.get("kind"))), ()):
            if obj.get(field):
                obj[field] = _bytes(obj[field])
    except _NotReadable as error:
        kind = obj.get("kind")
        raise status.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}') from None
    if obj.get("kind") == "Secret" and group == "":
        _merge_string_data(obj)


def _value(value: Any, schema: openapi.Schema) -> Any:
    if isinstance(value, dict):
        if schema.properties:
            _struct(value, schema)
        elif schema.additional_properties is not None:
            for key, item in value.items():
                value[key] = _value(item, schema.additional_properties)
        return value
    if isinstance(value, list):
        if schema.items is not None and (schema.items.properties or schema.items.name):
            for index, item in enumerate(value):
                value[index] = _value(item, schema.items)
        return value
    return _quantity(value) if schema.name == _QUANTITY else value


def _struct(value: dict[str, Any], schema: openapi.Schema) -> None:
    properties = schema.properties
    for name, item in list(value.items()):
        child = properties.get(name)
        if child is None:
            continue
        if isinstance(item, (dict, list)) or child.name == _QUANTITY:
            value[name] = _value(item, child)
        elif not item and name not in schema.required and _falls_away(name, item, schema):
            del value[name]


def _falls_away(name: str, value: Any, schema: openapi.Schema) -> bool:
    if value == "" and isinstance(value, str):
        return name not in _KEPT_EMPTY and (schema.name, name) not in _KEPT_EMPTY_IN
    return name in _ZERO_ABSENT and schema.name not in _POINTERS_IN


def _quantity(value: Any) -> str:
    text = canonical(value)
    if text is None:
        raise _NotReadable(f"quantities must match the regular expression '{_QUANTITY_PATTERN}'")
    return text


def _bytes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Values as base64 on one line; the message names a place in the text, never the text."""
    return {key: _one_line(value) if isinstance(value, str) else value for key, value in data.items()}


def _one_line(text: str) -> str:
    plain = text.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        good = compile_pattern("^[A-Za-z0-9+/]*").search(plain)
        raise _NotReadable(f"illegal base64 data at input byte {good.end()}") from None
    return plain


def _merge_string_data(secret: dict[str, Any]) -> None:
    """StringData overwrites data, key by key, and is not kept."""
    plain: Mapping[str, Any] = secret.pop("stringData", None) or {}
    encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()}
    if encoded:
        secret["data"] = {**(secret.get("data") or {}), **encoded}
