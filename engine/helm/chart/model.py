"""A chart as values: its files, its metadata, its subcharts. Nothing here is changed once it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.helm.chart.metadata import Metadata


@dataclass(frozen=True, slots=True)
class File:
    """A file by its path inside the chart."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CRD:
    """A file in crds/; `filename` counts from the root chart's name."""

    name: str
    filename: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its subcharts.

    `values` are the defaults as Helm reads them (every number a float); who changes them, copies first.
    """

    metadata: Metadata
    templates: tuple[File, ...] = ()
    files: tuple[File, ...] = ()
    """What is neither template, subchart, values, schema nor Chart.yaml: `.Files`, and crds/."""
    values: Mapping[str, Any] = field(default_factory=dict)
    schema: bytes | None = None
    dependencies: tuple[Chart, ...] = ()
    origin: str = ""
    """The path that Helm goes on calling it by, where that is not the path it hangs at (below aliases)."""

    @property
    def name(self) -> str:
        """The name, or the alias that a parent gave."""
        return self.metadata.name

    @property
    def is_library(self) -> bool:
        """Whether only its `_` files count."""
        return self.metadata.type.lower() == "library"

    def with_dependencies(self, dependencies: tuple[Chart, ...]) -> Chart:
        """The same chart over other subcharts."""
        return replace(self, dependencies=dependencies)

    def path(self, parent: str = "") -> str:
        """The path from the root chart's name on, for a chart that hangs below `parent`."""
        return self.origin or (f"{parent}/charts/{self.name}" if parent else self.name)

    def crds(self, parent: str = "") -> Iterator[CRD]:
        """The files in crds/ of this chart, then of its subcharts."""
        path = self.path(parent)
        for file in self.files:
            if file.name.startswith("crds/") and file.name.lower().endswith((".yaml", ".yml", ".json")):
                yield CRD(file.name, f"{path}/{file.name}", file.data)
        for child in self.dependencies:
            yield from child.crds(path)
