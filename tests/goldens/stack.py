"""Both controllers on the embedded API server with a real git server: what the recorded scenarios are replayed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from engine import errors
from engine.apply.live import Proofs, Watches
from engine.apply.managers import TakeOver
from engine.apply.prune import Pruner
from engine.apply.ssa import ObjectApplier
from engine.apply.stages import Stages
from engine.apply.wait import HealthWait
from engine.clock import Clock
from engine.controllers.base import Controller, Services
from engine.controllers.cluster import Fenced, resource_of
from engine.controllers.drift import Caches, DriftMonitor
from engine.controllers.drift import Settings as DriftSettings
from engine.controllers.gitrepository import GitRepositoryReconciler
from engine.controllers.kustomization import KustomizationReconciler, Settings
from engine.controllers.kustomization_attempt import Steps
from engine.controllers.kustomization_build import Builder
from engine.controllers.kustomization_triggers import Triggers
from engine.demo.gitserver import GitServer
from engine.embedded.server import EmbeddedServer
from engine.embedded.simulate import CONTROLLER_MANAGER, KUBELET, SCHEDULER, SIMULATORS, Cluster, Loop
from engine.embedded.simulate.pod import Pods as PodSimulator
from engine.flux import kinds
from engine.flux.crds import definitions
from engine.kit import Pods
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.events import EventRecorder
from engine.kube.informer import Informer
from engine.kube.types import Object, PatchType, ResourceType
from engine.source.fetch import fetch_artifact
from engine.source.git import Git
from engine.source.server import ArtifactServer
from engine.source.storage import Storage
from engine.worker import Pool

SPEED = 8.0
"""How much faster than the recording's time ours runs."""

CRDS = ResourceType("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", False)
CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps", True)
SECRETS = ResourceType("", "v1", "Secret", "secrets", True)
EVENTS = ResourceType("", "v1", "Event", "events", True)
NAMESPACES = ResourceType("", "v1", "Namespace", "namespaces", False)
PODS = ResourceType("", "v1", "Pod", "pods", True)
KUSTOMIZATIONS = resource_of(kinds.KUSTOMIZATION)
REPOSITORIES = resource_of(kinds.GIT_REPOSITORY)
FLUX = {"Kustomization": KUSTOMIZATIONS, "GitRepository": REPOSITORIES}


class FastClock(Clock):
    """The real clock, some times as fast."""

    def __init__(self, speed: float = SPEED) -> None:
        self._speed = speed
        self._start = datetime.now(UTC)
        self._origin = super().monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (super().monotonic() - self._origin) * self._speed

    def boottime(self) -> float:
        return self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


