"""Charts: read from directories and archives, and judged (engines.md C3)."""

from __future__ import annotations

from engine.helm.chart.archive import read_archive
from engine.helm.chart.directory import Directory
from engine.helm.chart.limits import Limits
from engine.helm.chart.loader import load, load_archive, load_files, read_packed
from engine.helm.chart.metadata import Dependency, Maintainer, Metadata
from engine.helm.chart.model import CRD, Chart, File
from engine.helm.errors import ChartError

__all__ = [
    "CRD",
    "Chart",
    "ChartError",
    "Dependency",
    "Directory",
    "File",
    "Limits",
    "Maintainer",
    "Metadata",
    "load",
    "load_archive",
    "load_files",
    "read_archive",
    "read_packed",
]
