"""Validation of services, configuration, storage, access and policies: what must be there, what may not change."""

from __future__ import annotations

from typing import Any

from engine.embedded.schema.fielderrors import FieldError, forbidden, invalid, not_supported, required
from engine.embedded.schema.patterns import compile_pattern

Object = dict[str, Any]
Errors = list[FieldError]

_IMMUTABLE = "field is immutable"
_WHEN_SET = "field is immutable when `immutable` is set"
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_KEY = r"^[-._a-zA-Z0-9]+$"
_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_MAX_DATA = 1024 * 1024


def service(new: Object, old: Object | None, errors: Errors) -> None:
    """v1 Service."""
    spec = new.get("spec") or {}
    kind = spec.get("type")
    headless = spec.get("clusterIP") == "None"
    if kind and kind not in _SERVICE_TYPES:
        errors.append(not_supported("spec.type", kind, _SERVICE_TYPES))
    if not spec.get("ports") and not headless and kind != "ExternalName":
        errors.append(required("spec.ports"))
    if kind == "ExternalName" and not spec.get("externalName"):
        errors.append(required("spec.externalName"))
    _service_ports(spec, errors)
    if old is not None and kind != "ExternalName":
        _same_address(spec, old.get("spec") or {}, errors)


def _service_ports(spec: Object, errors: Errors) -> None:
    ports = spec.get("ports") or ()
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, number, name = f"spec.ports[{index}]", port.get("port"), str(port.get("name") or "")
        if not name and len(ports) > 1:
            errors.append(required(f"{path}.name"))
        elif name and name in names:
            errors.append(FieldError(f"{path}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"', name))
        names.add(name)
        if not isinstance(number, int) or not 1 <= number <= 65535:
            errors.append(invalid(f"{path}.port", number or 0, "must be between 1 and 65535, inclusive"))
        if port.get("protocol") not in (None, "SCTP", "TCP", "UDP"):
            errors.append(not_supported(f"{path}.protocol", port["protocol"], ("SCTP", "TCP", "UDP")))


def _same_address(spec: Object, before: Object, errors: Errors) -> None:
    """An address that was given stays; a service that was an ExternalName had none."""
    given = before.get("clusterIPs") or ([before["clusterIP"]] if before.get("clusterIP") else [])
    now = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
    if spec.get("clusterIP") and spec["clusterIP"] != (now[0] if now else None):
        now = [spec["clusterIP"], *now[1:]]
    if given and now[:1] != given[:1]:
        errors.append(invalid("spec.clusterIPs[0]", now, "may not change once set"))


def _immutable_data(new: Object, old: Object | None, fields: tuple[str, ...], errors: Errors) -> None:
    if old is None or not old.get("immutable"):
        return
    if not new.get("immutable"):
        errors.append(forbidden("immutable", _WHEN_SET))
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            errors.append(forbidden(field, _WHEN_SET))


def _keys(obj: Object, fields: tuple[str, ...], errors: Errors) -> None:
    size = 0
    for field in fields:
        for key, value in (obj.get(field) or {}).items():
            size += len(value) if isinstance(value, str) else 0
            if compile_pattern(_KEY).search(key) is None or key in (".", ".."):
                errors.append(invalid(f"{field}[{key}]", key, _KEY_TEXT))
    if size > _MAX_DATA * (4 / 3 if "data" in fields and obj.get("kind") == "Secret" else 1):
        errors.append(FieldError("", "FieldValueTooLong", f"Too long: may not be more than {_MAX_DATA} bytes"))


def config_map(new: Object, old: Object | None, errors: Errors) -> None:
    """v1 ConfigMap."""
    _immutable_data(new, old, ("data", "binaryData"), errors)
    _keys(new, ("data", "binaryData"), errors)


#: Types that must have certain keys.
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def secret(new: Object, old: Object | None, errors: Errors) -> None:
    """v1 Secret; values are never part of a message."""
    if old is not None and new.get("type") != old.get("type"):
        errors.append(invalid("type", new.get("type"), _IMMUTABLE))
    _immutable_data(new, old, ("data",), errors)
    _keys(new, ("data",), errors)
    data = new.get("data") or {}
    errors.extend(required(f"data[{key}]") for key in _SECRET_KEYS.get(str(new.get("type")), ()) if key not in data)


def role_binding(new: Object, old: Object | None, errors: Errors) -> None:
    """RoleBinding and ClusterRoleBinding."""
    reference = new.get("roleRef") or {}
    if old is not None and reference != (old.get("roleRef") or {}):
        shown = {"APIGroup": reference.get("apiGroup"), "Kind": reference.get("kind"), "Name": reference.get("name")}
        errors.append(invalid("roleRef", shown, "cannot change roleRef"))
    allowed = ("ClusterRole",) if new.get("kind") == "ClusterRoleBinding" else ("Role", "ClusterRole")
    if reference.get("kind") not in allowed:
        errors.append(not_supported("roleRef.kind", reference.get("kind") or "", allowed))
    if not reference.get("name"):
        errors.append(required("roleRef.name"))
    for index, subject in enumerate(new.get("subjects") or ()):
        path = f"subjects[{index}]"
        if not subject.get("name"):
            errors.append(required(f"{path}.name"))
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace"))


def role(new: Object, _old: Object | None, errors: Errors) -> None:
    """Role and ClusterRole."""
    for index, rule in enumerate(new.get("rules") or ()):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            errors.append(required(f"{path}.verbs", "verbs must contain at least one value"))
        if not rule.get("nonResourceURLs"):
            if not rule.get("apiGroups"):
                detail = "resource rules must supply at least one api group"
                errors.append(required(f"{path}.apiGroups", detail))
            if not rule.get("resources"):
                errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))


