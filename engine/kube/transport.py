"""Connections to one API server: pool, credentials, timeouts, bounds and the server's clock."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.abc import AbstractCookieJar
from aiohttp.connector import AddrInfoType
from multidict import CIMultiDict
from yarl import URL

from engine import errors
from engine.clock import Clock
from engine.kube.auth import Authenticator, Credential
from engine.kube.config import ClusterConfig, Impersonation, is_loopback
from engine.kube.lost import no_answer
from engine.kube.proxy import proxy_for
from engine.kube.request import CONNECT_TIMEOUT, MAX_ERROR_BODY, Request, Response
from engine.kube.serverclock import ServerClock
from engine.kube.status import from_response

_LOST = (aiohttp.ClientError, TimeoutError, OSError)


class Stream:
    """An answer under way."""

    def __init__(self, response: aiohttp.ClientResponse, request: Request, server: str) -> None:
        self._response = response
        self._request = request
        self._server = server

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What comes, as it comes. Raises errors.Unavailable when the connection is lost."""
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except _LOST as error:
            raise no_answer(self._server, self._request, error) from None

    def close(self) -> None:
        """End it: whoever reads gets what came and then errors.Unavailable."""
        self._response.close()


class Transport:
    """The connections to one server; shared by every client derived from the first."""

    def __init__(
        self,
        config: ClusterConfig,
        *,
        clock: Clock,
        user_agent: str,
        max_connections: int,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.config = config
        self.auth = Authenticator(config, clock=clock, environ=environ)
        self.server_clock = ServerClock(clock)
        #: Seconds that the last request waited for its answer to begin; 0 before the first.
        self.round_trip = 0.0
        self._clock = clock
        self._max_connections = max_connections
        self._proxy = proxy_for(config, environ) or None
        # Compression costs both sides CPU, and on loopback saves nothing.
        compress = config.compress and not is_loopback(urlsplit(config.server).hostname or "")
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip" if compress else "identity"}
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pools: one bounded for requests; watches live long and must not starve it."""
        if self._session is None:
            self._session = self._open(self._max_connections)
            self._streams = self._open(0)

    async def close(self) -> None:
        """Close every connection."""
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()
        self._session = self._streams = None

    async def request(self, request: Request) -> Response:
        """Send, read the whole answer, and raise the typed error for 400 and above."""
        began = self._clock.monotonic()
        response = await self._respond(request, stream=False)
        self.round_trip = self._clock.monotonic() - began
        try:
            body = await _read(response, request.max_body, str(request))
        except _LOST as error:
            raise no_answer(self.config.server, request, error) from None
        finally:
            response.release()
        return Response(response.status, body, response.content_type, response.headers)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """An answer to be read piece by piece, for as long as it lasts."""
        response = await self._respond(request, stream=True)
        try:
            yield Stream(response, request, self.config.server)
        finally:
            # What was not read to its end cannot be used again.
            response.close()

    @asynccontextmanager
    async def websocket(
        self, request: Request, protocols: tuple[str, ...]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A websocket in one of `protocols`."""
        await self.start()
        assert self._streams is not None
        credential = await self.auth.credential()
        try:
            socket_ = await self._streams.ws_connect(
                self._url(request),
                protocols=protocols,
                headers=self._all_headers(request, credential),
                max_msg_size=4 * 1024 * 1024,
                ssl=credential.ssl or True,
                server_hostname=self.config.tls.server_name or None,
                proxy=self._proxy,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise from_response(error.status, error.message.encode(), request=str(request)) from None
        except _LOST as error:
            raise no_answer(self.config.server, request, error) from None
        async with socket_:
            yield socket_

    async def _respond(self, request: Request, *, stream: bool) -> aiohttp.ClientResponse:
        """The answer with its body still to come; below 400, or the typed error."""
        await self.start()
        session = self._streams if stream else self._session
        assert session is not None
        try:
            response = await self._authorised(session, request, stream=stream)
            if response.status < 400:
                return response
            try:
                raise await self._refusal(request, response)
            finally:
                response.release()
        except _LOST as error:
            raise no_answer(self.config.server, request, error) from None

    async def _authorised(
        self, session: aiohttp.ClientSession, request: Request, *, stream: bool
    ) -> aiohttp.ClientResponse:
        """Send with the credential of the moment; a 401 is a reason to get another one, once."""
        credential = await self.auth.credential()
        response = await self._send(session, request, credential, stream=stream)
        if response.status != 401:
            return response
        try:
            renewed = await self.auth.renew(credential)
        except errors.EngineError:
            response.close()
            raise
        if not renewed:
            return response
        response.release()
        return await self._send(session, request, await self.auth.credential(), stream=stream)

    async def _send(
        self, session: aiohttp.ClientSession, request: Request, credential: Credential, *, stream: bool
    ) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(
            total=None if stream else request.timeout,
            sock_connect=CONNECT_TIMEOUT,
            # A stream's first byte may take its time on a loaded server; silence later is the watch's affair.
        )
        sent = time.monotonic()
        response = await session.request(
            request.method,
            self._url(request),
            data=request.body,
            headers=self._all_headers(request, credential),
            timeout=timeout,
            allow_redirects=False,
            middlewares=() if request.is_read else (_Once(),),
            trace_request_ctx=request.may_send,
            proxy=self._proxy,
            ssl=credential.ssl or True,
            server_hostname=self.config.tls.server_name or None,
        )
        self.server_clock.saw(response.headers.get("Date"), time.monotonic() - sent)
        return response

    def _url(self, request: Request) -> URL:
        if {".", ".."} & set(request.path.split("/")):
            raise errors.Malformed(f"{request.path!r} is not a path that can be asked for")
        url = URL(self.config.server + request.path, encoded=True)
        return url.extend_query(list(request.query)) if request.query else url

    def _all_headers(self, request: Request, credential: Credential) -> CIMultiDict[str]:
        headers = CIMultiDict(self._headers)
        headers["Accept"] = request.accept
        if request.content_type:
            headers["Content-Type"] = request.content_type
        headers.update(request.headers)
        headers.update(credential.headers)
        person = request.impersonate if request.impersonate.user else self.config.impersonate
        for name, value in impersonation_headers(person):
            headers.add(name, value)
        return headers

    async def _refusal(self, request: Request, response: aiohttp.ClientResponse) -> errors.EngineError:
        body = await _read(response, MAX_ERROR_BODY, str(request))
        error = from_response(
            response.status,
            body,
            content_type=response.content_type,
            retry_after=_seconds(response.headers.get("Retry-After")),
            request=str(request),
        )
        if isinstance(error, errors.LoginRequired):
            context = f'context "{self.config.context}"' if self.config.context else self.config.server
            command = self.auth.command
            fix = "" if command else f"the credentials in {self.config.source or 'use'} were refused: get new ones"
            return errors.LoginRequired(f"{context}: {error.message}", command=command, fix=fix, status=error.status)
        return error

    def _open(self, limit: int) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=limit, limit_per_host=0, keepalive_timeout=30.0, socket_factory=_make_socket
        )
        return aiohttp.ClientSession(
            connector=connector,
            trace_configs=[_last_look()],
            auto_decompress=True,
            cookie_jar=_no_cookies(),
            read_bufsize=2**18,
            trust_env=False,
        )


class _Once:
    """aiohttp sends PUT and DELETE again when a kept connection turns out closed; a write goes out once.

    What became of it is for the caller to find out.
    """

    def __init__(self) -> None:
        self._sent = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self._sent:
            raise aiohttp.ServerDisconnectedError
        self._sent = True
        return await handler(request)


def _last_look() -> aiohttp.TraceConfig:
    """Ask a request's `may_send` when it has its connection, and before it uses it."""

    async def look(_session: aiohttp.ClientSession, context: SimpleNamespace, _event: object) -> None:
        may_send = context.trace_request_ctx
        if may_send is not None and not may_send():
            raise errors.LeaseHeld(
                "nothing was written: the controllers' Leases could not be renewed in time",
                fix="writing goes on when this engine holds them again",
            )

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(look)
    trace.on_connection_create_end.append(look)
    return trace


def impersonation_headers(person: Impersonation) -> list[tuple[str, str]]:
    """The Impersonate-* headers; keys of extras are lower case and percent-encoded."""
    if not person.user:
        return []
    headers = [("Impersonate-User", person.user)]
    if person.uid:
        headers.append(("Impersonate-Uid", person.uid))
    headers += [("Impersonate-Group", group) for group in person.groups]
    for key, values in person.extra:
        name = f"Impersonate-Extra-{quote(key.lower(), safe='')}"
        headers += [(name, value) for value in values]
    return headers


async def _read(response: aiohttp.ClientResponse, limit: int, what: str) -> bytes:
    """The body, decompressed, within its bound."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > limit:
            response.close()
            raise errors.LimitExceeded(f"{what}: the answer is larger than {limit // 2**20} MiB")
        pieces.append(piece)
    return b"".join(pieces)


def _seconds(text: str | None) -> float | None:
    """Retry-After, in the form that API servers use."""
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None


def _no_cookies() -> AbstractCookieJar:
    return aiohttp.DummyCookieJar()


def _make_socket(address: AddrInfoType) -> socket.socket:
    """A socket that notices within about a minute that the other end is gone, also while it only listens."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made
