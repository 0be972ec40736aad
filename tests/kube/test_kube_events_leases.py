from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import errors
from engine.clock import VirtualClock
from engine.kube.events import EventRecorder
from engine.kube.leases import LeaseGroup
from engine.kube.types import Object, PatchType, ResourceType
from tests.kube.scripted import until

ABOUT = {
    "kind": "Kustomization",
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "metadata": {"name": "app", "namespace": "apps", "uid": "u1", "resourceVersion": "7"},
}
CONTROLLERS = ("source-controller", "kustomize-controller")


class Memory:
    """Just enough of an API for one kind: create, get, list, replace with conflicts, strategic patch of top fields."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.objects: dict[tuple[str, str], Object] = {}
        self.version = 0
        self.writes: list[str] = []
        self.fail: errors.EngineError | None = None
        self.lists: list[str] = []

    def _keep(self, verb: str, obj: Object) -> Object:
        self.version += 1
        metadata = {**obj["metadata"], "resourceVersion": str(self.version)}
        kept = {**obj, "metadata": metadata}
        self.objects[metadata.get("namespace", ""), metadata["name"]] = kept
        self.writes.append(f"{verb} {metadata['name']}")
        return kept

    def _check(self) -> None:
        if self.fail is not None:
            raise self.fail

    async def create(self, res: ResourceType, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        self._check()
        if (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]) in self.objects:
            raise errors.AlreadyExists("there")
        return self._keep("create", obj)

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        self._check()
        if (namespace, name) not in self.objects:
            raise errors.NotFound(name)
        return self.objects[namespace, name]

    async def replace(self, res: ResourceType, obj: Object, *, manager: str, subresource: str = "") -> Object:
        self._check()
        known = await self.get(res, obj["metadata"]["namespace"], obj["metadata"]["name"])
        if known["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
            raise errors.Conflict("written since")
        return self._keep("replace", obj)

    async def patch(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        body: Any,
        *,
        type: PatchType,  # noqa: A002
        manager: str,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        known = await self.get(res, namespace, name)
        return self._keep("patch", {**known, **body})

    async def list(self, res: ResourceType, namespace: str = "") -> Any:
        from engine.kube.types import Page

        self._check()
        self.lists.append(namespace)
        items = tuple(obj for (where, _), obj in self.objects.items() if namespace in ("", where))
        yield Page(items, str(self.version))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def memory(clock: VirtualClock) -> Memory:
    return Memory(clock)


# ---- Events


async def test_an_event_looks_like_client_gos(memory: Memory, clock: VirtualClock) -> None:
    recorder = EventRecorder(memory, "kustomize-controller", clock=clock)
    await recorder.event(ABOUT, "Normal", "Progressing", "created", {"g/revision": "main@sha1:abc"})
    await recorder.flush()
    [event] = memory.objects.values()
    name = event["metadata"].pop("name")
    assert name.startswith("app.")
    assert int(name.removeprefix("app."), 16) == int(clock.now().timestamp() * 1e9)
    del event["metadata"]["resourceVersion"]
    assert event == {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"namespace": "apps", "annotations": {"g/revision": "main@sha1:abc"}},
        "involvedObject": {
            "kind": "Kustomization",
            "namespace": "apps",
            "name": "app",
            "uid": "u1",
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "resourceVersion": "7",
        },
        "reason": "Progressing",
        "message": "created",
        "type": "Normal",
        "source": {"component": "kustomize-controller"},
        "firstTimestamp": "2026-11-21T12:00:00Z",
        "lastTimestamp": "2026-11-21T12:00:00Z",
        "count": 1,
        "reportingComponent": "kustomize-controller",
        "reportingInstance": "",
    }


async def test_the_same_event_again_is_counted(memory: Memory, clock: VirtualClock) -> None:
    recorder = EventRecorder(memory, "c", clock=clock)
    for _ in range(3):
        await recorder.event(ABOUT, "Warning", "BuildFailed", "no such file")
        await clock.advance(60)
    await recorder.flush()
    [event] = memory.objects.values()
    assert (event["count"], event["firstTimestamp"]) == (3, "2026-11-21T12:00:00Z")
    assert event["lastTimestamp"] == "2026-11-21T12:02:00Z"
    assert [write.split()[0] for write in memory.writes] == ["create", "patch", "patch"]


async def test_the_count_goes_on_when_the_event_has_expired(memory: Memory, clock: VirtualClock) -> None:
    recorder = EventRecorder(memory, "c", clock=clock)
    await recorder.event(ABOUT, "Warning", "BuildFailed", "no")
    await recorder.flush()
    memory.objects.clear()
    await clock.advance(7200)
    await recorder.event(ABOUT, "Warning", "BuildFailed", "no")
    await recorder.flush()
    [event] = memory.objects.values()
    assert (event["count"], event["firstTimestamp"]) == (2, "2026-11-21T12:00:00Z")


async def test_many_messages_of_one_reason_are_combined(memory: Memory, clock: VirtualClock) -> None:
    recorder = EventRecorder(memory, "c", clock=clock)
    for number in range(12):
        await recorder.event(ABOUT, "Normal", "ReconciliationSucceeded", f"finished in {number} s")
    await recorder.flush()
    messages = [event["message"] for event in memory.objects.values()]
    assert len(messages) == 10
    assert messages[-1].startswith("(combined from similar events): finished in")
    assert [event["count"] for event in memory.objects.values()][-1] == 3


async def test_an_object_that_floods_is_held_back_and_others_are_not(memory: Memory, clock: VirtualClock) -> None:
    recorder = EventRecorder(memory, "c", clock=clock)
    for number in range(60):
        await recorder.event(ABOUT, "Normal", f"Reason{number}", "m")
    other = {**ABOUT, "metadata": {**ABOUT["metadata"], "name": "other", "uid": "u2"}}  # type: ignore[dict-item]
    await recorder.event(other, "Normal", "R", "m")
    await recorder.flush()
    about = [event["involvedObject"]["name"] for event in memory.objects.values()]
    assert (about.count("app"), about.count("other")) == (25, 1)
    assert recorder.dropped == 35


async def test_what_cannot_be_written_fails_nobody(
    memory: Memory, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = EventRecorder(memory, "c", clock=clock)
    memory.fail = errors.NotAllowed("events is forbidden")
    await recorder.event(ABOUT, "Normal", "R", "m")
    await recorder.flush()
    assert "events is forbidden" in caplog.text
    memory.fail = None
    await recorder.event(ABOUT, "Normal", "R", "m")
    await recorder.flush()
    assert len(memory.objects) == 1


async def test_names_never_repeat_on_a_clock_that_stands_still(memory: Memory, clock: VirtualClock) -> None:
    recorder = EventRecorder(memory, "c", clock=clock)
    for number in range(5):
        await recorder.event(ABOUT, "Normal", f"R{number}", "m")
    await recorder.flush()
    assert len(memory.objects) == 5


# ---- Leases


def group(memory: Memory, clock: VirtualClock, identity: str = "us") -> LeaseGroup:
    return LeaseGroup(memory, CONTROLLERS, identity, clock=clock)  # type: ignore[arg-type]


def lease(memory: Memory, name: str, holder: str, namespace: str = "flux-system", renewed: str = "") -> None:
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 35,
        "renewTime": renewed or memory.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    memory._keep("put", {"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def holder(memory: Memory, name: str) -> str:
    return str(memory.objects["flux-system", name]["spec"]["holderIdentity"])


async def test_free_leases_are_taken_together(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    assert not ours.may_write()
    assert await ours.attempt() == []
    assert ours.may_write()
    spec = memory.objects["flux-system", "kustomize-controller-leader-election"]["spec"]
    assert spec == {
        "holderIdentity": "us",
        "leaseDurationSeconds": 35,
        "acquireTime": "2026-11-21T12:00:00.000000Z",
        "renewTime": "2026-11-21T12:00:00.000000Z",
        "leaseTransitions": 0,
    }


async def test_one_lease_of_another_means_none(memory: Memory, clock: VirtualClock) -> None:
    lease(memory, "kustomize-controller-leader-election", "flux_abc")
    ours = group(memory, clock)
    [found] = await ours.attempt()
    assert str(found) == "flux-system/kustomize-controller-leader-election is held by flux_abc"
    assert not ours.may_write()
    assert list(memory.objects) == [("flux-system", "kustomize-controller-leader-election")]


@pytest.mark.parametrize("namespace", ["flux-system", "elsewhere"])
async def test_the_lease_of_a_shard_counts_wherever_it_is(memory: Memory, clock: VirtualClock, namespace: str) -> None:
    lease(memory, "kustomize-controller-leader-election-73fdc1be", "shard", namespace)
    ours = group(memory, clock)
    assert [found.identity for found in await ours.attempt()] == ["shard"]
    assert not ours.may_write()


async def test_a_shard_that_starts_later_makes_us_stop(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    await ours.attempt()
    lease(memory, "kustomize-controller-leader-election-73fdc1be", "shard")
    for _ in range(8):
        await clock.advance(5)
        lease(memory, "kustomize-controller-leader-election-73fdc1be", "shard")
        found = await ours.attempt()
        if found:
            break
    assert [one.identity for one in found] == ["shard"]
    assert not ours.may_write()
    assert holder(memory, "source-controller-leader-election") == ""


async def test_an_abandoned_lease_is_taken_after_its_duration_on_our_clock(memory: Memory, clock: VirtualClock) -> None:
    # Its clock is years behind: only what we watched ourselves counts.
    lease(memory, "source-controller-leader-election", "gone", renewed="2020-01-01T00:00:00.000000Z")
    ours = group(memory, clock)
    assert await ours.attempt() != []
    await clock.advance(34)
    assert await ours.attempt() != []
    await clock.advance(2)
    assert await ours.attempt() == []
    assert memory.objects["flux-system", "source-controller-leader-election"]["spec"]["leaseTransitions"] == 1


async def test_a_lease_that_is_renewed_stays_its_holders(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    for _ in range(20):
        lease(memory, "source-controller-leader-election", "busy")
        assert await ours.attempt() != []
        await clock.advance(10)


async def test_no_write_later_than_the_renew_deadline(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    await ours.attempt()
    memory.fail = errors.Unavailable("gone")
    await clock.advance(29)
    assert ours.may_write()
    await clock.advance(1)
    assert not ours.may_write()


async def test_a_slow_renewal_gives_no_more_time(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    plain = memory.create

    async def slow(*arguments: Any, **options: Any) -> Object:
        await clock.advance(12)
        return await plain(*arguments, **options)

    memory.create = slow  # type: ignore[method-assign]
    assert await ours.attempt() == []
    assert clock.boottime() == 24
    await clock.advance(5.9)
    assert ours.may_write()
    await clock.advance(0.2)
    assert not ours.may_write()


async def test_somebody_who_overwrites_our_lease_ends_our_writing(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    await ours.attempt()
    lease(memory, "kustomize-controller-leader-election", "intruder")
    await clock.advance(5)
    assert [found.identity for found in await ours.attempt()] == ["intruder"]
    assert not ours.may_write()
    assert holder(memory, "source-controller-leader-election") == ""
    assert holder(memory, "kustomize-controller-leader-election") == "intruder"


async def test_leases_that_cannot_be_read_count_as_held(memory: Memory, clock: VirtualClock) -> None:
    memory.fail = errors.NotAllowed('User "dev" cannot list resource "leases"')
    ours = group(memory, clock)
    found = await ours.attempt()
    assert not ours.may_write()
    assert all(not one.readable for one in found)
    assert "cannot list" in str(found[0])


async def test_running_renews_through_an_outage_and_gives_back_at_the_end(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    turns: list[bool] = []
    task = asyncio.create_task(ours.run(lambda held, _: turns.append(held)))
    await until(lambda: turns == [True])
    memory.fail = errors.Unavailable("gone")
    for _ in range(7):
        await clock.advance(5.6)
    assert turns == [True, False]
    memory.fail = None
    await clock.advance(5.6)
    assert turns == [True, False, True]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not ours.may_write()
    assert holder(memory, "source-controller-leader-election") == ""
    assert memory.objects["flux-system", "source-controller-leader-election"]["spec"]["leaseDurationSeconds"] == 1


async def test_renewing_costs_one_request_a_lease(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    await ours.attempt()
    memory.writes.clear()
    memory.lists.clear()
    for _ in range(4):
        await clock.advance(5)
        assert await ours.attempt() == []
    assert len(memory.writes) == 8
    assert memory.lists == []


async def test_a_renewal_whose_answer_was_lost_is_still_ours(memory: Memory, clock: VirtualClock) -> None:
    ours = group(memory, clock)
    await ours.attempt()
    plain = memory.replace

    async def done_but_unanswered(res: ResourceType, obj: Object, **options: Any) -> Object:
        await plain(res, obj, **options)
        raise errors.Unavailable("no answer")

    memory.replace = done_but_unanswered  # type: ignore[method-assign]
    await clock.advance(5)
    with pytest.raises(errors.Unavailable):
        await ours.attempt()
    memory.replace = plain  # type: ignore[method-assign]
    await clock.advance(5)
    assert await ours.attempt() == []
    assert ours.may_write()
