"""The tree of a commit, read from a bare mirror without a checkout: no filters, no links, bounded sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine import errors
from engine.source import archive, ignore
from engine.source.gitprocess import Job


class NotInMirror(errors.Unavailable):
    """A commit that was not fetched, or not into this mirror."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a repository may bring."""

    pack: int = 4 * 2**30
    entries: int = 100_000
    file: int = 64 * 2**20
    total: int = 512 * 2**20
    commit: int = 2**20
    packs: int = 40
    mirrors: int = 200
    depth: int = 100
    ignore: int = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a commit's tree: a regular file, or a submodule's folder (no size)."""

    path: bytes
    blob: str
    size: int
    executable: bool
    is_dir: bool = False


def entries(job: Job, mirror: Path, commit: str, limits: Limits) -> list[Entry]:
    """The files of a commit, links left out, in archive order."""
    output = job.run(["ls-tree", "-r", "-z", "-l", "--full-tree", commit], git_dir=mirror)
    if output.code:
        raise NotInMirror(f"the commit {commit} is not in the mirror")
    found = []
    for line in output.out.split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        mode, kind, blob, size = head.decode().split()
        if any(part in (b"", b".", b"..", b".git") for part in path.split(b"/")):
            raise errors.Malformed(f"the repository has a path that is not allowed: {path[:200]!r}")
        if path.count(b"/") > limits.depth:
            raise errors.LimitExceeded(f"the repository has a path deeper than {limits.depth} folders")
        if mode in ("100644", "100664", "100755"):
            found.append(Entry(path, blob, int(size), mode == "100755"))
        elif kind == "commit":
            found.append(Entry(path, "", 0, executable=False, is_dir=True))
        if len(found) > limits.entries:
            raise errors.LimitExceeded(f"the repository has more than {limits.entries} files")
    return sorted(found, key=lambda entry: archive.order(entry.path))


def members(
    found: list[Entry], blobs: Blobs, spec_ignore: str | None, limits: Limits, check: Callable[[], None]
) -> Iterator[archive.Member]:
    """What goes into the artifact, in order: folders (also such that lose all their files), then files.

    `check` is called for each entry and raises when time is up: many paths times many patterns take theirs.
    """
    rules = _rules(found, blobs, spec_ignore, limits)
    total = 0
    made: set[bytes] = set()
    for entry in found:
        check()
        for folder in _folders(entry):
            if folder not in made:
                made.add(folder)
                if not rules.excludes(_parts(folder), is_dir=True):
                    yield archive.Member(folder)
        if entry.is_dir or rules.excludes(_parts(entry.path), is_dir=False):
            continue
        total += entry.size
        if entry.size > limits.file or total > limits.total:
            raise errors.LimitExceeded(
                f"{entry.path.decode(errors='replace')[:200]} makes the artifact too large",
                fix="leave files out by spec.ignore or .sourceignore",
            )
        yield archive.Member(entry.path, blobs.read(entry.blob, entry.size), entry.executable)


class Blobs:
    """Reads blobs through one `git cat-file --batch`."""

    def __init__(self, ask: IO[bytes], answer: IO[bytes]) -> None:
        self._ask = ask
        self._answer = answer

    def read(self, blob: str, size: int) -> bytes:
        """The content of a blob of this size."""
        try:
            self._ask.write(f"{blob}\n".encode())
            self._ask.flush()
            head = self._answer.readline()
            content = self._answer.read(size + 1)
        except BrokenPipeError:
            head, content = b"", b""
        if head != f"{blob} blob {size}\n".encode() or len(content) != size + 1:
            raise errors.Unavailable(f"git could not read the object {blob}")
        return content[:-1]


def _rules(entries: list[Entry], blobs: Blobs, spec_ignore: str | None, limits: Limits) -> ignore.Rules:
    files, total = [], 0
    for entry in entries:
        *folder, name = _parts(entry.path)
        if name == ignore.IGNORE_FILE and not entry.is_dir:
            total += entry.size
            if total > limits.ignore:
                raise errors.LimitExceeded(f"the {ignore.IGNORE_FILE} files are larger than {limits.ignore} bytes")
            files.append((folder, blobs.read(entry.blob, entry.size).decode(errors="surrogateescape")))
    return ignore.rules(files, spec_ignore)


def _folders(entry: Entry) -> Iterator[bytes]:
    """The folders that an entry lies in (or is), from the outermost in."""
    parts = entry.path.split(b"/")
    for depth in range(1, len(parts) + entry.is_dir):
        yield b"/".join(parts[:depth])


def _parts(path: bytes) -> list[str]:
    return path.decode(errors="surrogateescape").split("/")
