"""One cluster, connected: client, watches, store, acts, drift and (in the drive stance) the controllers."""

from __future__ import annotations

import asyncio
import getpass
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine import errors, rights
from engine.clock import Clock
from engine.flux import kinds
from engine.flux.kinds import FluxKind
from engine.kube.client import Client
from engine.kube.config import ClusterConfig, load_config
from engine.kube.waiting import wait_for
from engine.login import borrowing
from engine.logs import Ring
from engine.model import Ref
from engine.questions import Lend
from engine.safe import line
from engine.settings import Access, EngineSettings
from engine.snapshot import Connection, Link, Problem
from engine.store import Store
from engine.tasks import Restart, Supervisor
from engine.watches import Watches

if TYPE_CHECKING:
    from engine.acts.base import World
    from engine.acts.board import Board
    from engine.controllers.drift import DriftMonitor
    from engine.earlier import Earlier
    from engine.kit import Kit
    from engine.work import Work

log = logging.getLogger(__name__)

_RETRY = (1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts to reach a cluster that does not answer at the start; the last one repeats."""

_ROWS_FIRST = 3.0
"""Seconds that everything else waits for the first lists."""


class Session:
    """Connects and runs until cancelled; everything it starts ends with it."""

    def __init__(
        self,
        settings: EngineSettings,
        clock: Clock,
        *,
        config: Callable[[], ClusterConfig] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._config = config or (lambda: config_of(settings.access))
        self.store = Store(
            settings.access.context,
            settings.stance,
            read_only=settings.read_only,
            settings=settings.publishing,
            clock=clock,
        )
        self.supervisor = Supervisor(clock, restart=Restart(), escalate=self._escalated)
        self.client: Client | None = None
        self.watches: Watches | None = None
        self.context = settings.access.context
        self.ring = Ring()
        self._work: Work | None = None
        self._focused: tuple[Ref, ...] = ()
        self._serving = asyncio.Event()
        self._again = asyncio.Event()
        self._rights_asked = asyncio.Event()

    def focus(self, refs: tuple[Ref, ...]) -> None:
        """What is on screen comes first."""
        self._focused = refs
        if self._work is not None:
            self._work.focus(refs)

    @property
    def world(self) -> World | None:
        """What acts stand on; like all of these None until everything stands (`standing`)."""
        return self._work.world if self._work else None

    @property
    def board(self) -> Board | None:
        """A person's acts."""
        return self._work.board if self._work else None

    @property
    def drift(self) -> DriftMonitor | None:
        """Comparisons."""
        return self._work.drift if self._work else None

    @property
    def kit(self) -> Kit | None:
        """What building, applying and comparing share."""
        return self._work.kit if self._work else None

    @property
    def earlier(self) -> Earlier | None:
        """Earlier revisions."""
        return self._work.earlier if self._work else None

    async def standing(self) -> None:
        """Wait until everything stands. Raises errors.Unavailable while there is no connection."""
        if self.watches is None:
            raise errors.Unavailable("not connected yet", fix="it is tried again by itself")
        await self._serving.wait()

    async def synced(self, *wanted: FluxKind) -> None:
        """Wait until everything stands and these kinds were listed once."""
        await self._serving.wait()
        assert self.watches is not None
        for kind in wanted:
            await self.watches.flux[kind].synced()
        await self.watches.controllers_known()

    async def login(self, lend: Lend) -> str:
        """Log in with the person's terminal and try everything again; returns what was done. Raises EngineError."""
        client = self.client
        if client is None:
            raise errors.Unavailable("not connected yet", fix="it is tried again by itself")
        client.login_runner = borrowing(lend)
        try:
            if not client.can_login:
                return "tried again"
            await client.login()
            return "logged in"
        finally:
            client.login_runner = None
            self.retry_now()

    def retry_now(self) -> None:
        """Somebody logged in, or asks: end every pause."""
        self._again.set()
        self._rights_asked.set()
        if self.watches is not None:
            self.watches.retry_now()

    async def run(self) -> None:
        """Connect, then watch and act until cancelled."""
        config = await asyncio.to_thread(self._config)
        self.context = config.context or settings_name(config)
        async with Client(config, clock=self.clock) as client:
            self.client = client
            version = await self._reach(client)
            self._connected(config, version)
            try:
                await self._serve(client)
                await asyncio.Event().wait()
            finally:
                await self._stop()

    async def _serve(self, client: Client) -> None:
        watches = self.watches = Watches(client, self.store, self.context, self.settings.access.namespace)
        await watches.start(self.supervisor)
        self._follow_link()
        self.supervisor.start("rights", self._follow_rights)
        await watches.listed(self.clock, _ROWS_FIRST)
        from engine.work import Work

        work = self._work = Work(self, client, watches)
        work.start()
        work.focus(self._focused)
        self._serving.set()
        await watches.flux[kinds.KUSTOMIZATION].synced()
        work.board.resume()

    async def _stop(self) -> None:
        if self._work is not None:
            await self._work.board.close()
        await self.supervisor.stop(deadline=self.settings.stop_deadline)
        if self._work is not None:
            await self._work.close()

    # --- the connection ---------------------------------------------------------------------------------

    async def _reach(self, client: Client) -> str:
        """Try until the server answers; what is in the way is on screen meanwhile."""
        attempt = 0
        while True:
            try:
                version = await client.version()
                await client.discovery.refresh()
                return str(version.get("gitVersion") or "")
            except errors.LoginRequired as error:
                self._link(Link.LOGIN, str(error), login=error.command, next_try=self._after(attempt))
            except errors.NotAllowed:
                # A server that hides its version and discovery still serves what we may see.
                return ""
            except errors.Retryable as error:
                self._link(Link.LOST, str(error), next_try=self._after(attempt))
            self._again.clear()
            await wait_for(self._again, self.clock, _RETRY[min(attempt, len(_RETRY) - 1)])
            attempt += 1

    def _connected(self, config: ClusterConfig, version: str) -> None:
        assert self.client is not None
        self.store.set(
            connection=Connection(
                Link.LIVE,
                line(self.context),
                server=line(config.server),
                server_version=line(version),
                since=self.clock.now(),
            ),
            clock_offset=self.client.server_time_offset.total_seconds(),
        )

    def _follow_link(self) -> None:
        """The link is lost when no watch is live, and back when one is."""
        assert self.watches is not None
        informers = tuple(self.watches.flux.values())

        def judge(_: object) -> None:
            statuses = [informer.status for informer in informers]
            if any(status.state == "live" for status in statuses):
                if self.store.connection.link is not Link.LIVE:
                    self._link(Link.LIVE, "")
                return
            broken = [status for status in statuses if status.state in ("stale", "starting") and status.error]
            if not broken:
                return
            told = next((s for s in broken if isinstance(s.error, errors.LoginRequired)), broken[0])
            tries = [status.next_try for status in broken if status.next_try]
            login = told.error.command if isinstance(told.error, errors.LoginRequired) else ""
            link = Link.LOGIN if isinstance(told.error, errors.LoginRequired) else Link.LOST
            self._link(link, told.message, login=login, next_try=min(tries, default=None))

        for informer in informers:
            informer.on_status(judge)
        self.store.subscribe(self._follow_lag)

    def _follow_lag(self) -> None:
        """The lag goes out with whatever else is published, when it is another one to a reader."""
        assert self.client is not None
        before, now = self.store.connection, round(self.client.round_trip, 1)
        if before.link is Link.LIVE and before.lag != now:
            self.store.set(connection=replace(before, lag=now))

    def _after(self, attempt: int) -> datetime:
        """When it is tried again."""
        return self.clock.now() + timedelta(seconds=_RETRY[min(attempt, len(_RETRY) - 1)])

    def _link(self, link: Link, message: str, *, login: str = "", next_try: datetime | None = None) -> None:
        before = self.store.connection
        now = self.clock.now()
        self.store.set(
            connection=Connection(
                link,
                before.context or line(self.context),
                server=before.server,
                server_version=before.server_version,
                since=before.since if before.link is link and before.since else now,
                lag=self.client.round_trip if self.client else 0.0,
                next_try=next_try,
                message=line(message),
                login_command=line(login),
            )
        )

    # --- rights -----------------------------------------------------------------------------------------

    async def _follow_rights(self) -> None:
        """Ask once, and again when somebody logs in or wants everything tried anew."""
        while True:
            self._rights_asked.clear()
            assert self.client is not None
            known = await rights.denied(self.client, self.settings.access.namespace)
            if known is not None:
                self.store.set(denied=known)
            await self._rights_asked.wait()

    def _escalated(self, name: str, error: BaseException) -> None:
        self.store.set(problems=(Problem(f"{name} gave up", line(str(error))),))


def config_of(access: Access) -> ClusterConfig:
    """The cluster that the person named; errors.Malformed names file and fix."""
    paths: Sequence[Path] | None = (access.kubeconfig,) if access.kubeconfig else None
    return load_config(paths, context=access.context, as_user=access.as_user, as_groups=access.as_groups)


def settings_name(config: ClusterConfig) -> str:
    """What to call a cluster that has no context name."""
    return config.cluster or config.server.partition("://")[2]


def who() -> str:
    """The person, for notes on objects: the login name."""
    try:
        return line(getpass.getuser())
    except (KeyError, OSError):
        return "unknown"
