"""Files become a chart: directories and archives, subcharts unpacked or packed, requirements.yaml of old charts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import yaml
from engine.errors import LimitExceeded, NotFound
from engine.helm.chart import metadata as meta
from engine.helm.chart.archive import read_archive
from engine.helm.chart.directory import Directory
from engine.helm.chart.limits import DEFAULT_LIMITS, Limits
from engine.helm.chart.metadata import Metadata
from engine.helm.chart.model import Chart, File
from engine.helm.errors import ChartError
from engine.helm.values.files import load_values


def load(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Chart:
    """The chart in a directory or .tgz; NotFound, ChartError, LimitExceeded."""
    if path.is_dir():
        return load_files(Directory(path, limits=limits).files(), limits=limits)
    return load_archive(read_packed(path, limits=limits), name=path.name, limits=limits)


def read_packed(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The content of a .tgz; NotFound, LimitExceeded."""
    try:
        if path.stat().st_size > limits.archive_bytes:
            raise LimitExceeded(f"chart archive {path.name} is larger than {limits.archive_bytes} bytes")
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"there is no chart at {path}: {error.strerror}") from error


def load_archive(data: bytes, *, name: str = "", limits: Limits = DEFAULT_LIMITS) -> Chart:
    """The chart in a .tgz."""
    return load_files(read_archive(data, name=name, limits=limits), limits=limits)


def load_files(files: Iterable[File], *, limits: Limits = DEFAULT_LIMITS, depth: int = 0) -> Chart:
    """The chart that these files make; ChartError."""
    if depth > limits.depth:
        raise LimitExceeded(f"charts are nested deeper than {limits.depth} levels")
    parts = _Parts()
    for file in files:
        parts.take(file)
    if parts.metadata is None:
        raise ChartError("Chart.yaml file is missing", fix="name the folder that holds Chart.yaml")
    metadata = meta.validated(parts.metadata)
    chart = Chart(metadata, tuple(parts.templates), tuple(parts.files), parts.values, parts.schema)
    children = tuple(
        _subchart(name, inside, metadata.name, limits, depth)
        for name, inside in sorted(parts.subcharts.items())
        if not name.startswith(("_", "."))
    )
    return chart.with_dependencies(children)


def _subchart(name: str, files: list[File], parent: str, limits: Limits, depth: int) -> Chart:
    try:
        if name.endswith(".tgz"):
            if files[0].name != name:
                raise ChartError(f"error unpacking subchart tar in {parent}: expected {name}, got {files[0].name}")
            unpacked = read_archive(files[0].data, name=name, limits=limits)
        else:
            # A file that lies beside the subcharts' folders is part of none.
            unpacked = [replace(file, name=file.name.partition("/")[2]) for file in files if "/" in file.name]
        return load_files(unpacked, limits=limits, depth=depth + 1)
    except ChartError as error:
        message = f"error unpacking subchart {name} in {parent}: {error.message}"
        raise ChartError(message, chart=name, path=error.path, fix=error.fix) from error


class _Parts:
    """A chart's files, sorted by what they are."""

    def __init__(self) -> None:
        self.templates: list[File] = []
        self.files: list[File] = []
        self.subcharts: dict[str, list[File]] = {}
        self.values: dict[str, Any] = {}
        self.schema: bytes | None = None
        self._chart: Metadata | None = None
        self._requirements: list[tuple[File, Any]] = []
        self._locks: list[File] = []

    def take(self, file: File) -> None:
        """Put a file where it belongs."""
        known = _KNOWN.get(file.name)
        if known is not None:
            known(self, file)
        elif file.name.startswith("templates/"):
            self.templates.append(file)
        elif file.name.startswith("charts/") and not file.name.endswith(".prov"):
            inner = file.name.removeprefix("charts/")
            self.subcharts.setdefault(inner.partition("/")[0], []).append(replace(file, name=inner))
        else:
            self.files.append(file)

    @property
    def metadata(self) -> Metadata | None:
        """Chart.yaml with requirements.yaml laid over it."""
        found = self._chart
        for file, content in self._requirements:
            found = meta.read(content, onto=found, file=file.name)
        if found is not None and found.api_version == meta.V1:
            # Only there do these two count as files of the chart.
            self.files += [file for file, _ in self._requirements] + self._locks
            self._locks = []
        return found

    def _take_chart(self, file: File) -> None:
        found = meta.read(_yaml(file), onto=self._chart)
        self._chart = found if found.api_version else replace(found, api_version=meta.V1)

    def _take_values(self, file: File) -> None:
        self.values = load_values(file.data, name="values.yaml")

    def _take_schema(self, file: File) -> None:
        self.schema = file.data

    def _take_requirements(self, file: File) -> None:
        self._requirements.append((file, _yaml(file)))

    def _take_lock(self, file: File) -> None:
        _yaml(file)

    def _take_old_lock(self, file: File) -> None:
        _yaml(file)
        self._locks.append(file)


_KNOWN = {
    "Chart.yaml": _Parts._take_chart,
    "Chart.lock": _Parts._take_lock,
    "values.yaml": _Parts._take_values,
    "values.schema.json": _Parts._take_schema,
    "requirements.yaml": _Parts._take_requirements,
    "requirements.lock": _Parts._take_old_lock,
}


def _yaml(file: File) -> Any:
    try:
        return yaml.load_first(file.data)
    except yaml.YAMLError as error:
        raise ChartError(f"cannot load {file.name}: {error.message}", path=file.name) from error
