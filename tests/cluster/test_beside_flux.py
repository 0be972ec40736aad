"""The console's acts beside Flux's real controllers: obeyed, handled, pinned, undone; and Leases respected."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from engine.commands import Reconcile, Resume, Rollback, Suspend, Undo
from engine.demo.gitserver import GitServer
from engine.demo.repository import DemoRepository
from engine.kube.client import Client
from engine.kube.config import load_config
from engine.kube.resources import LEASES
from engine.model import Stance, State
from engine.snapshot import Progress
from tests.cluster.conftest import Api, Opening, apply, eventually
from tests.cluster.fluxcontrollers import ELECTION_NAMESPACE, FluxControllers, binaries
from tests.cluster.realcluster import RealCluster
from tests.cluster.test_gitops import AUTHOR, CONFIG_MAPS, begin, config_map, done, value

pytestmark = pytest.mark.real


@pytest.fixture
async def api(real_cluster: RealCluster) -> Api:
    """Only the real API server: Flux's controllers speak protobuf."""
    return Api("real", load_config([real_cluster.kubeconfig]))


@pytest.fixture
def flux(real_cluster: RealCluster, client: Client) -> Iterator[FluxControllers]:
    """Flux's controllers for one test."""
    binaries()
    controllers = FluxControllers(real_cluster)
    controllers.start()
    yield controllers
    controllers.stop()


async def test_acts_are_obeyed_handled_pinned_and_undone(
    flux: FluxControllers, client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.OBSERVE)
    first = await begin(client, world, git, repository)
    ref = world.ref("Kustomization", "app")

    handled = await done(world, Reconcile(ref))
    assert handled.progress is Progress.DONE, handled

    await done(world, Suspend(ref, reason="freeze"))
    await repository.commit(config_map("two"), "Change", AUTHOR)
    sourced = await done(world, Reconcile(world.ref("GitRepository", "fleet")))
    assert sourced.progress is Progress.DONE, sourced
    await asyncio.sleep(2)
    assert await value(client, world) == "one", "a suspended Kustomization follows no new revision"

    resumed = await done(world, Resume(ref))
    assert resumed.progress is Progress.DONE, resumed
    assert await value(client, world) == "two"

    rolled = await done(world, Rollback(ref, revision=f"main@sha1:{first}"))
    assert rolled.progress is Progress.DONE, rolled
    assert await value(client, world) == "one"

    undone = await done(world, Undo(ref, rolled.id))
    assert undone.progress is Progress.DONE, undone
    assert await value(client, world) == "two"


async def test_with_source_brings_a_push_in_one_act(
    flux: FluxControllers, client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.OBSERVE)
    await begin(client, world, git, repository)
    await repository.commit(config_map("two"), "Change", AUTHOR)
    operation = await done(world, Reconcile(world.ref("Kustomization", "app"), with_source=True))
    assert operation.progress is Progress.DONE, operation
    assert await value(client, world) == "two"


async def test_what_flux_made_our_engine_takes_over_without_a_write(
    real_cluster: RealCluster,
    client: Client,
    opened: Opening,
    git: GitServer,
    repository: DemoRepository,
) -> None:
    """Flux goes, we drive: the same objects, ready at the same revision, and what is applied is not written again."""
    controllers = FluxControllers(real_cluster)
    controllers.start()
    try:
        observer = await opened(Stance.OBSERVE)
        await begin(client, observer, git, repository)
    finally:
        controllers.stop()
    before = await client.get(CONFIG_MAPS, observer.namespace, "settings")
    driver = await opened(Stance.DRIVE)
    operation = await done(driver, Reconcile(driver.ref("Kustomization", "app"), with_source=True))
    assert operation.progress is Progress.DONE, operation
    after = await client.get(CONFIG_MAPS, observer.namespace, "settings")
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    seen = await driver.until("Kustomization", "app", lambda r: r.state is State.READY)
    assert seen.inventory


async def test_a_driving_engine_writes_nothing_while_flux_holds_its_leases(
    real_cluster: RealCluster, client: Client, opened: Opening
) -> None:
    created = False
    if not ELECTION_NAMESPACE.is_file():
        try:
            ELECTION_NAMESPACE.parent.mkdir(parents=True, exist_ok=True)
            ELECTION_NAMESPACE.write_text("flux-system")
            created = True
        except PermissionError:
            pytest.skip(f"controller-runtime reads {ELECTION_NAMESPACE}, which may not be written here")
    await apply(client, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})
    controllers = FluxControllers(real_cluster, election=True)
    try:
        controllers.start()
        world = await opened(Stance.DRIVE)

        async def told() -> str:
            return next((problem.message for problem in world.session.store.snapshot.problems), "")

        assert "source-controller-leader-election is held by" in await eventually(told)
        assert not any(row.ready for row in world.session.store.snapshot.controllers)
    finally:
        controllers.stop()
        if created:
            ELECTION_NAMESPACE.unlink()
        # A Lease that was not given back counts as held for as long as its duration, in every namespace.
        async for page in client.list(LEASES, "flux-system"):
            for lease in page.items:
                await client.delete(LEASES, "flux-system", lease["metadata"]["name"])
