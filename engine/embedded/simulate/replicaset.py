"""ReplicaSets: as many pods as are wanted, and a status that counts them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.embedded.facade import Facade
from engine.embedded.simulate.loop import Key, Object, Route, Simulator, itself, owner_of_kind
from engine.embedded.simulate.objects import (
    condition,
    is_active,
    is_deleting,
    is_ready,
    match_labels,
    owned,
    pod_from,
    without_zeros,
)

#: More pods than this are never made for one owner: the status then says what there is.
MAX_PODS = 500


class ReplicaSets(Simulator):
    """apps/v1 ReplicaSet."""

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """ReplicaSets, and the pods they own."""
        return {("apps/v1", "ReplicaSet"): itself, ("v1", "Pod"): owner_of_kind("ReplicaSet")}

    def reconcile(self, key: Key) -> float | None:
        """Create or delete pods, then count."""
        api = self.cluster.api
        replica_set = api.get("apps/v1", "ReplicaSet", *key)
        if replica_set is None or is_deleting(replica_set):
            return None
        pods = [pod for pod in self._pods(replica_set) if is_active(pod)]
        wanted = min(int(replica_set["spec"].get("replicas", 1)), MAX_PODS)
        if len(pods) < wanted:
            for _ in range(wanted - len(pods)):
                api.create(pod_from(replica_set["spec"]["template"], replica_set))
        elif len(pods) > wanted:
            delete_pods(api, pods, len(pods) - wanted)
        return self._write_status(replica_set)

    def _pods(self, replica_set: Object) -> list[Object]:
        namespace = replica_set["metadata"]["namespace"]
        found = self.cluster.api.list("v1", "Pod", namespace, labels=match_labels(replica_set))
        return owned(found, replica_set)

    def _write_status(self, replica_set: Object) -> float | None:
        metadata, minimum = replica_set["metadata"], int(replica_set["spec"].get("minReadySeconds") or 0)
        pods = [pod for pod in self._pods(replica_set) if is_active(pod)]
        ready = [pod for pod in pods if is_ready(pod)]
        waits = [
            minimum - self.cluster.since(condition(pod, "Ready").get("lastTransitionTime")) for pod in ready if minimum
        ]
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready) - sum(wait > 0 for wait in waits),
            "observedGeneration": metadata["generation"],
        }
        self.cluster.api.patch_status(
            "apps/v1", "ReplicaSet", metadata["namespace"], metadata["name"], without_zeros(status, "replicas")
        )
        return min((wait for wait in waits if wait > 0), default=None)


def delete_pods(api: Facade, pods: list[Object], count: int) -> None:
    """Delete so many, those first that are not ready, then the youngest."""
    by_worth = sorted(pods, key=lambda pod: (not is_ready(pod), pod["metadata"].get("creationTimestamp") or ""))
    for pod in reversed(by_worth[-count:] if count else []):
        api.delete("v1", "Pod", pod["metadata"]["namespace"], pod["metadata"]["name"], uid=pod["metadata"]["uid"])
