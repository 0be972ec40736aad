"""Jobs: pods that run to their end, until enough have succeeded or too many have failed."""

from __future__ import annotations

from collections.abc import Mapping

from engine.embedded.simulate.cluster import Key, Object
from engine.embedded.simulate.loop import Route, Simulator, itself, owner_of_kind
from engine.embedded.simulate.objects import condition, is_active, is_deleting, is_ready, pod_from, without_zeros
from engine.embedded.simulate.owning import BURST, MAX_PODS, POD

_SUCCEEDED = ("CompletionsReached", "Reached expected number of succeeded pods")
_FAILED = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = ("DeadlineExceeded", "Job was active longer than specified deadline")


class Jobs(Simulator):
    """batch/v1 Job."""

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Jobs, and the pods they own."""
        return {("batch/v1", "Job"): itself, ("v1", "Pod"): owner_of_kind("Job")}

    def reconcile(self, key: Key) -> float | None:
        """Start what may run, count what ended, and end."""
        job = self.cluster.api.get("batch/v1", "Job", *key)
        if job is None or is_deleting(job):
            return None
        for kind in ("Complete", "Failed"):
            if condition(job, kind).get("status") == "True":
                return self._expire(job)
        pods = self._pods(job)
        if job["spec"].get("suspend"):
            self._suspend(job, pods)
            return None
        succeeded, failed = _count(pods, "Succeeded"), _count(pods, "Failed")
        spec, started = job["spec"], (job.get("status") or {}).get("startTime")
        deadline = spec.get("activeDeadlineSeconds")
        left = None if deadline is None or not started else float(deadline) - self.cluster.since(started)
        if succeeded >= _completions(spec):
            self._end(job, pods, "Complete", "SuccessCriteriaMet", _SUCCEEDED)
        elif failed > int(spec.get("backoffLimit", 6)):
            self._end(job, pods, "Failed", "FailureTarget", _FAILED)
        elif left is not None and left <= 0:
            self._end(job, pods, "Failed", "FailureTarget", _DEADLINE)
        else:
            self._run(job, pods, succeeded)
            return left if left is not None else (float(deadline) if deadline is not None else None)
        return self._expire(self.cluster.api.get("batch/v1", "Job", *key) or job)

    def _pods(self, job: Object) -> list[Object]:
        return self.cluster.belonging(job, POD)

    def _run(self, job: Object, pods: list[Object], succeeded: int) -> None:
        spec = job["spec"]
        active = sum(map(is_active, pods))
        missing = _completions(spec) - succeeded - active
        room = min(int(spec.get("parallelism", 1)), MAX_PODS) - active
        for _ in range(max(0, min(missing, room, BURST))):
            self.cluster.create(pod_from(spec["template"], job))
        self._report(job, [])

    def _suspend(self, job: Object, pods: list[Object]) -> None:
        active = [pod for pod in pods if is_active(pod)]
        self.cluster.delete_pods(active, len(active))
        self._report(job, [self._condition(job, "Suspended", "True", "JobSuspended", "Job suspended")], started=False)

    def _end(self, job: Object, pods: list[Object], kind: str, first: str, words: tuple[str, str]) -> None:
        active = [pod for pod in pods if is_active(pod)]
        self.cluster.delete_pods(active, len(active))
        conditions = [self._condition(job, name, "True", *words) for name in (first, kind)]
        self._report(job, conditions, completed=kind == "Complete")

    def _report(self, job: Object, conditions: list[Object], *, started: bool = True, completed: bool = False) -> None:
        before, pods = job.get("status") or {}, self._pods(job)
        status: Object = {
            "active": sum(map(is_active, pods)),
            "ready": sum(map(is_ready, pods)),
            "terminating": 0,
            "succeeded": _count(pods, "Succeeded"),
            "failed": _count(pods, "Failed"),
            "uncountedTerminatedPods": {},
            "startTime": (before.get("startTime") or self.cluster.now()) if started else None,
            "completionTime": self.cluster.now() if completed else None,
            "conditions": conditions or None,
        }
        kept = ("ready", "terminating", "uncountedTerminatedPods")
        self.cluster.write_status(job, without_zeros(status, *kept))

    def _condition(self, job: Object, kind: str, status: str, reason: str, message: str) -> Object:
        before = condition(job, kind)
        if before.get("status") == status:
            return before
        now = self.cluster.now()
        times = {"lastProbeTime": now, "lastTransitionTime": now}
        return {"type": kind, "status": status, **times, "reason": reason, "message": message}

    def _expire(self, job: Object) -> float | None:
        """Delete a finished job ttlSecondsAfterFinished after its end."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return None
        ended = condition(job, "Complete") or condition(job, "Failed")
        left = float(ttl) - self.cluster.since(ended.get("lastTransitionTime"))
        if left > 0:
            return left
        metadata = job["metadata"]
        self.cluster.api.delete("batch/v1", "Job", metadata["namespace"], metadata["name"], uid=metadata["uid"])
        return None


def _count(pods: list[Object], phase: str) -> int:
    return sum((pod.get("status") or {}).get("phase") == phase for pod in pods)


def _completions(spec: Object) -> int:
    """How many pods must succeed; a work queue (no completions) is done when one has."""
    completions = spec.get("completions")
    return 1 if completions is None else int(completions)
