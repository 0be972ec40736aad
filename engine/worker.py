"""Children that build untrusted content, one request at a time each (design.md 3.4).

A child is started by asyncio's subprocess, has a session and a memory limit of its own, talks in length-prefixed frames
on its pipes, and ends when its stdin closes. One that dies, hangs or is no longer wanted is killed and replaced alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import orjson

from engine import errors
from engine.apply.build import NeedsPayload, NeedsRemote, PathNotFound
from engine.helm.errors import ChartError, NeedsChart, NeedsLookup, ValuesError
from engine.kustomize import BuildError

log = logging.getLogger(__name__)

MODULE: Final = "engine.worker_child"
_HEAD: Final = struct.Struct(">II")
_STDERR_KEPT: Final = 4_096
_PIPE_LIMIT: Final = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on each child and on what goes to and fro."""

    memory: int = 1 * 2**30
    """Bytes of address space."""
    frame: int = 512 * 2**20
    """Bytes of the longest frame."""


#: How a child's error comes back as an error of ours.
_ERRORS: Final[Mapping[str, type[errors.EngineError]]] = {
    "NeedsPayload": NeedsPayload,
    "NeedsRemote": NeedsRemote,
    "PathNotFound": PathNotFound,
    "BuildError": BuildError,
    "NeedsChart": NeedsChart,
    "NeedsLookup": NeedsLookup,
    "ChartError": ChartError,
    "ValuesError": ValuesError,
    "TemplateLimit": errors.LimitExceeded,
    "Malformed": errors.Malformed,
    "LimitExceeded": errors.LimitExceeded,
    "Unsupported": errors.Unsupported,
}


class Pool:
    """A few children, started when first needed, warm afterwards."""

    def __init__(self, size: int = 1, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._idle: list[_Child] = []
        self._slots = asyncio.Semaphore(size)
        self._all: set[_Child] = set()
        self._reaping: set[asyncio.Task[int]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def call(
        self, operation: str, arguments: Mapping[str, Any], payload: bytes = b"", *, deadline: float = 60.0
    ) -> Any:
        """Run an operation in a child and return its answer (JSON); errors come back as they were raised there.

        After `deadline` seconds (of real time: a child cannot be slowed down by a test's clock) the child is killed.
        """
        if self._closed:
            raise errors.Unavailable("the build workers were stopped")
        async with self._slots:
            child = self._idle.pop() if self._idle else await self._start()
            healthy = False
            try:
                async with asyncio.timeout(deadline):
                    answer = await child.ask({"op": operation, "arguments": dict(arguments)}, payload)
                healthy = True
            except TimeoutError:
                raise errors.LimitExceeded(f"the build took longer than {deadline:g} s and was stopped") from None
            except (asyncio.IncompleteReadError, ConnectionError, OSError):
                raise errors.LimitExceeded(await child.epitaph()) from None
            finally:
                # Also on cancellation: a child in the middle of a request can only be killed.
                if healthy and not self._closed:
                    self._idle.append(child)
                else:
                    self._end(child)
        if "error" in answer:
            raise _error(answer["error"])
        return answer.get("value")

    def _end(self, child: _Child) -> None:
        """Kill a child without waiting; `close` waits for those that are not gone by then."""
        self._all.discard(child)
        child.kill()
        reaping = asyncio.create_task(child.ended(), name="end of a build worker")
        self._reaping.add(reaping)
        reaping.add_done_callback(self._reaping.discard)

    async def close(self) -> None:
        """End all children."""
        self._closed = True
        children = list(self._all)
        self._all.clear()
        self._idle.clear()
        for child in children:
            child.kill()
        for child in children:
            await child.ended()
        await asyncio.gather(*self._reaping, return_exceptions=True)

    async def _start(self) -> _Child:
        child = await _Child.start(self._limits)
        self._all.add(child)
        return child


class _Child:
    """One process, and the frames to and from it."""

    def __init__(self, process: asyncio.subprocess.Process, limits: Limits) -> None:
        self._process = process
        self._limits = limits
        self._stderr = b""
        self._reader = asyncio.create_task(self._keep_stderr(), name=f"stderr of build worker {process.pid}")

    @classmethod
    async def start(cls, limits: Limits) -> _Child:
        """Start the interpreter; it is usable at once, requests wait in the pipe."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-X",
            "utf8",
            "-m",
            MODULE,
            str(limits.memory),
            str(limits.frame),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_PIPE_LIMIT,
            env=_environment(),
        )
        return cls(process, limits)

    async def ask(self, header: Mapping[str, Any], payload: bytes) -> Mapping[str, Any]:
        """One request, one answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        encoded = orjson.dumps(header)
        stdin.write(_HEAD.pack(len(encoded), len(payload)))
        stdin.write(encoded)
        if payload:
            stdin.write(payload)
        await stdin.drain()
        size, extra = _HEAD.unpack(await stdout.readexactly(_HEAD.size))
        if size > self._limits.frame or extra:
            raise ConnectionError("the build worker sent a frame that is too long")
        answer: Mapping[str, Any] = orjson.loads(await stdout.readexactly(size))
        return answer

    async def epitaph(self) -> str:
        """Why the child is gone, without the content that may have killed it."""
        code = await self.ended()
        log.warning("a build worker ended with code %s: %s", code, _last_word(self._stderr))
        if code == -signal.SIGKILL or b"MemoryError" in self._stderr:
            return "the build needed more memory than it may have and was stopped"
        return f"the build worker ended unexpectedly (code {code})"

    def kill(self) -> None:
        """End it at once, with whatever it started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait until it is gone; its exit code."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.kill()
        code = await self._process.wait()
        await self._reader
        return code

    async def _keep_stderr(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(_STDERR_KEPT):
            self._stderr = (self._stderr + chunk)[-_STDERR_KEPT:]


def _environment() -> dict[str, str]:
    """What a child needs to start, and none of the secrets that an environment may hold."""
    kept = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "HOME", "XDG_CACHE_HOME")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    # The package may have been imported from a checkout that only the parent's path knows.
    paths = [path for path in sys.path if path]
    return found | {"PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _last_word(stderr: bytes) -> str:
    """The exception's type of a traceback: its message may hold content."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].partition(":")[0][:100] if lines else "no message"


def _error(raised: Mapping[str, Any]) -> errors.EngineError:
    kind = _ERRORS.get(str(raised.get("type")), errors.Malformed)
    message, fix = str(raised.get("message") or ""), str(raised.get("fix") or "")
    if kind is BuildError:
        error = BuildError("", fix=fix)
        # The text is complete already: place and all.
        error.message, error.args = message, (message,)
        error.path, error.field = str(raised.get("path") or ""), str(raised.get("field") or "")
        error.line = int(raised.get("line") or 0)
        return error
    return kind(message, fix=fix)
