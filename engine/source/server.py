"""Serves artifacts on loopback. Loopback is shared on a bastion: whoever does not know the token is told 404."""

from __future__ import annotations

import hmac
import secrets

from aiohttp import web

from engine import errors
from engine.source.storage import Storage


class ArtifactServer:
    """A static file server over a storage; `start` tells the storage its base URL."""

    def __init__(self, storage: Storage, *, port: int = 0, token: str | None = None) -> None:
        self._storage = storage
        self._port = port
        self._token = token or secrets.token_urlsafe(24)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_get("/{token}/{path:.+}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self._storage.base_url = f"http://127.0.0.1:{self._port}/{self._token}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if not hmac.compare_digest(request.match_info["token"].encode(), self._token.encode()):
            raise web.HTTPNotFound
        try:
            path = self._storage.path(*request.match_info["path"].split("/"))
        except errors.Malformed:
            raise web.HTTPNotFound from None
        file = self._storage.root / path
        if not file.is_file() or file.is_symlink():
            raise web.HTTPNotFound
        return web.FileResponse(file)
