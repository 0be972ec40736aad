"""kubectl's last-applied annotation: what client-side apply left is kubectl's own when it applies server-side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from engine.embedded.fieldmanager.compare import compare
from engine.embedded.fieldmanager.fieldset import EMPTY, FieldSet
from engine.embedded.fieldmanager.managed import body_of
from engine.embedded.fieldmanager.nodes import Node
from engine.embedded.fieldmanager.typed import field_set

#: The field manager of `kubectl apply --server-side`: no other manager upgrades from the annotation.
KUBECTL = "kubectl"
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
#: All annotations of an object together may have 256 KiB.
MAX_ANNOTATION = 256 * 1024


def _annotation(obj: Mapping[str, Any]) -> str:
    metadata = obj.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return str(annotations.get(ANNOTATION) or "") if isinstance(annotations, dict) else ""


def owned(body: Mapping[str, Any], kind: Node) -> FieldSet:
    """The fields that client-side apply set and that are still as it set them: kubectl may change those."""
    written = _annotation(body)
    if not written:
        return EMPTY
    try:
        config = orjson.loads(written)
    except orjson.JSONDecodeError:
        return EMPTY  # an annotation that was edited by hand proves nothing
    if not isinstance(config, dict) or config.get("apiVersion") != body.get("apiVersion"):
        return EMPTY
    difference = compare(config, body, kind)
    return field_set(config, kind) - difference.modified - difference.added - difference.removed


def refresh(result: dict[str, Any], applied: Mapping[str, Any]) -> dict[str, Any]:
    """Where the annotation is there, it says what was applied now, so that client-side apply can go on."""
    if not _annotation(result):
        return result
    config = body_of(applied)
    metadata = dict(config.get("metadata") or {})
    annotations = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != ANNOTATION}
    config["metadata"] = {**metadata, **({"annotations": annotations} if "annotations" in metadata else {})}
    text = orjson.dumps(config, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode()
    before = result["metadata"]["annotations"]
    if before[ANNOTATION] == text or len(text) > MAX_ANNOTATION:
        return result
    return {**result, "metadata": {**result["metadata"], "annotations": {**before, ANNOTATION: text}}}
