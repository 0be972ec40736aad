"""What the server refuses, what it bounds, and how it answers in between."""

from __future__ import annotations

import asyncio
import io
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
import pytest

from engine.clock import VirtualClock
from engine.embedded.server import EmbeddedServer
from tests.embedded.conftest import Api, config_map

MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic dG9rZW4=", "Bearer \u00e4"])
@pytest.mark.parametrize("path", ["/healthz", "/version", "/api/v1/secrets", "/openapi/v3", "/nope"])
async def test_nothing_is_said_without_the_token(api: Api, header: str, path: str) -> None:
    async with api.session.get(api.server.url + path, headers={"Authorization": header}) as answer:
        assert answer.status == 401
        assert orjson.loads(await answer.read())["reason"] == "Unauthorized"


async def test_it_listens_on_loopback_only(api: Api) -> None:
    assert api.server._runner is not None
    assert {address[0] for address in api.server._runner.addresses} == {"127.0.0.1"}


async def test_a_body_beyond_three_mebibytes_is_413(api: Api) -> None:
    body = io.BytesIO(b'{"data":{"a":"' + b"x" * (3 * 1024 * 1024) + b'"}}')
    headers = {"Authorization": f"Bearer {api.server.token}", "Content-Type": "application/json"}
    async with api.session.post(api.server.url + MAPS, data=body, headers=headers) as sent:
        code, answer = sent.status, orjson.loads(await sent.read())
    assert (code, answer["reason"]) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("depth", [201, 100_000])
async def test_deep_json_is_a_400(api: Api, depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth
    code, answer = await api("POST", MAPS, body)
    assert code == 400, answer
    code, answer = await api("PATCH", f"{MAPS}/x?fieldManager=a", b"[" * depth + b"]" * depth, APPLY)
    assert code == 400, answer


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"5", b'"x"', b"", b"\xff\xfe", b'{"metadata": 5}', b'{"metadata":{"labels":[]}}']
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_bodies_that_are_no_objects_are_a_400(api: Api, method: str, body: bytes) -> None:
    await api.ok("POST", MAPS, config_map("there"))
    path = MAPS if method == "POST" else f"{MAPS}/there"
    code, answer = await api(method, path, body, MERGE if method == "PATCH" else "")
    assert code in (400, 422), answer
    assert answer["kind"] == "Status"


@pytest.mark.parametrize(
    "query",
    [
        "labelSelector=a%20zz%20b",
        "labelSelector=,",
        "labelSelector=a=b,",
        "labelSelector=a%20in%20b",
        "labelSelector=a%20in%20(",
        "labelSelector=" + "a" * 64,
        "labelSelector=" + quote("é=1"),
        "labelSelector=a%3Eb",
        "labelSelector=" + "a," * 2_000,
        "fieldSelector=spec.x=1",
        "fieldSelector=metadata.name",
        "limit=x",
        "limit=" + "9" * 30,
        "resourceVersion=-1",
        "resourceVersion=" + "9" * 30,
        "continue=%00",
        "continue=" + "A" * 4000,
    ],
    ids=lambda query: query[:40],
)
async def test_bad_selectors_and_options_are_a_400(api: Api, query: str) -> None:
    code, answer = await api("GET", f"{MAPS}?{query}")
    assert code == 400, answer
    assert len(answer["message"]) < 1000


@pytest.mark.parametrize("name", ["..", ".", "a/b", "A", "a" * 254, "%2e%2e", "a\u202eb", "-a", "a\n"])
async def test_names_that_are_no_names_are_refused(api: Api, name: str) -> None:
    code, answer = await api("POST", MAPS, config_map(name))
    assert (code, answer["reason"]) == (422, "Invalid")


@pytest.mark.parametrize("path", ["/api/v1/namespaces//configmaps", "/apis/apps/v1/deployments/a/b/c", "/apis/x/v1/y"])
async def test_paths_that_lead_nowhere_are_a_404(api: Api, path: str) -> None:
    code, answer = await api("GET", path)
    assert (code, answer) == (404, "404 page not found\n")


