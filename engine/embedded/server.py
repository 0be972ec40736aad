"""The embedded API server as an object: start it, speak to its URL with its token, stop it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Self

from aiohttp import web

from engine.clock import Clock
from engine.embedded import simulate
from engine.embedded.core import Core
from engine.embedded.expiry import EventExpiry
from engine.embedded.facade import Facade
from engine.embedded.http import Http
from engine.embedded.kubeconfig import write_kubeconfig
from engine.embedded.store import Store
from engine.embedded.tls import server_context

HOST = "127.0.0.1"
_TOKEN_BYTES = 32
_SHUTDOWN_SECONDS = 0.5


class EmbeddedServer:
    """A Kubernetes API on loopback: plain HTTP for `url`, and TLS for the kubeconfig, since kubectl sends a
    token over nothing else.

    `data` is the folder of its database, None for memory; `port` 0 takes a free one; `token` None makes one up.
    With `simulate` controllers inside bring workloads up, collect garbage and empty namespaces.
    """

    def __init__(
        self,
        data: Path | None = None,
        port: int = 0,
        token: str | None = None,
        clock: Clock | None = None,
        simulate: bool = True,
    ) -> None:
        self.token = token or secrets.token_urlsafe(_TOKEN_BYTES)
        self._clock = clock or Clock()
        self._store = Store(data)
        self._port = port
        self._simulate = simulate
        self._core: Core | None = None
        self._http: Http | None = None
        self._runner: web.AppRunner | None = None
        self._expiry: EventExpiry | None = None
        self._stop_simulation: Callable[[], None] | None = None
        self._url = ""
        self._tls_url = ""
        self._certificate = b""

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT, once it is started."""
        return self._url

    @property
    def core(self) -> Core:
        """What is behind the HTTP, for tests and for parts in the same process."""
        assert self._core is not None, "the server is not started"
        return self._core

    def facade(self, manager: str) -> Facade:
        """The API from the inside, as one field manager."""
        return Facade(self.core, manager=manager)

    def compact(self) -> None:
        """Forget the history: older watches and continue tokens get 410."""
        self._store.compact()

    async def start(self) -> None:
        """Read the data and listen; what was begun is undone when that fails (OSError: the port is taken)."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        await self._store.open()
        self._core = Core(self._store, self._clock)
        self._core.start()
        self._expiry = EventExpiry(self._core)
        if self._simulate:
            self._stop_simulation = simulate.start(self.facade, self._clock)
        self._http = Http(self._core, self.token)
        self._runner = web.AppRunner(
            self._http.app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        # Clients hold the certificate's dates against their own clocks, so it is real time that counts here.
        context, self._certificate = server_context(HOST, Clock().now())
        await web.TCPSite(self._runner, HOST, 0, ssl_context=context).start()
        port, tls_port = (address[1] for address in self._runner.addresses)
        self._tls_url = f"https://{HOST}:{tls_port}"
        self._url = f"http://{HOST}:{port}"
        self._http.listen_on(f"{HOST}:{port}")
        await self._store.durable()

    async def stop(self) -> None:
        """End the watches, answer what is under way, write what is pending."""
        if self._stop_simulation is not None:
            self._stop_simulation()
        if self._http is not None:
            self._http.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._expiry is not None:
            await self._expiry.stop()
        await self._store.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def write_kubeconfig(self, path: Path) -> None:
        """A kubeconfig for this server, readable by its owner alone."""
        write_kubeconfig(path, self._tls_url, self.token, self._certificate)
