"""An embedded server for a test, and a client that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from engine.embedded.server import EmbeddedServer

Answer = tuple[int, Any]


class Api:
    """Requests with the token; answers as (code, JSON value or text)."""

    def __init__(self, server: EmbeddedServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def __call__(self, method: str, path: str, body: Any = None, kind: str = "", **headers: str) -> Answer:
        data = body if body is None or isinstance(body, (bytes, str)) else orjson.dumps(body)
        sent = {"Authorization": f"Bearer {self.server.token}", "Content-Type": kind or "application/json", **headers}
        async with self.session.request(method, self.server.url + path, data=data, headers=sent) as answer:
            text = await answer.read()
            try:
                return answer.status, orjson.loads(text)
            except orjson.JSONDecodeError:
                return answer.status, text.decode()

    async def ok(self, method: str, path: str, body: Any = None, kind: str = "", **headers: str) -> Any:
        code, value = await self(method, path, body, kind, **headers)
        assert code < 300, (code, value)
        return value

    async def frames(self, path: str) -> list[dict[str, Any]]:
        """All frames of a watch that ends by its timeout."""
        headers = {"Authorization": f"Bearer {self.server.token}"}
        async with self.session.get(self.server.url + path, headers=headers) as answer:
            assert answer.status == 200
            return [orjson.loads(line) async for line in answer.content if line.strip()]


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A server in memory without the simulated cluster."""
    async with EmbeddedServer(simulate=False) as server, aiohttp.ClientSession() as session:
        yield Api(server, session)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
