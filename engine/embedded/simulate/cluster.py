"""What simulators work with: the API as each of a cluster's own managers, who owns what, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.clock import Clock
from engine.embedded.facade import Facade
from engine.embedded.simulate.objects import Object, is_deleting, is_ready, owner_reference
from engine.embedded.simulate.owning import BURST, POD, Key, Kind, Ownership, selects

__all__ = ["CONTROLLER_MANAGER", "KUBELET", "SCHEDULER", "Cluster", "Key", "Object"]

CONTROLLER_MANAGER = "kube-controller-manager"
KUBELET = "kubelet"
SCHEDULER = "kube-scheduler"


@dataclass(frozen=True, slots=True)
class Cluster:
    """`api` is the controller manager's; a status that says what is there already is not written."""

    api: Facade
    kubelet: Facade
    scheduler: Facade
    clock: Clock
    ownership: Ownership = field(default_factory=Ownership)

    def now(self) -> str:
        """Wall time as objects write it (RFC 3339, seconds)."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def since(self, moment: Any) -> float:
        """Seconds since a time that an object states; 0 when it states none."""
        try:
            return max(0.0, (self.clock.now() - datetime.fromisoformat(str(moment))).total_seconds())
        except ValueError:
            return 0.0

    def create(self, obj: Object) -> Object:
        """Create as the controller manager; it is known as owned at once."""
        created = self.api.create(obj)
        self.ownership.note(created)
        return created

    def belonging(self, owner: Object, kind: Kind) -> list[Object]:
        """The objects of a kind that are this owner's, oldest first; what it selects and nobody controls, it adopts."""
        for key in self.ownership.orphans(owner, kind):
            orphan = self.api.get(*kind, *key)
            if orphan is not None and not is_deleting(orphan) and selects(owner, orphan):
                references = [*(orphan["metadata"].get("ownerReferences") or ()), owner_reference(owner)]
                body = {"metadata": {"ownerReferences": references}}
                self.ownership.note(self.api.patch(*kind, *key, body))
        read = (self.api.get(*kind, *key) for key in self.ownership.of(owner["metadata"]["uid"], kind))
        found = [obj for obj in read if obj is not None]
        return sorted(found, key=lambda obj: (obj["metadata"]["creationTimestamp"], obj["metadata"]["name"]))

    def write_status(self, obj: Object, status: Mapping[str, Any], *, by: Facade | None = None) -> None:
        """Merge a status; null removes a field. `by` is another manager than the controller manager."""
        if not says_nothing_new(obj.get("status") or {}, status):
            metadata = obj["metadata"]
            place = (obj["apiVersion"], obj["kind"], metadata.get("namespace") or "", metadata["name"])
            (by or self.api).patch_status(*place, dict(status))

    def delete_pod(self, pod: Object) -> None:
        """Delete this very pod."""
        metadata = pod["metadata"]
        self.api.delete(*POD, metadata["namespace"], metadata["name"], uid=metadata["uid"])

    def delete_pods(self, pods: list[Object], count: int) -> None:
        """Delete so many (at most a burst), those first that are not ready, then the youngest."""
        youngest = sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
        for pod in sorted(youngest, key=is_ready)[: min(count, BURST)]:
            self.delete_pod(pod)


def says_nothing_new(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether merging `wanted` (RFC 7386) would leave `there` as it is."""
    for name, value in wanted.items():
        found = there.get(name)
        if isinstance(value, dict) and isinstance(found, dict):
            if not says_nothing_new(found, value):
                return False
        elif found != value:
            return False
    return True
