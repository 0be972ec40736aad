"""Connections to one API server: pool, credentials, timeouts, bounds and the server's clock."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
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
from engine.kube.proxy import proxy_for
from engine.kube.status import Unanswered, from_response

CONNECT_TIMEOUT = 10.0
REQUEST_TIMEOUT = 30.0
#: A page of 500 objects is a megabyte or so; five-hundred of the largest that etcd takes stay under this.
MAX_BODY = 512 * 1024 * 1024
MAX_ERROR_BODY = 1024 * 1024
READS = frozenset({"GET", "HEAD"})
MYSELF = Impersonation()
NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` is below the server's URL and already quoted."""

    method: str
    path: str
    query: Iterable[tuple[str, str]] = ()
    body: bytes | None = None
    content_type: str = ""
    accept: str = "application/json"
    impersonate: Impersonation = MYSELF
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = REQUEST_TIMEOUT
    max_body: int = MAX_BODY

    @property
    def is_read(self) -> bool:
        """Whether sending it twice does no harm."""
        return self.method in READS

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer below 400."""

    code: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]


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
        async with self._respond(request, stream=False) as response:
            body = await _read(response, request.max_body, str(request))
            return Response(response.status, body, response.content_type, response.headers)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer to be read piece by piece, for as long as it lasts."""
        async with self._respond(request, stream=True) as response:
            yield response

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
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._lost(request, error) from None
        async with socket_:
            yield socket_

    @asynccontextmanager
    async def _respond(self, request: Request, *, stream: bool) -> AsyncIterator[aiohttp.ClientResponse]:
        await self.start()
        session = self._streams if stream else self._session
        assert session is not None
        response, handled = None, False
        try:
            response = await self._authorised(session, request, stream=stream)
            if response.status >= 400:
                handled = True
                raise await self._refusal(request, response)
            yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._lost(request, error) from None
        finally:
            if response is not None:
                # What was not read to its end cannot be used again.
                response.release() if handled or not stream else response.close()

    async def _authorised(
        self, session: aiohttp.ClientSession, request: Request, *, stream: bool
    ) -> aiohttp.ClientResponse:
        """Send with the credential of the moment; a 401 is a reason to get another one, once."""
        credential = await self.auth.credential()
        response = await self._send(session, request, credential, stream=stream)
        if response.status != 401 or not await self.auth.renew(credential):
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
            return errors.LoginRequired(f"{context}: {error.message}", command=self.auth.command, status=error.status)
        return error

    def _lost(self, request: Request, error: BaseException) -> errors.EngineError:
        """No answer. A write that may have arrived is told apart from one that never left."""
        reason, fix = _explain(error)
        message = f"{self.config.server}: {reason}"
        never_left = isinstance(
            error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL
        )
        if request.is_read or never_left:
            return errors.Unavailable(message, fix=fix)
        return Unanswered(f"{message} after {request} was sent", fix="look whether it was done")

    def _open(self, limit: int) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=limit, limit_per_host=0, keepalive_timeout=30.0, socket_factory=_make_socket
        )
        return aiohttp.ClientSession(
            connector=connector, auto_decompress=True, cookie_jar=_no_cookies(), read_bufsize=2**18, trust_env=False
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


class ServerClock:
    """How far the API server's clock is from ours, from the Date of its answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._low, self._high = -float("inf"), float("inf")

    def saw(self, date: str | None, took: float) -> None:
        """Each answer bounds the offset: its Date (whole seconds) was written while the request was under way."""
        if not date:
            return
        try:
            server = parsedate_to_datetime(date)
        except ValueError:
            return
        if server.tzinfo is None:
            server = server.replace(tzinfo=UTC)
        latest = (server - self._clock.now()).total_seconds()
        low, high = latest, latest + 1.0 + max(took, 0.0)
        if low > self._high or high < self._low:
            # Somebody set a clock: what was known is void.
            self._low, self._high = low, high
        else:
            self._low, self._high = max(low, self._low), min(high, self._high)

    @property
    def offset(self) -> timedelta:
        """To be added to our time; zero while our clock may well be right."""
        if self._low <= 0 <= self._high:
            return timedelta(0)
        return timedelta(seconds=(self._low + self._high) / 2)

    def now(self) -> datetime:
        """The server's time."""
        return self._clock.now() + self.offset


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


def _explain(error: BaseException) -> tuple[str, str]:
    """What happened in a person's words, and what to do about it."""
    certificate = getattr(error, "certificate_error", error)
    if isinstance(certificate, ssl.SSLCertVerificationError):
        reason = getattr(certificate, "verify_message", "") or "its certificate is not trusted"
        return f"TLS: {reason}", "check certificate-authority and tls-server-name in the kubeconfig"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {error.os_error.strerror or error.os_error}", ""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {CONNECT_TIMEOUT:g} s", ""
    if isinstance(error, TimeoutError):
        return "no answer in time", ""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}", "check proxy-url and HTTPS_PROXY"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | OSError):
        return "the connection was lost", ""
    return f"no usable answer ({type(error).__name__})", ""


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
