"""Replays recorded scenarios of the real source-controller: the embedded API server, a real git server, our engine."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from engine import errors
from engine.clock import Clock
from engine.controllers.base import Controller, Services
from engine.controllers.cluster import Fenced, resource_of
from engine.controllers.gitrepository import GitRepositoryReconciler
from engine.controllers.queue import RateLimiter
from engine.demo.gitserver import GitServer
from engine.embedded.server import EmbeddedServer
from engine.flux import conditions, crds
from engine.flux.kinds import GIT_REPOSITORY
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.events import EventRecorder
from engine.kube.informer import Informer
from engine.kube.resources import EVENTS, SECRETS
from engine.kube.types import PatchType, ResourceType
from engine.source.git import Git
from engine.source.server import ArtifactServer
from engine.source.storage import Storage
from tests.source.repo import Repo

REPOSITORIES = resource_of(GIT_REPOSITORY)
NAMESPACES = ResourceType("", "v1", "Namespace", "namespaces", namespaced=False)
DEFINITIONS = ResourceType(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
PATIENCE = 20.0


class SourceWorld:
    """Everything that a GitRepository needs, for real."""

    def __init__(self, folder: Path, api: EmbeddedServer, client: Client, git_server: GitServer) -> None:
        self.api = api
        self.client = client
        self.git_server = git_server
        self.storage = Storage(folder / "storage", clock=Clock())
        self.git = Git(folder / "mirrors")
        self.artifacts = ArtifactServer(self.storage)
        self.cache = Informer(client, REPOSITORIES)
        self.recorder = EventRecorder(client, "source-controller")
        services = Services(Fenced(client, lambda: True), self.recorder, Clock())
        self.controller = Controller(
            "gitrepository",
            GitRepositoryReconciler(services, self.cache, self.git, self.storage),
            self.cache,
            clock=Clock(),
            # Flux's first delay is 0.75 s; who replays its steps need not wait as long.
            limiter=RateLimiter(0.05, 0.5),
        )

    async def apply(self, obj: dict[str, Any], manager: str = "user") -> None:
        res = REPOSITORIES if obj["kind"] == "GitRepository" else SECRETS
        await self.client.apply(res, obj, manager=manager)

    async def repository(self, namespace: str, name: str = "app") -> dict[str, Any] | None:
        try:
            return await self.client.get(REPOSITORIES, namespace, name)
        except errors.NotFound:
            return None

    async def events(self, namespace: str) -> dict[str, dict[str, Any]]:
        await self.recorder.flush()
        found: dict[str, dict[str, Any]] = {}
        async for page in self.client.list(EVENTS, namespace):
            found |= {event["metadata"]["name"]: event for event in page.items}
        return found

    async def until(self, namespace: str, *wanted: dict[str, Any], newer_than: str = "") -> dict[str, Any] | None:
        """Wait for conditions as scenarios word them."""
        async with asyncio.timeout(PATIENCE):
            while True:
                obj = await self.repository(namespace)
                fresh = obj is None or obj["metadata"]["resourceVersion"] != newer_than
                if fresh and all(holds(obj, want) for want in wanted) and self.controller.idle:
                    return obj
                await asyncio.sleep(0.03)


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[SourceWorld]:
    api, git_server = EmbeddedServer(simulate=False), GitServer(folder / "served")
    await api.start()
    await git_server.start()
    async with Client(ClusterConfig.for_server(api.url, token=api.token)) as client:
        await client.create(DEFINITIONS, crds.definition(GIT_REPOSITORY), manager="test")
        made = SourceWorld(folder, api, client, git_server)
        await made.artifacts.start()
        tasks = [asyncio.create_task(made.cache.run()), asyncio.create_task(made.controller.run())]
        try:
            yield made
        finally:
            for task in reversed(tasks):
                task.cancel()
            await asyncio.wait(tasks)
            await made.recorder.close()
            await made.artifacts.stop()
            made.git.close()
    await git_server.stop()
    await api.stop()


class Scenario:
    """One folder of recordings, played step by step."""

    def __init__(self, folder: Path, world: SourceWorld) -> None:
        self.folder = folder
        self.plan = yaml.safe_load((folder / "scenario.yaml").read_text())
        self.name = str(self.plan["name"])
        self._world = world
        self._host = world.git_server.base_url.removeprefix("http://")

    @property
    def repo(self) -> Repo:
        return Repo(self._world.git_server.path(self.name))

    async def start(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}}
        await self._world.client.create(NAMESPACES, namespace, manager="user")

    async def play(self, step: dict[str, Any]) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """Do a step and wait for what it was waited for; the object, and the Events of the step."""
        before = await self._world.events(self.name)
        old = await self._world.repository(self.name)
        for action in step["do"]:
            await self._do(action)
        wanted = step.get("until", [])
        version = old["metadata"]["resourceVersion"] if old and wanted else ""
        if step.get("sleep"):
            await asyncio.sleep(0.3)
        obj = await self._world.until(self.name, *wanted, newer_than=version)
        after = await self._world.events(self.name)
        happened = [e for name, e in after.items() if e["count"] != before.get(name, {}).get("count")]
        return obj, happened

    async def _do(self, action: dict[str, Any]) -> None:
        if "commit" in action:
            self.commit(action["commit"])
        elif "apply" in action:
            text = (self.folder / action["apply"]).read_text()
            text = text.replace("<GIT-HOST>", self._host).replace("<CLOSED-HOST>", "127.0.0.1:1")
            await self._world.apply(yaml.safe_load(text), action["fieldManager"])
        elif "patch" in action:
            body = yaml.safe_load(yaml.safe_dump(action["body"]).replace("<GIT-HOST>", self._host))
            _, namespace, name = action["patch"].split("/")
            await self._world.client.patch(
                REPOSITORIES, namespace, name, body, type=PatchType.MERGE, manager=action["fieldManager"]
            )
        elif "delete" in action:
            _, namespace, name = action["delete"].split("/")
            await self._world.client.delete(REPOSITORIES, namespace, name)
        elif "removeStoredArtifact" in action:
            for file in self._world.storage.root.rglob("*.tar.gz"):
                file.unlink()
        elif "wait" in action and isinstance(action["wait"], str):
            await asyncio.sleep(float(action["wait"].removesuffix("s")))  # the scenario's own time
        elif "wait" in action:
            await self._world.until(self.name, *action["wait"])
        else:
            self._fault(action)

    def _fault(self, action: dict[str, Any]) -> None:
        faults = self._world.git_server.faults
        if "fault" in action:
            faults.hang = action["fault"] == "hang"
            faults.status = int(action["fault"]) if action["fault"].isdecimal() else 0
        elif "gitServerRequiresBasicAuth" in action:
            faults.basic_auth = action["gitServerRequiresBasicAuth"]
        elif "emptyRepository" in action:
            assert self.repo
        elif "tag" in action:
            self.repo.git("tag", "-f", action["tag"], action["sha"])
        else:
            raise AssertionError(f"an action that this replay does not know: {sorted(action)}")

    def commit(self, commit: dict[str, Any]) -> None:
        """Commit exactly what was committed then: the hash tells."""
        tree = self.folder / commit["tree"]
        files = {unquote(str(p.relative_to(tree))): p.read_bytes() for p in tree.rglob("*") if p.is_file()}
        sha = self.repo.commit(
            files,
            branch=commit["branch"],
            message=commit["message"] + "\n",
            parent=commit.get("parent"),
            date=commit["date"],
            executable=tuple(commit.get("executable", ())),
            symlinks=commit.get("symlinks"),
        )
        assert sha == commit["sha"]
        for tag in commit.get("tags", ()):
            options = ["-a", "-m", f"release {tag}"] if commit.get("annotated") else []
            self.repo.git("tag", *options, tag, sha, date=commit["date"])

    def masked(self, text: str) -> str:
        return text.replace(self._host, "<GIT-HOST>").replace("127.0.0.1:1", "<CLOSED-HOST>")


def holds(obj: dict[str, Any] | None, want: dict[str, Any]) -> bool:
    """Whether a condition of a scenario's `until` holds."""
    if want.get("gone") or obj is None:
        return bool(want.get("gone")) and obj is None
    status, generation = obj.get("status", {}), obj["metadata"]["generation"]
    ready = conditions.get(obj, "Ready") or {}
    checks = {
        "ready": lambda value: ready.get("status") == value,
        "reason": lambda value: ready.get("reason") == value,
        "message": lambda value: ready.get("message") == value,
        "current": lambda value: (ready.get("observedGeneration") == generation) == value,
        "observed": lambda value: (status.get("observedGeneration") == generation) == value,
        "handled": lambda value: status.get("lastHandledReconcileAt") == value,
        "artifact": lambda value: (status.get("artifact") or {}).get("revision") == value,
    }
    if ready.get("status") not in ("True", "False"):
        return False  # a pass is under way, or did not begin yet
    return all(checks[key](value) for key, value in want.items() if key in checks)


def comparable(obj: dict[str, Any]) -> dict[str, Any]:
    """What is to be equal: without times, and without what only Go's gzip can give."""
    status = copy.deepcopy(obj.get("status") or {})
    for condition in status.get("conditions", []):
        condition.pop("lastTransitionTime", None)
    for key in ("digest", "size", "url", "lastUpdateTime"):
        status.get("artifact", {}).pop(key, None)
    return {"finalizers": obj["metadata"].get("finalizers"), "status": status}


def owners(obj: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """managedFields as recorded: who, how, which subresource, which fields."""
    import json

    found = []
    for entry in obj["metadata"].get("managedFields", []):
        fields = entry["fieldsV1"]
        fields = json.loads(fields) if isinstance(fields, str) else fields
        found.append(
            (entry["manager"], entry["operation"], entry.get("subresource", ""), json.dumps(fields, sort_keys=True))
        )
    return sorted(found)
