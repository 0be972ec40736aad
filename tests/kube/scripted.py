"""A small API server that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from engine.kube.types import ResourceType

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps", True)
KUSTOMIZATIONS = ResourceType("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", True)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ScriptedServer:
    """`answers` maps "METHOD /path" (or "*") to a handler; `asked` is what came."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    ssl: Any = None
    seen: list[Any] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _port: int = 0

    async def start(self) -> None:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self.ssl)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"{'https' if self.ssl else 'http'}://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(
            Asked(request.method, request.path, request.raw_path, dict(request.query), request.headers, body)
        )
        answer = self.answers.get(f"{request.method} {request.path}") or self.answers.get("*")
        if answer is None:
            return web.Response(status=404, text="404 page not found\n")
        return await answer(request)

    def on(self, key: str, *answers: Answer) -> None:
        """Give these answers, one after the other; the last stays."""
        queue = list(answers)

        async def next_answer(request: web.Request) -> web.StreamResponse:
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            return await answer(request)

        self.answers[key] = next_answer

    def count(self, method: str, path: str = "") -> int:
        return sum(1 for asked in self.asked if asked.method == method and (not path or asked.path == path))


def reply(body: Any, status: int = 200, **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=status, headers=names)

    return answer


def failure(code: int, reason: str, message: str, details: Any = None, **headers: str) -> Answer:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    if details is not None:
        body["details"] = details
    return reply(body, code, **headers)


async def cut(request: web.Request) -> web.StreamResponse:
    """Take the request and hang up without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def stuck(event: asyncio.Event) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        await event.wait()
        return web.json_response({})

    return answer


class Watches:
    """An answer for a list-and-watch path: lists what `objects` holds, and lets the test feed open watches."""

    def __init__(self, version: int = 10) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.version = version
        self.open: list[web.StreamResponse] = []
        self.opened = asyncio.Condition()
        self.lists = 0
        self.watched_from: list[str] = []
        self.fail_watch: Answer | None = None
        self.fail_list: Answer | None = None

    def put(self, name: str, namespace: str = "d", uid: str = "", **fields: Any) -> dict[str, Any]:
        self.version += 1
        metadata = {
            "name": name,
            "namespace": namespace,
            "resourceVersion": str(self.version),
            "uid": uid or f"uid-{name}",
        }
        self.objects[namespace, name] = {"metadata": metadata, **fields}
        return self.objects[namespace, name]

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch"):
            return await self._watch(request)
        self.lists += 1
        if self.fail_list is not None:
            return await self.fail_list(request)
        return self._list(request)

    def _list(self, request: web.Request) -> web.StreamResponse:
        items = sorted(self.objects.values(), key=lambda obj: (obj["metadata"]["namespace"], obj["metadata"]["name"]))
        start = int(request.query.get("continue") or 0)
        limit = int(request.query.get("limit") or 0) or len(items)
        end = start + limit
        metadata = {"resourceVersion": str(self.version)}
        if end < len(items):
            metadata["continue"] = str(end)
        return web.json_response({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items[start:end]})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        self.watched_from.append(request.query["resourceVersion"])
        if self.fail_watch is not None:
            return await self.fail_watch(request)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        async with self.opened:
            self.open.append(response)
            self.opened.notify_all()
        try:
            while response in self.open:
                await asyncio.sleep(0.01)
        finally:
            if response in self.open:
                self.open.remove(response)
        return response

    async def wait_open(self, count: int = 1) -> None:
        async with self.opened:
            await self.opened.wait_for(lambda: len(self.watched_from) >= count and bool(self.open))

    async def send(self, kind: str, obj: dict[str, Any]) -> None:
        for response in list(self.open):
            await response.write(json.dumps({"type": kind, "object": obj}).encode() + b"\n")

    async def send_raw(self, data: bytes) -> None:
        for response in list(self.open):
            await response.write(data)

    def cut(self) -> None:
        """Every watch's connection is lost."""
        for response in self.open:
            assert response._req is not None
            assert response._req.transport is not None
            response._req.transport.abort()
        self.open.clear()

    def end(self) -> None:
        """The server ends every watch in good order."""
        self.open.clear()


async def until(condition: Callable[[], bool], what: str = "", seconds: float = 5.0) -> None:
    """Wait for a condition; looked at often, given up late."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never came: {what or condition}") from None
