"""What breaks between us and a cluster: nothing is lost, nothing is doubled, and the snapshot says what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine import errors
from engine.clock import Clock
from engine.commands import Command, Reconcile, Suspend
from engine.demo.gitserver import GitServer
from engine.demo.repository import DemoRepository
from engine.embedded.server import EmbeddedServer
from engine.flux import kinds, revision
from engine.kube.client import Client
from engine.kube.config import ClusterConfig, load_config
from engine.kube.tls import make_context
from engine.kube.types import PatchType, ResourceType
from engine.model import Stance, State
from engine.session import Session
from engine.settings import Access, Driving, EngineSettings, Publishing
from engine.snapshot import KindState, Link, Operation, Progress
from tests.cluster.conftest import Api, World, apply, eventually
from tests.cluster.faultproxy import FaultProxy, anything, on, watches
from tests.cluster.realcluster import RealCluster, free_port
from tests.cluster.test_gitops import AUTHOR, begin, config_map, done, value

KUSTOMIZATIONS = ResourceType(kinds.KUSTOMIZATION.group, "v1", "Kustomization", "kustomizations", namespaced=True)
EVENTS = ResourceType("", "v1", "Event", "events", namespaced=True)


@dataclass
class Mortal(Api):
    """An API server that can be taken away and comes back with the same port, data and token."""

    down: Callable[[], Awaitable[None]] = field(default=None)  # type: ignore[assignment]
    up: Callable[[], Awaitable[None]] = field(default=None)  # type: ignore[assignment]


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mortal]:
    """As the other tests have it, but mortal."""
    if request.param == "real":
        cluster: RealCluster = request.getfixturevalue("real_cluster")
        gone = False

        async def kill() -> None:
            nonlocal gone
            gone = True
            await asyncio.to_thread(cluster.stop_apiserver)

        async def revive() -> None:
            nonlocal gone
            gone = False
            await asyncio.to_thread(cluster.start_apiserver)

        yield Mortal("real", load_config([cluster.kubeconfig]), kill, revive)
        if gone:
            await revive()
        return
    port = free_port()
    server = EmbeddedServer(tmp_path / "api", port=port)
    await server.start()
    running = [server]

    async def stop() -> None:
        await running.pop().stop()

    async def start() -> None:
        again = EmbeddedServer(tmp_path / "api", port=port, token=server.token)
        await again.start()
        running.append(again)

    yield Mortal("embedded", ClusterConfig.for_server(server.url, server.token), stop, start)
    for left in running:
        await left.stop()


@pytest.fixture
async def proxy(api: Mortal) -> AsyncIterator[FaultProxy]:
    """Between every session of the test and the API server."""
    tls = make_context(api.config.tls) if api.config.server.startswith("https") else None
    found = FaultProxy(api.config, tls, {"Authorization": f"Bearer {api.config.user.token}"})
    await found.start()
    yield found
    await found.stop()


class Sessions:
    """Opens sessions through the proxy, or straight; all end with the test."""

    def __init__(self, api: Api, proxy: FaultProxy, namespace: str, folder: Path) -> None:
        self.api, self.proxy, self.namespace, self.folder = api, proxy, namespace, folder
        self.tasks: dict[Session, asyncio.Task[None]] = {}

    def begin(self, stance: Stance = Stance.OBSERVE, *, straight: bool = False) -> World:
        """A session that may not get far."""
        settings = EngineSettings(
            access=Access(namespace=self.namespace),
            stance=stance,
            publishing=Publishing(interval=0.02),
            driving=Driving(storage=self.folder / "artifacts", lease_namespace=self.namespace),
            state=self.folder / "state",
        )
        config = self.api.config if straight else self.proxy.config("faulty")
        session = Session(settings, Clock(), config=lambda: config)
        self.tasks[session] = asyncio.ensure_future(session.run())
        return World(session, self.namespace)

    async def open(self, stance: Stance = Stance.OBSERVE, *, straight: bool = False) -> World:
        """A session that has listed everything, and watches."""
        world = self.begin(stance, straight=straight)
        async with asyncio.timeout(30):
            await world.session.synced(*kinds.KINDS)
        await until(lambda: straight or all(self.proxy.is_watching(kind.plural) for kind in kinds.KINDS))
        return world

    async def end(self, world: World) -> None:
        """End one session, as a lost terminal does."""
        task = self.tasks.pop(world.session)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def sessions(
    api: Mortal, proxy: FaultProxy, client: Client, namespace: str, tmp_path: Path
) -> AsyncIterator[Sessions]:
    found = Sessions(api, proxy, namespace, tmp_path)
    yield found
    for world in [World(session, namespace) for session in found.tasks]:
        await found.end(world)


async def until(holds: Callable[[], object], say: Callable[[], str] = str) -> None:
    async def asked() -> object:
        return holds()

    await eventually(asked, say=say)


async def kustomization(client: Client, namespace: str, name: str) -> None:
    await apply(
        client,
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"interval": "1h", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
        },
    )


async def live_versions(client: Client, namespace: str) -> dict[str, str]:
    pages = [page async for page in client.list(KUSTOMIZATIONS, namespace)]
    return {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for page in pages for o in page.items}


def seen_versions(world: World) -> dict[str, str]:
    found = world.session.store.snapshot.resources.items()
    return {ref.name: resource.resource_version for ref, resource in found if ref.kind == "Kustomization"}


async def same(client: Client, world: World) -> None:
    """The snapshot comes to be what the API server has: no object lost, none left over, none stale."""

    async def equal() -> bool:
        return seen_versions(world) == await live_versions(client, world.namespace)

    await eventually(equal, say=lambda: repr(seen_versions(world)))


def patches(proxy: FaultProxy, name: str) -> int:
    return sum(count for path, count in proxy.seen.items() if path.startswith("PATCH") and path.endswith(f"/{name}"))


async def submitted(world: World, command: Command) -> str:
    assert world.session.board is not None
    outcome = await world.session.board.submit(command)
    assert outcome.accepted, outcome.message
    return outcome.operation


async def ended(world: World, operation: str) -> Operation:
    def found() -> Operation | None:
        return world.session.store.operation(operation)

    await until(lambda: (o := found()) is not None and o.progress.final, say=lambda: repr(found()))
    last = found()
    assert last is not None
    return last


# --- the API server goes and comes


async def test_a_killed_api_server_is_told_and_found_again(
    api: Mortal, client: Client, sessions: Sessions, git: GitServer, repository: DemoRepository
) -> None:
    world = await sessions.open(Stance.DRIVE, straight=True)
    await begin(client, world, git, repository)
    store = world.session.store
    before = set(store.snapshot.resources)
    await api.down()
    await until(lambda: store.snapshot.connection.link is Link.LOST, say=lambda: repr(store.snapshot.connection))
    lost = store.snapshot.connection
    assert "cannot connect" in lost.message or "lost" in lost.message
    assert lost.since is not None
    await until(lambda: store.snapshot.connection.next_try is not None)
    status = store.snapshot.kinds["Kustomization"]
    assert (status.state, bool(status.message), status.since is not None) == (KindState.STALE, True, True)
    assert set(store.snapshot.resources) == before, "what was seen last stays on screen"
    await repository.commit(config_map("two"), "While nobody answered", AUTHOR)
    head = await repository.head()
    await api.up()
    await until(lambda: store.snapshot.connection.link is Link.LIVE, say=lambda: repr(store.snapshot.connection))
    await until(lambda: all(k.state is not KindState.STALE for k in store.snapshot.kinds.values()))
    assert store.snapshot.connection.message == ""
    ref = world.ref("Kustomization", "app")
    operation = await done(world, Reconcile(ref, with_source=True))
    assert operation.progress is Progress.DONE, operation
    assert await value(client, world) == "two"
    await world.until("Kustomization", "app", lambda r: revision.commit(r.revision) == head)
    assert set(store.snapshot.resources) == before, "nothing is there twice"
    assert len(store.resource(ref).history) == 2


async def test_a_session_that_starts_without_api_server_says_when_it_tries_again(
    api: Mortal, client: Client, sessions: Sessions
) -> None:
    await api.down()
    world = sessions.begin(straight=True)
    store = world.session.store
    await until(lambda: store.snapshot.connection.link is Link.LOST)
    assert store.snapshot.connection.next_try is not None
    await api.up()
    await until(lambda: store.snapshot.connection.link is Link.LIVE)
    assert store.snapshot.connection.server_version.startswith("v1.")


async def test_an_operation_outlives_api_server_and_session(
    api: Mortal, client: Client, sessions: Sessions, git: GitServer, repository: DemoRepository
) -> None:
    driver = await sessions.open(Stance.DRIVE, straight=True)
    await begin(client, driver, git, repository)
    await sessions.end(driver)
    observer = await sessions.open(straight=True)
    operation = await submitted(observer, Reconcile(observer.ref("Kustomization", "app")))
    await observer.until("Kustomization", "app", lambda r: r.requested_at)
    await api.down()
    await until(lambda: observer.session.store.snapshot.connection.link is Link.LOST)
    await sessions.end(observer)
    await api.up()
    again = await sessions.open(Stance.DRIVE, straight=True)
    found = await ended(again, operation)
    assert found.progress is Progress.DONE, found
    assert found.detail == ""


# --- watches that break


async def test_watches_that_are_cut_lose_and_double_nothing(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    for number in range(10):
        await kustomization(client, namespace, f"k{number}")
    world = await sessions.open()
    for turn in range(5):
        for number in range(turn, 10):
            body = {"metadata": {"annotations": {"turn": str(turn)}}}
            await client.patch(KUSTOMIZATIONS, namespace, f"k{number}", body, type=PatchType.MERGE, manager="test")
            if number == 5:
                await until(lambda: proxy.is_watching("kustomizations"))
                assert proxy.cut() > 0
        await client.delete(KUSTOMIZATIONS, namespace, f"k{turn}")
        await kustomization(client, namespace, f"n{turn}")
    await same(client, world)
    await until(lambda: world.session.store.snapshot.connection.link is Link.LIVE)


async def test_an_expired_watch_is_listed_again_without_ghosts(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    for name in ("stays", "goes"):
        await kustomization(client, namespace, name)
    world = await sessions.open()
    with proxy.fault(watches, status=503) as outage:
        proxy.cut()
        await until(lambda: outage.hits > 3)
        await client.delete(KUSTOMIZATIONS, namespace, "goes")
        await kustomization(client, namespace, "comes")
        assert set(seen_versions(world)) == {"stays", "goes"}
        assert world.session.store.snapshot.kinds["Kustomization"].state is KindState.STALE
    with proxy.fault(on("/kustomizations$", watching=True), status=410, count=1) as expired:
        await same(client, world)
        await until(lambda: expired.hits == 1)
    await same(client, world)
    assert set(seen_versions(world)) == {"stays", "comes"}


# --- answers that are slow, refused or lost


async def test_a_busy_api_server_is_asked_again_when_it_says(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    reading = on("/kustomizations$", "GET")
    with proxy.fault(reading, status=429, headers={"Retry-After": "1"}, message="too many", count=3) as busy:
        world = await sessions.open()
        assert busy.hits == 3
    await same(client, world)
    with proxy.fault(on("/kustomizations/app$", "PATCH"), status=429, headers={"Retry-After": "1"}, message="busy"):
        operation = await ended(world, await submitted(world, Suspend(world.ref("Kustomization", "app"))))
    assert operation.progress is Progress.FAILED
    assert "busy" in operation.message
    assert patches(proxy, "app") == 1, "an act is sent once"


async def test_five_seconds_of_latency_delay_and_break_nothing(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    world = await sessions.open()
    with proxy.fault(lambda method, path, watch: not watch, delay=5.0):
        began = asyncio.get_running_loop().time()
        operation = await submitted(world, Suspend(world.ref("Kustomization", "app")))
        assert asyncio.get_running_loop().time() - began < 1, "nobody waits for the network"
        assert world.session.store.operation(operation).progress is Progress.REQUESTED
        found = await ended(world, operation)
    assert found.progress is Progress.DONE, found
    assert patches(proxy, "app") == 1
    assert world.session.store.snapshot.connection.link is Link.LIVE


async def test_a_lost_answer_is_settled_by_reading(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    world = await sessions.open()
    ref = world.ref("Kustomization", "app")
    with proxy.fault(on("/kustomizations/app$", "PATCH"), lose_answer=True):
        operation = await ended(world, await submitted(world, Suspend(ref, reason="freeze")))
    assert operation.progress is Progress.DONE, operation
    assert patches(proxy, "app") == 1
    live = await client.get(KUSTOMIZATIONS, namespace, "app")
    assert live["spec"]["suspend"] is True
    assert live["metadata"]["generation"] == 2


async def test_a_write_that_never_arrived_is_unknown_and_said_not_to_be_done(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    world = await sessions.open()
    with proxy.fault(on("/kustomizations/app$", "PATCH"), status=500, message="etcd is away"):
        operation = await ended(world, await submitted(world, Suspend(world.ref("Kustomization", "app"))))
    assert operation.progress is Progress.UNKNOWN
    assert "the object does not show it, so it was not done" in operation.message
    assert patches(proxy, "app") == 1
    assert not (await client.get(KUSTOMIZATIONS, namespace, "app"))["spec"].get("suspend")


async def test_reading_waits_for_the_api_server_before_it_gives_up(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    world = await sessions.open()
    with (
        proxy.fault(on("/kustomizations/app$", "PATCH"), lose_answer=True),
        proxy.fault(on("/kustomizations/app$", "GET"), status=503, message="starting") as away,
    ):
        operation = await submitted(world, Suspend(world.ref("Kustomization", "app")))
        await until(lambda: away.hits > 2)
        told = world.session.store.operation(operation)
        assert told is not None
        assert not told.progress.final
    found = await ended(world, operation)
    assert found.progress is Progress.DONE, found


# --- rights and logins


async def test_a_missing_right_disables_one_panel_and_nothing_else(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    source = {"interval": "1h", "url": "http://127.0.0.1:9/x"}
    metadata = {"name": "fleet", "namespace": namespace}
    obj = {
        "apiVersion": kinds.GIT_REPOSITORY.api_version,
        "kind": "GitRepository",
        "metadata": metadata,
        "spec": source,
    }
    await apply(client, obj)
    who = 'kustomizations.kustomize.toolkit.fluxcd.io is forbidden: User "ana"'
    said = f'{who} cannot list resource "kustomizations" in API group "kustomize.toolkit.fluxcd.io"'
    with proxy.fault(on("/kustomizations$", "GET"), status=403, message=said):
        world = sessions.begin()
        store = world.session.store
        await until(lambda: "Kustomization" in store.snapshot.kinds)
        await until(lambda: store.snapshot.kinds["Kustomization"].state is KindState.FORBIDDEN)
        await until(lambda: store.snapshot.kinds["GitRepository"].state is KindState.LIVE)
        status = store.snapshot.kinds["Kustomization"]
        assert status.verb == "list"
        assert "list kustomizations" in status.message
        assert store.snapshot.connection.link is Link.LIVE
        assert {k for k, v in store.snapshot.kinds.items() if v.state is KindState.FORBIDDEN} == {"Kustomization"}
        await until(lambda: world.session.board is not None)
        operation = await ended(world, await submitted(world, Suspend(world.ref("GitRepository", "fleet"))))
        assert operation.progress is Progress.DONE, operation
    world.session.retry_now()
    await until(lambda: store.snapshot.kinds["Kustomization"].state is KindState.LIVE)
    await same(client, world)


async def test_an_act_that_is_not_allowed_is_refused_in_words(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    world = await sessions.open()
    said = 'kustomizations.kustomize.toolkit.fluxcd.io "app" is forbidden: User "ana" cannot patch resource'
    with proxy.fault(on("/kustomizations/app$", "PATCH"), status=403, message=said):
        operation = await ended(world, await submitted(world, Suspend(world.ref("Kustomization", "app"))))
    assert operation.progress is Progress.REFUSED
    assert 'User "ana" cannot patch' in operation.message


async def test_a_login_that_ran_out_is_told_and_its_return_too(
    client: Client, sessions: Sessions, proxy: FaultProxy, namespace: str
) -> None:
    await kustomization(client, namespace, "app")
    world = await sessions.open()
    store = world.session.store
    with proxy.fault(anything, status=401, message="Unauthorized"):
        proxy.cut()
        await until(lambda: store.snapshot.connection.link is Link.LOGIN, say=lambda: repr(store.snapshot.connection))
        assert store.snapshot.connection.message
        assert seen_versions(world), "what was seen last stays on screen"
    world.session.retry_now()
    await until(lambda: store.snapshot.connection.link is Link.LIVE)
    await same(client, world)


# --- git


async def test_a_git_server_that_is_down_is_told_and_costs_nothing_that_runs(
    client: Client, sessions: Sessions, git: GitServer, repository: DemoRepository
) -> None:
    world = await sessions.open(Stance.DRIVE, straight=True)
    first = await begin(client, world, git, repository)
    url = git.url("fleet")
    await git.stop()
    source, app = world.ref("GitRepository", "fleet"), world.ref("Kustomization", "app")
    operation = await done(world, Reconcile(source))
    assert operation.progress is Progress.FAILED
    assert "unable to" in operation.message
    failing = await world.until("GitRepository", "fleet", lambda r: r.state is State.FAILING)
    assert url.partition("://")[2].partition("/")[0] in failing.message
    assert failing.artifact is not None, "the artifact stays"
    kept = world.session.store.resource(app)
    assert (kept.state, revision.commit(kept.revision)) == (State.READY, first)
    assert (await done(world, Reconcile(app))).progress is Progress.DONE
    await repository.commit(config_map("two"), "While it was down", AUTHOR)
    head = await repository.head()
    await git.start()
    body = {"spec": {"url": git.url("fleet")}}
    res = await client.discovery.resource(kinds.GIT_REPOSITORY.group, "", "GitRepository")
    await client.patch(res, world.namespace, "fleet", body, type=PatchType.MERGE, manager="test")
    await world.until("Kustomization", "app", lambda r: revision.commit(r.revision) == head)
    assert await value(client, world) == "two"


async def test_no_rights_at_all_leave_a_session_that_says_so(sessions: Sessions, proxy: FaultProxy) -> None:
    with proxy.fault(anything, status=403, message='forbidden: User "ana" cannot do anything'):
        world = sessions.begin()
        store = world.session.store
        await until(lambda: len(store.snapshot.kinds) >= len(kinds.KINDS))
        flux = [kind.kind for kind in kinds.KINDS]
        await until(lambda: all(store.snapshot.kinds[kind].state is KindState.FORBIDDEN for kind in flux))
        assert not store.snapshot.problems
        assert not sessions.tasks[world.session].done()
        with pytest.raises(errors.EngineError):
            assert world.session.world is not None
            await world.session.world.live(world.ref("Kustomization", "app"))
