"""Charts as directories: every file that .helmignore leaves, links followed.

A link that leaves the chart is refused, because a chart that somebody else wrote could name any file of this machine.
`outside=True` follows it, as helm does: for a directory that a person names as their own.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from engine.errors import LimitExceeded, NotFound
from engine.helm.chart.archive import BOM
from engine.helm.chart.ignore import NAME, Ignore
from engine.helm.chart.limits import DEFAULT_LIMITS, Limits
from engine.helm.chart.model import File
from engine.helm.errors import ChartError
from engine.helm.gotext import valid


class Directory:
    """A chart's directory, read within bounds; NotFound when there is none.

    `root` is its real path, `left_by` are the links out of it that were followed.
    """

    def __init__(self, path: Path, *, limits: Limits = DEFAULT_LIMITS, outside: bool = False) -> None:
        try:
            self.root = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise NotFound(f"there is no chart at {path}") from error
        self.left_by: list[str] = []
        self._limits = limits
        self._outside = outside
        self._seen = 0

    def files(self) -> list[File]:
        """The chart's files in the order of their paths; ChartError for what is no file, LimitExceeded."""
        ignore = Ignore(self.read(NAME).decode(errors="replace") if (self.root / NAME).is_file() else "")
        self._seen = 0
        left = self._limits.chart_bytes
        found = []
        for name in self._names(ignore, ""):
            data = self.read(name)
            left -= len(data)
            if left < 0:
                raise self._over(f"is larger than {self._limits.chart_bytes} bytes")
            found.append(File(valid(name), data.removeprefix(BOM)))
        return found

    def read(self, name: str) -> bytes:
        """A file's content."""
        real = self._real(name)
        if not stat.S_ISREG(real.stat().st_mode):
            raise ChartError(f"cannot load irregular file {name}", path=name)
        most = self._limits.file_bytes
        with real.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise LimitExceeded(f"chart file {name!r} is larger than the maximum file size {most}")
        return data

    def _names(self, ignore: Ignore, folder: str) -> Iterator[str]:
        if folder.count("/") > self._limits.depth:
            raise self._over(f"is nested deeper than {self._limits.depth} levels, as in {folder}")
        for child in sorted(child.name for child in (self.root / folder).iterdir()):
            name = f"{folder}{child}"
            self._seen += 1
            if self._seen > self._limits.files:
                raise self._over(f"has more than {self._limits.files} entries")
            is_dir = self._real(name).is_dir()
            if ignore.ignores(name, is_dir=is_dir):
                continue
            if is_dir:
                yield from self._names(ignore, f"{name}/")
            else:
                yield name

    def _real(self, name: str) -> Path:
        path = self.root / name
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError):
            raise ChartError(f"{name} is a link that leads nowhere or in a circle", path=name) from None
        if not real.is_relative_to(self.root):
            if not self._outside:
                raise ChartError(
                    f"{name} is a link that leaves the chart", path=name, fix="copy what it points at into the chart"
                )
            if path.is_symlink() and name not in self.left_by:
                self.left_by.append(name)
        return real

    def _over(self, what: str) -> LimitExceeded:
        return LimitExceeded(f"chart {self.root.name} {what}")