_PVC_FORBIDDEN = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def claim(new: Object, old: Object | None, errors: Errors) -> None:
    """v1 PersistentVolumeClaim."""
    spec = new.get("spec") or {}
    if not spec.get("accessModes"):
        errors.append(required("spec.accessModes", "at least 1 access mode is required"))
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        errors.append(required("spec.resources[storage]"))
    if old is not None and _claimed(spec) != _claimed(old.get("spec") or {}):
        errors.append(forbidden("spec", _PVC_FORBIDDEN))


def _claimed(spec: Object) -> Object:
    """What of a claim stays: all but its size and class of attributes; the volume may be bound once."""
    return {k: v for k, v in spec.items() if k not in ("resources", "volumeAttributesClassName", "volumeName")}


_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def ingress(new: Object, _old: Object | None, errors: Errors) -> None:
    """networking.k8s.io/v1 Ingress."""
    spec = new.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        errors.append(invalid("spec", spec, "either `defaultBackend` or `rules` must be specified"))
    for rule_index, rule in enumerate(spec.get("rules") or ()):
        for index, entry in enumerate((rule.get("http") or {}).get("paths") or ()):
            _ingress_path(entry, f"spec.rules[{rule_index}].http.paths[{index}]", errors)


def _ingress_path(entry: Object, path: str, errors: Errors) -> None:
    kind = entry.get("pathType")
    if not kind:
        errors.append(required(f"{path}.pathType", "pathType must be specified"))
    elif kind not in _PATH_TYPES:
        errors.append(not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    elif kind != "ImplementationSpecific" and not str(entry.get("path") or "").startswith("/"):
        errors.append(invalid(f"{path}.path", entry.get("path") or "", "must be an absolute path"))


def autoscaler(new: Object, _old: Object | None, errors: Errors) -> None:
    """HorizontalPodAutoscaler of any version."""
    spec = new.get("spec") or {}
    most, least = spec.get("maxReplicas") or 0, spec.get("minReplicas")
    if most < 1:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than 0"))
    if isinstance(least, int) and least < 1:
        errors.append(invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if isinstance(least, int) and most < least:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    for field in ("kind", "name"):
        if not (spec.get("scaleTargetRef") or {}).get(field):
            errors.append(required(f"spec.scaleTargetRef.{field}"))


def disruption_budget(new: Object, _old: Object | None, errors: Errors) -> None:
    """policy/v1 PodDisruptionBudget."""
    spec = new.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        errors.append(invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))


_CLASS_FIXED = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")


def storage_class(new: Object, old: Object | None, errors: Errors) -> None:
    """storage.k8s.io/v1 StorageClass."""
    if not new.get("provisioner"):
        errors.append(required("provisioner"))
    if old is not None:
        for field in _CLASS_FIXED:
            if new.get(field) != old.get(field):
                errors.append(forbidden(field, f"updates to {field} are forbidden."))
