"""A loopback smart-HTTP git server around `git http-backend`, for the demo and for tests.

It serves the bare repositories of one folder. Loopback is shared on a bastion, so a request must know the token: as
the first part of its path, or as the password of `git`. A URL shows in process lists, so what fetches regularly should
log in; whoever knows neither is told nothing but 401.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import re
import secrets
import signal
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from engine import errors
from engine.clock import Clock
from engine.tasks import cancel

MAX_REQUEST = 256 * 2**20
MAX_HEADERS = 64 * 2**10
CHUNK = 64 * 2**10
BACKEND_DEADLINE = 120.0

_USER = "git"
_ROUTE = re.compile(
    r"/(?P<repository>[A-Za-z0-9][A-Za-z0-9._-]{0,99})/(?P<rest>info/refs|git-upload-pack|git-receive-pack)"
)


@dataclass(slots=True)
class Faults:
    """What goes wrong on purpose: `status` answers every request with it and `fault STATUS`, `hang` answers nothing."""

    status: int = 0
    hang: bool = False
    #: `user:password` that every request must carry.
    basic_auth: str = ""
    #: A token that every request must carry.
    bearer: str = ""


class GitServer:
    """Serves and takes pushes; hooks do not run, and configuration of the user or the system is not read."""

    def __init__(
        self,
        root: Path,
        clock: Clock | None = None,
        *,
        port: int = 0,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.root = root
        self.faults = Faults()
        #: The last requests, as `METHOD /name.git/…?query`.
        self.requests: deque[str] = deque(maxlen=1000)
        self._clock = clock or Clock()
        self._port = port
        self._tls = tls
        self._token = token or secrets.token_urlsafe(24)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on loopback."""
        self.root.mkdir(parents=True, exist_ok=True)
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; requests that hang are dropped."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def base_url(self) -> str:
        """Where the repositories are, without a trailing slash; it contains the token."""
        return f"{self._root_url}/{self._token}"

    @property
    def login(self) -> tuple[str, str]:
        """User and password for `public_url`."""
        return _USER, self._token

    def url(self, name: str) -> str:
        """The URL of a repository (`name` without `.git`); it needs no login."""
        return f"{self.base_url}/{name}.git"

    def public_url(self, name: str) -> str:
        """The URL of a repository without the token: whoever uses it has to log in."""
        return f"{self._root_url}/{name}.git"

    @property
    def _root_url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def path(self, name: str) -> Path:
        """The folder of a repository."""
        return self.root / f"{name}.git"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = self._inside(request)
        if path is None:
            return _unauthorized()
        query = f"?{request.query_string}" if request.query_string else ""
        self.requests.append(f"{request.method} {path}{query}")
        if self.faults.hang:
            await self._clock.sleep(3600.0)
        if self.faults.status:
            return web.Response(status=self.faults.status, text=f"fault {self.faults.status}\n")
        if self.faults.basic_auth and not _authorized(request, self.faults.basic_auth):
            return _unauthorized()
        if self.faults.bearer and request.headers.get("Authorization") != f"Bearer {self.faults.bearer}":
            return _unauthorized()
        match = _ROUTE.fullmatch(path)
        if match is not None and not match["repository"].endswith(".git"):
            # As others do: a repository is also found without the end of its name.
            there = request.path.replace(f"/{match['repository']}/", f"/{match['repository']}.git/", 1)
            return web.Response(status=301, headers={"Location": there + query})
        if match is None or not (self.root / match["repository"]).is_dir():
            return web.Response(status=404)
        return await self._backend(request, path)

    def _inside(self, request: web.Request) -> str | None:
        """The path of a request that knows the token, without it; None for all others."""
        token, slash, rest = request.path.lstrip("/").partition("/")
        if hmac.compare_digest(token.encode(), self._token.encode()):
            return slash + rest
        return request.path if _authorized(request, f"{_USER}:{self._token}") else None

    async def _backend(self, request: web.Request, path: str) -> web.StreamResponse:
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=self._environment(request, path),
            start_new_session=True,
        )
        feeding = asyncio.create_task(_feed(request, process))
        try:
            async with asyncio.timeout(BACKEND_DEADLINE):
                response = await _relay(request, process)
                await feeding
                return response
        finally:
            await cancel(feeding)
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _environment(self, request: web.Request, path: str) -> dict[str, str]:
        config = {
            "core.hooksPath": os.devnull,
            "safe.directory": "*",
            "http.receivepack": "true",
            "receive.fsckObjects": "true",
            "gc.auto": "0",
            "receive.autogc": "false",
        }
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.root),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": str(len(config)),
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "REMOTE_USER": _USER,
            "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        for index, (key, value) in enumerate(config.items()):
            environment[f"GIT_CONFIG_KEY_{index}"] = key
            environment[f"GIT_CONFIG_VALUE_{index}"] = value
        return environment


async def _feed(request: web.Request, process: asyncio.subprocess.Process) -> None:
    """The request's body (unpacked by the server already), bounded, into the backend."""
    assert process.stdin is not None
    size = 0
    # A backend that answered and left has no use for the rest.
    with suppress(BrokenPipeError, ConnectionResetError):
        async for chunk in request.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > MAX_REQUEST:
                raise errors.LimitExceeded(f"a push of more than {MAX_REQUEST} bytes")
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.close()


async def _relay(request: web.Request, process: asyncio.subprocess.Process) -> web.StreamResponse:
    """The backend's CGI answer as an HTTP answer, streamed."""
    assert process.stdout is not None
    response = web.StreamResponse(status=200)
    size = 0
    while line := (await process.stdout.readline()).strip():
        size += len(line)
        if size > MAX_HEADERS:
            raise errors.LimitExceeded("the headers of git http-backend are too long")
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            response.set_status(int(value.split()[0]))
        else:
            response.headers[name.strip()] = value.strip()
    await response.prepare(request)
    while chunk := await process.stdout.read(CHUNK):
        await response.write(chunk)
    await response.write_eof()
    return response


def _unauthorized() -> web.Response:
    return web.Response(status=401, text="unauthorized\n", headers={"WWW-Authenticate": 'Basic realm="git"'})


def _authorized(request: web.Request, wanted: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    expected = base64.b64encode(wanted.encode()).decode()
    return scheme.lower() == "basic" and hmac.compare_digest(
        given.strip().encode(errors="surrogateescape"), expected.encode()
    )
