"""Charts as archives: a .tgz in memory becomes files, and nothing is ever written or followed.

Refusals and sizes are Helm's; the number of entries and the size of the archive are ours.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import re
import tarfile
import zlib
from typing import Final

from engine.errors import LimitExceeded
from engine.helm.chart.limits import DEFAULT_LIMITS, Limits
from engine.helm.chart.model import File
from engine.helm.errors import ChartError

GZIP: Final = b"\x1f\x8b\x08"
BOM: Final = b"\xef\xbb\xbf"
_DRIVE: Final = re.compile(r"[a-zA-Z]:/")
#: What tar adds to each entry: a header, padding, and a long name's own header.
_TAR_OVERHEAD: Final = 4 * 512


def read_archive(data: bytes, *, name: str = "", limits: Limits = DEFAULT_LIMITS) -> list[File]:
    """The files of a gzipped tar, without its first folder; ChartError, LimitExceeded."""
    what = f"chart archive {name}" if name else "the chart archive"
    if not data.startswith(GZIP):
        raise ChartError(f"{what} does not appear to be a gzipped archive", path=name)
    if len(data) > limits.archive_bytes:
        raise LimitExceeded(f"{what} is larger than {limits.archive_bytes} bytes")
    try:
        with tarfile.open(fileobj=io.BytesIO(_unzip(data, what, limits)), mode="r:") as tar:
            files = _entries(tar, what, limits)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError, ValueError) as error:
        raise ChartError(f"{what} cannot be read: {error}", path=name) from error
    if not files:
        raise ChartError("no files in chart archive", path=name)
    return files


def _unzip(data: bytes, what: str, limits: Limits) -> bytes:
    bound = limits.chart_bytes + limits.files * _TAR_OVERHEAD
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        unzipped = stream.read(bound + 1)
    if len(unzipped) > bound:
        raise _too_large(what, limits)
    return unzipped


def _too_large(what: str, limits: Limits) -> LimitExceeded:
    return LimitExceeded(f"{what}: decompressed chart is larger than the maximum size {limits.chart_bytes}")


def _entries(tar: tarfile.TarFile, what: str, limits: Limits) -> list[File]:
    files: list[File] = []
    left = limits.chart_bytes
    for count, entry in enumerate(tar):
        if count >= limits.files:
            raise LimitExceeded(f"{what} has more than {limits.files} entries")
        if entry.isdir():
            continue
        path = _inside(entry.name, what)
        size = entry.size if entry.isreg() else 0
        if size > limits.file_bytes:
            raise LimitExceeded(
                f"{what}: decompressed chart file {path!r} is larger than the maximum file size {limits.file_bytes}"
            )
        left -= size
        if left <= 0:
            raise _too_large(what, limits)
        # A link has no content of its own and is not followed.
        content = tar.extractfile(entry) if entry.isreg() else None
        files.append(File(path, content.read().removeprefix(BOM) if content is not None else b""))
    return files


def _inside(name: str, what: str) -> str:
    """The path below the archive's first folder; ChartError when it leads out of it."""
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
