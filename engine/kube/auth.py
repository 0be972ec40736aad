"""Who we are, request by request: tokens that are re-read, plugins that are run again, certificates that rotate."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine import errors
from engine.clock import Clock
from engine.kube.config import ClusterConfig
from engine.kube.exec import ExecCredential, ExecPlugin, LoginRunner
from engine.kube.tls import make_context

#: Seconds after which a token file is read again (client-go: one minute, ten seconds early).
TOKEN_FILE_AGE = 50.0
#: Seconds for which a credential that was refused is not renewed again: many requests are refused together.
QUIET = 5.0
#: Seconds for which a plugin that failed is left alone: a dozen informers would run it over and over.
FAILED_QUIET = 15.0


@dataclass(frozen=True, slots=True)
class Credential:
    """What one request carries. `number` tells a renewed credential from the one that was refused."""

    headers: Mapping[str, str] = field(repr=False)
    ssl: ssl.SSLContext | None
    number: int


class Authenticator:
    """Makes the credential for each request, and renews it after a 401."""

    def __init__(self, config: ClusterConfig, *, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._clock = clock
        self._lock = asyncio.Lock()
        self._number = 0
        self._current: Credential | None = None
        self._due: float | None = None
        self._renewed = self._failed = float("-inf")
        self._failure: errors.EngineError | None = None
        plugin = config.user.exec
        # A token in the kubeconfig wins over the plugin, as in client-go.
        wanted = (
            plugin if plugin and not (config.user.token or config.user.token_file or config.user.username) else None
        )
        self._plugin = ExecPlugin(wanted, config, environ=environ) if wanted else None
        self._exec: ExecCredential | None = None
        self._context: tuple[bytes, ssl.SSLContext] | None = None
        #: Lends the person's terminal to a plugin; the console sets it. Only `login` uses it.
        self.login_runner: LoginRunner | None = None

    @property
    def command(self) -> str:
        """The command that logs in, for showing, or ""."""
        return self._plugin.shown if self._plugin else ""

    @property
    def can_login(self) -> bool:
        """Whether `login` can do something: there is a plugin, and a terminal to lend."""
        return self._plugin is not None and self.login_runner is not None

    async def credential(self) -> Credential:
        """The credential for a request now. Raises errors.LoginRequired."""
        if self._current is not None and not self._is_due():
            return self._current
        async with self._lock:
            if self._current is None or self._is_due():
                await self._make()
            assert self._current is not None
            return self._current

    async def renew(self, refused: Credential) -> bool:
        """After a 401: try to get another credential. True when a retry makes sense."""
        if self._plugin is None and self._config.user.token_file is None:
            return False
        async with self._lock:
            if self._current is not None and self._current.number != refused.number:
                return True
            if self._clock.monotonic() - self._renewed < QUIET:
                return False
            self._renewed = self._clock.monotonic()
            self._exec = None
            await self._make()
            assert self._current is not None
            return self._plugin is not None or self._current.headers != refused.headers

    async def login(self) -> None:
        """Run the plugin with the person's terminal. Raises errors.Unsupported without plugin or `login_runner`."""
        if self._plugin is None or self.login_runner is None:
            raise errors.Unsupported("this context has no login that can be run from here", fix="log in another way")
        async with self._lock:
            self._failure = None
            self._exec = await self._plugin.run_interactively(self.login_runner)
            self._build()

    def _is_due(self) -> bool:
        return self._due is not None and self._clock.monotonic() >= self._due

    async def _make(self) -> None:
        if self._plugin is not None and (self._exec is None or self._is_due()):
            if self._failure is not None and self._clock.monotonic() - self._failed < FAILED_QUIET:
                raise self._failure
            try:
                self._exec = await self._plugin.run()
                self._failure = None
            except errors.EngineError as error:
                self._failure, self._failed = error, self._clock.monotonic()
                self._exec = self._current = None
                raise
        self._build()

    def _build(self) -> None:
        token, lasts = self._token()
        self._due = self._clock.monotonic() + lasts if lasts is not None else None
        headers = {"Authorization": f"Bearer {token}"} if token else self._basic()
        certificate, key = self._certificate()
        context = None
        if self._config.server.startswith("https://"):
            if self._context is None or self._context[0] != certificate:
                self._context = certificate, make_context(self._config.tls, certificate, key, where=self._config.source)
            context = self._context[1]
        self._number += 1
        self._current = Credential(headers if self._config.secure else {}, context, self._number)

    def _token(self) -> tuple[str, float | None]:
        """The bearer token and for how many seconds it may be used, None for as long as it works."""
        user = self._config.user
        if user.token_file is not None:
            return self._read(user.token_file).decode("utf-8", "replace").strip() or user.token, TOKEN_FILE_AGE
        if self._exec is not None:
            lasts = None
            if self._exec.expires is not None:
                lasts = max((self._exec.expires - self._clock.now()).total_seconds(), QUIET)
            return self._exec.token, lasts
        return user.token, None

    def _basic(self) -> dict[str, str]:
        user = self._config.user
        if not user.username and not user.password:
            return {}
        pair = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def _certificate(self) -> tuple[bytes, bytes]:
        if self._exec is not None and self._exec.certificate:
            return self._exec.certificate, self._exec.key
        user = self._config.user
        if not user.has_certificate:
            return b"", b""
        certificate = user.certificate_data or (self._read(user.certificate_file) if user.certificate_file else b"")
        key = user.key_data or (self._read(user.key_file) if user.key_file else b"")
        return certificate, key

    def _read(self, file: Path) -> bytes:
        try:
            return file.read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise errors.Malformed(f"{file}, named in {self._config.source}: {reason}", fix="log in again") from None
