"""What a manifest looks like after its round trip through Go's typed structs (flux.md 4.7 "Round trip").

It decides what is applied, and so owned. Kubernetes' schemas say which fields there are and which are required;
the tables here add what only the Go types know: which optional fields are values and which are pointers.
"""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Mapping
from typing import Any, Final

from engine import openapi
from engine.apply import quantity
from engine.openapi import Schema

_NOT_IN_SCHEME: Final = frozenset({"apiextensions.k8s.io", "apiregistration.k8s.io"})
_RBAC: Final = "rbac.authorization.k8s.io/v1"

#: Optional fields that are Go structs by value: they come out as {} even when absent.
_STRUCTS: Final[Mapping[str, frozenset[str]]] = {
    "DeploymentSpec": frozenset({"strategy"}),
    "StatefulSetSpec": frozenset({"updateStrategy"}),
    "DaemonSetSpec": frozenset({"updateStrategy"}),
    "ReplicaSetSpec": frozenset({"template"}),
    "PodTemplateSpec": frozenset({"metadata", "spec"}),
    "JobTemplateSpec": frozenset({"metadata", "spec"}),
    "PersistentVolumeClaimTemplate": frozenset({"metadata"}),
    "Container": frozenset({"resources"}),
    "EphemeralContainer": frozenset({"resources"}),
    "PersistentVolumeClaimSpec": frozenset({"resources"}),
    "PersistentVolumeClaim": frozenset({"metadata", "spec", "status"}),
    "NetworkPolicySpec": frozenset({"podSelector"}),
    "IngressServiceBackend": frozenset({"port"}),
    "HTTPIngressPath": frozenset({"backend"}),
    "ValidatingWebhook": frozenset({"clientConfig"}),
    "MutatingWebhook": frozenset({"clientConfig"}),
}
#: Optional fields that have a zero value all the same.
_ZEROS: Final[Mapping[tuple[str, str], Any]] = {
    ("ServicePort", "targetPort"): 0,
    ("ResourceFieldSelector", "divisor"): "0",
    ("PriorityClass", "value"): 0,
    ("EndpointSlice", "endpoints"): None,
    ("EndpointSlice", "ports"): None,
}
#: Required fields that are pointers: null when absent.
_REQUIRED_POINTERS: Final = frozenset(
    {
        ("DeploymentSpec", "selector"),
        ("StatefulSetSpec", "selector"),
        ("DaemonSetSpec", "selector"),
        ("ReplicaSetSpec", "selector"),
        ("ValidatingWebhook", "sideEffects"),
        ("MutatingWebhook", "sideEffects"),
        ("HTTPIngressPath", "pathType"),
    }
)
#: Optional numbers and booleans that are plain values: 0 and false vanish. All others are pointers and stay.
_PLAIN_NUMBERS: Final = frozenset(
    {"hostPort", "minReadySeconds", "nodePort", "healthCheckNodePort", "number", "count", "generation"}
)
_PLAIN_PROBE: Final = frozenset(
    {"initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"}
)
_PLAIN_BOOLEANS: Final = frozenset(
    {
        "chapAuthDiscovery", "chapAuthSession", "globalDefault", "hostIPC", "hostNetwork", "hostPID", "paused",
        "publishNotReadyAddresses", "readOnly", "sslEnabled", "stdin", "stdinOnce", "tty", "unschedulable",
    }
)  # fmt: skip
_POINTER_BOOLEANS: Final = frozenset({("AzureDiskVolumeSource", "readOnly"), ("CSIVolumeSource", "readOnly")})
#: Optional strings that are pointers: "" stays.
_POINTER_STRINGS: Final = frozenset(
    {
        "storageClassName", "loadBalancerClass", "ingressClassName", "runtimeClassName", "volumeMode", "appProtocol",
        "pathType", "ipFamilyPolicy", "internalTrafficPolicy", "preemptionPolicy", "fsGroupChangePolicy",
        "supplementalGroupsPolicy", "procMount", "mountPropagation", "recursiveReadOnly", "localhostProfile",
        "gmsaCredentialSpec", "gmsaCredentialSpecName", "runAsUserName", "completionMode", "podReplacementPolicy",
        "managedBy", "trafficDistribution", "volumeAttributesClassName", "reclaimPolicy", "volumeBindingMode",
        "matchPolicy", "failurePolicy", "reinvocationPolicy", "scope", "url", "unhealthyPodEvictionPolicy",
        "nodeAffinityPolicy", "nodeTaintsPolicy", "holderIdentity", "zone", "service", "setHostnameAsFQDN",
    }
)  # fmt: skip
_POINTER_STRINGS_OF: Final = frozenset(
    {
        ("TypedLocalObjectReference", "apiGroup"),
        ("TypedObjectReference", "apiGroup"),
        ("TypedObjectReference", "namespace"),
        ("HostPathVolumeSource", "type"),
        ("CSIVolumeSource", "fsType"),
        ("Container", "restartPolicy"),
        ("Endpoint", "hostname"),
        ("Endpoint", "nodeName"),
        ("ServiceReference", "path"),
    }
)
_QUANTITY: Final = "Quantity"
_DEFAULT_PROTOCOL: Final = "TCP"
_ZERO: Final[Mapping[str, Any]] = {"string": "", "integer": 0, "number": 0, "boolean": False}


class _MisfitError(Exception):
    """A value that does not convert into its Go field."""


