"""Charts as archives: a .tgz in memory becomes files, and nothing is ever written or followed.

Refusals and sizes are Helm's; the number of entries, the length of their names and the size of the archive are ours.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import re
import zlib
from typing import Final

from engine.errors import LimitExceeded
from engine.helm.chart.limits import DEFAULT_LIMITS, Limits
from engine.helm.chart.model import File
from engine.helm.errors import ChartError
from engine.helm.gotext import valid
from engine.tar import Tar, TarError

GZIP: Final = b"\x1f\x8b\x08"
BOM: Final = b"\xef\xbb\xbf"
_DRIVE: Final = re.compile(r"[a-zA-Z]:/")
#: What tar adds to each entry: a header, padding, and a long name's own header.
_OVERHEAD: Final = 4 * 512


def read_archive(data: bytes, *, name: str = "", limits: Limits = DEFAULT_LIMITS) -> list[File]:
    """The files of a gzipped tar, without its first folder; ChartError, LimitExceeded."""
    what = f"chart archive {name}" if name else "the chart archive"
    if not data.startswith(GZIP):
        raise ChartError(f"{what} does not appear to be a gzipped archive", path=name)
    if len(data) > limits.archive_bytes:
        raise LimitExceeded(f"{what} is larger than {limits.archive_bytes} bytes")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            files = _files(Tar(_Bounded(stream, what, limits)), what, limits)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ChartError(f"{what} cannot be read: {error}", path=name) from error
    except TarError as error:
        raise ChartError(f"{what} cannot be read: {error.message}", path=name) from error
    if not files:
        raise ChartError("no files in chart archive", path=name)
    return files


def _files(tar: Tar, what: str, limits: Limits) -> list[File]:
    """What is no folder. A link has no content of its own and is not followed."""
    files: list[File] = []
    left = limits.chart_bytes
    for count, member in enumerate(tar):
        if count >= limits.files:
            raise LimitExceeded(f"{what} has more than {limits.files} entries")
        if member.is_dir:
            continue
        path = _inside(member.name, what, limits)
        if member.size > limits.file_bytes:
            raise LimitExceeded(
                f"{what}: decompressed chart file {path!r} is larger than the maximum file size {limits.file_bytes}"
            )
        left -= member.size
        if left <= 0:
            raise _too_large(what, limits)
        files.append(File(path, tar.read().removeprefix(BOM)))
    return files


class _Bounded:
    """What comes out of an archive, headers included, up to a bound."""

    def __init__(self, stream: gzip.GzipFile, what: str, limits: Limits) -> None:
        self._stream = stream
        self._left = limits.chart_bytes + limits.files * _OVERHEAD
        self._excess = _too_large(what, limits)

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise self._excess
        return data


def _too_large(what: str, limits: Limits) -> LimitExceeded:
    return LimitExceeded(f"{what}: decompressed chart is larger than the maximum size {limits.chart_bytes}")


def _inside(name: str, what: str, limits: Limits) -> str:
    """The path below the archive's first folder; ChartError when it leads out of it."""
    if len(name) > limits.path:
        raise LimitExceeded(f"{what}: the name {name[:40]!r}… is longer than {limits.path} characters")
    name = valid(name)
    delimiter = "\\" if "\\" in name else "/"
    first, _, rest = name.partition(delimiter)
    path = rest.replace(delimiter, "/")
    if posixpath.isabs(path):
        raise ChartError(f"{what}: chart illegally contains absolute paths", path=name)
    path = posixpath.normpath(path) if path else "."
    if path == ".":
        raise ChartError(f"{what}: chart illegally contains content outside the base directory: {name!r}", path=name)
    if path.startswith(".."):
        raise ChartError(f"{what}: chart illegally references parent directory", path=name)
    if _DRIVE.match(path):
        raise ChartError(f"{what}: chart contains illegally named files", path=name)
    if first == "Chart.yaml":
        raise ChartError(f"{what}: chart yaml not in base directory", path=name)
    return path
