from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from engine import errors
from engine.clock import VirtualClock
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.informer import Informer
from tests.kube.scripted import CONFIG_MAPS, KUSTOMIZATIONS, ScriptedServer, Watches, cut, failure, reply, until

PATH = "/api/v1/configmaps"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def client(server: ScriptedServer, clock: VirtualClock) -> AsyncIterator[Client]:
    async with Client(ClusterConfig.for_server(server.url), clock=clock, environ={}) as made:
        yield made


@pytest.fixture
def watches(server: ScriptedServer) -> Watches:
    made = Watches()
    server.on(f"GET {PATH}", made)
    return made


class Seen:
    """What a subscriber was told, as "kind name" and, for checking, the copy that follows from it."""

    def __init__(self, informer: Informer) -> None:
        self.told: list[str] = []
        self.copy: dict[tuple[str, str], Any] = {}
        informer.subscribe(self)

    def __call__(self, kind: str, old: Any, new: Any) -> None:
        metadata = (new or old)["metadata"]
        key = metadata["namespace"], metadata["name"]
        self.told.append(f"{kind} {metadata['name']}")
        if kind == "added":
            assert old is None
            assert key not in self.copy, "added twice"
        else:
            assert key in self.copy, f"{kind} without having been added"
        if kind == "deleted":
            assert new is None
            del self.copy[key]
        else:
            self.copy[key] = new


@asynccontextmanager
async def running(informer: Informer) -> AsyncIterator[Seen]:
    seen = Seen(informer)
    task = asyncio.create_task(informer.run())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert seen.copy == {(o["metadata"]["namespace"], o["metadata"]["name"]): o for o in informer.objects()}


async def advance_until(clock: VirtualClock, condition: Callable[[], bool], step: float = 1.0) -> float:
    """Let virtual time pass until the condition holds; how much passed."""
    start = clock.monotonic()
    for _ in range(400):
        for _ in range(20):
            if condition():
                return clock.monotonic() - start
            await asyncio.sleep(0.001)
        await clock.advance(step)
    raise AssertionError("never came")


async def test_it_lists_then_follows(client: Client, watches: Watches) -> None:
    watches.put("a")
    watches.put("b")
    informer = Informer(client, CONFIG_MAPS)
    assert informer.status.state == "starting"
    async with running(informer) as seen:
        await informer.synced()
        assert informer.status.state == "live"
        assert seen.told == ["added a", "added b"]
        await watches.wait_open()
        await watches.send("MODIFIED", watches.put("a", data={"x": "1"}))
        await watches.send("ADDED", watches.put("c"))
        await watches.send("DELETED", watches.objects.pop(("d", "b")))
        await until(lambda: len(seen.told) == 5)
        assert seen.told[2:] == ["modified a", "added c", "deleted b"]
        found = informer.get("d", "a")
        assert found is not None
        assert found["data"] == {"x": "1"}
        assert (found["kind"], found["apiVersion"]) == ("ConfigMap", "v1")
        assert informer.get("d", "b") is None


async def test_pages_arrive_before_the_list_is_whole(client: Client, watches: Watches, server: ScriptedServer) -> None:
    for number in range(1200):
        watches.put(f"n{number:04}")
    informer = Informer(client, CONFIG_MAPS)
    sizes: list[int] = []
    informer.subscribe(lambda *_: sizes.append(watches.lists))
    async with running(informer) as seen:
        await informer.synced()
        assert len(seen.told) == len(informer) == 1200
        assert sizes[0] == 1
        assert sizes[-1] == 3
    assert [asked.query.get("limit") for asked in server.asked[:3]] == ["500"] * 3


async def test_an_idle_informer_asks_nothing(
    client: Client, watches: Watches, server: ScriptedServer, clock: VirtualClock
) -> None:
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer):
        await informer.synced()
        await watches.wait_open()
        before = len(server.asked)
        await clock.advance(120)
        assert len(server.asked) == before


