"""What works on a connected cluster: acts, drift and, in the drive stance, the controllers.

Imported when the first lists are there: half of the engine's imports are for this, and rows come first.
"""

from __future__ import annotations

import logging
from pathlib import Path

from engine import flags
from engine.acts.base import World
from engine.acts.board import Board
from engine.controllers.base import Request
from engine.controllers.drift import Caches, DriftMonitor
from engine.controllers.drift import Settings as DriftSettings
from engine.earlier import Earlier
from engine.flux import kinds
from engine.journal import Journal
from engine.kit import Kit
from engine.kube.client import Client
from engine.model import Ref, Stance
from engine.session import Session, who
from engine.settings import EngineSettings, data_home, folder_of
from engine.watches import Watches


class Work:
    """Built once for each connection; everything it starts runs under the session's supervisor."""

    def __init__(self, session: Session, client: Client, watches: Watches) -> None:
        settings, context, clock = session.settings, session.context, session.clock
        self._session = session
        self._watches = watches
        self.world = World(context, client, session.store, clock, settings, who(), objects=watches.objects)
        self.board = Board(self.world, Journal(settings.state))
        self._storage = None
        if settings.stance is Stance.DRIVE:
            from engine.driving import storage_of

            self._storage = storage_of(settings, context, clock)
        self.kit = Kit.make(client, clock, storage=self._storage, workers=settings.workers)
        folder = self._storage.root / ".earlier" if self._storage is not None else mirrors_of(settings, context)
        self.earlier = self.world.earlier = Earlier(client, folder, logins=self._storage is not None)
        self.drift = self.world.effects = self._monitor(client)

    def start(self) -> None:
        """Compare in the background, and drive where that was asked for."""
        session = self._session
        if self._storage is None:
            self._follow_flags()
        session.supervisor.start("drift", self.drift.run)
        if self._storage is not None:
            from engine.driving import Driving

            logging.getLogger("engine.controllers").addHandler(session.ring)
            session.supervisor.start("drive", Driving(session, self.kit, self._storage).run)

    def focus(self, refs: tuple[Ref, ...]) -> None:
        """What is on screen comes first."""
        self.drift.focus([Request(ref.namespace, ref.name) for ref in refs if ref.kind == kinds.KUSTOMIZATION.kind])

    async def close(self) -> None:
        """Let go of folders, workers and tunnels, after the supervisor has stopped."""
        self.earlier.close()
        await self.kit.close()

    def _monitor(self, client: Client) -> DriftMonitor:
        """Drift within the budget of a guest."""
        session, flux, budget = self._session, self._watches.flux, self._session.settings.budget
        artifacts = {kind.kind: flux[kind] for kind in kinds.KINDS if kind.artifact}
        monitor = DriftMonitor(
            client,
            Caches(flux[kinds.KUSTOMIZATION], artifacts, self.kit.watches),
            self.kit.builder,
            client.discovery,
            clock=session.clock,
            settings=DriftSettings(
                cluster=session.context,
                at_once=budget.dry_runs_at_once,
                per_second=budget.dry_runs_per_second,
                sweep=budget.drift_sweep,
            ),
        )
        monitor.subscribe(session.store.put_drift)
        return monitor

    def _follow_flags(self) -> None:
        """Another engine decides here: what it was told on its command line decides about drift too."""
        deployments = self._watches.deployments

        def changed(*_: object) -> None:
            status = deployments.status
            if status.state != "starting":
                self.drift.assume(flags.read(deployments.objects(), status.message))

        deployments.subscribe(changed)
        deployments.on_status(changed)
        changed()


def mirrors_of(settings: EngineSettings, context: str) -> Path:
    """Where earlier revisions are read into when somebody only looks."""
    return (settings.driving.storage or data_home() / "mirrors") / folder_of(context)
