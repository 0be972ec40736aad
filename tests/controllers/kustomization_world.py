"""A cluster in this process, Flux's kinds in it, and the Kustomization controller running on it."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from engine import errors
from engine.apply.live import Proofs, Watches
from engine.apply.prune import Pruner
from engine.apply.ssa import ObjectApplier
from engine.apply.stages import Stages
from engine.apply.wait import HealthWait
from engine.clock import Clock
from engine.controllers.base import Controller, Services
from engine.controllers.cluster import Fenced, resource_of
from engine.controllers.drift import Caches, DriftMonitor
from engine.controllers.drift import Settings as DriftSettings
from engine.controllers.kustomization import KustomizationReconciler, Settings
from engine.controllers.kustomization_attempt import Steps
from engine.controllers.kustomization_build import Builder
from engine.controllers.kustomization_triggers import Triggers
from engine.embedded.server import EmbeddedServer
from engine.flux import conditions, kinds
from engine.flux.crds import definitions
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.events import EventRecorder
from engine.kube.informer import Informer
from engine.kube.types import Object, PatchType, ResourceType
from engine.source.fetch import ArtifactNotFound
from engine.worker import Pool

CRD = ResourceType("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", False)
NAMESPACE = ResourceType("", "v1", "Namespace", "namespaces", False)
EVENT = ResourceType("", "v1", "Event", "events", True)
CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", True)
SECRET = ResourceType("", "v1", "Secret", "secrets", True)
SERVICE = ResourceType("", "v1", "Service", "services", True)
DEPLOYMENT = ResourceType("apps", "v1", "Deployment", "deployments", True)
KUSTOMIZATION = resource_of(kinds.KUSTOMIZATION)
GIT_REPOSITORY = resource_of(kinds.GIT_REPOSITORY)
NS = "apps"


class CountingClient(Client):
    """A client that remembers what it asked for."""

    asked: list[str]

    async def send(self, request: Any) -> Any:
        if not hasattr(self, "asked"):
            self.asked = []
        if not dict(request.query).get("watch"):
            self.asked.append(f"{request.method} {request.path}")
        return await super().send(request)


class Pods:
    """Lists Pods through the client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def pods(self, namespace: str, label_selector: str) -> list[Object]:
        res = ResourceType("", "v1", "Pod", "pods", True)
        return [
            p async for page in self._client.list(res, namespace, label_selector=label_selector) for p in page.items
        ]


class World:
    """Write files, write Kustomizations, look at what becomes of them."""

    def __init__(self, admin: Client, client: CountingClient, kustomizations: Informer) -> None:
        self.admin = admin
        self.client = client
        self.kustomizations = kustomizations
        self.artifacts: dict[str, Mapping[str, bytes]] = {}
        self.controller: Controller
        self.builder: Builder
        self.watches: Watches
        self.recorder: EventRecorder
        self.drift: DriftMonitor

    async def fetch(self, artifact: Mapping[str, Any]) -> Mapping[str, bytes]:
        try:
            return self.artifacts[artifact["digest"]]
        except KeyError:
            raise ArtifactNotFound("artifact not found") from None

    async def push(self, files: Mapping[str, str], *, name: str = "app", namespace: str = NS) -> str:
        """Store these files as the source's artifact; the revision."""
        content = {path: text.encode() for path, text in files.items()}
        sha = hashlib.sha1(repr(sorted(content.items())).encode()).hexdigest()
        revision, digest = f"main@sha1:{sha}", f"sha256:{sha}"
        self.artifacts[digest] = content
        source = {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"interval": "10m", "url": "http://git.example.com/app.git"},
        }
        await self.admin.apply(GIT_REPOSITORY, source, manager="test")
        status = {
            "artifact": {
                "revision": revision,
                "digest": digest,
                "path": f"gitrepository/{namespace}/{name}/{sha}.tar.gz",
                "url": f"http://127.0.0.1/{sha}.tar.gz",
                "lastUpdateTime": "2026-01-01T00:00:00Z",
            },
            "observedGeneration": 1,
        }
        await self.admin.patch(
            GIT_REPOSITORY,
            namespace,
            name,
            {"status": status},
            type=PatchType.MERGE,
            manager="test",
            subresource="status",
        )
        return revision

    async def kustomization(self, name: str = "app", *, namespace: str = NS, **spec: Any) -> Object:
        """Create or change a Kustomization."""
        wanted = {"interval": "10m", "path": "./", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "app"}}
        obj = {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": name, "namespace": namespace},
            "spec": wanted | spec,
        }
        return await self.admin.apply(KUSTOMIZATION, obj, manager="user")

    async def request(self, token: str, name: str = "app", namespace: str = NS) -> None:
        """Ask for a reconcile."""
        body = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}
        await self.admin.patch(KUSTOMIZATION, namespace, name, body, type=PatchType.MERGE, manager="fluxtui")

    async def until(
        self, holds: Callable[[Object], bool], name: str = "app", namespace: str = NS, seconds: float = 10
    ) -> Object:
        """Wait until the Kustomization is as wanted."""
        last: Object = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    last = self.kustomizations.get(namespace, name) or {}
                    if last and holds(last):
                        return last
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"never as wanted: {last.get('status')}") from None

    async def ready(self, revision: str = "", **where: Any) -> Object:
        """Wait until it is Ready at the revision."""
        return await self.until(
            lambda o: (
                conditions.is_ready(o)
                and o["status"].get("observedGeneration") == o["metadata"]["generation"]
                and (not revision or o["status"].get("lastAppliedRevision") == revision)
            ),
            **where,
        )

    async def reason(self, reason: str, **where: Any) -> Object:
        """Wait until Ready has this reason and the pass is over."""
        return await self.until(lambda o: conditions.reason(o, "Ready") == reason, **where)

    async def handled(self, token: str, **where: Any) -> Object:
        """Wait until the request was handled."""
        return await self.until(lambda o: (o.get("status") or {}).get("lastHandledReconcileAt") == token, **where)

    async def gone(self, name: str = "app", namespace: str = NS, seconds: float = 10) -> None:
        """Wait until the Kustomization is no more."""
        async with asyncio.timeout(seconds):
            while self.kustomizations.get(namespace, name) is not None:
                await asyncio.sleep(0.01)

    async def roll_out(self, name: str = "web", namespace: str = NS, **status: Any) -> None:
        """Stand in for the workload controllers: the Deployment becomes what its spec says, or what is given."""
        async with asyncio.timeout(10):
            while (live := await self.get(DEPLOYMENT, name, namespace)) is None:
                await asyncio.sleep(0.01)
        count = live["spec"].get("replicas", 1)
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count)
        told = [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ]
        whole = {**counts, "observedGeneration": live["metadata"]["generation"], "conditions": told, **status}
        await self.admin.patch(
            DEPLOYMENT, namespace, name, {"status": whole}, type=PatchType.MERGE, manager="kcm", subresource="status"
        )

    async def get(self, res: ResourceType, name: str, namespace: str = NS) -> Object | None:
        try:
            return await self.admin.get(res, namespace, name)
        except errors.NotFound:
            return None

    async def events(self, name: str = "app", namespace: str = NS) -> list[tuple[str, str, str]]:
        """(type, reason, message) of all events about the Kustomization, oldest first."""
        await self.recorder.flush()
        found = [e async for page in self.admin.list(EVENT, namespace) for e in page.items]
        found.sort(key=lambda e: int(e["metadata"]["resourceVersion"]))
        return [(e["type"], e["reason"], e["message"]) for e in found if e["involvedObject"]["name"] == name]

    def forget_requests(self) -> None:
        self.client.asked = []

    @property
    def requests(self) -> Counter[str]:
        """What the controller asked for since `forget_requests`, watches left out."""
        return Counter(self.client.asked)