async def test_a_watch_that_ended_is_resumed_where_it_was(client: Client, watches: Watches) -> None:
    watches.put("a")
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer) as seen:
        await watches.wait_open()
        await watches.send("BOOKMARK", {"metadata": {"resourceVersion": "500"}})
        watches.end()
        await until(lambda: len(watches.watched_from) == 2)
        assert watches.watched_from == ["11", "500"]
        assert watches.lists == 1
        assert seen.told == ["added a"]


async def test_a_cut_watch_loses_and_doubles_nothing(
    client: Client, watches: Watches, clock: VirtualClock, server: ScriptedServer
) -> None:
    watches.put("a")
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer) as seen:
        await watches.wait_open()
        changed = watches.put("a", data={"n": "1"})
        await watches.send("MODIFIED", changed)
        await until(lambda: len(seen.told) == 2)
        watches.cut()
        await advance_until(clock, lambda: len(watches.watched_from) == 2)
        assert watches.watched_from[1] == changed["metadata"]["resourceVersion"]
        await watches.wait_open(2)
        # Sent again by a server that is not sure what we have.
        await watches.send("MODIFIED", changed)
        await watches.send("ADDED", watches.put("b"))
        await until(lambda: "added b" in seen.told)
        assert seen.told == ["added a", "modified a", "added b"]
        assert informer.status.state == "live"


async def test_after_410_it_lists_again_without_ghosts(client: Client, watches: Watches) -> None:
    for name in ("gone", "same", "changed", "reborn"):
        watches.put(name)
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer) as seen:
        await watches.wait_open()
        seen.told.clear()
        del watches.objects["d", "gone"]
        watches.put("changed", data={"x": "2"})
        watches.put("reborn", uid="another")
        watches.put("new")
        status = {"kind": "Status", "message": "too old resource version", "reason": "Expired", "code": 410}
        await watches.send("ERROR", status)
        await until(lambda: len(watches.watched_from) == 2)
        assert seen.told == ["modified changed", "added new", "deleted reborn", "added reborn", "deleted gone"]
        assert watches.lists == 2
        assert informer.status.state == "live"


async def test_a_list_that_fails_halfway_deletes_nothing(client: Client, watches: Watches, clock: VirtualClock) -> None:
    for number in range(600):
        watches.put(f"n{number:04}")
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer) as seen:
        await watches.wait_open()
        seen.told.clear()

        async def second_page_fails(request: Any) -> Any:
            return (
                await failure(500, "InternalError", "boom")(request) if "continue" in request.query else plain(request)
            )

        plain = watches._list
        watches.fail_list = second_page_fails
        await watches.send("ERROR", {"kind": "Status", "message": "gone", "code": 410})
        await advance_until(clock, lambda: informer.status.state == "stale", 0.1)
        assert "boom" in informer.status.message
        assert len(informer) == 600
        assert seen.told == []
        watches.fail_list = None
        await advance_until(clock, lambda: informer.status.state == "live")
        assert seen.told == []


async def test_a_continue_token_that_expires_again_and_again_is_done_without(
    client: Client, watches: Watches, clock: VirtualClock, server: ScriptedServer
) -> None:
    for number in range(600):
        watches.put(f"n{number:04}")

    async def expire_the_second_page(request: Any) -> Any:
        if "continue" in request.query:
            return await failure(410, "Expired", "too old")(request)
        return watches._list(request)

    watches.fail_list = expire_the_second_page
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer) as seen:
        await advance_until(clock, lambda: informer.status.state == "live")
        assert len(seen.told) == 600
    lists = [asked for asked in server.asked if "watch" not in asked.query]
    assert "limit" not in lists[-1].query


