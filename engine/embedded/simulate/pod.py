"""Pods as a scheduler and a kubelet treat them: bound to a node, started, ready; or failing as they were told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from engine.embedded.facade import Change
from engine.embedded.simulate.cluster import Cluster, Key, Object
from engine.embedded.simulate.kubelet import Situation, status_of
from engine.embedded.simulate.loop import Route, Simulator, Stopwatch, itself
from engine.embedded.simulate.nodes import NODES
from engine.embedded.simulate.objects import FAIL, condition, is_deleting, number, spread

#: Kinds whose annotation counts for the pods they own, with their apiVersion.
OWNERS = {"ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}

#: How long an image takes to pull and a container to start.
START_SECONDS = (0.3, 1.0)
#: How long a job's container runs.
RUN_SECONDS = (0.5, 1.5)
#: How long a failed pull is shown before the kubelet backs off.
PULL_SECONDS = (0.5, 1.5)


class Pods(Simulator):
    """v1 Pod."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._watch = Stopwatch(cluster.clock)
        self._kinds: Mapping[str, Callable[[Object, Object, str], float | None]] = {
            "image-pull": self._image_pull,
            "crash-loop": self._crash_loop,
            "never-ready": self._never_ready,
            "": self._healthy,
        }

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Pods, and owners whose instruction to fail changed."""
        return {("v1", "Pod"): itself, **{(version, kind): self._pods_of for kind, version in OWNERS.items()}}

    def _pods_of(self, change: Change) -> Iterable[Key]:
        new = (change.object["metadata"].get("annotations") or {}).get(FAIL)
        old = ((change.old or {}).get("metadata", {}).get("annotations") or {}).get(FAIL)
        if new == old:
            return ()
        namespace, uid = change.object["metadata"]["namespace"], change.object["metadata"]["uid"]
        return [
            (namespace, pod["metadata"]["name"])
            for pod in self.cluster.api.list("v1", "Pod", namespace)
            if any(owner["uid"] == uid for owner in pod["metadata"].get("ownerReferences") or ())
        ]

    def reconcile(self, key: Key) -> float | None:
        """One step of a pod's life."""
        pod = self.cluster.api.get("v1", "Pod", *key)
        status = (pod or {}).get("status") or {}
        if pod is None or is_deleting(pod) or status.get("phase") in ("Succeeded", "Failed"):
            self._watch.forget(key)
            return None
        if not pod["spec"].get("nodeName"):
            node = NODES[number(pod["metadata"]["uid"]) % len(NODES)]
            self.cluster.scheduler.patch("v1", "Pod", *key, {"spec": {"nodeName": node}})
            pod = self.cluster.api.get("v1", "Pod", *key) or pod
        owner = self._owner(pod)
        failure = (pod["metadata"].get("annotations") or {}).get(FAIL) or (
            owner["metadata"].get("annotations") or {}
        ).get(FAIL, "")
        if not condition(pod, "PodScheduled"):
            self._write(pod, Situation("Pending", reason="ContainerCreating"))
            return self._starting(pod)
        return self._kinds.get(failure, self._healthy)(pod, owner, failure)

    def _owner(self, pod: Object) -> Object:
        """The controlling owner, or an empty object."""
        for reference in pod["metadata"].get("ownerReferences") or ():
            if reference.get("controller") and reference["kind"] in OWNERS:
                owner = self.cluster.api.get(
                    OWNERS[reference["kind"]], reference["kind"], pod["metadata"]["namespace"], reference["name"]
                )
                return owner or {"metadata": {}}
        return {"metadata": {}}

    def _left(self, pod: Object, what: str, seconds: tuple[float, float]) -> float:
        """Seconds left of something that takes a while; 0 when it is over."""
        metadata = pod["metadata"]
        what = f"{metadata['uid']} {what}"
        elapsed = self._watch.elapsed((metadata["namespace"], metadata["name"]), what)
        # What is due this very moment must not wait for the rest of a rounding error.
        return max(0.0, round(spread(what, *seconds) - elapsed, 6))

    def _starting(self, pod: Object) -> float:
        """Seconds until the containers have started; 0 when they have, now or at any time before."""
        if (pod.get("status") or {}).get("phase") == "Running":
            return 0.0
        return self._left(pod, "start", START_SECONDS)

    def _healthy(self, pod: Object, owner: Object, _: str) -> float | None:
        if wait := self._starting(pod):
            return wait
        ends = owner.get("kind") == "Job" or pod["spec"].get("restartPolicy") != "Always"
        if condition(pod, "Ready").get("status") != "True":
            self._write(pod, Situation("Running", ready=True))
        elif not ends:
            return None
        if ends:
            if left := self._left(pod, "run", RUN_SECONDS):
                return left
            self._write(pod, Situation("Succeeded", exit_code=0))
        return None

    def _image_pull(self, pod: Object, owner: Object, _: str) -> float | None:
        status = pod.get("status") or {}
        if status.get("phase") == "Running":
            return self._healthy(pod, owner, "")  # its image is there already
        image = pod["spec"]["containers"][0]["image"]
        containers = status.get("containerStatuses") or [{}]
        reason = ((containers[0].get("state") or {}).get("waiting") or {}).get("reason")
        if reason in ("ErrImagePull", "ImagePullBackOff"):
            if left := self._left(pod, "back-off", PULL_SECONDS):
                return left
            message = f'Back-off pulling image "{image}"'
            self._write(pod, Situation("Pending", reason="ImagePullBackOff", message=message))
            return None
        if wait := self._starting(pod):
            return wait
        message = f'failed to pull and unpack image "{image}": failed to resolve reference: not found'
        self._write(pod, Situation("Pending", reason="ErrImagePull", message=message))
        return self._left(pod, "back-off", PULL_SECONDS)

    def _crash_loop(self, pod: Object, owner: Object, _: str) -> float | None:
        if wait := self._starting(pod):
            return wait
        if owner.get("kind") == "Job" or pod["spec"].get("restartPolicy") == "Never":
            self._write(pod, Situation("Failed", exit_code=1))
            return None
        name = pod["spec"]["containers"][0]["name"]
        where = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"
        message = f"back-off 5m0s restarting failed container={name} pod={where}"
        self._write(pod, Situation("Running", reason="CrashLoopBackOff", message=message, exit_code=1))
        return None

    def _never_ready(self, pod: Object, _owner: Object, _failure: str) -> float | None:
        if wait := self._starting(pod):
            return wait
        self._write(pod, Situation("Running"))
        return None

    def _write(self, pod: Object, situation: Situation) -> None:
        self.cluster.write_status(pod, status_of(pod, situation, self.cluster.now()), by=self.cluster.kubelet)