async def test_protobuf_bodies_get_a_415_with_the_way_out(api: Api) -> None:
    code, answer = await api("POST", MAPS, b"k8s\x00", "application/vnd.kubernetes.protobuf")
    assert code == 415
    assert "use kubectl apply" in answer["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "word"),
    [
        ("GET", MAPS, {"Impersonate-User": "x"}, "impersonation"),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/a/token", {}, "token"),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {}, "TokenReview"),
        ("GET", "/api/v1/namespaces/default/pods/a/exec", {}, "exec"),
        ("GET", "/api/v1/namespaces/default/services/a/proxy", {}, "proxy"),
    ],
)
async def test_what_is_left_out_is_a_501_that_names_it(
    api: Api, method: str, path: str, headers: dict[str, str], word: str
) -> None:
    code, answer = await api(method, path, {} if method == "POST" else None, **headers)
    assert (code, answer["reason"]) == (501, "NotImplemented")
    assert word in answer["message"]


async def test_a_webhook_is_stored_with_a_warning_that_nobody_calls_it(api: Api) -> None:
    hook = {"metadata": {"name": "h"}, "webhooks": []}
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    headers = {"Authorization": f"Bearer {api.server.token}"}
    async with api.session.post(api.server.url + path, json=hook, headers=headers) as answer:
        assert answer.status == 201
        assert "are not called" in answer.headers["Warning"]