async def test_a_lost_server_makes_it_stale_and_its_return_live(
    client: Client, watches: Watches, clock: VirtualClock, server: ScriptedServer
) -> None:
    watches.put("a")
    informer = Informer(client, CONFIG_MAPS)
    states: list[str] = []
    informer.on_status(lambda status: states.append(status.state))
    async with running(informer) as seen:
        await watches.wait_open()
        await server.stop()
        await advance_until(clock, lambda: informer.status.state == "stale", 0.1)
        contact = informer.status.last_contact
        assert "cannot connect" in informer.status.message or "lost" in informer.status.message
        assert informer.get("d", "a") is not None
        await clock.advance(14)
        assert informer.status.last_contact == contact
        await server.start()
        await advance_until(clock, lambda: informer.status.state == "live")
        assert seen.told == ["added a"]
    assert states[0] == "live"
    assert states[-1] == "live"
    assert "stale" in states


async def test_pauses_grow_to_half_a_minute_and_are_jittered(
    client: Client, server: ScriptedServer, clock: VirtualClock
) -> None:
    server.on("*", failure(500, "InternalError", "boom"))
    informer = Informer(client, CONFIG_MAPS)
    pauses: list[float] = []

    def sleepers() -> list[float]:
        return sorted(due for due, _, future in clock._sleepers if not future.done())

    async with running(informer):
        for attempt in range(1, 11):
            await until(lambda attempt=attempt: len(server.asked) == attempt and bool(sleepers()))
            pauses.append(sleepers()[0] - clock.monotonic())
            await clock.advance(pauses[-1])
    for number, pause in enumerate(pauses):
        expected = min(0.5 * 2**number, 30)
        assert 0.8 * expected <= pause <= 1.2 * expected
    assert len({round(pause / min(0.5 * 2**number, 30), 6) for number, pause in enumerate(pauses)}) > 1
    assert informer.status.state == "starting"


async def test_retry_after_is_obeyed(client: Client, server: ScriptedServer, clock: VirtualClock) -> None:
    server.on("*", failure(429, "TooManyRequests", "busy", Retry_After="100"))
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer):
        await until(lambda: len(server.asked) == 1)
        passed = await advance_until(clock, lambda: len(server.asked) > 1, 5.0)
        assert passed >= 80


async def test_watches_that_end_at_once_are_not_asked_for_in_a_loop(
    client: Client, watches: Watches, clock: VirtualClock
) -> None:
    async def nothing(request: web.Request) -> web.Response:
        return web.Response(body=b"", content_type="application/json")

    watches.fail_watch = nothing
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer):
        await until(lambda: informer.status.state == "stale")
        assert len(watches.watched_from) <= 2


async def test_a_missing_right_is_named_and_tried_again_slowly(
    client: Client, watches: Watches, clock: VirtualClock, server: ScriptedServer
) -> None:
    message = (
        'configmaps is forbidden: User "dev" cannot list resource "configmaps" in API group "" at the cluster scope'
    )
    watches.fail_list = failure(403, "Forbidden", message, {"kind": "configmaps"})
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer):
        await until(lambda: informer.status.state == "forbidden")
        assert informer.status.message == "not allowed: list configmaps"
        assert isinstance(informer.status.error, errors.NotAllowed)
        await clock.advance(45)
        assert watches.lists == 1
        watches.fail_list = None
        watches.put("a")
        await advance_until(clock, lambda: informer.status.state == "live", 5)
        assert len(informer) == 1


async def test_retry_now_ends_a_pause(client: Client, watches: Watches, clock: VirtualClock) -> None:
    watches.fail_list = failure(403, "Forbidden", "no")
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer):
        await until(lambda: informer.status.state == "forbidden")
        watches.fail_list = None
        informer.retry_now()
        await until(lambda: informer.status.state == "live")
        assert clock.monotonic() == 0


async def test_a_login_that_ran_out_is_stale_with_its_error(client: Client, watches: Watches) -> None:
    informer = Informer(client, CONFIG_MAPS)
    watches.fail_list = failure(401, "Unauthorized", "Unauthorized")
    async with running(informer):
        await until(lambda: informer.status.error is not None)
        assert isinstance(informer.status.error, errors.LoginRequired)
        assert informer.status.state == "starting"


