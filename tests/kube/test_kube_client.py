from __future__ import annotations

import asyncio
import gzip
import json
from datetime import timedelta

import pytest
from aiohttp import web

from engine import errors
from engine.kube.client import Client
from engine.kube.config import ClusterConfig, Impersonation
from engine.kube.request import Request
from engine.kube.status import Unanswered
from engine.kube.types import PatchType, WatchEvent
from tests.kube.scripted import CONFIG_MAPS, KUSTOMIZATIONS, ScriptedServer, Watches, cut, failure, reply, stuck, until

PATH = "/api/v1/namespaces/d/configmaps"
OBJECT = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "d"}}


async def _collect(client: Client, **options: object) -> list[WatchEvent]:
    return [event async for event in client.watch(CONFIG_MAPS, "d", resource_version="10", **options)]  # type: ignore[arg-type]


# ---- reading


async def test_get_fills_in_kind_and_api_version(server: ScriptedServer, client: Client) -> None:
    server.on(f"GET {PATH}/a", reply({"metadata": {"name": "a"}}))
    assert await client.get(CONFIG_MAPS, "d", "a") == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "a"},
    }
    assert server.asked[0].headers["Authorization"] == "Bearer the-token"
    assert server.asked[0].headers["User-Agent"] == "fluxtui"


async def test_a_list_comes_in_pages_with_selectors(server: ScriptedServer, client: Client) -> None:
    watches = Watches()
    for number in range(5):
        watches.put(f"n{number}")
    server.on(f"GET {PATH}", watches)
    pages = [
        page async for page in client.list(CONFIG_MAPS, "d", label_selector="a=b,c", field_selector="x=y", limit=2)
    ]
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert {page.resource_version for page in pages} == {"15"}
    assert all(item["kind"] == "ConfigMap" and item["apiVersion"] == "v1" for page in pages for item in page.items)
    assert server.asked[2].query == {"labelSelector": "a=b,c", "fieldSelector": "x=y", "limit": "2", "continue": "4"}


async def test_metadata_only_asks_for_it_and_names_the_real_kind(server: ScriptedServer, client: Client) -> None:
    item = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}}
    server.on("GET /apis/kustomize.toolkit.fluxcd.io/v1/kustomizations", reply({"metadata": {}, "items": [item]}))
    [page] = [page async for page in client.list(KUSTOMIZATIONS, metadata_only=True)]
    assert (page.items[0]["kind"], page.items[0]["apiVersion"]) == ("Kustomization", KUSTOMIZATIONS.api_version)
    assert "as=PartialObjectMetadataList" in server.asked[0].headers["Accept"]


async def test_a_lost_continue_token_is_expired(server: ScriptedServer, client: Client) -> None:
    server.on(
        f"GET {PATH}",
        reply({"metadata": {"continue": "x", "resourceVersion": "1"}, "items": []}),
        failure(410, "Expired", "too old"),
    )
    with pytest.raises(errors.Expired, match="too old"):
        _ = [page async for page in client.list(CONFIG_MAPS, "d")]