async def test_pages_show_the_state_of_the_first_page(api: Api) -> None:
    for number in range(5):
        await api.ok("POST", MAPS, config_map(f"c{number}"))
    first = await api.ok("GET", f"{MAPS}?limit=2")
    await api.ok("DELETE", f"{MAPS}/c3")
    await api.ok("PATCH", f"{MAPS}/c4", {"data": {"new": "1"}}, MERGE)
    await api.ok("POST", MAPS, config_map("c5"))
    rest = await api.ok("GET", f"{MAPS}?limit=10&continue={first['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c2", "c3", "c4"]
    assert "data" not in rest["items"][2]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_pages_over_all_namespaces_skip_nothing(api: Api) -> None:
    for namespace in ("a", "a-b", "a.b", "b"):
        made = "a-dot-b" if namespace == "a.b" else namespace
        await api.ok("POST", "/api/v1/namespaces", {"metadata": {"name": made}})
        for name in ("x", "y"):
            await api.ok("POST", f"/api/v1/namespaces/{made}/configmaps", config_map(name))
    seen, token = [], ""
    while True:
        page = await api.ok("GET", f"/api/v1/configmaps?limit=3&continue={token}")
        seen += [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert sorted(seen) == sorted((ns, name) for ns in ("a", "a-b", "a-dot-b", "b") for name in ("x", "y"))


async def test_an_expired_token_says_410_and_how_to_go_on(api: Api) -> None:
    for number in range(4):
        await api.ok("POST", MAPS, config_map(f"c{number}"))
    first = await api.ok("GET", f"{MAPS}?limit=2")
    await api.ok("DELETE", f"{MAPS}/c2")
    api.server.compact()
    code, answer = await api("GET", f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert (code, answer["reason"]) == (410, "Expired")
    rest = await api.ok("GET", f"{MAPS}?limit=2&continue={answer['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c3"]


async def test_a_token_that_is_no_text_is_refused_like_any_other(api: Api) -> None:
    host, _, port = api.server.url.partition("://")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()


async def test_a_watch_begins_where_the_list_ended_and_misses_nothing(api: Api) -> None:
    listed = await api.ok("GET", MAPS)
    version = listed["metadata"]["resourceVersion"]
    await api.ok("POST", MAPS, config_map("before"))
    watch = asyncio.create_task(api.frames(f"{MAPS}?watch=1&resourceVersion={version}&timeoutSeconds=1"))
    await asyncio.sleep(0.1)
    await api.ok("POST", MAPS, config_map("during"))
    await api.ok("DELETE", f"{MAPS}/before")
    frames = await watch
    assert [(frame["type"], frame["object"]["metadata"]["name"]) for frame in frames] == [
        ("ADDED", "before"),
        ("ADDED", "during"),
        ("DELETED", "before"),
    ]
    versions = [int(frame["object"]["metadata"]["resourceVersion"]) for frame in frames]
    assert versions == sorted(set(versions))


async def test_a_watch_too_old_is_one_error_frame_on_a_200(api: Api) -> None:
    await api.ok("POST", MAPS, config_map("a"))
    api.server.compact()
    frames = await api.frames(f"{MAPS}?watch=1&resourceVersion=1&timeoutSeconds=1")
    assert [frame["type"] for frame in frames] == ["ERROR"]
    assert frames[0]["object"]["code"] == 410


async def test_watches_end_when_the_server_stops(api: Api) -> None:
    watch = asyncio.create_task(api.frames(f"{MAPS}?watch=1"))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(api.server.stop(), 5)
    assert await asyncio.wait_for(watch, 5) == []


async def test_a_client_that_goes_leaves_no_watch_behind(api: Api) -> None:
    before = len(api.server.core.store._listeners)
    headers = {"Authorization": f"Bearer {api.server.token}"}
    async with aiohttp.ClientSession(headers=headers) as gone:
        answer = await gone.get(f"{api.server.url}{MAPS}?watch=1")
        assert len(api.server.core.store._listeners) == before + 1
        answer.close()
    for _ in range(100):
        if len(api.server.core.store._listeners) == before:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the watch is still there")


async def test_a_dry_run_changes_nothing(api: Api) -> None:
    await api.ok("POST", MAPS, config_map("a", x="1"))
    version = api.server.core.store.version
    shown = await api.ok("PATCH", f"{MAPS}/a?dryRun=All", {"data": {"x": "2"}}, MERGE)
    assert shown["data"] == {"x": "2"}
    await api.ok("POST", f"{MAPS}?dryRun=All", config_map("b"))
    await api.ok("DELETE", f"{MAPS}/a?dryRun=All")
    applied = {"apiVersion": "v1", **config_map("c"), "kind": "ConfigMap"}
    await api.ok("PATCH", f"{MAPS}/c?dryRun=All&fieldManager=m", applied, APPLY)
    assert api.server.core.store.version == version
    assert (await api.ok("GET", f"{MAPS}/a"))["data"] == {"x": "1"}


async def test_a_write_that_changes_nothing_keeps_its_version(api: Api) -> None:
    made = await api.ok("POST", MAPS, config_map("a", x="1"))
    for method, body, kind in (
        ("PUT", made, ""),
        ("PATCH", {"data": {"x": "1"}}, MERGE),
        ("PATCH", [{"op": "replace", "path": "/data/x", "value": "1"}], "application/json-patch+json"),
        ("PATCH", {"data": {"x": "1"}}, "application/strategic-merge-patch+json"),
    ):
        same = await api.ok(method, f"{MAPS}/a", body, kind)
        assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"], kind


async def test_eight_writers_of_one_object_each_win_or_hear_of_the_conflict(api: Api) -> None:
    await api.ok("POST", MAPS, config_map("n", value="0"))
    won = 0

    async def add() -> None:
        nonlocal won
        for _ in range(5):
            live = await api.ok("GET", f"{MAPS}/n")
            live["data"]["value"] = str(int(live["data"]["value"]) + 1)
            code, _ = await api("PUT", f"{MAPS}/n", live)
            assert code in (200, 409)
            won += code == 200

    await asyncio.gather(*(add() for _ in range(8)))
    assert (await api.ok("GET", f"{MAPS}/n"))["data"]["value"] == str(won)


async def test_events_of_both_groups_are_the_same_objects(api: Api) -> None:
    path = "/apis/events.k8s.io/v1/namespaces/default/events"
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
        "note": "hello",
        "reason": "R",
        "action": "A",
        "type": "Normal",
        "reportingController": "c",
        "reportingInstance": "i",
        "eventTime": "2026-01-01T00:00:00.000000Z",
    }
    made = await api.ok("POST", path, body)
    assert made["note"] == "hello"
    assert made["kind"] == "Event"
    core = await api.ok("GET", "/api/v1/namespaces/default/events/e")
    assert core["message"] == "hello"
    assert core["involvedObject"]["name"] == "p"
    query = "fieldSelector=regarding.name%3Dp"
    assert len((await api.ok("GET", f"{path}?{query}"))["items"]) == 1
    query = "fieldSelector=involvedObject.name%3Dother"
    assert (await api.ok("GET", f"/api/v1/events?{query}"))["items"] == []


async def test_aggregated_discovery_has_an_etag_that_saves_the_body(api: Api) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    headers = {"Authorization": f"Bearer {api.server.token}", "Accept": accept}
    async with api.session.get(api.server.url + "/apis", headers=headers) as answer:
        tag = answer.headers["ETag"]
        assert answer.headers["Content-Type"].endswith("as=APIGroupDiscoveryList")
    headers["If-None-Match"] = tag
    async with api.session.get(api.server.url + "/apis", headers=headers) as answer:
        assert answer.status == 304


async def test_yaml_goes_in_and_out(api: Api) -> None:
    body = "metadata:\n  name: yam\ndata:\n  on: 'yes'\n"
    await api.ok("POST", MAPS, body, "application/yaml")
    headers = {"Authorization": f"Bearer {api.server.token}", "Accept": "application/yaml"}
    async with api.session.get(f"{api.server.url}{MAPS}/yam", headers=headers) as answer:
        assert answer.headers["Content-Type"].startswith("application/yaml")
        assert "name: yam\n" in await answer.text()


async def test_a_table_shows_what_kubectl_prints(api: Api) -> None:
    service: dict[str, Any] = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "type": "NodePort"}}
    await api.ok("POST", "/api/v1/namespaces/default/services", service)
    table = await api.ok("GET", "/api/v1/namespaces/default/services", Accept=TABLE)
    cells = table["rows"][0]["cells"]
    names = [column["name"] for column in table["columnDefinitions"]]
    shown = dict(zip(names, cells, strict=True))
    assert shown["Name"] == "s"
    assert shown["Type"] == "NodePort"
    assert shown["Port(s)"].startswith("80:3")
    assert shown["Port(s)"].endswith("/TCP")


