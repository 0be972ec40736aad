"""Exec credential plugins: run as client-go runs them, but never with our keyboard or on our screen.

client.authentication.k8s.io v1 and v1beta1 (reference kubernetes-api.md D). The plugin's standard input is
closed, it has no terminal, and its standard error is captured: one masked line of it may reach an error.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from engine import errors
from engine.kube.config import ClusterConfig, ExecConfig
from engine.kube.mask import command_line, first_line

MAX_OUTPUT = 1024 * 1024
MAX_STDERR = 64 * 1024


@dataclass(frozen=True, slots=True)
class ExecCredential:
    """What a plugin answered: a token, a client certificate with its key, or both."""

    token: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A plugin that wants to talk to the person: run it with the terminal as stdin and stderr, return its stdout."""

    argv: tuple[str, ...] = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    context: str = ""
    #: The command for showing, secrets masked.
    shown: str = ""


LoginRunner = Callable[[LoginRequest], Awaitable[bytes]]


class ExecPlugin:
    """One user's plugin on one cluster."""

    def __init__(
        self,
        plugin: ExecConfig,
        config: ClusterConfig,
        *,
        environ: Mapping[str, str] = os.environ,
        timeout: float = 60.0,
    ) -> None:
        self._plugin = plugin
        self._config = config
        self._environ = environ
        self._timeout = timeout
        self.argv = (plugin.command, *plugin.args)
        self.shown = command_line(self.argv)

    async def run(self) -> ExecCredential:
        """Run without a terminal. Raises errors.LoginRequired, which names the command."""
        if self._plugin.interactive_mode == "Always":
            raise self._failed("needs a terminal")
        return self._read(await self._run_alone())

    async def run_interactively(self, runner: LoginRunner) -> ExecCredential:
        """Run with the person's terminal, which `runner` lends."""
        interactive = self._plugin.interactive_mode != "Never"
        return self._read(await runner(self._request(interactive)))

    def _request(self, interactive: bool) -> LoginRequest:
        env = {**self._environ, **dict(self._plugin.env), "KUBERNETES_EXEC_INFO": self._exec_info(interactive)}
        return LoginRequest(self.argv, env, self._config.context, self.shown)

    def _exec_info(self, interactive: bool) -> str:
        spec: dict[str, Any] = {"interactive": interactive}
        if self._plugin.provide_cluster_info:
            spec["cluster"] = self._cluster_info()
        info = {"kind": "ExecCredential", "apiVersion": self._plugin.api_version, "spec": spec}
        return orjson.dumps(info).decode()

    def _cluster_info(self) -> dict[str, Any]:
        tls = self._config.tls
        ca = tls.ca_data or (tls.ca_file.read_bytes() if tls.ca_file else b"")
        info = {
            "server": self._config.server,
            "tls-server-name": tls.server_name,
            "insecure-skip-tls-verify": tls.insecure,
            "certificate-authority-data": base64.b64encode(ca).decode(),
            "proxy-url": self._config.proxy,
            "disable-compression": not self._config.compress,
            "config": self._plugin.cluster_config,
        }
        # "config" is always there, null when the kubeconfig has no extension for it.
        return {key: value for key, value in info.items() if value or key == "config"}

    async def _run_alone(self) -> bytes:
        request = self._request(interactive=False)
        try:
            process = await asyncio.create_subprocess_exec(
                *request.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=request.env,
                # A session of its own has no terminal: /dev/tty is closed to it as well.
                start_new_session=True,
            )
        except FileNotFoundError:
            raise self._failed("is not installed") from None
        except (OSError, ValueError) as error:
            raise self._failed(f"cannot be run: {getattr(error, 'strerror', None) or type(error).__name__}") from None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async with asyncio.timeout(self._timeout):
                output, complaint = await asyncio.gather(
                    _read_bounded(process.stdout, MAX_OUTPUT), _read_bounded(process.stderr, MAX_STDERR)
                )
                code = await process.wait()
        except TimeoutError:
            raise self._failed(f"did not answer within {self._timeout:g} s") from None
        finally:
            await _end(process)
        if code != 0:
            said = first_line(complaint)
            raise self._failed(f"exited with code {code}" + (f": {said}" if said else ""))
        return output

    def _read(self, output: bytes) -> ExecCredential:
        """The credential on stdout; nothing of it may reach an error."""
        if len(output) > MAX_OUTPUT:
            raise self._failed("answered more than 1 MiB")
        try:
            answer = orjson.loads(output)
        except orjson.JSONDecodeError:
            raise self._failed("did not answer with JSON") from None
        if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
            raise self._failed("did not answer with an ExecCredential")
        if answer.get("apiVersion") != self._plugin.api_version:
            raise self._failed(f"does not speak {self._plugin.api_version}, which the kubeconfig asks for")
        status = answer.get("status")
        if not isinstance(status, dict):
            raise self._failed("answered without a status")
        token, certificate, key = (
            _text(status.get(name)) for name in ("token", "clientCertificateData", "clientKeyData")
        )
        if bool(certificate) != bool(key):
            raise self._failed("answered with half a client certificate")
        if not token and not certificate:
            raise self._failed("answered with neither a token nor a client certificate")
        return ExecCredential(token, certificate.encode(), key.encode(), self._expiry(status))

    def _expiry(self, status: dict[str, Any]) -> datetime | None:
        text = status.get("expirationTimestamp")
        if not text:
            return None
        try:
            when = datetime.fromisoformat(str(text))
        except ValueError:
            raise self._failed("answered with an expirationTimestamp that is not a time") from None
        return when if when.tzinfo else when.replace(tzinfo=UTC)

    def _failed(self, what: str) -> errors.LoginRequired:
        hint = " ".join(self._plugin.install_hint.split())
        who = f'login for context "{self._config.context}"' if self._config.context else "login"
        fix = f"run `{self.shown}` in a terminal" if what != "is not installed" else "install it"
        return errors.LoginRequired(
            f"{who}: `{self.shown}` {what}", command=self.shown, fix=f"{fix}. {hint}" if hint else fix
        )


async def _read_bounded(stream: asyncio.StreamReader, limit: int) -> bytes:
    """Everything up to one byte past the limit; the rest is read and forgotten, so that the writer can end."""
    kept = bytearray()
    while chunk := await stream.read(65536):
        kept += chunk[: limit + 1 - len(kept)]
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the plugin and everything that it started and left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    # The pipes may be held open by a grandchild that left the session: close our ends.
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
