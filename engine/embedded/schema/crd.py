"""CustomResourceDefinitions: what a write of one fills in, and what it refuses.

`default_definition` and `validate_definition` are what a write passes through; `crd_status.accept` gives the status
that the server's own controllers write afterwards (field manager `kube-apiserver-1.36`, subresource status).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.embedded.schema.crd_status import condition
from engine.embedded.schema.fielderrors import FieldError, forbidden, invalid, not_supported, required
from engine.embedded.schema.patterns import compile_pattern
from engine.embedded.schema.structural import MISSING, Structural, compile_schema
from engine.embedded.schema.validate import validate
from engine.embedded.schema.values import prune

_LABEL_1035 = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")


def default_definition(crd: dict[str, Any]) -> None:
    """Fill in what the server fills in: singular, list kind, conversion, and the status of a new definition."""
    spec = crd.setdefault("spec", {})
    names = spec.setdefault("names", {})
    kind = str(names.get("kind") or "")
    if kind:
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    status = crd.setdefault("status", {})
    status.setdefault("conditions", None)
    status.setdefault("acceptedNames", {"plural": "", "kind": ""})
    if not status.get("storedVersions"):
        status["storedVersions"] = [str(version.get("name")) for version in _versions(crd) if version.get("storage")]


def validate_definition(crd: dict[str, Any], old: dict[str, Any] | None = None) -> list[FieldError]:
    """What is wrong with a definition, and with the change from `old`."""
    errors: list[FieldError] = []
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    name = str((crd.get("metadata") or {}).get("name") or "")
    if name != f"{names.get('plural') or ''}.{spec.get('group') or ''}":
        errors.append(invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))
    _judge_group(spec, errors)
    _judge_names(names, errors)
    _judge_versions(crd, errors)
    _judge_conversion(spec, errors)
    if spec.get("preserveUnknownFields"):
        word = "x-kubernetes-preserve-unknown-fields"
        detail = f"cannot set to true, set {word} to true in spec.versions[*].schema instead"
        errors.append(invalid("spec.preserveUnknownFields", True, detail))
    if old is not None:
        _judge_change(crd, old, errors)
    return errors


def _versions(crd: dict[str, Any]) -> list[dict[str, Any]]:
    return [version for version in (crd.get("spec") or {}).get("versions") or () if isinstance(version, dict)]


def _judge_group(spec: dict[str, Any], errors: list[FieldError]) -> None:
    group = spec.get("group") or ""
    if not group:
        errors.append(required("spec.group"))
    elif compile_pattern(_SUBDOMAIN).search(group) is None:
        errors.append(invalid("spec.group", group, _SUBDOMAIN_TEXT))
    elif "." not in group:
        errors.append(invalid("spec.group", group, "should be a domain with at least one dot"))
    scope = spec.get("scope") or ""
    if not scope:
        errors.append(required("spec.scope"))
    elif scope not in ("Cluster", "Namespaced"):
        errors.append(not_supported("spec.scope", scope, ("Cluster", "Namespaced")))


def _judge_names(names: dict[str, Any], errors: list[FieldError]) -> None:
    for field, lowered in (("plural", False), ("singular", False), ("kind", True), ("listKind", True)):
        value = str(names.get(field) or "")
        if not value:
            errors.append(required(f"spec.names.{field}"))
        elif compile_pattern(_LABEL_1035).search(value.lower() if lowered else value) is None:
            prefix = "may have mixed case, but should otherwise match: " if lowered else ""
            errors.append(invalid(f"spec.names.{field}", value, prefix + _LABEL_1035_TEXT))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        errors.append(invalid("spec.names.listKind", names["listKind"], "kind and listKind may not be the same"))
    for field in ("shortNames", "categories"):
        for index, value in enumerate(names.get(field) or ()):
            if compile_pattern(_LABEL_1035).search(str(value)) is None:
                errors.append(invalid(f"spec.names.{field}[{index}]", value, _LABEL_1035_TEXT))


def _judge_versions(crd: dict[str, Any], errors: list[FieldError]) -> None:
    versions = _versions(crd)
    seen: set[str] = set()
    for index, version in enumerate(versions):
        path, name = f"spec.versions[{index}]", str(version.get("name") or "")
        if compile_pattern(_LABEL_1035).search(name) is None:
            errors.append(invalid(f"{path}.name", name, _LABEL_1035_TEXT))
        if name in seen:
            errors.append(invalid(f"{path}.name", name, "must be unique"))
        seen.add(name)
        _judge_columns(version, path, errors)
    if sum(bool(version.get("storage")) for version in versions) != 1:
        errors.append(invalid("spec.versions", versions, "must have exactly one version marked as storage version"))
    _judge_schemas(versions, errors)


def _judge_schemas(versions: list[dict[str, Any]], errors: list[FieldError]) -> None:
    """Each version's schema; versions with one and the same are judged once, at the path of the definition's own."""
    documents = [(version.get("schema") or {}).get("openAPIV3Schema") for version in versions]
    if documents and documents[0] and all(document == documents[0] for document in documents):
        _judge_schema(documents[0], "spec.validation.openAPIV3Schema", errors)
        return
    for index, document in enumerate(documents):
        path = f"spec.versions[{index}].schema.openAPIV3Schema"
        if document:
            _judge_schema(document, path, errors)
        else:
            errors.append(required(path, "schemas are required"))


def _judge_schema(document: dict[str, Any], path: str, errors: list[FieldError]) -> None:
    before = len(errors)
    metadata = (document.get("properties") or {}).get("metadata") or {}
    if set(metadata) - {"type", "properties", "description"} or set(metadata.get("properties") or {}) - {
        "name",
        "generateName",
    }:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        errors.append(forbidden(f"{path}.properties[metadata]", detail))
    compiled = compile_schema(document, path, errors)
    if len(errors) == before:
        _judge_defaults(compiled, path, errors)


def _judge_defaults(schema: Structural, path: str, errors: list[FieldError]) -> None:
    """A default must itself be valid, and have no field that would be pruned."""
    if schema.default is not MISSING:
        wrapper = Structural(type="object", properties={"default": schema})
        value = {"default": schema.default}
        if dropped := prune({"default": _copied(schema.default)}, wrapper):
            errors.append(
                invalid(f"{path}.default", schema.default, f"must not have unknown fields: {', '.join(dropped)}")
            )
        errors.extend(replace(error, field=f"{path}.{error.field}") for error in validate(value, None, wrapper))
    for name, child in schema.properties.items():
        _judge_defaults(child, f"{path}.properties[{name}]", errors)
    for word, node in (("items", schema.items), ("additionalProperties", schema.additional)):
        if node is not None:
            _judge_defaults(node, f"{path}.{word}", errors)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(child) for name, child in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _judge_columns(version: dict[str, Any], path: str, errors: list[FieldError]) -> None:
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        at = f"{path}.additionalPrinterColumns[{index}]"
        errors.extend(required(f"{at}.{word}") for word in ("name", "type") if not column.get(word))
        if column.get("type") and column["type"] not in _COLUMN_TYPES:
            errors.append(not_supported(f"{at}.type", column["type"], _COLUMN_TYPES))
        if not str(column.get("jsonPath") or "").startswith("."):
            detail = "must be a simple json path starting with ."
            missing = not column.get("jsonPath")
            errors.append(
                required(f"{at}.jsonPath") if missing else invalid(f"{at}.jsonPath", column["jsonPath"], detail)
            )


def _judge_conversion(spec: dict[str, Any], errors: list[FieldError]) -> None:
    strategy = (spec.get("conversion") or {}).get("strategy") or "None"
    if strategy == "Webhook":
        detail = "this server does not call conversion webhooks; use None"
        errors.append(invalid("spec.conversion.strategy", strategy, detail))
    elif strategy != "None":
        errors.append(not_supported("spec.conversion.strategy", strategy, ("None", "Webhook")))


def _judge_change(crd: dict[str, Any], old: dict[str, Any], errors: list[FieldError]) -> None:
    established = condition(old, "Established") == "True"
    new_spec, old_spec = crd.get("spec") or {}, old.get("spec") or {}
    pairs: tuple[tuple[str, Callable[[dict[str, Any]], Any], bool], ...] = (
        ("spec.group", lambda spec: spec.get("group"), True),
        ("spec.names.plural", lambda spec: (spec.get("names") or {}).get("plural"), True),
        ("spec.scope", lambda spec: spec.get("scope"), established),
        ("spec.names.kind", lambda spec: (spec.get("names") or {}).get("kind"), established),
    )
    for field, read, fixed in pairs:
        if fixed and read(new_spec) != read(old_spec):
            errors.append(invalid(field, read(new_spec), "field is immutable"))
    served = {version.get("name") for version in _versions(crd)}
    stored = (crd.get("status") or {}).get("storedVersions") or (old.get("status") or {}).get("storedVersions") or ()
    for index, name in enumerate(stored):
        if name not in served:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions"
                f" until a storage migration ensures no data remains persisted in {name} and removes {name} from "
                "status.storedVersions"
            )
            errors.append(invalid(f"status.storedVersions[{index}]", name, detail))
