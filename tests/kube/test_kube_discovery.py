from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from engine import errors
from engine.clock import VirtualClock
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.discovery import parse_aggregated, parse_legacy
from tests.kube.scripted import ScriptedServer, Watches, failure, reply, until
from tests.shared import GOLDENS, need_shared

GROUP = "kustomize.toolkit.fluxcd.io"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def client(server: ScriptedServer, clock: VirtualClock) -> AsyncIterator[Client]:
    async with Client(ClusterConfig.for_server(server.url), clock=clock, environ={}) as made:
        yield made


def group(name: str, *versions: str, kind: str = "Kustomization", plural: str = "kustomizations") -> dict[str, Any]:
    resource = {
        "resource": plural,
        "responseKind": {"group": name, "kind": kind},
        "scope": "Namespaced",
        "verbs": ["get", "list"],
        "shortNames": ["ks"],
        "subresources": [{"subresource": "status"}],
    }
    return {
        "metadata": {"name": name},
        "versions": [{"version": version, "resources": [resource]} for version in versions],
    }


def aggregated(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}


class Tagged:
    """Answers as the API server does: with an ETag, and 304 to those who have it."""

    def __init__(self, *groups: dict[str, Any]) -> None:
        self.groups = list(groups)
        self.unchanged = 0

    async def __call__(self, request: web.Request) -> web.Response:
        body = json.dumps(aggregated(*self.groups))
        etag = f'"{hash(body)}"'
        if request.headers.get("If-None-Match") == etag:
            self.unchanged += 1
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(text=body, content_type="application/json", headers={"ETag": etag})


@pytest.fixture
def tagged(server: ScriptedServer) -> Tagged:
    made = Tagged(group(GROUP, "v1", "v1beta2"))
    server.on("GET /apis", made)
    server.on("GET /api", Tagged())
    return made


async def test_kinds_are_found_by_group_and_version(client: Client, tagged: Tagged) -> None:
    preferred = await client.discovery.resource(GROUP, "", "Kustomization")
    older = await client.discovery.resource(GROUP, "v1beta2", "Kustomization")
    assert (preferred.version, older.version) == ("v1", "v1beta2")
    assert preferred.path("apps", "a", "status") == f"/apis/{GROUP}/v1/namespaces/apps/kustomizations/a/status"
    assert preferred.subresources == {"status"}
    assert preferred.short_names == ("ks",)
    assert preferred.verbs == {"get", "list"}


async def test_it_is_read_once_and_then_asked_for_changes_only(
    client: Client, tagged: Tagged, server: ScriptedServer
) -> None:
    for _ in range(3):
        await client.discovery.resource(GROUP, "v1", "Kustomization")
    assert len(server.asked) == 2
    await client.discovery.refresh()
    assert tagged.unchanged == 1


async def test_an_unknown_kind_is_asked_for_again_but_not_at_once(
    client: Client, tagged: Tagged, server: ScriptedServer, clock: VirtualClock
) -> None:
    for _ in range(5):
        with pytest.raises(errors.NoKindMatch, match='kind "Kustomization" of other'):
            await client.discovery.resource("other.io", "v1", "Kustomization")
    assert len(server.asked) == 2
    tagged.groups.append(group("other.io", "v1"))
    await clock.advance(3)
    assert (await client.discovery.resource("other.io", "v1", "Kustomization")).group == "other.io"


async def test_changes_are_told_and_only_changes(client: Client, tagged: Tagged) -> None:
    told: list[int] = []
    unsubscribe = client.discovery.on_change(lambda: told.append(len(client.discovery.resources())))
    await client.discovery.refresh()
    await client.discovery.refresh()
    tagged.groups.clear()
    await client.discovery.refresh()
    assert told == [2, 0]
    unsubscribe()
    tagged.groups.append(group(GROUP, "v1"))
    await client.discovery.refresh()
    assert told == [2, 0]