def _discovery(*resources: dict[str, Any]) -> dict[str, Any]:
    versions = [{"version": "v1beta2", "resources": list(resources)}] if resources else []
    items = [{"metadata": {"name": KUSTOMIZATIONS.group}, "versions": versions}] if versions else []
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}


async def test_an_absent_kind_is_found_when_discovery_shows_it(
    client: Client, server: ScriptedServer, clock: VirtualClock
) -> None:
    served = {
        "resource": "kustomizations",
        "responseKind": {"kind": "Kustomization"},
        "scope": "Namespaced",
        "verbs": ["list", "watch"],
    }
    server.on("GET /api", reply(_discovery()))
    server.on("GET /apis", reply(_discovery()))
    informer = Informer(client, KUSTOMIZATIONS)
    async with running(informer):
        await until(lambda: informer.status.state == "absent")
        assert informer.status.message == "the API server does not serve kustomizations.kustomize.toolkit.fluxcd.io"
        later = Watches()
        later.put("app")
        server.on(f"GET /apis/{KUSTOMIZATIONS.group}/v1beta2/kustomizations", later)
        server.on("GET /apis", reply(_discovery(served)))
        await client.discovery.refresh()
        await until(lambda: informer.status.state == "live")
        assert informer.res.version == "v1beta2"
        assert len(informer) == 1
        assert clock.monotonic() == 0


async def test_a_kind_that_goes_takes_its_objects_along(
    client: Client, watches: Watches, server: ScriptedServer, clock: VirtualClock
) -> None:
    watches.put("a")
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer) as seen:
        await watches.wait_open()
        missing = failure(404, "NotFound", "the server could not find the requested resource", {})
        watches.fail_watch = watches.fail_list = missing
        watches.end()
        await advance_until(clock, lambda: informer.status.state == "absent")
        assert seen.told == ["added a", "deleted a"]


async def test_a_watch_that_fell_silent_is_begun_again(client: Client, watches: Watches, clock: VirtualClock) -> None:
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer):
        await watches.wait_open()
        await watches.send("BOOKMARK", {"metadata": {"resourceVersion": "77"}})
        await until(lambda: informer._version == "77")
        await advance_until(clock, lambda: len(watches.watched_from) == 2, 10)
        assert watches.watched_from[1] == "77"


async def test_transform_shapes_what_is_kept(client: Client, watches: Watches) -> None:
    def without_data(obj: dict[str, Any]) -> dict[str, Any]:
        obj.pop("data", None)
        return obj

    watches.put("a", data={"secret": "x"})
    informer = Informer(client, CONFIG_MAPS, transform=without_data)
    async with running(informer):
        await informer.synced()
        found = informer.get("d", "a")
        assert found is not None
        assert "data" not in found


async def test_selectors_and_namespace_are_used_for_both(client: Client, server: ScriptedServer) -> None:
    watches = Watches()
    server.on("GET /api/v1/namespaces/x/configmaps", watches)
    informer = Informer(client, CONFIG_MAPS, namespace="x", label_selector="a=b", field_selector="c=d")
    async with running(informer):
        await watches.wait_open()
    assert {asked.query["labelSelector"] for asked in server.asked} == {"a=b"}
    assert {asked.query["fieldSelector"] for asked in server.asked} == {"c=d"}


async def test_a_cut_list_is_read_again(client: Client, watches: Watches, clock: VirtualClock) -> None:
    watches.put("a")
    watches.fail_list = cut
    informer = Informer(client, CONFIG_MAPS)
    async with running(informer) as seen:
        await advance_until(clock, lambda: watches.lists > 3, 0.2)
        watches.fail_list = None
        await advance_until(clock, lambda: informer.status.state == "live")
        assert seen.told == ["added a"]