@asynccontextmanager
async def world(
    *,
    quiet: float = 1.0,
    simulate: bool = False,
    clock: Clock | None = None,
    drive: bool = True,
    drift: bool = False,
    drift_settings: DriftSettings = DriftSettings(cluster="test"),
) -> AsyncIterator[World]:
    clock = clock or Clock()
    async with AsyncExitStack() as stack:
        server = EmbeddedServer(simulate=simulate)
        await server.start()
        stack.push_async_callback(server.stop)
        config = ClusterConfig.for_server(server.url, token=server.token)
        admin = await stack.enter_async_context(Client(config))
        client = await stack.enter_async_context(CountingClient(config))
        for crd in definitions():
            await admin.apply(CRD, dict(crd), manager="test")
        await admin.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}}, manager="t")
        async with asyncio.TaskGroup() as group:
            kustomizations = Informer(client, KUSTOMIZATION)
            sources = Informer(client, GIT_REPOSITORY)
            tasks = [group.create_task(kustomizations.run()), group.create_task(sources.run())]
            made = World(admin, client, kustomizations)
            pool = await stack.enter_async_context(Pool(1))
            made.watches = Watches(client, clock)
            proofs = Proofs(made.watches)
            fenced = Fenced(client, lambda: True)
            discovery = client.discovery
            made.recorder = EventRecorder(client, "kustomize-controller", clock=clock)
            health = HealthWait(client, Pods(client), discovery, made.watches, proofs, clock)
            pruner = Pruner(fenced, discovery, proofs, clock)
            made.builder = Builder(client, pool, made.fetch)
            steps = Steps(
                made.builder,
                Stages(ObjectApplier(fenced, discovery, proofs, clock), health, discovery),
                pruner,
                health,
                made.watches,
                discovery,
            )
            services = Services(fenced, made.recorder, clock, jitter=lambda seconds: seconds)
            reconciler = KustomizationReconciler(
                services, kustomizations, sources, steps, pruner, Settings(quiet=quiet)
            )
            made.controller = Controller("kustomize", reconciler, kustomizations, clock=clock)
            triggers = Triggers(kustomizations, made.controller.enqueue)
            triggers.watch_source(sources)
            await sources.synced()
            if drive:
                tasks.append(group.create_task(made.controller.run()))
            caches = Caches(kustomizations, {"GitRepository": sources}, made.watches)
            made.drift = DriftMonitor(client, caches, made.builder, discovery, clock=clock, settings=drift_settings)
            if drift:
                tasks.append(group.create_task(made.drift.run()))
            try:
                yield made
            finally:
                triggers.close()
                for task in tasks:
                    task.cancel()
                await made.watches.close()
                await made.recorder.close()
