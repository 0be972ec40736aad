"""ReplicaSets: as many pods as are wanted, and a status that counts them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.embedded.simulate.cluster import Key, Object
from engine.embedded.simulate.loop import Route, Simulator, itself, owner_of_kind
from engine.embedded.simulate.objects import (
    condition,
    is_active,
    is_deleting,
    is_ready,
    pod_from,
    without_zeros,
)
from engine.embedded.simulate.owning import BURST, MAX_PODS, POD


class ReplicaSets(Simulator):
    """apps/v1 ReplicaSet."""

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """ReplicaSets, and the pods they own."""
        return {("apps/v1", "ReplicaSet"): itself, ("v1", "Pod"): owner_of_kind("ReplicaSet")}

    def reconcile(self, key: Key) -> float | None:
        """Create or delete pods, then count."""
        replica_set = self.cluster.api.get("apps/v1", "ReplicaSet", *key)
        if replica_set is None or is_deleting(replica_set):
            return None
        pods = self._pods(replica_set)
        wanted = min(int(replica_set["spec"].get("replicas", 1)), MAX_PODS)
        if len(pods) < wanted:
            for _ in range(min(wanted - len(pods), BURST)):
                self.cluster.create(pod_from(replica_set["spec"]["template"], replica_set))
        elif len(pods) > wanted:
            self.cluster.delete_pods(pods, len(pods) - wanted)
        return self._write_status(replica_set, pods if len(pods) == wanted else self._pods(replica_set))

    def _pods(self, replica_set: Object) -> list[Object]:
        return [pod for pod in self.cluster.belonging(replica_set, POD) if is_active(pod)]

    def _write_status(self, replica_set: Object, pods: list[Object]) -> float | None:
        minimum = int(replica_set["spec"].get("minReadySeconds") or 0)
        ready = [pod for pod in pods if is_ready(pod)]
        waits = [
            minimum - self.cluster.since(condition(pod, "Ready").get("lastTransitionTime")) for pod in ready if minimum
        ]
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready) - sum(wait > 0 for wait in waits),
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        self.cluster.write_status(replica_set, without_zeros(status, "replicas"))
        return min((wait for wait in waits if wait > 0), default=None)
