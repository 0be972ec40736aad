"""Validation of pod specs, alone and as templates: what must be there, and what must agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.embedded.builtin.quantity import amount
from engine.embedded.schema.fielderrors import FieldError, duplicate, forbidden, invalid, not_supported, required
from engine.embedded.schema.patterns import compile_pattern

Errors = list[FieldError]

_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_RESTART = ("Always", "OnFailure", "Never")
_PULL = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PORT_RANGE = "must be between 1 and 65535, inclusive"


def template(spec: dict[str, Any], path: str, errors: Errors, *, restart: tuple[str, ...] = ("Always",)) -> None:
    """A workload's pod template; `restart` are the restart policies that it may have."""
    pod = (spec.get("template") or {}).get("spec") or {}
    pod_spec(pod, f"{path}.template.spec", errors)
    policy = pod.get("restartPolicy")
    if policy in _RESTART and policy not in restart:
        errors.append(not_supported(f"{path}.template.spec.restartPolicy", policy, restart))


def pod_spec(spec: dict[str, Any], path: str, errors: Errors) -> None:
    """One pod spec."""
    volumes = _volumes(spec, path, errors)
    if not spec.get("containers"):
        errors.append(required(f"{path}.containers"))
    seen: set[str] = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            _container(container, f"{path}.{field}[{index}]", seen, volumes, errors)
    for field, allowed in (("restartPolicy", _RESTART), ("dnsPolicy", _DNS)):
        if spec.get(field) and spec[field] not in allowed:
            errors.append(not_supported(f"{path}.{field}", spec[field], allowed))
    grace = spec.get("terminationGracePeriodSeconds")
    if isinstance(grace, int) and grace < 0:
        detail = "must be greater than or equal to 0"
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", grace, detail))


def _volumes(spec: dict[str, Any], path: str, errors: Errors) -> set[str]:
    names: set[str] = set()
    for index, volume in enumerate(spec.get("volumes") or ()):
        at, name = f"{path}.volumes[{index}]", str(volume.get("name") or "")
        _name(name, at, names, errors)
        if len(volume) < 2:
            errors.append(required(at, "must specify a volume type"))
        elif len(volume) > 2:
            last = max(set(volume) - {"name"})
            errors.append(forbidden(f"{at}.{last}", "may not specify more than 1 volume type"))
    return names


def _name(name: str, path: str, seen: set[str], errors: Errors) -> None:
    if not name:
        errors.append(required(f"{path}.name"))
    elif len(name) > 63:
        errors.append(invalid(f"{path}.name", name, "must be no more than 63 characters"))
    elif compile_pattern(_LABEL).search(name) is None:
        errors.append(invalid(f"{path}.name", name, _LABEL_TEXT))
    elif name in seen:
        errors.append(duplicate(f"{path}.name", name))
    seen.add(name)


def _container(container: dict[str, Any], path: str, seen: set[str], volumes: set[str], errors: Errors) -> None:
    _name(str(container.get("name") or ""), path, seen, errors)
    image = str(container.get("image") or "")
    if not image:
        errors.append(required(f"{path}.image"))
    elif image != image.strip():
        errors.append(invalid(f"{path}.image", image, "must not have leading or trailing whitespace"))
    policy = container.get("imagePullPolicy")
    if policy and policy not in _PULL:
        errors.append(not_supported(f"{path}.imagePullPolicy", policy, _PULL))
    _ports(container, path, errors)
    for index, entry in enumerate(container.get("env") or ()):
        _env(entry, f"{path}.env[{index}]", errors)
    _mounts(container, path, volumes, errors)
    _resources(container.get("resources") or {}, f"{path}.resources", errors)


def _env(entry: dict[str, Any], path: str, errors: Errors) -> None:
    if not entry.get("name"):
        errors.append(required(f"{path}.name"))
    source = entry.get("valueFrom")
    if source is not None and entry.get("value"):
        errors.append(invalid(f"{path}.valueFrom", "", "may not be specified when `value` is not empty"))
    if source is not None and len(source) != 1:
        which = "may not have more than one field specified at a time" if source else "must specify one of: "
        which += "" if source else "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errors.append(invalid(f"{path}.valueFrom", "", which))


def _ports(container: dict[str, Any], path: str, errors: Errors) -> None:
    names: set[str] = set()
    for index, port in enumerate(container.get("ports") or ()):
        at = f"{path}.ports[{index}]"
        number = port.get("containerPort")
        if not number:
            errors.append(required(f"{at}.containerPort"))
        elif not 1 <= number <= 65535:
            errors.append(invalid(f"{at}.containerPort", number, _PORT_RANGE))
        name = port.get("name")
        if name:
            if name in names:
                errors.append(duplicate(f"{at}.name", name))
            names.add(name)
        if port.get("protocol") and port["protocol"] not in _PROTOCOLS:
            errors.append(not_supported(f"{at}.protocol", port["protocol"], _PROTOCOLS))


def _mounts(container: dict[str, Any], path: str, volumes: set[str], errors: Errors) -> None:
    paths: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        at, name = f"{path}.volumeMounts[{index}]", str(mount.get("name") or "")
        if not name:
            errors.append(required(f"{at}.name"))
        elif name not in volumes:
            errors.append(FieldError(f"{at}.name", "FieldValueNotFound", f'Not found: "{name}"', name))
        where = str(mount.get("mountPath") or "")
        if not where:
            errors.append(required(f"{at}.mountPath"))
        elif where in paths:
            errors.append(invalid(f"{at}.mountPath", where, "must be unique"))
        paths.add(where)


def _resources(resources: dict[str, Any], path: str, errors: Errors) -> None:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, value in amounts.items():
            number = amount(value)
            if number is not None and number < 0:
                errors.append(invalid(f"{path}.{field}[{name}]", value, "must be greater than or equal to 0"))
    for name, value in requests.items():
        limit, request = amount(limits[name]) if name in limits else None, amount(value)
        if limit is not None and request is not None and request > limit:
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            errors.append(invalid(f"{path}.requests", value, detail))


_POD_UPDATE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_MUTABLE = frozenset({"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "ephemeralContainers"})


def pod(new: dict[str, Any], old: dict[str, Any] | None, errors: Errors) -> None:
    """A pod of its own."""
    pod_spec(new.get("spec") or {}, "spec", errors)
    if old is not None and _fixed(new.get("spec") or {}) != _fixed(old.get("spec") or {}):
        errors.append(forbidden("spec", _POD_UPDATE))


def _fixed(spec: dict[str, Any]) -> dict[str, Any]:
    """The part of a pod's spec that stays as it is; the scheduler may set the node once, as the simulator does."""
    fixed = {name: value for name, value in spec.items() if name not in _MUTABLE and name != "nodeName"}
    for field in ("containers", "initContainers"):
        if field in fixed:
            fixed[field] = list(_without_image(fixed[field]))
    return fixed


def _without_image(containers: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for container in containers:
        yield {name: value for name, value in container.items() if name != "image"}
