"""Where artifacts are kept (flux.md 2.2): written atomically, checked at every pass, collected when old.

<root>/<kind>/<namespace>/<name>/<file>        directories 0700, files 0600
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from engine import errors
from engine.clock import Clock
from engine.flux.conditions import stamp
from engine.source.archive import Written

RETENTION_TTL = 60.0
RETENTION_RECORDS = 2
MAX_SCANNED = 1000

_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:-]{0,252}")
_CHUNK = 2**20

Artifact = dict[str, Any]


class Storage:
    """The artifacts of one engine. `base_url` is where they are served, without a trailing slash."""

    def __init__(
        self,
        root: Path,
        *,
        clock: Clock,
        base_url: str = "",
        retention_ttl: float = RETENTION_TTL,
        retention_records: int = RETENTION_RECORDS,
    ) -> None:
        self.root = root
        self.base_url = base_url
        self._clock = clock
        self._ttl = retention_ttl
        self._records = retention_records
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, *segments: str) -> str:
        """The relative path of an object's file: kind, namespace, name, file."""
        for segment in segments:
            if not _SEGMENT.fullmatch(segment) or ".." in segment:
                raise errors.Malformed(f"{segment[:80]!r} cannot be part of an artifact's path")
        return "/".join((segments[0].lower(), *segments[1:]))

    def url(self, path: str) -> str:
        """Where an artifact is served."""
        return f"{self.base_url}/{path}"

    def store(self, path: str, revision: str, write: Callable[[BinaryIO], Written]) -> Artifact:
        """Write a file and return its `status.artifact`; what was there before is replaced at once or not at all."""
        target = self.root / path
        for folder in (target.parent.parent.parent, target.parent.parent, target.parent):
            folder.mkdir(exist_ok=True, mode=0o700)
        scratch = target.parent / f".{target.name}.{secrets.token_hex(6)}"
        try:
            with open(scratch, "xb", opener=_private) as out:
                written = write(out)
                out.flush()
                os.fsync(out.fileno())
            now = self._clock.now()
            os.utime(scratch, (now.timestamp(), now.timestamp()))
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)
        return {
            "digest": written.digest,
            "lastUpdateTime": stamp(now),
            "path": path,
            "revision": revision,
            "size": written.size,
            "url": self.url(path),
        }

    def holds(self, artifact: Mapping[str, Any]) -> bool:
        """Whether the artifact's file is there; a path that cannot be one of ours names none."""
        try:
            return self._file(artifact).is_file()
        except errors.Malformed:
            return False

    def verify(self, artifact: Mapping[str, Any]) -> bool:
        """Whether the file has the artifact's digest; it is read in full, and deleted when it has not."""
        file = self._file(artifact)
        algorithm, _, wanted = str(artifact.get("digest", "")).rpartition(":")
        found = new_hash(algorithm)
        with file.open("rb") as content:
            while chunk := content.read(_CHUNK):
                found.update(chunk)
        if found.hexdigest() == wanted:
            return True
        file.unlink(missing_ok=True)
        return False

    def read(self, artifact: Mapping[str, Any]) -> bytes | None:
        """The file's bytes, or None when it is not here."""
        try:
            return self._file(artifact).read_bytes()
        except FileNotFoundError:
            return None

    def collect_garbage(self, artifact: Mapping[str, Any]) -> int:
        """Delete old files beside the artifact's own, which always stays; returns how many went."""
        current = self._file(artifact)
        if not current.parent.is_dir():
            return 0
        for scratch in current.parent.glob(".*"):
            scratch.unlink(missing_ok=True)  # of a write that was cut short: an object has one pass at a time
        others = sorted((mtime, file) for mtime, file in _files(current.parent) if file != current)
        oldest = self._clock.now().timestamp() - self._ttl
        stale = [file for mtime, file in others if mtime < oldest]
        fresh = [file for mtime, file in others if mtime >= oldest]
        surplus = len(fresh) + current.is_file() - self._records
        doomed = stale + fresh[: max(surplus, 0)]
        for file in doomed:
            file.unlink(missing_ok=True)
        return len(doomed)

    def delete_all(self, kind: str, namespace: str, name: str) -> bool:
        """Delete everything of an object that is gone; True when there was something."""
        folder = self.root / self.path(kind, namespace, name)
        if not folder.is_dir():
            return False
        shutil.rmtree(folder)
        return True

    def _file(self, artifact: Mapping[str, Any]) -> Path:
        return self.root / self.path(*str(artifact.get("path", "")).split("/"))


def new_hash(algorithm: str) -> Any:
    """A hash of the digest's algorithm; "" means sha256."""
    algorithm = algorithm or "sha256"
    if algorithm not in _ALGORITHMS:
        raise errors.Unsupported(f"artifact digests of the algorithm {algorithm[:20]!r} cannot be checked")
    return hashlib.new(algorithm)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _files(folder: Path) -> list[tuple[float, Path]]:
    """At most so many files of a folder, with their times; those being written do not count."""
    found: list[tuple[float, Path]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if len(found) == MAX_SCANNED:
                break
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                found.append((entry.stat(follow_symlinks=False).st_mtime, folder / entry.name))
    return found
