"""Runs git: no prompts, no hooks, none of the user's configuration, a hard deadline that ends the whole process group.

Credentials travel in the environment of the git process alone: never on a command line, in a file or in an error.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine import errors

_CHUNK = 64 * 2**10
_STDERR = 64 * 2**10

#: What git may see of our environment: where programs are, the proxies, the authorities that are trusted here.
_PASSED_ON = (
    "PATH", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "TMPDIR",
)  # fmt: skip

_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.longPaths": "true",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "transfer.fsckObjects": "true",
    # Old mistakes that many sound repositories carry in their history.
    "fetch.fsck.zeroPaddedFilemode": "ignore",
    "fetch.fsck.missingSpaceBeforeDate": "ignore",
    "fetch.fsck.badTimezone": "ignore",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",
    "transfer.bundleURI": "false",
    # Should we be killed, what we started does not wait for a dead server for ever.
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "600",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
}


class Timeout(errors.Unavailable):
    """The deadline of a git operation has passed; its processes were killed."""


@dataclass(frozen=True, slots=True)
class Output:
    """How a git process ended: exit code, what it printed, and what it said."""

    code: int
    out: bytes
    err: str


def git_executable() -> str:
    """The git binary, as GitPython finds it."""
    try:
        from git.cmd import Git  # late: the console starts without git
    except ImportError:
        raise errors.Unsupported(
            "git was not found, so GitRepositories cannot be fetched", fix="install git or put it on the PATH"
        ) from None
    return str(Git.GIT_PYTHON_GIT_EXECUTABLE)


class Job:
    """One git operation, maybe of several processes, with one deadline in real seconds; any thread may kill it."""

    def __init__(self, home: Path, timeout: float, *, max_file: int = 0) -> None:
        self._home = home
        self._deadline = time.monotonic() + timeout
        self._max_file = max_file
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._killed = False

    def kill(self) -> None:
        """End what runs now, and start nothing more."""
        with self._lock:
            self._killed = True
            if self._running is not None:
                _kill_group(self._running)

    def check(self) -> None:
        """Raise Timeout when the deadline has passed or somebody killed the job: for work that no process does."""
        if self._killed or self.left <= 0:
            raise Timeout("the git operation took too long")

    def run(
        self,
        args: Sequence[str],
        *,
        git_dir: Path | None = None,
        config: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        max_output: int = 64 * 2**20,
    ) -> Output:
        """Run one git command to its end; raises Timeout and LimitExceeded."""
        with self._start(args, git_dir, config, environment) as process:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.write(stdin)  # at most a few lines: never more than a pipe holds
                process.stdin.close()
            out, err = self._collect(process, max_output)
            return Output(process.wait(), out, err.decode(errors="replace"))

    @contextmanager
    def open(self, args: Sequence[str], *, git_dir: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Run a local command that is written to and read from; killed when the deadline passes."""
        with self._start(args, git_dir, None, None) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            watchdog = threading.Timer(max(self.left, 0.01), self.kill)
            watchdog.daemon = True
            watchdog.start()
            try:
                yield process.stdin, process.stdout
            except errors.Unavailable:
                self.check()  # it was the deadline that ended the process
                raise
            finally:
                watchdog.cancel()

    @contextmanager
    def _start(
        self,
        args: Sequence[str],
        git_dir: Path | None,
        config: Mapping[str, str] | None,
        environment: Mapping[str, str] | None,
    ) -> Iterator[subprocess.Popen[bytes]]:
        command = [git_executable(), *args]
        variables = _environment(self._home, {**_CONFIG, **(config or {})}, git_dir) | dict(environment or {})
        with self._lock:
            self.check()
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._home,
                env=variables,
                start_new_session=True,
            )
            self._running = process
        self._bound_files(process.pid)
        try:
            yield process
        finally:
            with self._lock:
                self._running = None
            _kill_group(process)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - time.monotonic()

    def _collect(self, process: subprocess.Popen[bytes], max_output: int) -> tuple[bytes, bytes]:
        """Both outputs until they end; what is too much on stderr is dropped, on stdout an error."""
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = bytearray(), bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, out)
            selector.register(process.stderr, selectors.EVENT_READ, err)
            while selector.get_map():
                self.check()
                for key, _ in selector.select(max(self.left, 0)):
                    chunk = os.read(key.fd, _CHUNK)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    key.data.extend(chunk)
                if len(out) > max_output:
                    raise errors.LimitExceeded(f"git printed more than {max_output} bytes")
                del err[_STDERR:]
        return bytes(out), bytes(err)

    def _bound_files(self, pid: int) -> None:
        """Keep git from filling the disk (where the system can say so to another process)."""
        if self._max_file and sys.platform == "linux":
            import resource

            with suppress(ProcessLookupError, PermissionError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (self._max_file, self._max_file))


def _environment(home: Path, config: Mapping[str, str], git_dir: Path | None) -> dict[str, str]:
    variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if "SSL_CERT_FILE" in variables:
        variables.setdefault("GIT_SSL_CAINFO", variables["SSL_CERT_FILE"])  # git itself looks at its own name only
    variables |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        # Answers every question with nothing, so that a refused login is reported with the server's words.
        "GIT_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": "http:https",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_CONFIG_COUNT": str(len(config)),
    }
    for index, (key, value) in enumerate(config.items()):
        variables[f"GIT_CONFIG_KEY_{index}"] = key
        variables[f"GIT_CONFIG_VALUE_{index}"] = value
    if git_dir is not None:
        variables["GIT_DIR"] = str(git_dir)
    return variables


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill git and whatever it started; its own leader may be gone already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
