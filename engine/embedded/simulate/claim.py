"""PersistentVolumeClaims: bound soon after they were made, and let go once no pod uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.embedded.facade import Change
from engine.embedded.simulate.cluster import Cluster, Key, Object
from engine.embedded.simulate.loop import Route, Simulator, Stopwatch, itself
from engine.embedded.simulate.objects import is_active, is_deleting, spread

PROTECTION = "kubernetes.io/pvc-protection"
BIND_SECONDS = (0.1, 0.5)


class Claims(Simulator):
    """v1 PersistentVolumeClaim. No PersistentVolume object is made: the claim names the volume it would have."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._watch = Stopwatch(cluster.clock)

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Claims, and pods that used one and are gone."""
        return {("v1", "PersistentVolumeClaim"): itself, ("v1", "Pod"): self._released}

    def _released(self, change: Change) -> Iterable[Key]:
        if change.type != "DELETED" and is_active(change.object):
            return ()
        namespace = change.object["metadata"]["namespace"]
        return [(namespace, name) for name in _claims(change.object)]

    def reconcile(self, key: Key) -> float | None:
        """Bind a new claim; free a deleted one."""
        claim = self.cluster.api.get("v1", "PersistentVolumeClaim", *key)
        if claim is None or is_deleting(claim) or (claim.get("status") or {}).get("phase") == "Bound":
            self._watch.forget(key)
            if claim is not None and is_deleting(claim):
                self._release(key, claim)
            return None
        uid = claim["metadata"]["uid"]
        if (left := round(spread(uid, *BIND_SECONDS) - self._watch.elapsed(key, uid), 6)) > 0:
            return left
        api, spec = self.cluster.api, claim["spec"]
        if not spec.get("volumeName"):
            volume = f"pvc-{uid}"
            api.patch("v1", "PersistentVolumeClaim", *key, {"spec": {"volumeName": volume}})
        capacity = {"storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")}
        status = {"phase": "Bound", "accessModes": spec.get("accessModes") or [], "capacity": capacity}
        api.patch_status("v1", "PersistentVolumeClaim", *key, status)
        return None

    def _release(self, key: Key, claim: Object) -> None:
        finalizers = claim["metadata"].get("finalizers") or []
        in_use = any(is_active(pod) and key[1] in _claims(pod) for pod in self.cluster.api.list("v1", "Pod", key[0]))
        if PROTECTION in finalizers and not in_use:
            left = [name for name in finalizers if name != PROTECTION]
            self.cluster.api.patch("v1", "PersistentVolumeClaim", *key, {"metadata": {"finalizers": left or None}})


def _claims(pod: Object) -> list[str]:
    sources = (volume.get("persistentVolumeClaim") for volume in pod["spec"].get("volumes") or ())
    return [str(source["claimName"]) for source in sources if source]
