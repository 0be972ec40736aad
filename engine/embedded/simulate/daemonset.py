"""DaemonSets: one pod on every node, replaced one at a time."""

from __future__ import annotations

from collections.abc import Mapping

from engine.embedded.simulate.cluster import Key, Object
from engine.embedded.simulate.loop import Route, Simulator, itself, owner_of_kind
from engine.embedded.simulate.nodes import NODES
from engine.embedded.simulate.objects import (
    REVISION_LABEL,
    is_active,
    is_deleting,
    is_ready,
    percent_of,
    pod_from,
    template_hash,
    without_zeros,
)
from engine.embedded.simulate.owning import POD

_COUNTS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")


class DaemonSets(Simulator):
    """apps/v1 DaemonSet."""

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """DaemonSets, and the pods they own."""
        return {("apps/v1", "DaemonSet"): itself, ("v1", "Pod"): owner_of_kind("DaemonSet")}

    def reconcile(self, key: Key) -> float | None:
        """Fill the nodes, replace what is outdated, report."""
        daemon_set = self.cluster.api.get("apps/v1", "DaemonSet", *key)
        if daemon_set is None or is_deleting(daemon_set):
            return None
        revision = template_hash(daemon_set["spec"]["template"])
        pods = self._pods(daemon_set)
        for node in NODES:
            if node not in pods:
                pod = pod_from(daemon_set["spec"]["template"], daemon_set, labels={REVISION_LABEL: revision})
                pod["spec"]["nodeName"] = node
                self.cluster.create(pod)
        if (daemon_set["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
            self._update(daemon_set, pods, revision)
        self._report(daemon_set, revision)
        return None

    def _pods(self, daemon_set: Object) -> dict[str, Object]:
        """By node."""
        found = self.cluster.belonging(daemon_set, POD)
        return {str(pod["spec"].get("nodeName")): pod for pod in found if is_active(pod)}

    def _update(self, daemon_set: Object, pods: Mapping[str, Object], revision: str) -> None:
        rolling = (daemon_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        allowed = max(1, percent_of(rolling.get("maxUnavailable", 1), len(NODES), up=True))
        down = len(NODES) - sum(map(is_ready, pods.values()))
        for pod in pods.values():
            if _revision_of(pod) != revision and (down < allowed or not is_ready(pod)):
                down += is_ready(pod)
                self.cluster.delete_pod(pod)

    def _report(self, daemon_set: Object, revision: str) -> None:
        pods = self._pods(daemon_set)
        ready = sum(map(is_ready, pods.values()))
        status = {
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": 0,
            "desiredNumberScheduled": len(NODES),
            "numberReady": ready,
            "numberAvailable": ready,
            "numberUnavailable": len(NODES) - ready,
            "updatedNumberScheduled": sum(_revision_of(pod) == revision for pod in pods.values()),
            "observedGeneration": daemon_set["metadata"]["generation"],
        }
        self.cluster.write_status(daemon_set, without_zeros(status, *_COUNTS))


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL) or "")
