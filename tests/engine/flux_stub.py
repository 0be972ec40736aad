"""A stand-in for Flux's controllers: handles requests on sources and Kustomizations as they do (flux.md 1.1)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any, Self

from engine import errors
from engine.flux import kinds
from engine.flux.kinds import FluxKind
from engine.kube.client import Client
from engine.kube.informer import Informer
from engine.kube.types import Object, PatchType, ResourceType

NS = "flux-system"


def resource_of(kind: FluxKind) -> ResourceType:
    return ResourceType(kind.group, kind.version, kind.kind, kind.plural, namespaced=True)


class FluxStub:
    """Answers every request at once; `fails` makes an object fail with a message, `asleep` answers nobody."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fails: dict[str, str] = {}
        self.asleep = False
        self.handled: list[str] = []
        self.served = (kinds.GIT_REPOSITORY, kinds.KUSTOMIZATION, kinds.HELM_RELEASE, kinds.IMAGE_UPDATE_AUTOMATION)
        self._tasks: list[asyncio.Task[None]] = []
        self._queue: asyncio.Queue[tuple[FluxKind, str, str]] = asyncio.Queue()
        self._informers = {
            kind: Informer(client, resource_of(kind)) for kind in (kinds.GIT_REPOSITORY, kinds.KUSTOMIZATION)
        }

    async def __aenter__(self) -> Self:
        for kind, informer in self._informers.items():
            informer.subscribe(lambda _, __, new, kind=kind: self._changed(kind, new))
            self._tasks.append(asyncio.ensure_future(informer.run()))
        self._tasks.append(asyncio.ensure_future(self._work()))
        for informer in self._informers.values():
            await informer.synced()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what tests say

    async def apply(self, kind: FluxKind, name: str, spec: Object, **metadata: Any) -> Object:
        """Apply an object of a Flux kind."""
        obj = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name, "namespace": NS, **metadata},
            "spec": spec,
        }
        return await self.client.apply(resource_of(kind), obj, manager=str(metadata.pop("by", "test")))

    async def source(
        self, name: str, *, revision: str, branch: str = "main", url: str = "http://127.0.0.1:9/r"
    ) -> None:
        """A ready GitRepository."""
        await self.apply(kinds.GIT_REPOSITORY, name, {"interval": "1h", "url": url, "ref": {"branch": branch}})
        await self.ready(kinds.GIT_REPOSITORY, name, artifact=artifact(revision))

    async def kustomization(
        self, name: str, *, source: str, revision: str, labels: Object | None = None, **spec: Any
    ) -> None:
        """A ready Kustomization."""
        wanted = {"interval": "1h", "prune": True, "path": "./", "sourceRef": {"kind": "GitRepository", "name": source}}
        await self.apply(kinds.KUSTOMIZATION, name, wanted | spec, labels=labels or {})
        await self.ready(kinds.KUSTOMIZATION, name, lastAppliedRevision=revision, lastAttemptedRevision=revision)

    async def ready(self, kind: FluxKind, name: str, *, message: str = "stored", **status: Any) -> None:
        """Write a status."""
        await self._status(kind, name, status | {"conditions": [condition("True", "Succeeded", message)]})

    async def get(self, kind: str, name: str) -> Object:
        """An object, without what changes by itself."""
        entry = kinds.by_kind(kind)
        assert entry is not None
        return await self.client.get(resource_of(entry), NS, name)

    # --- what it does

    def _changed(self, kind: FluxKind, new: Object | None) -> None:
        if new is not None and not self.asleep:
            self._queue.put_nowait((kind, new["metadata"]["namespace"], new["metadata"]["name"]))

    async def _work(self) -> None:
        while True:
            kind, namespace, name = await self._queue.get()
            with contextlib.suppress(errors.EngineError):
                await self._pass(kind, namespace, name)

    async def _pass(self, kind: FluxKind, namespace: str, name: str) -> None:
        obj = await self.client.get(resource_of(kind), namespace, name)
        token = (obj["metadata"].get("annotations") or {}).get(kinds.REQUESTED_AT)
        status, spec = obj.get("status") or {}, obj["spec"]
        if not token or token == status.get("lastHandledReconcileAt") or spec.get("suspend"):
            return
        self.handled.append(f"{kind.kind}/{name}")
        told: Object = {"lastHandledReconcileAt": token, "observedGeneration": obj["metadata"]["generation"]}
        if name in self.fails:
            told["conditions"] = [condition("False", "BuildFailed", self.fails[name])]
        elif kind is kinds.GIT_REPOSITORY:
            told |= {
                "artifact": artifact(_revision(spec, status)),
                "conditions": [condition("True", "Succeeded", "stored")],
            }
        else:
            told |= {"conditions": [condition("True", "ReconciliationSucceeded", "applied")], **self._applied(spec)}
        await self._status(kind, name, told, namespace)
        if kind is kinds.GIT_REPOSITORY:
            await self._follow(name, namespace, told)

    async def _follow(self, source: str, namespace: str, told: Object) -> None:
        """A new revision is applied by whoever follows the source."""
        revision = (told.get("artifact") or {}).get("revision")
        for obj in list(self._informers[kinds.KUSTOMIZATION].objects()):
            status, name = obj.get("status") or {}, obj["metadata"]["name"]
            if obj["spec"]["sourceRef"]["name"] != source or obj["spec"].get("suspend") or not revision:
                continue
            if status.get("lastAppliedRevision") != revision:
                await self.ready(
                    kinds.KUSTOMIZATION, name, lastAppliedRevision=revision, lastAttemptedRevision=revision
                )

    def _applied(self, spec: Object) -> Object:
        source = self._informers[kinds.GIT_REPOSITORY].get(NS, spec["sourceRef"]["name"]) or {}
        revision = ((source.get("status") or {}).get("artifact") or {}).get("revision")
        return {"lastAppliedRevision": revision, "lastAttemptedRevision": revision} if revision else {}

    async def _status(self, kind: FluxKind, name: str, status: Object, namespace: str = NS) -> None:
        await self.client.patch(
            resource_of(kind),
            namespace,
            name,
            {"status": status},
            type=PatchType.MERGE,
            manager=kind.controller,
            subresource="status",
        )


def artifact(revision: str) -> Object:
    """An artifact that nobody stores: its server does not answer."""
    return {
        "revision": revision,
        "digest": f"sha256:{revision.rpartition(':')[2][:40].ljust(64, '0')}",
        "path": "gitrepository/flux-system/x/x.tar.gz",
        "url": "http://127.0.0.1:9/gitrepository/flux-system/x/x.tar.gz",
        "lastUpdateTime": "2026-01-01T00:00:00Z",
    }


def condition(status: str, reason: str, message: str) -> Object:
    """A Ready condition."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": now}


def _revision(spec: Object, status: Object) -> str:
    """The pinned commit, else the branch's."""
    ref = spec.get("ref") or {}
    known = str((status.get("artifact") or {}).get("revision") or "")
    branch = ref.get("branch") or "main"
    return f"{branch}@sha1:{ref['commit']}" if ref.get("commit") else f"{branch}@{known.rpartition('@')[2]}"
