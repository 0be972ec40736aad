"""Pods as a scheduler and a kubelet treat them: bound to a node, started, ready; or failing as they were told to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from engine.embedded.facade import Change
from engine.embedded.simulate.cluster import Cluster, Key, Object
from engine.embedded.simulate.loop import Route, Simulator, Stopwatch, itself
from engine.embedded.simulate.nodes import NODES
from engine.embedded.simulate.objects import FAIL, condition, is_deleting, spread

#: Kinds whose annotation counts for the pods they own, with their apiVersion.
OWNERS = {"ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}

#: How long an image takes to pull and a container to start.
START_SECONDS = (0.3, 1.0)
#: How long a job's container runs.
RUN_SECONDS = (0.5, 1.5)
CRASH_SECONDS = 1.0


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
            node = NODES[_number(pod["metadata"]["uid"]) % len(NODES)]
            self.cluster.scheduler.patch("v1", "Pod", *key, {"spec": {"nodeName": node}})
            pod = self.cluster.api.get("v1", "Pod", *key) or pod
        owner = self._owner(pod)
        failure = (pod["metadata"].get("annotations") or {}).get(FAIL) or (
            owner["metadata"].get("annotations") or {}
        ).get(FAIL, "")
        if not condition(pod, "PodScheduled"):
            self._write(pod, "Pending", waiting=("ContainerCreating", ""))
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
            self._write(pod, "Running", ready=True)
        elif not ends:
            return None
        if ends:
            if left := self._left(pod, "run", RUN_SECONDS):
                return left
            self._write(pod, "Succeeded", exit_code=0)
        return None

    def _image_pull(self, pod: Object, owner: Object, _: str) -> float | None:
        if (pod.get("status") or {}).get("phase") == "Running":
            return self._healthy(pod, owner, "")  # its image is there already
        image = pod["spec"]["containers"][0]["image"]
        if wait := self._starting(pod):
            return wait
        waiting = (pod.get("status") or {}).get("containerStatuses") or [{}]
        reason = ((waiting[0].get("state") or {}).get("waiting") or {}).get("reason")
        if reason in ("ContainerCreating", None):
            message = f'failed to pull and unpack image "{image}": failed to resolve reference: not found'
            self._write(pod, "Pending", waiting=("ErrImagePull", message))
            return CRASH_SECONDS
        self._write(pod, "Pending", waiting=("ImagePullBackOff", f'Back-off pulling image "{image}"'))
        return None

    def _crash_loop(self, pod: Object, owner: Object, _: str) -> float | None:
        if wait := self._starting(pod):
            return wait
        if owner.get("kind") == "Job" or pod["spec"].get("restartPolicy") == "Never":
            self._write(pod, "Failed", exit_code=1)
            return None
        name = pod["spec"]["containers"][0]["name"]
        where = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"
        message = f"back-off 5m0s restarting failed container={name} pod={where}"
        self._write(pod, "Running", waiting=("CrashLoopBackOff", message), exit_code=1)
        return None

    def _never_ready(self, pod: Object, _owner: Object, _failure: str) -> float | None:
        if wait := self._starting(pod):
            return wait
        self._write(pod, "Running", ready=False)
        return None

    # What a kubelet writes ----------------------------------------------------------------------------------------

    def _write(
        self, pod: Object, phase: str, *, ready: bool = False, waiting: tuple[str, str] | None = None,
        exit_code: int | None = None,
    ) -> None:  # fmt: skip
        metadata, before = pod["metadata"], pod.get("status") or {}
        containers = [
            self._container(pod, container, ready=ready, waiting=waiting, exit_code=exit_code, phase=phase)
            for container in pod["spec"]["containers"]
        ]
        status: Object = {
            "phase": phase,
            "startTime": before.get("startTime") or self.cluster.now(),
            "hostIP": "192.168.0.2",
            "hostIPs": [{"ip": "192.168.0.2"}],
            "observedGeneration": metadata.get("generation", 1),
            "containerStatuses": containers,
            "conditions": self._conditions(pod, phase, ready=ready),
        }
        if phase == "Running" and not before.get("podIP"):
            status["podIP"] = address(metadata["uid"])
            status["podIPs"] = [{"ip": status["podIP"]}]
        self.cluster.write_status(pod, status, by=self.cluster.kubelet)

    def _conditions(self, pod: Object, phase: str, *, ready: bool) -> list[Object]:
        names = ", ".join(container["name"] for container in pod["spec"]["containers"])
        unready = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
        if phase == "Succeeded":
            unready = {"reason": "PodCompleted"}
        started = phase != "Pending"
        wanted: list[tuple[str, bool, Object]] = [
            ("PodReadyToStartContainers", started, {}),
            ("Initialized", True, {"reason": "PodCompleted"} if phase == "Succeeded" else {}),
            ("Ready", ready, {} if ready else unready),
            ("ContainersReady", ready, {} if ready else unready),
            ("PodScheduled", True, {}),
        ]
        return [self._condition(pod, kind, "True" if value else "False", said) for kind, value, said in wanted]

    def _condition(self, pod: Object, kind: str, status: str, said: Object) -> Object:
        before = condition(pod, kind)
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        return {
            "type": kind,
            "status": status,
            "lastProbeTime": None,
            "lastTransitionTime": since or self.cluster.now(),
            **said,
        }

    def _container(
        self, pod: Object, container: Object, *, ready: bool, waiting: tuple[str, str] | None,
        exit_code: int | None, phase: str,
    ) -> Object:  # fmt: skip
        before: Object = next(
            (
                entry
                for entry in (pod.get("status") or {}).get("containerStatuses") or ()
                if entry["name"] == container["name"]
            ),
            {},
        )
        running = (before.get("state") or {}).get("running") or {"startedAt": self.cluster.now()}
        ended = {"exitCode": exit_code, "reason": "Completed" if exit_code == 0 else "Error"}
        ended |= {"startedAt": running["startedAt"], "finishedAt": self.cluster.now()}
        state: Object = {"running": running}
        if waiting is not None:
            state = {"waiting": {"reason": waiting[0], **({"message": waiting[1]} if waiting[1] else {})}}
        elif exit_code is not None:
            state = {"terminated": ended}
        status: Object = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "" if phase == "Pending" else f"sha256:{digest(container['image'])}",
            "ready": ready,
            "started": ready or (phase == "Running" and waiting is None),
            "restartCount": 3 if waiting is not None and exit_code is not None else 0,
            "state": state,
            "lastState": before.get("lastState") or {},
        }
        if waiting is not None and exit_code is not None and not status["lastState"]:
            status["lastState"] = {"terminated": ended}
        return status


def address(uid: str) -> str:
    """The pod's address in 10.244.0.0/16."""
    number = _number(uid)
    return f"10.244.{number >> 8 & 255}.{number & 255 or 1}"


def digest(text: str) -> str:
    """A stand-in for an image's digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
