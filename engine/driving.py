"""The drive stance: this engine is source- and kustomize-controller, as long as it holds both their Leases.

It takes both or neither, says who is in the way, and lets no write out later than the renew deadline (design.md 2).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from engine.apply.prune import Pruner
from engine.apply.ssa import ObjectApplier
from engine.apply.stages import Stages
from engine.apply.wait import HealthWait
from engine.clock import Clock
from engine.controllers.base import Controller, Services
from engine.controllers.cluster import Fenced
from engine.controllers.gitrepository import GitRepositoryReconciler
from engine.controllers.kustomization import KustomizationReconciler, Settings
from engine.controllers.kustomization_attempt import Steps
from engine.controllers.kustomization_triggers import Triggers
from engine.flux import kinds
from engine.kit import Kit, Pods
from engine.kube.events import EventRecorder
from engine.kube.informer import Informer
from engine.kube.leases import Holder, LeaseGroup
from engine.kube.resources import CONFIG_MAPS, SECRETS
from engine.safe import line
from engine.settings import EngineSettings, data_home, folder_of
from engine.snapshot import Controller as ControllerRow
from engine.snapshot import Problem
from engine.source.git import Git
from engine.source.remotebases import RemoteBases
from engine.source.server import ArtifactServer
from engine.source.storage import Storage

if TYPE_CHECKING:
    from engine.session import Session

log = logging.getLogger(__name__)

WATCHED: Final = f"{kinds.WATCH_LABEL}=Enabled"
"""ConfigMaps and Secrets whose changes wake what reads them."""

STANDS_FOR: Final = ("source-controller", "kustomize-controller")
"""The controllers whose Leases are taken, together or not at all."""

OURS: Final = "_fluxtui-"
"""What every identity of ours has in it: host, this, process."""


def storage_of(settings: EngineSettings, context: str, clock: Clock) -> Storage:
    """Where artifacts are kept: the folder that was named, else one per cluster below the data home."""
    root = settings.driving.storage or data_home() / "artifacts" / folder_of(context)
    return Storage(root, clock=clock)


class Driving:
    """Runs the controllers of one session."""

    def __init__(self, session: Session, kit: Kit, storage: Storage) -> None:
        self._session = session
        self._kit = kit
        self._storage = storage
        self._settings = session.settings.driving

    async def run(self) -> None:
        """Hold the Leases and work; cancelled, give them back."""
        session, clock = self._session, self._session.clock
        assert session.client is not None
        identity = f"{socket.gethostname()}{OURS}{os.getpid()}"
        leases = LeaseGroup(session.client, STANDS_FOR, identity, namespace=self._settings.lease_namespace, clock=clock)
        held = asyncio.Event()

        def turned(ours: bool, holders: list[Holder]) -> None:
            self._tell(ours, holders)
            if ours:
                held.set()

        async with AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            group.create_task(leases.run(turned), name="leases")
            await held.wait()
            server = ArtifactServer(self._storage)
            await server.start()
            stack.push_async_callback(server.stop)
            await self._control(group, stack, leases)
            await asyncio.Event().wait()

    async def _control(self, group: asyncio.TaskGroup, stack: AsyncExitStack, leases: LeaseGroup) -> None:
        """Start both controllers and what wakes them."""
        session, clock, kit = self._session, self._session.clock, self._kit
        assert session.client is not None
        assert session.watches is not None
        cluster = Fenced(session.client.derive(retry_writes=True, may_write=leases.may_write), leases.may_write)
        sources = session.watches.flux[kinds.GIT_REPOSITORY]
        kustomizations = session.watches.flux[kinds.KUSTOMIZATION]
        git = Git(self._storage.root / ".mirrors")
        stack.callback(git.close)
        if self._settings.remote_bases:
            kit.builder.remotes = RemoteBases(git)

        source_events = EventRecorder(cluster, STANDS_FOR[0], clock=clock)
        source = Controller(
            "GitRepository",
            GitRepositoryReconciler(Services(cluster, source_events, clock), sources, git, self._storage),
            sources,
            clock=clock,
            concurrent=2,
            may_run=leases.may_write,
        )

        events = EventRecorder(cluster, STANDS_FOR[1], clock=clock)
        discovery = session.client.discovery
        applier = ObjectApplier(cluster, discovery, kit.proofs, clock)
        pruner = Pruner(cluster, discovery, kit.proofs, clock)
        health = HealthWait(session.client, Pods(session.client), discovery, kit.watches, kit.proofs, clock)
        steps = Steps(
            kit.builder,
            Stages(applier, health, discovery),
            pruner,
            health,
            kit.watches,
            discovery,
            present=self._storage.holds,
        )
        reconciler = KustomizationReconciler(
            Services(cluster, events, clock),
            kustomizations,
            sources,
            steps,
            pruner,
            Settings(requeue_dependency=self._settings.requeue_dependency),
        )
        applying = Controller(
            "Kustomization",
            reconciler,
            kustomizations,
            clock=clock,
            concurrent=self._settings.concurrent,
            may_run=leases.may_write,
        )
        triggers = Triggers(kustomizations, applying.enqueue)
        triggers.watch_source(sources)
        for res in (CONFIG_MAPS, SECRETS):
            labelled = Informer(session.client, res, label_selector=WATCHED, metadata_only=True, clock=clock)
            triggers.watch_config(res.kind, labelled)
            group.create_task(labelled.run(), name=f"watch of labelled {res.plural}")
        stack.callback(triggers.close)
        for recorder in (source_events, events):
            stack.push_async_callback(recorder.close)
        group.create_task(source.run(), name="source-controller")
        group.create_task(applying.run(), name="kustomize-controller")

    def _tell(self, ours: bool, holders: list[Holder]) -> None:
        """On screen: driving, or who holds the Leases."""
        rows = tuple(ControllerRow(name, "", ours, "this engine" if ours else "waiting") for name in STANDS_FOR)
        self._session.store.set(controllers=rows)
        if ours:
            self._session.store.set(problems=())
            return
        who = "; ".join(line(str(holder)) for holder in holders) or "the API server could not be asked"
        log.warning("not driving: %s", who)
        self._session.store.set(
            problems=(Problem("Not driving", f"{who}: nothing is written until the Leases are free"),)
        )
