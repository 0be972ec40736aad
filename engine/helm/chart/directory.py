"""Charts as directories: every file that .helmignore leaves, links followed inside the chart only."""

from __future__ import annotations

import stat
from pathlib import Path

from engine.errors import LimitExceeded
from engine.helm.chart.archive import BOM
from engine.helm.chart.ignore import NAME, Ignore
from engine.helm.chart.limits import DEFAULT_LIMITS, Limits
from engine.helm.chart.model import File
from engine.helm.errors import ChartError


def read_directory(root: Path, *, limits: Limits = DEFAULT_LIMITS) -> list[File]:
    """The chart's files in the order of their paths; ChartError for what is no file, LimitExceeded."""
    return _Walk(root.resolve(), limits).files()


class _Walk:
    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._found: list[File] = []
        self._left = limits.chart_bytes
        self._seen = 0
        ignore = root / NAME
        text = self._read(ignore, NAME) if ignore.is_file() else b""
        self._ignore = Ignore(text.decode(errors="replace"))

    def files(self) -> list[File]:
        self._directory(self._root, "", 0)
        return self._found

    def _directory(self, folder: Path, prefix: str, depth: int) -> None:
        if depth > self._limits.depth:
            raise LimitExceeded(f"chart {self._root.name}: {prefix} is nested deeper than {self._limits.depth} levels")
        for name in sorted(child.name for child in folder.iterdir()):
            self._seen += 1
            if self._seen > self._limits.files:
                raise LimitExceeded(f"chart {self._root.name} has more than {self._limits.files} entries")
            self._entry(folder / name, f"{prefix}{name}", depth)

    def _entry(self, path: Path, name: str, depth: int) -> None:
        real = self._real(path, name)
        is_dir = real.is_dir()
        if self._ignore.ignores(name, is_dir=is_dir):
            return
        if is_dir:
            self._directory(path, f"{name}/", depth + 1)
            return
        self._found.append(File(name, self._read(real, name).removeprefix(BOM)))

    def _real(self, path: Path, name: str) -> Path:
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError):
            raise ChartError(f"{name} is a link that leads nowhere or in a circle", path=name) from None
        if not real.is_relative_to(self._root):
            raise ChartError(
                f"{name} is a link that leaves the chart", path=name, fix="copy what it points at into the chart"
            )
        return real

    def _read(self, real: Path, name: str) -> bytes:
        status = self._real(real, name).stat()
        if not stat.S_ISREG(status.st_mode):
            raise ChartError(f"cannot load irregular file {name}", path=name)
        if status.st_size > self._limits.file_bytes:
            raise LimitExceeded(f"chart file {name!r} is larger than the maximum file size {self._limits.file_bytes}")
        self._left -= status.st_size
        if self._left < 0:
            raise LimitExceeded(f"chart {self._root.name} is larger than {self._limits.chart_bytes} bytes")
        return real.read_bytes()
