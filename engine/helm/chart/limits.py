"""The bounds on what a chart may cost to read."""

from __future__ import annotations

from dataclasses import dataclass


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
    path: int = 4096
    """Characters of a file's name."""
    depth: int = 30
    """Levels of directories, and of charts within charts."""


DEFAULT_LIMITS = Limits()
