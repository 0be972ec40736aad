"""Where a chart that is linted lies: `helm lint` looks at single files beside what the loader takes for the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.errors import EngineError
from engine.helm.chart import File, load_files
from engine.helm.chart.directory import Directory
from engine.helm.chart.ignore import without_ignored
from engine.helm.chart.model import Chart


class Place(Protocol):
    """A chart's folder, or an archive as if it were unpacked."""

    @property
    def name(self) -> str:
        """What remarks about the whole of it say."""

    def is_file(self, path: str) -> bool:
        """Whether there is a file, .helmignore or not."""

    def is_dir(self, path: str) -> bool:
        """Whether there is a folder, .helmignore or not."""

    def read(self, path: str) -> bytes:
        """A file's content."""

    def files(self) -> list[File]:
        """What the loader takes: .helmignore counts."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A chart's folder."""

    directory: Directory

    @property
    def name(self) -> str:
        """Its whole path, as helm has it."""
        return str(self.directory.root)

    def is_file(self, path: str) -> bool:
        """Whether there is a file."""
        return (self.directory.root / path).is_file()

    def is_dir(self, path: str) -> bool:
        """Whether there is a folder."""
        return (self.directory.root / path).is_dir()

    def read(self, path: str) -> bytes:
        """A file's content, within the directory's bounds."""
        return self.directory.read(path)

    def files(self) -> list[File]:
        """What the loader takes."""
        return self.directory.files()


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive's files."""

    name: str
    entries: Sequence[File]

    def is_file(self, path: str) -> bool:
        """Whether there is a file."""
        return any(file.name == path for file in self.entries)

    def is_dir(self, path: str) -> bool:
        """Whether there is anything below it."""
        return any(file.name.startswith(f"{path}/") for file in self.entries)

    def read(self, path: str) -> bytes:
        """A file's content; of two that share a name the later was written over the other."""
        return next(file.data for file in reversed(self.entries) if file.name == path)

    def files(self) -> list[File]:
        """What the loader takes."""
        return without_ignored(self.entries)


@dataclass(frozen=True, slots=True)
class Subject:
    """A place and the chart in it, or why there is none."""

    place: Place
    chart: Chart | None
    problem: str = ""

    @classmethod
    def at(cls, place: Place) -> Subject:
        """Load the chart once for all rules."""
        try:
            return cls(place, load_files(place.files()))
        except EngineError as error:
            return cls(place, None, error.message)
