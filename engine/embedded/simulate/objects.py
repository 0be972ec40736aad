"""Small pure pieces that the simulators share: owners, selectors, pods' state, conditions, template hashes."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

Object = dict[str, Any]

#: On a workload or its pod template: image-pull, crash-loop or never-ready.
FAIL = "simulate.fluxtui.io/fail"
HASH_LABEL = "pod-template-hash"
REVISION_LABEL = "controller-revision-hash"

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Object, length: int = 10) -> str:
    """A short name for a pod template: the same template always gets the same."""
    metadata = template.get("metadata") or {}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k not in (HASH_LABEL, REVISION_LABEL)}
    said = {"labels": labels, "annotations": metadata.get("annotations") or {}, "spec": template.get("spec") or {}}
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:length])


def spread(text: str, low: float, high: float) -> float:
    """A number between the two that follows from the text: delays differ, and repeat from run to run."""
    return low + (high - low) * number(text) / 2**32


def number(text: str) -> int:
    """A number below 2^32 that follows from the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def owner_reference(owner: Object) -> Object:
    """The reference by which a controller owns what it makes."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_uid(obj: Object) -> str:
    """The uid of the controlling owner, or ""."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return str(owner["uid"])
    return ""


def match_labels(obj: Object) -> Mapping[str, str]:
    """spec.selector.matchLabels."""
    labels: Mapping[str, str] = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return labels


def is_deleting(obj: Object) -> bool:
    """Whether the object waits for its finalizers."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def is_active(pod: Object) -> bool:
    """A pod that runs or will run."""
    return not is_deleting(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def condition(obj: Object, kind: str) -> Object:
    """One of status.conditions, or {}."""
    for entry in (obj.get("status") or {}).get("conditions") or ():
        if entry.get("type") == kind:
            return dict(entry)
    return {}


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is True."""
    return condition(pod, "Ready").get("status") == "True" and not is_deleting(pod)


def percent_of(value: Any, total: int, *, up: bool) -> int:
    """An int-or-percent as a number of replicas."""
    if isinstance(value, str) and value.endswith("%"):
        share = int(value[:-1]) * total
        return -(-share // 100) if up else share // 100
    return int(value or 0)


def pod_from(template: Object, owner: Object, *, labels: Mapping[str, str] | None = None, name: str = "") -> Object:
    """A pod as a controller creates it from its template."""
    metadata = template.get("metadata") or {}
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(metadata.get("labels") or {}), **(labels or {})},
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": copy.deepcopy(template.get("spec") or {}),
    }
    if metadata.get("annotations"):
        pod["metadata"]["annotations"] = dict(metadata["annotations"])
    # The API server appends five characters; a long owner's name is cut so that they fit.
    pod["metadata"].update({"name": name} if name else {"generateName": f"{owner['metadata']['name'][:57]}-"})
    return pod


def without_zeros(status: Mapping[str, Any], *kept: str) -> Object:
    """A status with zeros and empties as null, which a merge patch removes; `kept` stay."""
    return {name: value if value or name in kept else None for name, value in status.items()}