async def test_a_crd_that_comes_is_picked_up_without_being_asked_for(
    client: Client, tagged: Tagged, server: ScriptedServer, clock: VirtualClock
) -> None:
    crds = Watches()
    server.on("GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions", crds)
    await client.discovery.refresh()
    task = asyncio.create_task(client.discovery.watch_crds())
    await crds.wait_open()
    await until(lambda: client.discovery.watching)
    before = len(server.asked)
    await clock.advance(3600)
    assert len(server.asked) == before
    await crds.send("ADDED", crds.put("things.other.io", namespace=""))
    tagged.groups.append(group("other.io", "v1", kind="Thing", plural="things"))
    async with asyncio.timeout(5):
        while not any(res.kind == "Thing" for res in client.discovery.resources()):
            await clock.advance(0.5)
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not client.discovery.watching


async def test_without_the_right_to_watch_crds_discovery_is_polled(
    client: Client, tagged: Tagged, server: ScriptedServer, clock: VirtualClock
) -> None:
    path = "GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    server.on(path, failure(403, "Forbidden", "no", {"kind": "customresourcedefinitions"}))
    await client.discovery.refresh()
    task = asyncio.create_task(client.discovery.watch_crds())
    await until(lambda: server.count("GET", path.removeprefix("GET ")) == 1)
    tagged.groups.append(group("other.io", "v1", kind="Thing", plural="things"))
    async with asyncio.timeout(5):
        while not any(res.kind == "Thing" for res in client.discovery.resources()):
            await clock.advance(10)
            await asyncio.sleep(0.001)
    assert clock.monotonic() >= 60
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_server_without_aggregated_discovery_is_read_group_by_group(
    client: Client, server: ScriptedServer
) -> None:
    versions = [{"version": "v1beta2"}, {"version": "v1"}]
    listed = {
        "kind": "APIGroupList",
        "groups": [
            {"name": GROUP, "versions": versions, "preferredVersion": {"version": "v1"}},
            {"name": "down.io", "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}},
        ],
    }
    resources = {
        "kind": "APIResourceList",
        "resources": [
            {"name": "kustomizations", "kind": "Kustomization", "namespaced": True, "verbs": ["list"]},
            {"name": "kustomizations/status", "kind": "Kustomization", "namespaced": True, "verbs": ["get"]},
        ],
    }
    server.on("GET /api", reply({"kind": "APIVersions", "versions": ["v1"]}))
    server.on("GET /api/v1", reply({"resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]}))
    server.on("GET /apis", reply(listed))
    server.on(f"GET /apis/{GROUP}/v1", reply(resources))
    server.on(f"GET /apis/{GROUP}/v1beta2", reply(resources))
    server.on("GET /apis/down.io/v1", failure(503, "ServiceUnavailable", "its server is down"))
    found = await client.discovery.resource(GROUP, "", "Kustomization")
    assert (found.version, found.subresources) == ("v1", {"status"})
    assert (await client.discovery.resource("", "", "Pod")).path("d", "p") == "/api/v1/namespaces/d/pods/p"
    with pytest.raises(errors.NoKindMatch):
        await client.discovery.resource("down.io", "", "Thing")


async def test_a_failure_keeps_what_was_known(client: Client, tagged: Tagged, server: ScriptedServer) -> None:
    await client.discovery.refresh()
    server.on("GET /apis", failure(500, "InternalError", "boom"))
    with pytest.raises(errors.Unavailable):
        await client.discovery.refresh()
    assert (await client.discovery.resource(GROUP, "", "Kustomization")).version == "v1"


def test_a_real_servers_document_is_read() -> None:
    folder = need_shared(GOLDENS / "kubernetes-1.36")
    raw = json.loads((folder / "aggregated-discovery-1.36.json").read_text(encoding="utf-8"))
    documents = raw.values() if "items" not in raw else [raw]
    served = {(res.group, res.kind): res for document in documents for res in parse_aggregated(document)}
    deployment = served["apps", "Deployment"]
    assert (deployment.version, deployment.plural, deployment.namespaced) == ("v1", "deployments", True)
    assert {"status", "scale"} <= deployment.subresources
    assert not served["rbac.authorization.k8s.io", "ClusterRole"].namespaced


def test_nonsense_in_discovery_is_nothing() -> None:
    assert list(parse_aggregated({"items": [{"versions": [{"resources": [{"resource": "x"}]}]}]})) == []
    assert list(parse_legacy("", "v1", {"resources": None})) == []
