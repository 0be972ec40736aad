"""Client, informers, Events and Leases against the embedded API server and, where it is, the real one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import errors
from engine.embedded.server import EmbeddedServer
from engine.kube.client import Client
from engine.kube.config import ClusterConfig, Impersonation, UserConfig, load_config
from engine.kube.events import EventRecorder
from engine.kube.informer import Informer
from engine.kube.leases import LeaseGroup
from engine.kube.resources import EVENTS, LEASES
from engine.kube.types import Object, PatchType
from tests.kube.scripted import CONFIG_MAPS, until

CRD: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.org"},
    "spec": {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}


def config_map(name: str, **data: str) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}


@pytest.fixture
async def embedded() -> AsyncIterator[EmbeddedServer]:
    server = EmbeddedServer(simulate=False)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
async def config(request: pytest.FixtureRequest) -> AsyncIterator[ClusterConfig]:
    if request.param == "real":
        yield load_config([request.getfixturevalue("real_cluster").kubeconfig])
        return
    server = EmbeddedServer(simulate=False)
    await server.start()
    yield ClusterConfig.for_server(server.url, server.token)
    await server.stop()


@pytest.fixture
async def client(config: ClusterConfig) -> AsyncIterator[Client]:
    async with Client(config) as made:
        for name in ("a", *(f"cm{number}" for number in range(20))):
            try:
                await made.delete(CONFIG_MAPS, "default", name)
            except errors.NotFound:
                continue
        yield made


async def test_every_verb_and_every_refusal(client: Client) -> None:
    made = await client.create(CONFIG_MAPS, config_map("a", x="1"), manager="m")
    with pytest.raises(errors.AlreadyExists):
        await client.create(CONFIG_MAPS, config_map("a"), manager="m")
    with pytest.raises(errors.Invalid):
        await client.create(CONFIG_MAPS, config_map("Not A Name"), manager="m")
    assert await client.get(CONFIG_MAPS, "default", "a") == made

    changed = await client.replace(CONFIG_MAPS, {**made, "data": {"x": "2"}}, manager="m")
    assert changed["data"] == {"x": "2"}
    with pytest.raises(errors.Conflict):
        await client.replace(CONFIG_MAPS, {**made, "data": {"x": "3"}}, manager="m")

    patched = await client.patch(
        CONFIG_MAPS, "default", "a", {"data": {"y": "1"}}, type=PatchType.MERGE, manager="m", dry_run=True
    )
    assert patched["data"] == {"x": "2", "y": "1"}
    assert (await client.get(CONFIG_MAPS, "default", "a"))["data"] == {"x": "2"}

    with pytest.raises(errors.Conflict, match="conflict with") as caught:
        await client.apply(CONFIG_MAPS, config_map("a", x="9"), manager="other", force=False)
    assert caught.value.reason == "Conflict"
    applied = await client.apply(CONFIG_MAPS, config_map("a", x="9"), manager="other")
    assert applied["data"]["x"] == "9"

    with pytest.raises(errors.Conflict):
        await client.delete(CONFIG_MAPS, "default", "a", uid="another")
    await client.delete(CONFIG_MAPS, "default", "a", uid=made["metadata"]["uid"])
    with pytest.raises(errors.NotFound):
        await client.get(CONFIG_MAPS, "default", "a")
    with pytest.raises(errors.LoginRequired):
        stranger_config = replace(client.config, user=UserConfig(token="wrong"))
        async with Client(stranger_config) as stranger:
            await stranger.get(CONFIG_MAPS, "default", "a")


async def test_its_kubeconfig_leads_to_it(embedded: EmbeddedServer, tmp_path: Path) -> None:
    embedded.write_kubeconfig(tmp_path / "config")
    async with Client(load_config([tmp_path / "config"])) as client:
        assert (await client.version())["major"] == "1"


async def test_an_informer_holds_what_the_server_holds_under_many_writes(client: Client) -> None:
    informer = Informer(client, CONFIG_MAPS, namespace="default", field_selector="metadata.name!=kube-root-ca.crt")
    told: list[tuple[str, str]] = []
    informer.subscribe(lambda kind, old, new: told.append((kind, (new or old or {})["metadata"]["name"])))
    task = asyncio.create_task(informer.run())
    await informer.synced()

    async def churn(number: int) -> None:
        name = f"cm{number}"
        made = await client.create(CONFIG_MAPS, config_map(name, n="0"), manager="m")
        for step in range(3):
            made = await client.replace(CONFIG_MAPS, {**made, "data": {"n": str(step + 1)}}, manager="m")
        if number % 2:
            await client.delete(CONFIG_MAPS, "default", name)

    await asyncio.gather(*(churn(number) for number in range(20)))
    await until(lambda: sum(kind == "deleted" for kind, _ in told) == 10)
    await until(lambda: len(informer) == 10 and all(obj["data"]["n"] == "3" for obj in informer.objects()))
    for name in ("cm0", "cm1"):
        mine = [kind for kind, about in told if about == name]
        assert mine == ["added", "modified", "modified", "modified"] + (["deleted"] if name == "cm1" else [])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_pages_of_a_list_are_one_moment(client: Client) -> None:
    for number in range(5):
        await client.create(CONFIG_MAPS, config_map(f"cm{number}"), manager="m")
    names: list[str] = []
    async for page in client.list(CONFIG_MAPS, "default", limit=2, field_selector="metadata.name!=kube-root-ca.crt"):
        if not names:
            await client.delete(CONFIG_MAPS, "default", "cm4")
        names += [item["metadata"]["name"] for item in page.items]
    assert names == [f"cm{number}" for number in range(5)]


async def test_a_kind_appears_and_goes_and_its_informer_follows(client: Client) -> None:
    crds = await client.discovery.resource("apiextensions.k8s.io", "", "CustomResourceDefinition")
    await client.create(crds, CRD, manager="m")
    await until_async(lambda: _served(client))
    things = await client.discovery.resource("example.org", "", "Thing")
    await client.delete(crds, "", "things.example.org")
    await until_async(lambda: _gone(client))

    informer = Informer(client, things)
    tasks = [asyncio.create_task(informer.run()), asyncio.create_task(client.discovery.watch_crds())]
    await until(lambda: informer.status.state == "absent")
    await until(lambda: client.discovery.watching)
    await client.create(crds, CRD, manager="m")
    await until(lambda: informer.status.state == "live", seconds=10)
    thing = {"kind": "Thing", "apiVersion": "example.org/v1", "metadata": {"name": "t", "namespace": "default"}}
    await client.apply(things, thing, manager="m")
    await until(lambda: informer.get("default", "t") is not None)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _served(client: Client) -> bool:
    await client.discovery.refresh()
    return client.discovery.serves("example.org", "Thing")


async def _gone(client: Client) -> bool:
    return not await _served(client)


async def until_async(condition: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_a_server_that_restarts_with_its_data_loses_nothing(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "data", simulate=False)
    await server.start()
    token, port = server.token, int(server.url.rsplit(":", 1)[1])
    async with Client(ClusterConfig.for_server(server.url, token)) as client:
        informer = Informer(client, CONFIG_MAPS, namespace="default")
        told: list[str] = []
        informer.subscribe(lambda kind, old, new: told.append(f"{kind} {(new or old or {})['metadata']['name']}"))
        task = asyncio.create_task(informer.run())
        await informer.synced()
        await client.create(CONFIG_MAPS, config_map("before"), manager="m")
        await until(lambda: told == ["added before"])
        await server.stop()
        await until(lambda: informer.status.state == "stale")
        server = EmbeddedServer(tmp_path / "data", port, token, simulate=False)
        await server.start()
        await client.create(CONFIG_MAPS, config_map("after"), manager="m")
        await until(lambda: "added after" in told, seconds=10)
        assert told == ["added before", "added after"]
        assert informer.status.state == "live"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await server.stop()


async def test_a_compacted_history_is_listed_again_without_ghosts(embedded: EmbeddedServer) -> None:
    async with Client(ClusterConfig.for_server(embedded.url, embedded.token)) as client:
        await _compact_while_away(embedded, client)


async def _compact_while_away(embedded: EmbeddedServer, client: Client) -> None:
    for name in ("stays", "goes"):
        await client.create(CONFIG_MAPS, config_map(name), manager="m")
    informer = Informer(client, CONFIG_MAPS, namespace="default")
    told: list[str] = []
    task = asyncio.create_task(informer.run())
    await informer.synced()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    informer.subscribe(lambda kind, old, new: told.append(f"{kind} {(new or old or {})['metadata']['name']}"))
    await client.delete(CONFIG_MAPS, "default", "goes")
    await client.create(CONFIG_MAPS, config_map("comes"), manager="m")
    embedded.compact()
    task = asyncio.create_task(informer.run())
    await until(lambda: len(told) == 2)
    assert sorted(told) == ["added comes", "deleted goes"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_same_event_twice_is_one_that_counts(client: Client) -> None:
    about = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "app", "namespace": "default", "uid": secrets.token_hex(8)},
    }
    recorder = EventRecorder(client, "kustomize-controller", clock=client.clock)
    for _ in range(2):
        await recorder.event(about, "Normal", "Progressing", "created")
    await recorder.flush()
    selector = f"involvedObject.uid={about['metadata']['uid']}"  # type: ignore[index]
    [page] = [page async for page in client.list(EVENTS, field_selector=selector)]
    assert [event["count"] for event in page.items] == [2]


async def test_one_engine_holds_the_leases_and_the_next_takes_them_when_given_back(client: Client) -> None:
    controllers = ("source-controller", "kustomize-controller")
    one = LeaseGroup(client, controllers, "one", namespace="default")
    two = LeaseGroup(client, controllers, "two", namespace="default")
    assert await one.attempt() == []
    assert await one.attempt() == []
    assert {found.identity for found in await two.attempt()} == {"one"}
    await one.release()
    assert await two.attempt() == []
    [page] = [page async for page in client.list(LEASES, "default")]
    assert {item["spec"]["holderIdentity"] for item in page.items} == {"two"}
    await two.release()


async def test_metadata_only_brings_metadata_only(client: Client) -> None:
    await client.create(CONFIG_MAPS, config_map("cm0", x="secret"), manager="m")
    informer = Informer(client, CONFIG_MAPS, namespace="default", metadata_only=True)
    task = asyncio.create_task(informer.run())
    await informer.synced()
    await client.create(CONFIG_MAPS, config_map("cm1", x="secret"), manager="m")
    await until(lambda: informer.get("default", "cm1") is not None)
    for name in ("cm0", "cm1"):
        found = informer.get("default", name)
        assert found is not None
        assert (found["kind"], found["apiVersion"]) == ("ConfigMap", "v1")
        assert "data" not in found
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_acting_as_somebody_without_rights_is_not_allowed(client: Client) -> None:
    nobody = client.derive(impersonate=Impersonation("system:serviceaccount:default:nobody"))
    if client.config.source.startswith("http"):
        # The embedded server knows one person only, and says so.
        with pytest.raises(errors.Unsupported, match="impersonation"):
            await nobody.version()
        return
    with pytest.raises(errors.NotAllowed, match="cannot list") as caught:
        _ = [page async for page in nobody.list(CONFIG_MAPS)]
    assert (caught.value.verb, caught.value.resource) == ("list", "configmaps")
    informer = Informer(nobody, CONFIG_MAPS)
    task = asyncio.create_task(informer.run())
    await until(lambda: informer.status.state == "forbidden")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
