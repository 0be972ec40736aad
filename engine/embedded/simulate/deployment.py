"""Deployments: a ReplicaSet per template, rolled over within maxSurge and maxUnavailable, and an honest status."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from engine.embedded.simulate.cluster import Key, Object
from engine.embedded.simulate.loop import Route, Simulator, itself, owner_of_kind
from engine.embedded.simulate.objects import (
    HASH_LABEL,
    condition,
    is_deleting,
    owner_reference,
    percent_of,
    template_hash,
    without_zeros,
)
from engine.embedded.simulate.owning import REPLICA_SET

REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
#: The Deployment's own annotations that its ReplicaSets do not inherit.
_NOT_INHERITED = frozenset({REVISION, _DESIRED, _MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration"})


class Deployments(Simulator):
    """apps/v1 Deployment."""

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Deployments, and the ReplicaSets they own."""
        return {("apps/v1", "Deployment"): itself, ("apps/v1", "ReplicaSet"): owner_of_kind("Deployment")}

    def reconcile(self, key: Key) -> float | None:
        """Make or find the ReplicaSet of the template, move replicas to it, tidy up, report."""
        deployment = self.cluster.api.get("apps/v1", "Deployment", *key)
        if deployment is None or is_deleting(deployment):
            return None
        everyone = self._replica_sets(deployment)
        wanted = template_hash(deployment["spec"]["template"])
        current = next((rs for rs in everyone if _hash(rs) == wanted), None)
        if not deployment["spec"].get("paused"):
            current = self._current(deployment, current, everyone, wanted)
            everyone = self._replica_sets(deployment)
            self._roll(deployment, current, [rs for rs in everyone if _hash(rs) != wanted])
        everyone = self._replica_sets(deployment)
        current = next((rs for rs in everyone if _hash(rs) == wanted), None)
        return self._report(key, current, everyone)

    def _replica_sets(self, deployment: Object) -> list[Object]:
        found = self.cluster.belonging(deployment, REPLICA_SET)
        return [replica_set for replica_set in found if not is_deleting(replica_set)]

    # The ReplicaSet of the template --------------------------------------------------------------------------------

    def _current(self, deployment: Object, current: Object | None, everyone: list[Object], wanted: str) -> Object:
        others = [rs for rs in everyone if rs is not current]
        newest = max((_revision(rs) for rs in others), default=0)
        revision = _revision(current) if current is not None and _revision(current) > newest else newest + 1
        if current is None:
            current = self.cluster.create(_replica_set(deployment, wanted, revision, others))
        else:
            self._annotate(
                current, {**_inherited(deployment), **_scale_annotations(deployment), REVISION: str(revision)}
            )
        annotations = deployment["metadata"].get("annotations") or {}
        if annotations.get(REVISION) != str(revision):
            metadata = deployment["metadata"]
            body = {"metadata": {"annotations": {REVISION: str(revision)}}}
            self.cluster.api.patch("apps/v1", "Deployment", metadata["namespace"], metadata["name"], body)
        return current

    def _annotate(self, replica_set: Object, wanted: Mapping[str, str]) -> None:
        """Bring annotations up to date, dropping those that the Deployment no longer has."""
        metadata = replica_set["metadata"]
        found = metadata.get("annotations") or {}
        changes: Object = {name: value for name, value in wanted.items() if found.get(name) != value}
        changes |= {name: None for name in found if name not in wanted and name not in _NOT_INHERITED}
        if changes:
            body = {"metadata": {"annotations": changes}}
            self.cluster.api.patch("apps/v1", "ReplicaSet", metadata["namespace"], metadata["name"], body)

    # Moving replicas -----------------------------------------------------------------------------------------------

    def _roll(self, deployment: Object, current: Object, others: list[Object]) -> None:
        desired = int(deployment["spec"].get("replicas", 1))
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            for old in others:
                self._scale(old, 0)
            if not any((old.get("status") or {}).get("replicas") for old in others):
                self._scale(current, desired)
        else:
            self._roll_over(deployment, current, others, desired)
        if not any(_replicas(old) or (old.get("status") or {}).get("replicas") for old in others):
            self._tidy(deployment, others)

    def _roll_over(self, deployment: Object, current: Object, others: list[Object], desired: int) -> None:
        surge, unavailable = bounds(deployment, desired)
        total = _replicas(current) + sum(map(_replicas, others))
        target = _replicas(current)
        if target > desired or not others:
            target = desired
        elif target < desired:
            target += max(0, min(desired + surge - total, desired - target))
        if self._scale(current, target):
            return  # the change comes back, and then the old ones shrink
        least = desired - unavailable
        down = total - least - max(0, target - _available(current))
        spare = _available(current) + sum(map(_available, others)) - least
        for old in others:  # first what does not run anyway, then what can be spared
            broken = max(0, min(_replicas(old) - _available(old), down))
            gone = max(0, min(_replicas(old) - broken, spare, down - broken))
            down, spare = down - broken - gone, spare - gone
            self._scale(old, _replicas(old) - broken - gone)

    def _scale(self, replica_set: Object, replicas: int) -> bool:
        """Whether that changed anything."""
        if _replicas(replica_set) == replicas:
            return False
        metadata = replica_set["metadata"]
        body = {"spec": {"replicas": replicas}}
        self.cluster.api.patch("apps/v1", "ReplicaSet", metadata["namespace"], metadata["name"], body)
        return True

    def _tidy(self, deployment: Object, others: list[Object]) -> None:
        """Keep as many retired ReplicaSets as revisionHistoryLimit says."""
        limit = int(deployment["spec"].get("revisionHistoryLimit", 10))
        for old in sorted(others, key=_revision)[: max(0, len(others) - limit)]:
            metadata = old["metadata"]
            self.cluster.api.delete(
                "apps/v1", "ReplicaSet", metadata["namespace"], metadata["name"], uid=metadata["uid"]
            )

    # Status --------------------------------------------------------------------------------------------------------

    def _report(self, key: Key, current: Object | None, everyone: list[Object]) -> float | None:
        deployment = self.cluster.api.get("apps/v1", "Deployment", *key)
        if deployment is None:
            return None
        desired = int(deployment["spec"].get("replicas", 1))
        counts = {
            name: sum(int((rs.get("status") or {}).get(name) or 0) for rs in everyone)
            for name in ("replicas", "readyReplicas", "availableReplicas")
        }
        counts["updatedReplicas"] = int(((current or {}).get("status") or {}).get("replicas") or 0)
        counts["unavailableReplicas"] = max(0, max(desired, counts["replicas"]) - counts["availableReplicas"])
        progressing, again = self._progressing(deployment, current, counts, desired)
        enough = counts["availableReplicas"] >= desired - bounds(deployment, desired)[1]
        status = {
            **counts,
            "observedGeneration": deployment["metadata"]["generation"],
            "conditions": [entry for entry in (self._available(deployment, enough), progressing) if entry],
        }
        self.cluster.write_status(deployment, without_zeros(status))
        return again

    def _available(self, deployment: Object, enough: bool) -> Object:
        words = ("Available", "has") if enough else ("Unavailable", "does not have")
        return self._condition(
            deployment,
            "Available",
            "True" if enough else "False",
            f"MinimumReplicas{words[0]}",
            f"Deployment {words[1]} minimum availability.",
        )

    def _progressing(
        self, deployment: Object, current: Object | None, counts: Mapping[str, int], desired: int
    ) -> tuple[Object, float | None]:
        """The Progressing condition, and seconds until its deadline when one is running."""
        deadline = deployment["spec"].get("progressDeadlineSeconds")
        before = condition(deployment, "Progressing")
        if deadline is None or current is None:
            return before, None
        name = current["metadata"]["name"]
        if all(counts[count] == desired for count in ("replicas", "updatedReplicas", "availableReplicas")):
            text = f'ReplicaSet "{name}" has successfully progressed.'
            return self._condition(deployment, "Progressing", "True", "NewReplicaSetAvailable", text), None
        if before.get("reason") == "NewReplicaSetAvailable" and name in str(before.get("message")):
            return before, None  # a finished rollout that scales or loses a pod is no rollout
        moved = self._moved(deployment, counts) or not before or name not in str(before.get("message"))
        left = float(deadline) - (0 if moved else self.cluster.since(before.get("lastUpdateTime")))
        if left <= 0:
            text = f'ReplicaSet "{name}" has timed out progressing.'
            return self._condition(deployment, "Progressing", "False", "ProgressDeadlineExceeded", text), None
        if before.get("reason") == "ProgressDeadlineExceeded" and not moved:
            return before, None
        reason, text = "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
        return self._condition(deployment, "Progressing", "True", reason, text, touch=moved), left

    def _moved(self, deployment: Object, counts: Mapping[str, int]) -> bool:
        """Whether more replicas are updated, ready or available than last reported, or fewer old ones are left."""
        status = deployment.get("status") or {}
        better = any(
            counts[name] > int(status.get(name) or 0)
            for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
        )
        left = int(status.get("replicas") or 0) - int(status.get("updatedReplicas") or 0)
        return better or counts["replicas"] - counts["updatedReplicas"] < left

    def _condition(
        self, deployment: Object, kind: str, status: str, reason: str, message: str, *, touch: bool = False
    ) -> Object:
        before = condition(deployment, kind)
        if not touch and all(
            before.get(k) == v for k, v in (("status", status), ("reason", reason), ("message", message))
        ):
            return before
        now = self.cluster.now()
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        return {
            "type": kind,
            "status": status,
            "lastUpdateTime": now,
            "lastTransitionTime": since or now,
            "reason": reason,
            "message": message,
        }


