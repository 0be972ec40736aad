"""The status that a kubelet writes for a pod, as a pure function of what its containers do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from engine.embedded.simulate.objects import Object, condition, number

_HOST = "192.168.0.2"


@dataclass(frozen=True, slots=True)
class Situation:
    """What all containers of a pod do: run (ready or not), wait for a reason, or have ended with a code.

    Waiting with an exit code is the pause between two crashes.
    """

    phase: str
    ready: bool = False
    reason: str = ""
    message: str = ""
    exit_code: int | None = None


def status_of(pod: Object, situation: Situation, now: str) -> Object:
    """The status to merge; times that still hold are kept from the one before."""
    before, metadata = pod.get("status") or {}, pod["metadata"]
    status: Object = {
        "phase": situation.phase,
        "startTime": before.get("startTime") or now,
        "hostIP": _HOST,
        "hostIPs": [{"ip": _HOST}],
        "observedGeneration": metadata.get("generation", 1),
        "containerStatuses": [_container(pod, one, situation, now) for one in pod["spec"]["containers"]],
        "conditions": _conditions(pod, situation, now),
    }
    if situation.phase == "Running" and not before.get("podIP"):
        status["podIP"] = address(metadata["uid"])
        status["podIPs"] = [{"ip": status["podIP"]}]
    return status


def address(uid: str) -> str:
    """The pod's address in 10.244.0.0/16."""
    chosen = number(uid)
    return f"10.244.{chosen >> 8 & 255}.{chosen & 255 or 1}"


def _conditions(pod: Object, situation: Situation, now: str) -> list[Object]:
    names = ", ".join(container["name"] for container in pod["spec"]["containers"])
    completed = {"reason": "PodCompleted"} if situation.phase == "Succeeded" else {}
    unready = completed or {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
    said = {} if situation.ready else unready
    return [
        _condition(pod, "PodReadyToStartContainers", situation.phase != "Pending", {}, now),
        _condition(pod, "Initialized", True, completed, now),
        _condition(pod, "Ready", situation.ready, said, now),
        _condition(pod, "ContainersReady", situation.ready, said, now),
        _condition(pod, "PodScheduled", True, {}, now),
    ]


def _condition(pod: Object, kind: str, holds: bool, said: Object, now: str) -> Object:
    before, status = condition(pod, kind), "True" if holds else "False"
    since = before.get("lastTransitionTime") if before.get("status") == status else None
    return {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since or now, **said}


def _container(pod: Object, container: Object, situation: Situation, now: str) -> Object:
    known = (pod.get("status") or {}).get("containerStatuses") or ()
    before: Object = next((entry for entry in known if entry["name"] == container["name"]), {})
    running = (before.get("state") or {}).get("running") or {"startedAt": now}
    crashed = bool(situation.reason) and situation.exit_code is not None
    ended = {"startedAt": running["startedAt"], "finishedAt": now, "exitCode": situation.exit_code}
    ended["reason"] = "Completed" if situation.exit_code == 0 else "Error"
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "" if situation.phase == "Pending" else f"sha256:{_digest(container['image'])}",
        "ready": situation.ready,
        "started": situation.phase == "Running" and not situation.reason,
        "restartCount": 3 if crashed else 0,
        "state": _state(situation, running, ended),
        "lastState": before.get("lastState") or ({"terminated": ended} if crashed else {}),
    }


def _state(situation: Situation, running: Object, ended: Object) -> Object:
    if situation.reason:
        message = {"message": situation.message} if situation.message else {}
        return {"waiting": {"reason": situation.reason, **message}}
    return {"running": running} if situation.exit_code is None else {"terminated": ended}


def _digest(text: str) -> str:
    """A stand-in for an image's digest."""
    return hashlib.sha256(text.encode()).hexdigest()
