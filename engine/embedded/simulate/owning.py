"""Which objects a workload has, and how it gets and loses pods: in bursts, so that requests come between."""

from __future__ import annotations

from engine.embedded.facade import Facade
from engine.embedded.simulate.objects import (
    Object,
    controller_uid,
    is_deleting,
    is_ready,
    match_labels,
    owned,
    owner_reference,
)

#: More pods than this are never made for one owner: its status then says what there is.
MAX_PODS = 500
#: Creates and deletes in one go; the changes that they are bring the owner back for the rest.
BURST = 25


def belonging(api: Facade, group_version: str, kind: str, owner: Object) -> list[Object]:
    """The objects of a kind that are this owner's, oldest first; what it selects and nobody owns, it adopts."""
    namespace, labels = owner["metadata"]["namespace"], match_labels(owner)
    found = api.list(group_version, kind, namespace, labels=labels)
    for orphan in found:
        if labels and not controller_uid(orphan) and not is_deleting(orphan):
            references = [*(orphan["metadata"].get("ownerReferences") or ()), owner_reference(owner)]
            body = {"metadata": {"ownerReferences": references}}
            api.patch(group_version, kind, namespace, orphan["metadata"]["name"], body)
    return owned(api.list(group_version, kind, namespace, labels=labels), owner)


def delete_pods(api: Facade, pods: list[Object], count: int) -> None:
    """Delete so many, those first that are not ready, then the youngest."""
    by_worth = sorted(pods, key=lambda pod: (is_ready(pod), _age_order(pod)))
    for pod in by_worth[: min(count, BURST)]:
        delete_pod(api, pod)


def delete_pod(api: Facade, pod: Object) -> None:
    """Delete this very pod."""
    api.delete("v1", "Pod", pod["metadata"]["namespace"], pod["metadata"]["name"], uid=pod["metadata"]["uid"])


def _age_order(pod: Object) -> tuple[int, ...]:
    """Sorts the youngest first."""
    return tuple(-ord(char) for char in str(pod["metadata"].get("creationTimestamp") or ""))
