"""What can be wrong with a chart, and the bounds on what one may cost to read."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import Malformed


class ChartError(Malformed):
    """A chart that cannot be read or used; `chart` and `path` say where, as far as known."""

    def __init__(self, message: str, *, chart: str = "", path: str = "", fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.chart = chart
        self.path = path


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one chart with its subcharts; the sizes are Helm's own."""

    archive_bytes: int = 20 * 2**20
    """Bytes of the .tgz as it comes."""
    chart_bytes: int = 100 * 2**20
    """Bytes of all files together."""
    file_bytes: int = 5 * 2**20
    """Bytes of one file."""
    files: int = 20_000
    """Entries of one archive or directory."""
    depth: int = 30
    """Levels of directories, and of charts within charts."""


DEFAULT_LIMITS = Limits()
