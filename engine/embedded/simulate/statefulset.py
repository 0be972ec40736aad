"""StatefulSets: numbered pods with their claims, one after the other, replaced from the last to the first."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from engine.embedded.simulate.cluster import Key, Object
from engine.embedded.simulate.loop import Route, Simulator, itself, owner_of_kind
from engine.embedded.simulate.objects import (
    REVISION_LABEL,
    is_active,
    is_deleting,
    is_ready,
    match_labels,
    pod_from,
    template_hash,
)
from engine.embedded.simulate.owning import MAX_PODS, POD


class StatefulSets(Simulator):
    """apps/v1 StatefulSet."""

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """StatefulSets, and the pods they own."""
        return {("apps/v1", "StatefulSet"): itself, ("v1", "Pod"): owner_of_kind("StatefulSet")}

    def reconcile(self, key: Key) -> float | None:
        """Take the next step that the order of pods allows, then report."""
        stateful_set = self.cluster.api.get("apps/v1", "StatefulSet", *key)
        if stateful_set is None or is_deleting(stateful_set):
            return None
        revision = self._revision(stateful_set)
        pods = self._pods(stateful_set)
        self._step(stateful_set, pods, revision)
        self._report(stateful_set, self._pods(stateful_set), revision)
        return None

    def _revision(self, stateful_set: Object) -> str:
        return f"{stateful_set['metadata']['name']}-{template_hash(stateful_set['spec']['template'])}"

    def _pods(self, stateful_set: Object) -> dict[int, Object]:
        """By ordinal."""
        found = self.cluster.belonging(stateful_set, POD)
        numbers = ((pod["metadata"]["name"].rpartition("-")[2], pod) for pod in found if is_active(pod))
        return {int(number): pod for number, pod in numbers if number.isdigit()}

    def _step(self, stateful_set: Object, pods: dict[int, Object], revision: str) -> None:
        spec = stateful_set["spec"]
        first = int((spec.get("ordinals") or {}).get("start") or 0)
        wanted = range(first, first + min(int(spec.get("replicas", 1)), MAX_PODS))
        parallel = spec.get("podManagementPolicy") == "Parallel"
        surplus = [number for number in sorted(pods, reverse=True) if number not in wanted]
        for number in surplus:
            self.cluster.delete_pod(pods[number])
            if not parallel:
                return
        for number in wanted:
            if number not in pods:
                self._create(stateful_set, number, revision)
                if not parallel:
                    return
            elif not is_ready(pods[number]) and not parallel and _revision_of(pods[number]) == revision:
                return
        if (spec.get("updateStrategy") or {}).get("type") != "OnDelete":
            self._update(stateful_set, [pods[number] for number in wanted if number in pods], revision)

    def _update(self, stateful_set: Object, pods: list[Object], revision: str) -> None:
        """Replace the last pod of an older revision, above the partition, once those after it are ready."""
        rolling = (stateful_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        for pod in reversed(pods[int(rolling.get("partition") or 0) :]):
            if _revision_of(pod) != revision:
                self.cluster.delete_pod(pod)
                return
            if not is_ready(pod):
                return

    def _create(self, stateful_set: Object, number: int, revision: str) -> None:
        name = f"{stateful_set['metadata']['name']}-{number}"
        labels = {
            REVISION_LABEL: revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(number),
        }
        pod = pod_from(stateful_set["spec"]["template"], stateful_set, labels=labels, name=name)
        pod["spec"]["hostname"] = name
        if stateful_set["spec"].get("serviceName"):
            pod["spec"]["subdomain"] = stateful_set["spec"]["serviceName"]
        templates = stateful_set["spec"].get("volumeClaimTemplates") or []
        claimed = {template["metadata"]["name"] for template in templates}
        volumes = [volume for volume in pod["spec"].get("volumes") or [] if volume["name"] not in claimed]
        for template in templates:
            claim = f"{template['metadata']['name']}-{name}"
            self._claim(stateful_set, template, claim)
            volumes.append({"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}})
        if volumes:
            pod["spec"]["volumes"] = volumes
        self.cluster.create(pod)

    def _claim(self, stateful_set: Object, template: Object, name: str) -> None:
        namespace = stateful_set["metadata"]["namespace"]
        if self.cluster.api.get("v1", "PersistentVolumeClaim", namespace, name) is None:
            labels = {**(template["metadata"].get("labels") or {}), **match_labels(stateful_set)}
            self.cluster.api.create(
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": name, "namespace": namespace, "labels": labels},
                    "spec": copy.deepcopy(template["spec"]),
                }
            )

    def _report(self, stateful_set: Object, pods: Mapping[int, Object], revision: str) -> None:
        before = stateful_set.get("status") or {}
        wanted = int(stateful_set["spec"].get("replicas", 1))
        updated = sum(_revision_of(pod) == revision for pod in pods.values())
        ready = sum(map(is_ready, pods.values()))
        current = str(before.get("currentRevision") or revision)
        if updated == len(pods) == wanted and ready == wanted:
            current = revision
        status = {
            "observedGeneration": stateful_set["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": ready or None,
            "availableReplicas": ready,
            "currentReplicas": sum(_revision_of(pod) == current for pod in pods.values()) or None,
            "updatedReplicas": updated or None,
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        self.cluster.write_status(stateful_set, status)


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL) or "")
