"""A program in a real pty, and its screen as a person sees it (pyte emulates the terminal)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

# Sequences that change nothing we look at, and that pyte would print.
_NOISE = re.compile(
    rb"\x1b[P_^X][^\x1b]*\x1b\\|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[<=>][0-9;:]*[a-zA-Z]"
    rb"|\x1b\[\?[0-9;]*\$p|\x1b\[\?u|\x1b\[[0-9;]* [a-zA-Z]|\x1b\[[0-9;]*t"
)
_UNFINISHED = re.compile(rb"\x1b(?:[P_^X\]][^\x07\x1b]*\x1b?|\[[0-9;:<=>? ]*)?$")


class Terminal:
    """Starts `argv` in a pty of its own session; times are `time.perf_counter()` seconds."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, size: tuple[int, int] = (160, 45)):
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._tail = b""
        self.output = bytearray()
        self.master, self._slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes = termios.tcgetattr(self._slave)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            argv, stdin=self._slave, stdout=self._slave, stderr=self._slave, env=dict(env), cwd=cwd, preexec_fn=_own
        )

    # --- its screen -------------------------------------------------------------------------------------

    def read(self, wait: float = 0.0) -> float | None:
        """Take in what is there, waiting at most this long for it; when it came, or None."""
        if self.master < 0 or not select.select([self.master], [], [], wait)[0]:
            return None
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return None
        came = time.perf_counter()
        self.output += data
        data = self._tail + data
        cut = _UNFINISHED.search(data)
        self._tail = data[cut.start() :] if cut else b""
        self._stream.feed(_NOISE.sub(b"", data[: len(data) - len(self._tail)]))
        return came

    def text(self) -> str:
        """The screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, *patterns: str, limit: float = 60.0) -> float:
        """Wait until all of these are on screen at once; when that was."""
        wanted = [re.compile(pattern) for pattern in patterns]
        deadline = time.perf_counter() + limit
        while True:
            came = self.read(max(0.0, min(0.5, deadline - time.perf_counter())))
            text = self.text()
            missing = [pattern.pattern for pattern in wanted if not pattern.search(text)]
            if not missing:
                return came or time.perf_counter()
            if time.perf_counter() > deadline:
                raise AssertionError(f"not on screen after {limit:g} s: {missing}\n{text}")
            if came is None and self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode} before {missing}\n{text}")

    def settle(self, quiet: float = 0.3, limit: float = 10.0) -> None:
        """Read until nothing came for `quiet` seconds."""
        deadline = time.perf_counter() + limit
        while self.read(quiet) is not None and time.perf_counter() < deadline:
            pass

    def keys(self, keys: str) -> float:
        """Type; when that was."""
        now = time.perf_counter()
        os.write(self.master, keys.encode())
        return now

    # --- its end ----------------------------------------------------------------------------------------

    def wait(self, limit: float = 10.0) -> int:
        """The exit code; what is written meanwhile is read, as a terminal would."""
        deadline = time.perf_counter() + limit
        while self.process.poll() is None and time.perf_counter() < deadline:
            self.read(0.05)
        self.settle(0.05, 1.0)
        return self.process.wait(0.1)

    def hang_up(self) -> None:
        """Close the terminal, as a lost SSH session does."""
        os.close(self._slave)
        os.close(self.master)
        self._slave = self.master = -1

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was: modes, main screen, cursor, mouse and paste."""
        written = bytes(self.output)
        undone = all(
            written.rfind(b"\x1b[?%s%s" % (mode, back)) >= written.rfind(b"\x1b[?%s%s" % (mode, there))
            for mode, there, back in (
                (b"1049", b"h", b"l"),
                (b"25", b"l", b"h"),
                (b"1000", b"h", b"l"),
                (b"2004", b"h", b"l"),
            )
        )
        return undone and termios.tcgetattr(self._slave)[:4] == self.modes[:4]

    def close(self) -> None:
        """End it, whatever it does."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired, AssertionError):
                    self.wait(8.0)
        if self.master >= 0:
            self.hang_up()

    # --- its cost ---------------------------------------------------------------------------------------

    def cpu(self) -> float:
        """CPU seconds of the process itself (its children are not in it)."""
        return cpu_of(self.process.pid)

    def rss(self) -> float:
        """MiB of the process itself."""
        return rss_of(self.process.pid)


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS


def rss_of(pid: int) -> float:
    """Resident memory in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def children_of(pid: int) -> list[int]:
    """All descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(entry.read_text().rpartition(")")[2].split()[1]), []).append(int(entry.parent.name))
    found, todo = [], [pid]
    while todo:
        more = parents.get(todo.pop(), [])
        found += more
        todo += more
    return found


def marked(mark: str) -> list[str]:
    """Command lines of all processes that were started with this in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def environment(home: Path, mark: str = "", **more: Any) -> dict[str, str]:
    """Of a newcomer: an empty home, nothing of ours but the way to the sources."""
    home.mkdir(parents=True, exist_ok=True)
    temporary = home.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "FLUXTUI_MARK": mark,
        **{key: str(value) for key, value in more.items()},
    }


def _own() -> None:
    """A session and a controlling terminal, as a shell's child has."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
