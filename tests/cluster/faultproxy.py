"""An HTTP proxy between client and API server that injects faults: what a real network and a real server do."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from engine.kube.config import ClusterConfig

#: (method, path, is a watch) → whether a fault is meant for this request.
Meant = Callable[[str, str, bool], bool]

HOP = {"transfer-encoding", "content-length", "connection", "host", "content-encoding"}


@dataclass(eq=False)
class Fault:
    """What happens to requests that are meant; `count` of them, or all."""

    meant: Meant
    status: int = 0
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    lose_answer: bool = False
    """The request reaches the server, its answer reaches nobody."""
    count: int = 1_000_000
    hits: int = 0


class FaultProxy:
    """Forwards to one API server; `url` is plain HTTP on loopback."""

    def __init__(self, upstream: ClusterConfig, tls: ssl.SSLContext | None, headers: dict[str, str]) -> None:
        self._upstream, self._tls, self._headers = upstream.server, tls, headers
        self._faults: list[Fault] = []
        self._watches: dict[asyncio.Task[object], str] = {}
        self.seen: Counter[str] = Counter()
        self.url = ""

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self.cut()
        await self._runner.cleanup()
        await self._session.close()

    def config(self, context: str = "") -> ClusterConfig:
        """A configuration that goes through here; the proxy logs in."""
        return ClusterConfig(self.url, context=context)

    def is_watching(self, plural: str) -> bool:
        """Whether a watch of this kind is open."""
        return any(path.endswith(f"/{plural}") for path in self._watches.values())

    def cut(self) -> int:
        """End every watch in the middle; how many there were."""
        count = len(self._watches)
        for task in tuple(self._watches):
            task.cancel()
        return count

    @contextmanager
    def fault(self, meant: Meant, **what: object) -> Iterator[Fault]:
        """Inject a fault as long as the block lasts."""
        found = Fault(meant, **what)  # type: ignore[arg-type]
        self._faults.append(found)
        try:
            yield found
        finally:
            self._faults.remove(found)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        watch = request.query.get("watch") in ("1", "true")
        self.seen[f"{request.method} {request.path}"] += 1
        fault = next(
            (f for f in self._faults if f.hits < f.count and f.meant(request.method, request.path, watch)), None
        )
        if fault is not None:
            fault.hits += 1
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.status:
                return _status(fault)
        try:
            return await self._forward(request, watch, lose=fault is not None and fault.lose_answer)
        except aiohttp.ClientConnectionError:
            _abort(request)
            raise asyncio.CancelledError from None

    async def _forward(self, request: web.Request, watch: bool, *, lose: bool) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP | {"authorization"}} | self._headers
        async with self._session.request(
            request.method,
            self._upstream + request.path_qs,
            data=await request.read() or None,
            headers=headers,
            ssl=self._tls if self._tls is not None else True,
            allow_redirects=False,
        ) as answer:
            if lose:
                await answer.read()
                _abort(request)
                raise asyncio.CancelledError
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP - {"content-encoding"}}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            task = asyncio.current_task()
            assert task is not None
            if watch:
                self._watches[task] = request.path
            try:
                async for piece in answer.content.iter_any():
                    await response.write(piece)
            except (asyncio.CancelledError, aiohttp.ClientError):
                _abort(request)
                raise asyncio.CancelledError from None
            finally:
                self._watches.pop(task, None)
            with contextlib.suppress(ConnectionError):
                await response.write_eof()
            return response


def _abort(request: web.Request) -> None:
    """As if the line was cut."""
    if request.transport is not None:
        request.transport.abort()


def _status(fault: Fault) -> web.Response:
    reasons = {403: "Forbidden", 410: "Expired", 429: "TooManyRequests", 500: "InternalError", 401: "Unauthorized"}
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": fault.message or reasons.get(fault.status, "no"),
        "reason": reasons.get(fault.status, ""),
        "code": fault.status,
    }
    return web.json_response(body, status=fault.status, headers=fault.headers)


def anything(method: str, path: str, watch: bool) -> bool:
    """Every request."""
    return True


def watches(method: str, path: str, watch: bool) -> bool:
    """Every watch."""
    return watch


def on(pattern: str, *methods: str, watching: bool | None = None) -> Meant:
    """Requests whose path matches, of these methods."""
    compiled = re.compile(pattern)

    def meant(method: str, path: str, watch: bool) -> bool:
        return bool(compiled.search(path)) and (not methods or method in methods) and watching in (None, watch)

    return meant