async def test_names_cannot_leave_their_path(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(errors.EngineError):
        await client.get(CONFIG_MAPS, "d", "../../secrets/s?x=1")
    assert server.asked[0].raw_path == f"{PATH}/..%2F..%2Fsecrets%2Fs%3Fx%3D1"
    with pytest.raises(errors.Malformed):
        await client.get(CONFIG_MAPS, "..", "x")


async def test_a_compressed_answer_is_read(server: ScriptedServer) -> None:
    async def zipped(request: web.Request) -> web.Response:
        body = gzip.compress(json.dumps(OBJECT).encode())
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    server.on(f"GET {PATH}/a", zipped)
    async with Client(ClusterConfig.for_server(server.url)) as client:
        assert await client.get(CONFIG_MAPS, "d", "a") == OBJECT


async def test_an_answer_beyond_its_bound_is_given_up_also_compressed(server: ScriptedServer, client: Client) -> None:
    async def bomb(request: web.Request) -> web.Response:
        body = gzip.compress(b"0" * 3_000_000)
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    server.on("GET /bomb", bomb)
    with pytest.raises(errors.LimitExceeded, match="GET /bomb"):
        await client.send(Request("GET", "/bomb", max_body=1_000_000))


async def test_something_else_than_an_api_server_is_said(server: ScriptedServer, client: Client) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>", content_type="text/html")

    server.on("*", page)
    with pytest.raises(errors.Unavailable, match="is an API server at this address"):
        await client.get(CONFIG_MAPS, "d", "a")


async def test_redirects_are_not_followed(server: ScriptedServer, client: Client) -> None:
    server.on("*", reply({}, 302, Location="/elsewhere"))
    await client.send(Request("GET", "/here"))
    assert [asked.path for asked in server.asked] == ["/here"]


# ---- retries


async def test_a_read_waits_as_long_as_a_busy_server_asks(server: ScriptedServer, client: Client) -> None:
    server.on(
        f"GET {PATH}/a",
        failure(429, "TooManyRequests", "busy", Retry_After="0"),
        failure(503, "ServiceUnavailable", "starting", {"retryAfterSeconds": 0}),
        reply(OBJECT),
    )
    assert (await client.get(CONFIG_MAPS, "d", "a"))["metadata"]["name"] == "a"
    assert server.count("GET") == 3


async def test_a_read_that_lost_its_connection_is_sent_again(server: ScriptedServer, client: Client) -> None:
    server.on(f"GET {PATH}/a", cut, reply(OBJECT))
    assert (await client.get(CONFIG_MAPS, "d", "a"))["metadata"]["name"] == "a"


async def test_a_server_error_without_a_hint_is_not_retried(server: ScriptedServer, client: Client) -> None:
    server.on("*", failure(500, "InternalError", "boom"))
    with pytest.raises(errors.Unavailable, match="boom"):
        await client.get(CONFIG_MAPS, "d", "a")
    assert server.count("GET") == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
async def test_a_write_is_sent_once_and_its_fate_is_unknown(
    server: ScriptedServer, client: Client, method: str
) -> None:
    # On a connection that was used before, where aiohttp by itself would send PUT and DELETE again.
    server.on("*", reply({"gitVersion": "v1"}), cut)
    await client.version()
    with pytest.raises(Unanswered, match="was sent"):
        await client.send(Request(method, f"{PATH}/a", body=b"{}"))
    assert server.count(method) == 1


async def test_a_write_is_not_retried_when_the_server_is_busy(server: ScriptedServer, client: Client) -> None:
    server.on("*", failure(429, "TooManyRequests", "busy", Retry_After="0"))
    with pytest.raises(errors.TooManyRequests):
        await client.create(CONFIG_MAPS, OBJECT, manager="m")
    assert server.count("POST") == 1


async def test_a_level_triggered_writer_may_retry(server: ScriptedServer, client: Client) -> None:
    server.on("*", cut, failure(429, "TooManyRequests", "busy", Retry_After="0"), reply(OBJECT))
    writer = client.derive(retry_writes=True)
    assert (await writer.apply(CONFIG_MAPS, OBJECT, manager="m"))["metadata"]["name"] == "a"
    assert server.count("PATCH") == 3


async def test_a_conflict_is_never_retried(server: ScriptedServer, client: Client) -> None:
    server.on("*", failure(409, "Conflict", "somebody wrote"))
    with pytest.raises(errors.Conflict):
        await client.derive(retry_writes=True).replace(CONFIG_MAPS, OBJECT, manager="m")
    assert server.count("PUT") == 1


async def test_a_write_that_never_left_is_plainly_unavailable(server: ScriptedServer, client: Client) -> None:
    await server.stop()
    with pytest.raises(errors.Unavailable, match="cannot connect") as caught:
        await client.create(CONFIG_MAPS, OBJECT, manager="m")
    assert not isinstance(caught.value, Unanswered)


async def test_a_server_that_does_not_answer_is_given_up(server: ScriptedServer, client: Client) -> None:
    done = asyncio.Event()
    server.on("*", stuck(done))
    with pytest.raises(Unanswered, match="no answer in time"):
        await client.send(Request("POST", PATH, body=b"{}", timeout=0.1))
    done.set()


# ---- writing


async def test_apply_sends_manager_force_and_dry_run(server: ScriptedServer, client: Client) -> None:
    server.on("*", reply(OBJECT))
    await client.apply(CONFIG_MAPS, OBJECT, manager="kustomize-controller", dry_run=True)
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("PATCH", f"{PATH}/a")
    assert asked.query == {"fieldManager": "kustomize-controller", "dryRun": "All", "force": "true"}
    assert asked.headers["Content-Type"] == "application/apply-patch+yaml"
    assert asked.json == OBJECT


@pytest.mark.parametrize("kind", [PatchType.MERGE, PatchType.JSON, PatchType.STRATEGIC])
async def test_a_patch_goes_to_its_subresource_in_its_own_type(
    server: ScriptedServer, client: Client, kind: PatchType
) -> None:
    server.on("*", reply(OBJECT))
    await client.patch(CONFIG_MAPS, "d", "a", {"x": 1}, type=kind, manager="m", subresource="status")
    assert server.asked[0].path == f"{PATH}/a/status"
    assert server.asked[0].headers["Content-Type"] == kind.value
    assert server.asked[0].query == {"fieldManager": "m"}


async def test_delete_carries_its_preconditions(server: ScriptedServer, client: Client) -> None:
    server.on("*", reply({"kind": "Status", "status": "Success"}))
    await client.delete(CONFIG_MAPS, "d", "a", uid="u", resource_version="7", propagation="Foreground")
    assert server.asked[0].json == {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u", "resourceVersion": "7"},
    }


async def test_a_derived_client_acts_as_somebody_else(server: ScriptedServer, client: Client) -> None:
    server.on("*", reply(OBJECT))
    person = Impersonation("jane", "42", ("a", "b"), (("Example.org/Scope", ("x", "y")),))
    await client.derive(impersonate=person).get(CONFIG_MAPS, "d", "a")
    await client.get(CONFIG_MAPS, "d", "a")
    headers, mine = server.asked[0].headers, server.asked[1].headers
    assert headers["Impersonate-User"] == "jane"
    assert headers["Impersonate-Uid"] == "42"
    assert headers.getall("Impersonate-Group") == ["a", "b"]
    assert headers.getall("Impersonate-Extra-example.org%2Fscope") == ["x", "y"]
    assert "Impersonate-User" not in mine


async def test_a_guarded_write_is_stopped_right_before_it_goes_out(server: ScriptedServer) -> None:
    release = asyncio.Event()
    allowed = True

    async def busy(request: web.Request) -> web.Response:
        await release.wait()
        return web.json_response(OBJECT)

    server.on(f"GET {PATH}/a", busy)
    server.on("*", reply(OBJECT))
    async with Client(ClusterConfig.for_server(server.url), max_connections=1) as client:
        guarded = client.derive(may_write=lambda: allowed)
        await guarded.apply(CONFIG_MAPS, OBJECT, manager="m")
        reading = asyncio.create_task(client.get(CONFIG_MAPS, "d", "a"))
        await until(lambda: server.count("GET") == 1)
        writing = asyncio.create_task(guarded.apply(CONFIG_MAPS, OBJECT, manager="m"))
        await asyncio.sleep(0.01)
        # While the write waits for the only connection, the Leases run out.
        allowed = False
        release.set()
        with pytest.raises(errors.LeaseHeld):
            await writing
        await reading
        assert server.count("PATCH") == 1
        await guarded.apply(CONFIG_MAPS, OBJECT, manager="m", dry_run=True)
        await guarded.get(CONFIG_MAPS, "d", "a")
        await client.apply(CONFIG_MAPS, OBJECT, manager="m")
        assert server.count("PATCH") == 3


async def test_a_guarded_write_is_not_retried_past_its_time(server: ScriptedServer, client: Client) -> None:
    answers = iter((True, False))
    server.on("*", failure(429, "TooManyRequests", "busy", Retry_After="0"), reply(OBJECT))
    writer = client.derive(retry_writes=True, may_write=lambda: next(answers))
    with pytest.raises(errors.LeaseHeld):
        await writer.apply(CONFIG_MAPS, OBJECT, manager="m")
    assert server.count("PATCH") == 1


# ---- watching


async def test_a_watch_asks_for_bookmarks_and_yields_events(server: ScriptedServer, client: Client) -> None:
    watches = Watches()
    server.on(f"GET {PATH}", watches)
    task = asyncio.create_task(_collect(client))
    await watches.wait_open()
    await watches.send("ADDED", watches.put("a"))
    await watches.send("BOOKMARK", {"kind": "ConfigMap", "metadata": {"resourceVersion": "99"}})
    watches.end()
    events = await task
    assert [event.type for event in events] == ["ADDED", "BOOKMARK"]
    assert events[0].object["kind"] == "ConfigMap"
    query = server.asked[0].query
    assert (query["allowWatchBookmarks"], query["resourceVersion"]) == ("true", "10")
    assert 1800 <= int(query["timeoutSeconds"]) <= 3600


async def test_frames_may_come_in_any_pieces(server: ScriptedServer, client: Client) -> None:
    watches = Watches()
    server.on(f"GET {PATH}", watches)
    task = asyncio.create_task(_collect(client))
    await watches.wait_open()
    frames = b"".join(
        json.dumps({"type": "ADDED", "object": {"metadata": {"name": f"é{n}"}}}, ensure_ascii=False).encode() + b"\n"
        for n in range(3)
    )
    for at in range(0, len(frames), 7):
        await watches.send_raw(frames[at : at + 7])
        await asyncio.sleep(0)
    watches.end()
    assert [event.object["metadata"]["name"] for event in await task] == ["é0", "é1", "é2"]


async def test_410_in_an_error_frame_is_expired(server: ScriptedServer, client: Client) -> None:
    watches = Watches()
    server.on(f"GET {PATH}", watches)
    task = asyncio.create_task(_collect(client))
    await watches.wait_open()
    status = {"kind": "Status", "message": "too old resource version: 1 (294)", "reason": "Expired", "code": 410}
    await watches.send("ERROR", status)
    with pytest.raises(errors.Expired, match="too old resource version"):
        await task


async def test_an_endless_frame_is_given_up(
    server: ScriptedServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.kube.frames.MAX_FRAME", 1000)
    monkeypatch.setattr("engine.kube.frames.Frames.__init__.__defaults__", (1000,))
    watches = Watches()
    server.on(f"GET {PATH}", watches)
    task = asyncio.create_task(_collect(client))
    await watches.wait_open()
    await watches.send_raw(b"x" * 2000)
    with pytest.raises(errors.LimitExceeded):
        await task


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"type":"ADDED"}\n', b'{"type":"ADDED","object":7}\n'])
async def test_a_frame_that_is_no_event_is_said(server: ScriptedServer, client: Client, line: bytes) -> None:
    watches = Watches()
    server.on(f"GET {PATH}", watches)
    task = asyncio.create_task(_collect(client))
    await watches.wait_open()
    await watches.send_raw(line)
    with pytest.raises(errors.Unavailable):
        await task


async def test_many_watches_do_not_starve_requests(server: ScriptedServer) -> None:
    watches = Watches()
    server.on(f"GET {PATH}", watches)
    server.on(f"GET {PATH}/a", reply(OBJECT))
    async with Client(ClusterConfig.for_server(server.url), max_connections=2) as client:
        tasks = [asyncio.create_task(_collect(client)) for _ in range(6)]
        await watches.wait_open(6)
        async with asyncio.timeout(5):
            assert await client.get(CONFIG_MAPS, "d", "a")
        watches.end()
        await asyncio.gather(*tasks)


# ---- the server's clock


async def test_ages_follow_the_servers_clock(server: ScriptedServer, client: Client) -> None:
    server.on("*", reply({}, Date="Sat, 21 Nov 2020 12:00:00 GMT"))
    await client.version()
    assert client.server_time_offset < timedelta(days=-365)


async def test_a_clock_that_is_right_is_not_corrected(server: ScriptedServer, client: Client) -> None:
    server.on("*", reply({}))
    await client.version()
    assert client.server_time_offset == timedelta(0)
