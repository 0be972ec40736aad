"""What the server itself writes into metadata, and what it refuses there."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.embedded import status
from engine.embedded.registry import Resource
from engine.embedded.schema.fielderrors import FieldError, forbidden, invalid, required

Object = dict[str, Any]

#: What generateName draws from: no vowels, and nothing that looks like something else.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX = 5
_MAX_GENERATED = 63 - _SUFFIX
_MAX_SUBDOMAIN = 253
_MAX_LABEL = 63
_MAX_ANNOTATIONS = 256 * 1024

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = re.compile(
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)
_LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    f"'{_LABEL_1035}')"
)
_QUALIFIED_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)

#: Resources whose names are labels, or only path segments, instead of subdomains.
_LABEL_NAMES = frozenset({"namespaces"})
_LABEL_1035_NAMES = frozenset({"services"})
_PATH_NAMES = frozenset(
    f"{plural}.rbac.authorization.k8s.io" for plural in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
)
#: Built-in resources that count changes of their spec.
_GENERATION = frozenset(
    [
        "pods",
        "replicationcontrollers",
        "podtemplates",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
        "ingresses.networking.k8s.io",
        "ingressclasses.networking.k8s.io",
        "networkpolicies.networking.k8s.io",
        "poddisruptionbudgets.policy",
        "endpointslices.discovery.k8s.io",
        "priorityclasses.scheduling.k8s.io",
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
    ]
)
#: Their generation also counts the request to delete them.
_COUNTS_DELETION = _GENERATION - {"customresourcedefinitions.apiextensions.k8s.io"}

_OWN_PATHS = frozenset({"metadata", "status"})
#: Only the server writes these; an update keeps what is stored.
_SYSTEM = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink")


def timestamp(now: datetime) -> str:
    """RFC 3339 in whole seconds, as metav1.Time is written."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def has_generation(resource: Resource) -> bool:
    """Whether metadata.generation counts changes of this resource."""
    return resource.custom is not None or resource.qualified in _GENERATION


def counts_deletion(resource: Resource) -> bool:
    """Whether a request to delete counts as a change of generation."""
    return resource.custom is not None or resource.qualified in _COUNTS_DELETION


def generated_name(base: str) -> str:
    """GenerateName and five random characters."""
    return base[:_MAX_GENERATED] + "".join(secrets.choice(_ALPHABET) for _ in range(_SUFFIX))


def stamp_new(resource: Resource, obj: Object, now: str) -> None:
    """Name, uid, time and generation of a new object; what only the server may say is dropped."""
    metadata = obj["metadata"]
    if metadata.get("resourceVersion"):
        raise status.internal("resourceVersion should not be set on objects to be created")
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated_name(metadata["generateName"])
    for field in (*_SYSTEM, "resourceVersion"):
        metadata.pop(field, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = now
    if has_generation(resource):
        metadata["generation"] = 1


def keep_system(obj: Object, live: Mapping[str, Any]) -> None:
    """Give an update the stored values of what only the server may say."""
    metadata, stored = obj["metadata"], live["metadata"]
    for field in (*_SYSTEM, "resourceVersion"):
        if field in stored:
            metadata[field] = stored[field]
        else:
            metadata.pop(field, None)


def changed_spec(resource: Resource, obj: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether anything but metadata, and a status that is written through its own path, differs."""
    apart = {"metadata"} if resource.custom is not None and "status" not in resource.subresources else _OWN_PATHS
    names = (obj.keys() | live.keys()) - apart
    return any(obj.get(name) != live.get(name) for name in names)


def validate_new(resource: Resource, obj: Object) -> list[FieldError]:
    """What is wrong with the metadata of a new object."""
    metadata = obj["metadata"]
    name = metadata.get("name") or ""
    errors: list[FieldError] = []
    if not name:
        errors.append(required("metadata.name", "name or generateName is required"))
    elif error := _name_error(resource, name):
        errors.append(invalid("metadata.name", name, error))
    return errors + _common(metadata)


def validate_update(obj: Object, live: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the metadata of an update."""
    metadata, stored = obj["metadata"], live["metadata"]
    errors: list[FieldError] = []
    if stored.get("deletionTimestamp"):
        before = set(stored.get("finalizers") or ())
        added = [name for name in metadata.get("finalizers") or () if name not in before]
        if added:
            listed = ", ".join(f'"{name}"' for name in added)
            detail = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}"
            )
            # The real server finds this twice, and says so in the causes.
            errors += [forbidden("metadata.finalizers", detail)] * 2
    return errors + _common(metadata)


def _common(metadata: Mapping[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, value in (metadata.get("labels") or {}).items():
        if not _qualified(key):
            errors.append(invalid("metadata.labels", key, _QUALIFIED_TEXT))
        if not _LABEL_VALUE.fullmatch(str(value)):
            errors.append(invalid("metadata.labels", value, LABEL_VALUE_TEXT))
    size = 0
    for key, value in (metadata.get("annotations") or {}).items():
        size += len(key) + len(value)
        if not _qualified(key.lower()):
            errors.append(invalid("metadata.annotations", key, _QUALIFIED_TEXT))
    if size > _MAX_ANNOTATIONS:
        message = f"Too long: may not be more than {_MAX_ANNOTATIONS} bytes"
        errors.append(FieldError("metadata.annotations", "FieldValueTooLong", message))
    finalizers = [str(one) for one in metadata.get("finalizers") or ()]
    errors += [invalid("metadata.finalizers", one, _QUALIFIED_TEXT) for one in finalizers if not _qualified(one)]
    errors += _owner_errors(metadata.get("ownerReferences") or ())
    return errors


def _owner_errors(owners: Any) -> list[FieldError]:
    errors: list[FieldError] = []
    controllers = [owner for owner in owners if owner.get("controller")]
    if len(controllers) > 1:
        detail = (
            "Only one reference can have Controller set to true. Found "
            f'"true" in references for {controllers[0].get("kind")}/{controllers[0].get("name")}'
            f" and {controllers[1].get('kind')}/{controllers[1].get('name')}"
        )
        errors.append(invalid("metadata.ownerReferences", owners, detail))
    for index, owner in enumerate(owners):
        errors += [
            invalid(f"metadata.ownerReferences[{index}].{field}", "", f"{field} must not be empty")
            for field in ("apiVersion", "kind", "name", "uid")
            if not owner.get(field)
        ]
    return errors


def _qualified(key: str) -> bool:
    return len(key) <= _MAX_SUBDOMAIN + 1 + _MAX_LABEL and _QUALIFIED.fullmatch(key) is not None


def _name_error(resource: Resource, name: str) -> str:
    """The complaint about a name, or ""."""
    if resource.qualified in _PATH_NAMES:
        return _path_segment_error(name)
    for names, pattern, longest, text in (
        (_LABEL_NAMES, _LABEL, _MAX_LABEL, _LABEL_TEXT),
        (_LABEL_1035_NAMES, _LABEL_1035, _MAX_LABEL, _LABEL_1035_TEXT),
    ):
        if resource.qualified in names:
            return _pattern_error(name, pattern, longest, text)
    return _pattern_error(name, _SUBDOMAIN, _MAX_SUBDOMAIN, _SUBDOMAIN_TEXT)


def _pattern_error(name: str, pattern: str, longest: int, text: str) -> str:
    if len(name) > longest:
        return f"must be no more than {longest} bytes"
    return "" if re.fullmatch(pattern, name) else text


def _path_segment_error(name: str) -> str:
    if name in (".", ".."):
        return f"may not be '{name}'"
    for character in "/%":
        if character in name:
            return f"may not contain '{character}'"
    return ""