def bounds(deployment: Object, desired: int) -> tuple[int, int]:
    """MaxSurge and maxUnavailable as numbers; both zero would never move, so then one may be unavailable."""
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    surge = percent_of(rolling.get("maxSurge", "25%"), desired, up=True)
    unavailable = percent_of(rolling.get("maxUnavailable", "25%"), desired, up=False)
    return surge, min(desired, unavailable if surge or unavailable else 1)


def _hash(replica_set: Object) -> str:
    return str((replica_set["metadata"].get("labels") or {}).get(HASH_LABEL) or "")


def _replicas(replica_set: Object) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _available(replica_set: Object) -> int:
    return int((replica_set.get("status") or {}).get("availableReplicas") or 0)


def _revision(replica_set: Object) -> int:
    text = str((replica_set["metadata"].get("annotations") or {}).get(REVISION) or "0")
    return int(text) if text.isdigit() else 0


def _inherited(deployment: Object) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {name: value for name, value in annotations.items() if name not in _NOT_INHERITED}


def _scale_annotations(deployment: Object) -> dict[str, str]:
    desired = int(deployment["spec"].get("replicas", 1))
    return {_DESIRED: str(desired), _MAXIMUM: str(desired + bounds(deployment, desired)[0])}


def _replica_set(deployment: Object, wanted: str, revision: int, others: list[Object]) -> Object:
    """The ReplicaSet for a template, with as many replicas as may start at once."""
    spec, desired = deployment["spec"], int(deployment["spec"].get("replicas", 1))
    running = sum(map(_replicas, others))
    if (spec.get("strategy") or {}).get("type") == "Recreate":
        start = 0 if running else desired
    else:
        start = max(0, min(desired, desired + bounds(deployment, desired)[0] - running))
    template = copy.deepcopy(spec["template"])
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: wanted}
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    selector = copy.deepcopy(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: wanted}
    replica_set: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{deployment['metadata']['name'][:242]}-{wanted}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": labels,
            "annotations": {**_inherited(deployment), **_scale_annotations(deployment), REVISION: str(revision)},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {"replicas": start, "selector": selector, "template": template},
    }
    if spec.get("minReadySeconds"):
        replica_set["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return replica_set
