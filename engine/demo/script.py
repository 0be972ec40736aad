"""What happens in the demo by itself: releases, somebody's edits, a rollout that fails and is taken back.

Real acts on the real API and the real repository, each under the name of who would have done it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count, cycle
from typing import Any, Final

from engine import errors, project
from engine.clock import Clock
from engine.demo import fleet
from engine.demo.repository import DemoRepository
from engine.flux import conditions, kinds
from engine.kube.client import Client
from engine.kube.informer import Informer
from engine.kube.resources import CONFIG_MAPS, DEPLOYMENTS, SECRETS
from engine.kube.types import Object, PatchType, ResourceType
from engine.project import SUSPENDED_AT, SUSPENDED_BY, SUSPENDED_REASON

log = logging.getLogger(__name__)

PAUSE: Final = 20.0
"""Seconds between two happenings."""

ANA: Final = "Ana Lima <ana@example.com>"
JO: Final = "Jo Berg <jo@example.com>"

NAMESPACE: Final = "flux-system"


@dataclass(frozen=True, slots=True)
class Script:
    """The cast: a client, the repository, and the watches that tell when it is time."""

    client: Client
    repository: DemoRepository
    kustomizations: Informer
    sources: Informer
    clock: Clock
    started: datetime
    """When this backend did."""

    # --- once, at the beginning ----------------------------------------------------------------------

    async def opening(self) -> None:
        """The states that need somebody's hand and stay: suspended with a reason, a source that lost its login."""
        await self._play(self._suspend)
        await self._play(self._lose_credentials)

    async def drift(self) -> None:
        """At every start: controllers that start correct all drift."""
        await self._play(self._drift)

    async def _play(self, scene: Callable[[], Awaitable[None]]) -> None:
        try:
            await scene()
        except errors.EngineError as error:
            # A visitor may have deleted what the scene needs; the others still play.
            log.warning("a scene of the demo was left out: %s", error)

    async def _drift(self) -> None:
        await self._until(self.kustomizations, "platform", lambda obj: _reconciled_since(obj, self.started))
        await self._edit(DEPLOYMENTS, "platform", "dashboard", {"spec": {"replicas": 5}}, "kubectl-scale")
        debug = {"name": "main", "env": [{"name": "DEBUG", "value": "1"}]}
        container = {"spec": {"template": {"spec": {"containers": [debug]}}}}
        await self._edit(DEPLOYMENTS, "platform", "dashboard", container, "kubectl-edit", PatchType.STRATEGIC)
        await self._edit(CONFIG_MAPS, "platform", "flags", {"data": {"banner": "on"}}, "ArgoCD-import")

    async def _suspend(self) -> None:
        await self._until(self.kustomizations, "cart-staging", conditions.is_ready)
        note = {
            SUSPENDED_AT: conditions.stamp(self.clock.now()),
            SUSPENDED_BY: "jo",
            SUSPENDED_REASON: "freeze for the load test",
        }
        body = {"metadata": {"annotations": note}, "spec": {"suspend": True}}
        await self._edit(self.kustomizations.res, NAMESPACE, "cart-staging", body, "fluxtui")

    async def _lose_credentials(self) -> None:
        await self._until(self.kustomizations, "archive", conditions.is_ready)
        wrong = {"stringData": {"password": "expired"}}
        await self._edit(SECRETS, NAMESPACE, fleet.ARCHIVE_LOGIN, wrong, "demo")
        request = {"metadata": {"annotations": {kinds.REQUESTED_AT: conditions.stamp(self.clock.now())}}}
        await self._edit(self.sources.res, NAMESPACE, "archive", request, "demo")

    # --- again and again ------------------------------------------------------------------------------

    async def happenings(self) -> None:
        """One after the other, with pauses, until cancelled."""
        async for happening in self._endless():
            await self.clock.sleep(PAUSE)
            try:
                await happening()
            except errors.EngineError as error:
                # As in `opening`: the visitor has the house.
                log.warning("a happening of the demo was left out: %s", error)

    async def _endless(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        for number, app in zip(count(1), cycle(("checkout", "catalog", "cart")), strict=False):
            tag = f"1.{4 + number}.0"
            yield self._release(app, "staging", tag, ANA, f"Release {app} {tag} to staging")
            yield self._release(app, "production", tag, ANA, f"Promote {app} {tag} to production")
            yield self._scaled_by_hand(app)
            yield self._release(app, "staging", f"{tag}-rc1", JO, f"Try {app} {tag}-rc1 in staging", fail="crash-loop")
            yield self._release(app, "staging", tag, JO, f'Revert "Try {app} {tag}-rc1 in staging"')

    def _release(
        self, app: str, environment: str, tag: str, author: str, message: str, *, fail: str = ""
    ) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            files = {fleet.image_file(app, environment): fleet.overlay(app, environment, tag, fail=fail)}
            await self.repository.commit(files, message, author)
            await self._webhook()

        return happen

    def _scaled_by_hand(self, app: str) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            await self._edit(DEPLOYMENTS, "production", app, {"spec": {"replicas": 6}}, "kubectl-scale")

        return happen

    async def _webhook(self) -> None:
        """What a receiver does when the forge calls it: ask the sources for a pass."""
        request = {"metadata": {"annotations": {kinds.REQUESTED_AT: self.clock.now().isoformat()}}}
        for name in ("flux-system", "apps"):
            await self._edit(self.sources.res, NAMESPACE, name, request, "notification-controller")

    # --- tools ----------------------------------------------------------------------------------------

    async def _edit(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        body: dict[str, Any],
        manager: str,
        type: PatchType = PatchType.MERGE,  # noqa: A002 - kubectl's word
    ) -> None:
        await self.client.patch(res, namespace, name, body, type=type, manager=manager)

    async def _until(self, informer: Informer, name: str, holds: Callable[[Object], bool]) -> None:
        """Wait until an object of flux-system is as wanted."""
        changed = asyncio.Event()
        end = informer.subscribe(lambda *_: changed.set())
        try:
            while True:
                obj = informer.get(NAMESPACE, name)
                if obj is not None and holds(obj):
                    return
                changed.clear()
                await changed.wait()
        finally:
            end()


def _reconciled_since(obj: Object, when: datetime) -> bool:
    """Whether it is Ready, and was reconciled after this time (which Flux's status tells in whole seconds)."""
    history = (obj.get("status") or {}).get("history") or [{}]
    last = project.time(history[0].get("lastReconciled"))
    return conditions.is_ready(obj) and last is not None and last >= when.replace(microsecond=0)
