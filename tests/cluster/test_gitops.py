"""A push becomes Ready, a person's acts are carried out and followed: real git, real API, our controllers."""

from __future__ import annotations

from engine.commands import Reconcile, Resume, Rollback, Suspend, Undo
from engine.demo.gitserver import GitServer
from engine.demo.repository import DemoRepository
from engine.flux import revision
from engine.kube.client import Client
from engine.kube.types import ResourceType
from engine.model import Stance, State
from engine.snapshot import Operation, Progress
from tests.cluster.conftest import Opening, World, apply, eventually

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)
AUTHOR = "Ana <ana@example.com>"


def config_map(value: str) -> dict[str, str | None]:
    return {
        "app/config.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  value: {value}\n"
    }


async def begin(client: Client, world: World, git: GitServer, repository: DemoRepository) -> str:
    """Commit, apply source and Kustomization, wait for Ready; returns the commit."""
    await repository.commit(config_map("one"), "Begin", AUTHOR)
    common = {"namespace": world.namespace}
    await apply(
        client,
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "fleet", **common},
            "spec": {"interval": "1h", "url": git.url("fleet"), "ref": {"branch": "main"}},
        },
    )
    await apply(
        client,
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "app", **common},
            "spec": {
                "interval": "1h",
                "path": "./app",
                "prune": True,
                "targetNamespace": world.namespace,
                "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            },
        },
    )
    head = await repository.head()
    await world.until("Kustomization", "app", lambda r: r.state is State.READY and revision.commit(r.revision) == head)
    return head


async def value(client: Client, world: World) -> str:
    return str((await client.get(CONFIG_MAPS, world.namespace, "settings"))["data"]["value"])


async def done(world: World, command: object) -> Operation:
    """Submit and wait for the operation's end."""
    assert world.session.board is not None
    outcome = await world.session.board.submit(command)  # type: ignore[arg-type]
    assert outcome.accepted, outcome.message

    async def ended() -> Operation | None:
        operation = world.session.store.operation(outcome.operation)
        return operation if operation is not None and operation.progress.final else None

    found: Operation = await eventually(ended, say=lambda: repr(world.session.store.operation(outcome.operation)))
    return found


async def test_a_push_becomes_ready(
    client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.DRIVE)
    await begin(client, world, git, repository)
    assert await value(client, world) == "one"
    await repository.commit(config_map("two"), "Change", AUTHOR)
    operation = await done(world, Reconcile(world.ref("Kustomization", "app"), with_source=True))
    assert operation.progress is Progress.DONE, operation
    assert await value(client, world) == "two"


async def test_suspend_says_who_and_why_and_is_undone(
    client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.DRIVE)
    await begin(client, world, git, repository)
    ref = world.ref("Kustomization", "app")
    operation = await done(world, Suspend(ref, reason="freeze"))
    assert operation.progress is Progress.DONE
    assert operation.undoable
    seen = await world.until("Kustomization", "app", lambda r: r.suspended)
    assert (seen.suspension.reason, seen.state) == ("freeze", State.SUSPENDED)
    assert world.session.board is not None
    refused = await world.session.board.submit(Reconcile(ref))
    assert not refused.accepted
    assert "suspended" in refused.message
    undone = await done(world, Undo(ref, operation.id))
    assert undone.progress is Progress.DONE, undone
    assert not (await world.until("Kustomization", "app", lambda r: not r.suspended)).suspension.reason


async def test_resume_follows_the_pass_it_causes(
    client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.DRIVE)
    await begin(client, world, git, repository)
    ref = world.ref("Kustomization", "app")
    await done(world, Suspend(ref))
    operation = await done(world, Resume(ref))
    assert operation.progress is Progress.DONE, operation
    assert Progress.HANDLED in [step for step, _ in operation.steps]


async def test_rollback_pins_the_source_and_undo_takes_the_pin_away(
    client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.DRIVE)
    first = await begin(client, world, git, repository)
    await repository.commit(config_map("two"), "Change", AUTHOR)
    ref = world.ref("Kustomization", "app")
    await done(world, Reconcile(ref, with_source=True))
    assert await value(client, world) == "two"
    operation = await done(world, Rollback(ref, revision=f"main@sha1:{first}"))
    assert operation.progress is Progress.DONE, operation
    assert await value(client, world) == "one"
    source = world.session.store.resource(world.ref("GitRepository", "fleet"))
    assert source is not None
    assert source.ref_text.startswith("sha1:")
    undone = await done(world, Undo(ref, operation.id))
    assert undone.progress is Progress.DONE, undone
    assert await value(client, world) == "two"


async def test_a_failed_pass_ends_the_operation_with_the_controllers_words(
    client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.DRIVE)
    await begin(client, world, git, repository)
    await repository.commit({"app/config.yaml": "kind: [broken\n"}, "Break it", AUTHOR)
    operation = await done(world, Reconcile(world.ref("Kustomization", "app"), with_source=True))
    assert operation.progress is Progress.FAILED, operation
    assert "config.yaml" in operation.message


async def test_an_observing_session_sees_everything_and_writes_nothing(
    client: Client, opened: Opening, git: GitServer, repository: DemoRepository
) -> None:
    world = await opened(Stance.DRIVE)
    await begin(client, world, git, repository)
    observer = await opened(Stance.OBSERVE)
    seen = await observer.until("Kustomization", "app", lambda r: r.state is State.READY)
    res = await client.discovery.resource(seen.ref.group, "", seen.ref.kind)
    live = await client.get(res, seen.ref.namespace, seen.ref.name)
    assert "fluxtui" not in {entry["manager"] for entry in live["metadata"]["managedFields"]}


async def test_a_second_driver_writes_nothing_and_says_who_holds_the_leases(opened: Opening) -> None:
    first = await opened(Stance.DRIVE)

    async def drives() -> bool:
        return any(row.ready for row in first.session.store.snapshot.controllers)

    await eventually(drives)
    second = await opened(Stance.DRIVE)

    async def told() -> str:
        return next((problem.message for problem in second.session.store.snapshot.problems), "")

    assert "is held by" in await eventually(told)