async def test_events_are_gone_an_hour_after_their_last_write() -> None:
    clock = VirtualClock()
    async with EmbeddedServer(simulate=False, clock=clock) as server:
        facade = server.facade("test")
        for name in ("old", "renewed"):
            facade.create(
                {
                    "apiVersion": "v1",
                    "kind": "Event",
                    "metadata": {"name": name, "namespace": "default"},
                    "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
                }
            )
        await server.core.store.durable()
        await clock.advance(1800)
        facade.patch("v1", "Event", "default", "renewed", {"count": 2})
        await server.core.store.durable()
        await clock.advance(1801)
        assert [event["metadata"]["name"] for event in facade.list("v1", "Event")] == ["renewed"]
        await clock.advance(1800)
        assert facade.list("v1", "Event") == []


async def test_an_autoscaler_reads_the_same_in_both_versions(api: Api) -> None:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 70,
    }
    path = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
    await api.ok("POST", path.format("v1"), {"metadata": {"name": "h"}, "spec": spec})
    newer = await api.ok("GET", path.format("v2") + "/h")
    assert newer["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    older = await api.ok("PATCH", path.format("v1") + "/h", {"spec": {"targetCPUUtilizationPercentage": 60}}, MERGE)
    assert (older["apiVersion"], older["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 60)


async def test_one_object_is_watched_by_its_old_path(api: Api) -> None:
    await api.ok("POST", MAPS, config_map("a"))
    await api.ok("POST", MAPS, config_map("b"))
    frames = await api.frames("/api/v1/watch/namespaces/default/configmaps/b?timeoutSeconds=1")
    assert [frame["object"]["metadata"]["name"] for frame in frames] == ["b"]
