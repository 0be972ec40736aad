"""What building, applying and comparing share on one cluster, in both stances: workers, caches, proofs, artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.apply.live import Proofs, Watches
from engine.clock import Clock
from engine.controllers.kustomization_build import Builder
from engine.kube.client import Client
from engine.kube.resources import PODS
from engine.kube.types import Object
from engine.reach import Reach
from engine.source.fetch import RETRIES, fetch_artifact
from engine.source.storage import Storage
from engine.worker import Pool


@dataclass(slots=True)
class Kit:
    """Made once per session; `close` ends its children and watches."""

    client: Client
    clock: Clock
    pool: Pool
    builder: Builder
    watches: Watches
    proofs: Proofs

    @classmethod
    def make(cls, client: Client, clock: Clock, *, storage: Storage | None, workers: int) -> Kit:
        """With our own storage artifacts are read from disk, else fetched through the API server."""
        reach = Reach(client)
        retries = RETRIES if storage is not None else 0  # who only looks does not insist

        async def fetch(artifact: Mapping[str, Any]) -> Mapping[str, bytes]:
            return await fetch_artifact(
                artifact, storage=storage, download=reach.download, clock=clock, retries=retries
            )

        pool = Pool(workers)
        watches = Watches(client, clock)
        return cls(client, clock, pool, Builder(client, pool, fetch), watches, Proofs(watches))

    async def close(self) -> None:
        """End watches and children."""
        await self.watches.close()
        await self.pool.close()


class Pods:
    """Finds the Pods of a workload."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def pods(self, namespace: str, label_selector: str) -> Sequence[Object]:
        """All Pods that match."""
        return [
            pod
            async for page in self._client.list(PODS, namespace, label_selector=label_selector)
            for pod in page.items
        ]
