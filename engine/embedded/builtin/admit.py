"""What strategies and admission add to single kinds on create and update, beyond what the writer comes to own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.embedded.builtin.pods import admit_pod

Object = dict[str, Any]

_GENERATION = "deprecated.daemonset.template.generation"


def admit(new: Object, old: Object | None) -> None:
    """Complete `new` in place; `old` is None on create. The object already has its uid."""
    step = _STEPS.get((str(new.get("apiVersion")), str(new.get("kind"))))
    if step is not None:
        step(new, old)


def _pod(new: Object, old: Object | None) -> None:
    if old is None:
        admit_pod(new)


def _job(new: Object, old: Object | None) -> None:
    """A job selects its own pods by its uid, unless it says how to select them."""
    spec = new.setdefault("spec", {})
    if old is not None or spec.get("manualSelector"):
        return
    metadata = new["metadata"]
    uid, name = str(metadata["uid"]), str(metadata["name"])
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    # A job without labels of its own is given its template's.
    for holder in (template,) if metadata.get("labels") else (metadata, template):
        holder["labels"] = {**(holder.get("labels") or {}), **labels}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _daemon_set(new: Object, old: Object | None) -> None:
    """The template's generation goes up with every change of the template."""
    if old is None:
        return
    annotations = new["metadata"].setdefault("annotations", {})
    before = (old["metadata"].get("annotations") or {}).get(_GENERATION) or "1"
    changed = (new.get("spec") or {}).get("template") != (old.get("spec") or {}).get("template")
    annotations[_GENERATION] = str(int(before) + 1) if changed and before.isdigit() else before


_STEPS: Mapping[tuple[str, str], Callable[[Object, Object | None], None]] = {
    ("v1", "Pod"): _pod,
    ("batch/v1", "Job"): _job,
    ("apps/v1", "DaemonSet"): _daemon_set,
}