class Stack:
    """A cluster with Flux in it, as far as this engine is Flux."""

    def __init__(
        self, admin: Client, git_server: GitServer, folder: Path, flags: Mapping[str, Any], speed: float
    ) -> None:
        self.admin = admin
        self.git_server = git_server
        self.clock = FastClock(speed)
        self.speed = speed
        self.storage = Storage(folder / "storage", clock=Clock())
        self.flags = flags
        self._folder = folder
        self._running: AsyncExitStack | None = None
        self._kubelets: list[asyncio.Task[None]] = []
        self.kustomizations: Informer
        self.sources: Informer
        self.recorders: list[EventRecorder] = []
        self._controllers: list[Controller] = []
        self.drift: DriftMonitor

    @property
    def idle(self) -> bool:
        """True when no controller has a pass under way or due."""
        return all(controller.idle for controller in self._controllers)

    async def start_flux(self) -> None:
        """Start both controllers."""
        self._running = stack = AsyncExitStack()
        client = await stack.enter_async_context(Client(self.admin.config))
        group = await stack.enter_async_context(_Tasks())
        clock = self.clock
        self.kustomizations, self.sources = Informer(client, KUSTOMIZATIONS), Informer(client, REPOSITORIES)
        watched = {kind: Informer(client, res, label_selector="reconcile.fluxcd.io/watch=Enabled") for kind, res in
                   (("ConfigMap", CONFIG_MAPS), ("Secret", SECRETS))}  # fmt: skip
        for informer in (self.kustomizations, self.sources, *watched.values()):
            group.start(informer.run())
        server = ArtifactServer(self.storage)
        await server.start()
        stack.push_async_callback(server.stop)
        git = Git(self._folder / "mirrors")
        stack.callback(git.close)
        cluster = Fenced(client, lambda: True)
        source_events, events = (
            EventRecorder(client, "source-controller"),
            EventRecorder(client, "kustomize-controller"),
        )
        self.recorders = [source_events, events]
        for recorder in self.recorders:
            stack.push_async_callback(recorder.close)
        repositories = GitRepositoryReconciler(Services(cluster, source_events, clock), self.sources, git, self.storage)
        git_controller = Controller("git", repositories, self.sources, clock=clock)
        group.start(git_controller.run())

        pool = await stack.enter_async_context(Pool(1))
        watches = Watches(client, clock)
        stack.push_async_callback(watches.close)
        proofs = Proofs(watches)

        async def fetch(artifact: Mapping[str, Any]) -> Mapping[str, bytes]:
            return await fetch_artifact(artifact, storage=self.storage, clock=clock)

        health = HealthWait(client, Pods(client), client.discovery, watches, proofs, clock)
        applier = ObjectApplier(cluster, client.discovery, proofs, clock)
        pruner = Pruner(cluster, client.discovery, proofs, clock)
        builder = Builder(client, pool, fetch, strict=not self.flags.get("lenient"))
        steps = Steps(
            builder,
            Stages(applier, health, client.discovery),
            pruner,
            health,
            watches,
            client.discovery,
            take_over=TakeOver.with_overrides(self.flags.get("override", ())),
            present=lambda artifact: (self.storage.root / artifact["path"]).is_file(),
            fail_fast=not self.flags.get("no_fail_fast"),
        )
        settings = Settings(no_cross_namespace_refs=bool(self.flags.get("no_cross_namespace_refs")))
        reconciler = KustomizationReconciler(
            Services(cluster, events, clock), self.kustomizations, self.sources, steps, pruner, settings
        )
        controller = Controller("kustomize", reconciler, self.kustomizations, clock=clock, concurrent=30)
        self._controllers = [git_controller, controller]
        triggers = Triggers(self.kustomizations, controller.enqueue)
        stack.callback(triggers.close)
        triggers.watch_source(self.sources)
        for kind, informer in watched.items():
            triggers.watch_config(kind, informer)
        await self.sources.synced()
        caches = Caches(self.kustomizations, {"GitRepository": self.sources}, watches)
        self.drift = DriftMonitor(
            client, caches, builder, client.discovery, clock=clock, settings=DriftSettings(cluster="recorded")
        )
        group.start(controller.run())

    async def stop_flux(self) -> None:
        """Stop both controllers."""
        if self._running is not None:
            await self._running.aclose()
            self._running = None

    async def restart(self) -> None:
        """Both controllers end and start anew, with the same storage."""
        for recorder in self.recorders:
            await recorder.flush()
        await self.stop_flux()
        await self.start_flux()

    def fake_kubelet(self, namespace: str) -> None:
        """From now on every Pod of the namespace is Running and Ready."""
        self._kubelets.append(asyncio.create_task(self._kubelet(namespace)))

    async def _kubelet(self, namespace: str) -> None:
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        while True:
            async for page in self.admin.list(PODS, namespace):
                for pod in page.items:
                    if (pod.get("status") or {}).get("phase") != "Running":
                        try:
                            await self.admin.patch(
                                PODS, namespace, pod["metadata"]["name"], {"status": ready},
                                type=PatchType.MERGE, manager="kubelet", subresource="status",
                            )  # fmt: skip
                        except errors.NotFound:
                            continue
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        for task in self._kubelets:
            task.cancel()
        await asyncio.gather(*self._kubelets, return_exceptions=True)
        await self.stop_flux()

    async def clear(self, namespaces: Iterable[str]) -> None:
        """Leave nothing that the next scenario's controllers would take up."""
        await self.stop_flux()
        free = {"metadata": {"finalizers": None}}
        for namespace in namespaces:
            for res in FLUX.values():
                async for page in self.admin.list(res, namespace):
                    for obj in page.items:
                        with suppress(errors.NotFound):
                            name = obj["metadata"]["name"]
                            await self.admin.delete(res, namespace, name)
                            await self.admin.patch(res, namespace, name, free, type=PatchType.MERGE, manager="test")
            with suppress(errors.NotFound):
                await self.admin.delete(NAMESPACES, "", namespace)

    async def events(self, namespace: str) -> list[Object]:
        """All events of a namespace."""
        for recorder in self.recorders:
            await recorder.flush()
        return [event async for page in self.admin.list(EVENTS, namespace) for event in page.items]


class _Tasks:
    """Tasks that end with a `with`, whatever state they are in."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def embedded() -> AsyncIterator[ClusterConfig]:
    """An embedded API server with everything of a cluster but a kubelet: as in the recordings Pods stay Pending."""
    async with EmbeddedServer(simulate=False) as api:
        cluster = Cluster(api.facade(CONTROLLER_MANAGER), api.facade(KUBELET), api.facade(SCHEDULER), Clock())
        loop = Loop(cluster, [simulator(cluster) for simulator in SIMULATORS if simulator is not PodSimulator])
        loop.start()
        try:
            yield ClusterConfig.for_server(api.url, token=api.token)
        finally:
            loop.stop()


@asynccontextmanager
async def stack(
    folder: Path, flags: Mapping[str, Any], config: ClusterConfig, speed: float = SPEED
) -> AsyncIterator[Stack]:
    """Flux's kinds, a git server and both controllers on an API server."""
    async with AsyncExitStack() as exits:
        git_server = GitServer(folder / "served")
        await git_server.start()
        exits.push_async_callback(git_server.stop)
        admin = await exits.enter_async_context(Client(config))
        for crd in definitions():
            await admin.apply(CRDS, dict(crd), manager="user")
        await _established(admin)
        made = Stack(admin, git_server, folder, flags, speed)
        exits.push_async_callback(made.close)
        await made.start_flux()
        yield made


async def _established(admin: Client) -> None:
    """Wait until Flux's kinds are served."""
    async with asyncio.timeout(30):
        while True:
            await admin.discovery.refresh()
            if len([res for res in admin.discovery.resources() if res.group.endswith("toolkit.fluxcd.io")]) >= 14:
                return
            await asyncio.sleep(0.1)