def normalize(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as it is applied. One that does not convert is left as it is: the API server judges it."""
    obj = copy.deepcopy(dict(manifest))
    metadata = obj.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("creationTimestamp", None)
    if obj.get("kind") != "CustomResourceDefinition":
        obj.pop("status", None)
    schema = _typed(obj)
    if schema is None:
        return obj
    try:
        typed = _Struct(schema).convert(_before(obj), top=True)
    except _MisfitError:
        return obj
    typed.pop("status", None)
    return _after({"apiVersion": obj["apiVersion"], "kind": obj["kind"], **typed})


def _typed(obj: Mapping[str, Any]) -> Schema | None:
    """The schema of a kind that client-go's scheme has, or None."""
    api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
    group, _, version = api_version.rpartition("/")
    if group in _NOT_IN_SCHEME or (api_version == _RBAC and kind in ("Role", "ClusterRole")):
        return None
    return openapi.schema(group, version, kind)


class _Struct:
    """Converts the fields of one Go struct."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._name = schema.name.rpartition(".")[2]

    def convert(self, value: Any, *, top: bool = False) -> dict[str, Any]:
        """The struct as JSON: known fields only, empty optional ones gone, value structs always there."""
        if not isinstance(value, Mapping):
            raise _MisfitError
        structs = _STRUCTS.get(self._name, frozenset())
        result: dict[str, Any] = {}
        for name, schema in self._schema.properties.items():
            always = name in structs or (top and name in ("metadata", "spec"))
            given = value.get(name)
            if given is None:
                self._absent(result, name, schema, always=always)
                continue
            converted = _convert(given, schema)
            if always or name in self._schema.required or not self._omitted(name, schema, converted):
                result[name] = converted
        return result

    def _absent(self, result: dict[str, Any], name: str, schema: Schema, *, always: bool) -> None:
        key = (self._name, name)
        if always:
            result[name] = _Struct(schema).convert({})
        elif key in _ZEROS:
            result[name] = _ZEROS[key]
        elif key in _REQUIRED_POINTERS:
            result[name] = None
        elif name in self._schema.required:
            result[name] = _zero(schema)

    def _omitted(self, name: str, schema: Schema, value: Any) -> bool:
        """Whether Go's omitempty leaves this value of an optional field out."""
        if value in ([], {}):
            return isinstance(value, list) or schema.additional_properties is not None
        if value == "" and isinstance(value, str):
            return name not in _POINTER_STRINGS and (self._name, name) not in _POINTER_STRINGS_OF
        if value is False:
            return name in _PLAIN_BOOLEANS and (self._name, name) not in _POINTER_BOOLEANS
        if value == 0 and isinstance(value, int):
            return name in _PLAIN_NUMBERS or (self._name == "Probe" and name in _PLAIN_PROBE)
        return False


def _convert(value: Any, schema: Schema) -> Any:
    if schema.name.endswith(f".{_QUANTITY}"):
        canonical = quantity.canonical(value)
        if canonical is None:
            raise _MisfitError
        return canonical
    if schema.int_or_string:
        return _checked(value, isinstance(value, str | int) and not isinstance(value, bool))
    if schema.type == "object":
        return _object(value, schema)
    if schema.type == "array":
        return _array(value, schema)
    if schema.type == "string":
        text = _checked(value, isinstance(value, str))
        return _base64(text) if schema.format == "byte" else text
    if schema.type == "boolean":
        return _checked(value, isinstance(value, bool))
    if schema.type == "integer":
        return _integer(value)
    return value


def _object(value: Any, schema: Schema) -> Any:
    if schema.properties:
        return _Struct(schema).convert(value)
    if not isinstance(value, Mapping):
        raise _MisfitError
    if schema.additional_properties is None:
        return value
    below = schema.additional_properties
    return {str(key): _zero(below) if item is None else _convert(item, below) for key, item in value.items()}


def _array(value: Any, schema: Schema) -> list[Any]:
    if not isinstance(value, list):
        raise _MisfitError
    below = schema.items
    if below is None:
        return value
    return [_zero(below) if item is None else _convert(item, below) for item in value]


def _zero(schema: Schema) -> Any:
    """The zero value that Go writes for a field without omitempty."""
    if schema.name.endswith(f".{_QUANTITY}"):
        return "0"
    if schema.int_or_string:
        return 0
    if schema.type == "object" and schema.properties:
        return _Struct(schema).convert({})
    return _ZERO.get(schema.type) if schema.format != "byte" else None


def _checked(value: Any, fits: bool) -> Any:
    if not fits:
        raise _MisfitError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _MisfitError
    return value


def _base64(text: str) -> str:
    """Bytes are decoded and encoded again, which drops line breaks."""
    try:
        return base64.b64encode(base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)).decode()
    except (binascii.Error, ValueError):
        raise _MisfitError from None


# --- what Flux itself fills in ----------------------------------------------------------------------------


def _before(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fold a Secret's stringData into its data."""
    if obj.get("kind") != "Secret" or obj.get("apiVersion") != "v1":
        return obj
    texts, data = obj.get("stringData") or {}, obj.get("data") or {}
    if not isinstance(texts, Mapping) or not isinstance(data, Mapping):
        raise _MisfitError
    if any(not isinstance(text, str) for text in texts.values()):
        raise _MisfitError
    folded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    return {key: value for key, value in obj.items() if key != "stringData"} | {"data": {**data, **folded}}


_POD_SPECS: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def _after(obj: dict[str, Any]) -> dict[str, Any]:
    """Default the protocol of Service and container ports, as Flux does before it compares."""
    if obj["kind"] == "Service" and obj["apiVersion"] == "v1":
        _default_protocol(obj["spec"].get("ports"))
    node: Any = obj
    for step in _POD_SPECS.get(obj["kind"], ("",)):
        node = node.get(step) if isinstance(node, dict) else None
    for container in (node.get("containers") or []) if isinstance(node, dict) else []:
        _default_protocol(container.get("ports"))
    return obj


def _default_protocol(ports: Any) -> None:
    for port in ports or []:
        if not port.get("protocol"):
            port["protocol"] = _DEFAULT_PROTOCOL
