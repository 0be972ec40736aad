"""A person whom a Role allows one kind only: that panel lives, the others name the missing verb (real RBAC)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.clock import Clock
from engine.commands import Suspend
from engine.flux import kinds
from engine.kube.client import Client
from engine.kube.config import load_config
from engine.model import Ref
from engine.session import Session
from engine.settings import Access, EngineSettings, Publishing
from engine.snapshot import KindState, Link, Progress
from tests.cluster.conftest import Api, apply, eventually
from tests.cluster.realcluster import RealCluster

pytestmark = pytest.mark.real

RBAC = "rbac.authorization.k8s.io/v1"


@pytest.fixture
async def api(real_cluster: RealCluster) -> Api:
    """Only the real API server has RBAC."""
    return Api("real", load_config([real_cluster.kubeconfig]))


async def allow(client: Client, namespace: str, user: str, *rules: dict[str, list[str]]) -> None:
    """A Role in one namespace, bound to a user."""
    metadata = {"name": user, "namespace": namespace}
    await apply(client, {"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": list(rules)})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    binding = {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": metadata, "roleRef": role, "subjects": [subject]}
    await apply(client, binding)


@pytest.fixture
async def ana(api: Api, client: Client, namespace: str, tmp_path: Path) -> AsyncIterator[Session]:
    """Reads GitRepositories of one namespace; nothing else."""
    rule = {"apiGroups": [kinds.SOURCE_GROUP], "resources": ["gitrepositories"], "verbs": ["get", "list", "watch"]}
    await allow(client, namespace, "ana", rule)
    source = {"interval": "1h", "url": "http://127.0.0.1:9/x"}
    metadata = {"name": "fleet", "namespace": namespace}
    version = kinds.GIT_REPOSITORY.api_version
    await apply(client, {"apiVersion": version, "kind": "GitRepository", "metadata": metadata, "spec": source})
    settings = EngineSettings(
        access=Access(namespace=namespace), state=tmp_path / "state", publishing=Publishing(interval=0.02)
    )
    session = Session(settings, Clock(), config=lambda: api.config.acting_as("ana"))
    running = asyncio.ensure_future(session.run())
    yield session
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def settled(session: Session) -> None:
    async def known() -> bool:
        states = {status.state for status in session.store.snapshot.kinds.values()}
        return session.board is not None and bool(states) and KindState.STARTING not in states

    await eventually(known, say=lambda: repr(session.store.snapshot.kinds))


async def test_one_panel_lives_and_the_others_name_the_verb(ana: Session, namespace: str) -> None:
    await settled(ana)
    shown = ana.store.snapshot
    assert shown.connection.link is Link.LIVE
    assert shown.kinds["GitRepository"].state is KindState.LIVE
    status = shown.kinds["Kustomization"]
    assert (status.state, status.verb) == (KindState.FORBIDDEN, "list")
    assert status.message == "not allowed: list kustomizations.kustomize.toolkit.fluxcd.io"
    forbidden = {kind for kind, found in shown.kinds.items() if found.state is KindState.FORBIDDEN}
    assert {kind.kind for kind in kinds.KINDS} - forbidden == {"GitRepository"}
    assert not shown.problems
    ref = Ref(ana.context, kinds.SOURCE_GROUP, "GitRepository", namespace, "fleet")
    assert ref in shown.resources


async def test_acts_that_are_not_allowed_are_known_before_they_are_tried(ana: Session, namespace: str) -> None:
    await settled(ana)
    ref = Ref(ana.context, kinds.SOURCE_GROUP, "GitRepository", namespace, "fleet")

    async def known() -> bool:
        return ("patch", kinds.GIT_REPOSITORY.resource) in ana.store.snapshot.denied

    await eventually(known)
    assert ana.board is not None
    outcome = await ana.board.submit(Suspend(ref))
    assert not outcome.accepted
    assert outcome.message == "you may not patch gitrepositories.source.toolkit.fluxcd.io"


async def test_a_right_that_is_given_later_is_found(ana: Session, client: Client, namespace: str) -> None:
    await settled(ana)
    rule = {
        "apiGroups": [kinds.SOURCE_GROUP, kinds.KUSTOMIZE_GROUP],
        "resources": ["gitrepositories", "kustomizations"],
        "verbs": ["get", "list", "watch", "patch"],
    }
    await allow(client, namespace, "ana", rule)
    await asyncio.sleep(1)  # the authorizer follows its own watch
    ana.retry_now()

    async def live() -> bool:
        return ana.store.snapshot.kinds["Kustomization"].state is KindState.LIVE

    await eventually(live, say=lambda: repr(ana.store.snapshot.kinds["Kustomization"]))
    ref = Ref(ana.context, kinds.SOURCE_GROUP, "GitRepository", namespace, "fleet")
    assert ana.board is not None

    async def allowed() -> bool:
        return ("patch", kinds.GIT_REPOSITORY.resource) not in ana.store.snapshot.denied

    await eventually(allowed)
    outcome = await ana.board.submit(Suspend(ref))
    assert outcome.accepted, outcome.message

    async def done() -> bool:
        operation = ana.store.operation(outcome.operation)
        return operation is not None and operation.progress is Progress.DONE

    await eventually(done)
