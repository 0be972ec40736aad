"""Compiled templates on disk, so that the next process starts warm.

One file for each text that ever was a file of a chart, named by the text's digest, in a folder for this version of the
engine and of Python. The folder is its owner's alone: what others could have written is not executed. Anything wrong
with it means no more than a slower start.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import marshal
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, Final

from engine.helm import functions, template
from engine.helm.template import Compiled, MemoryCache

#: Bytes of all files together; the longest unused go first.
LIMIT: Final = 64 * 1024 * 1024
#: Bytes of one file.
_MAX_FILE: Final = 16 * 1024 * 1024
#: Texts so short are compiled sooner than they are read.
_MIN_TEXT: Final = 200
_DIGEST: Final = hashlib.sha256().digest_size
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def cache_home() -> Path:
    """`$XDG_CACHE_HOME/fluxtui/templates`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fluxtui" / "templates"


class TemplateCache:
    """A `Cache` that reads what earlier processes compiled, and writes what is new when it is told to."""

    def __init__(self, root: Path | None = None, *, limit: int = LIMIT) -> None:
        self._root = cache_home() if root is None else root
        self._limit = limit
        self._memory = MemoryCache()
        self._folder = self._root / _version()
        self._usable: bool | None = None
        #: By the text's name on disk: what was compiled, and how many codes of it are there.
        self._kept: dict[str, tuple[Compiled, int]] = {}

    def get(self, text: str) -> Compiled | None:
        """What this process or an earlier one compiled."""
        found = self._memory.get(text)
        if found is None and len(text) >= _MIN_TEXT and self._is_usable():
            name = _name(text)
            found = _read(self._folder / name)
            if found is not None:
                self._memory.put(text, found, is_file=True)
                self._kept[name] = found, len(found.codes)
        return found

    def put(self, text: str, compiled: Compiled, *, is_file: bool) -> None:
        """Keep it, and have it written if it is a chart's file; other texts may hold secrets."""
        self._memory.put(text, compiled, is_file=is_file)
        if is_file and len(text) >= _MIN_TEXT:
            self._kept[_name(text)] = compiled, -1

    def save(self) -> bool:
        """Write what is new since the last time, and say whether anything was; what cannot be written is left out."""
        new = {name: compiled for name, (compiled, there) in self._kept.items() if len(compiled.codes) != there}
        if new and self._is_usable():
            with contextlib.suppress(OSError):
                for name, compiled in new.items():
                    _write(self._folder / name, compiled)
                self._evict()
        self._kept |= {name: (compiled, len(compiled.codes)) for name, compiled in new.items()}
        return bool(new)

    def _is_usable(self) -> bool:
        """Whether the folder is there and nobody else's business."""
        if self._usable is None:
            try:
                self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._usable = all(_is_private(folder.lstat()) for folder in (self._root, self._folder))
            except OSError:
                self._usable = False
        return self._usable

    def _evict(self) -> None:
        """Remove the longest unused files, also those of other versions, until a quarter is free again."""
        found = sorted(self._files(), key=lambda entry: entry[0])
        size = sum(entry[1] for entry in found)
        if size <= self._limit:
            return
        for _, bytes_, path in found:
            path.unlink(missing_ok=True)
            size -= bytes_
            if size <= self._limit * 3 // 4:
                return

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each file was used last, its size, its path."""
        for folder in self._root.iterdir():
            if not folder.is_symlink() and folder.is_dir():
                for entry in os.scandir(folder):
                    status = entry.stat(follow_symlinks=False)
                    yield status.st_mtime, status.st_size, Path(entry.path)


def _version() -> str:
    """What must be the same for compiled code to be good: Python, and everything that compiles or is called."""
    digest = hashlib.sha256(importlib.util.MAGIC_NUMBER)
    for package in (template, functions):
        for path in sorted(Path(package.__file__ or "").parent.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _name(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _is_private(status: os.stat_result) -> bool:
    is_plain = stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)
    return is_plain and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS


def _read(path: Path) -> Compiled | None:
    """What a file holds; None when there is none, or none to be trusted."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not _is_private(status) or status.st_size > _MAX_FILE:
            return None
        data = file.read(_MAX_FILE)
        os.utime(descriptor)
    # Python reads broken code without complaint, so the digest comes first.
    if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        return None
    try:
        return _compiled(marshal.loads(data[_DIGEST:]))  # noqa: S302 - written by this user, whole
    except (EOFError, ValueError, TypeError):
        return None


def _compiled(content: Any) -> Compiled | None:
    match content:
        case (tuple(templates), dict(codes)) if all(isinstance(code, CodeType) for code in codes.values()):
            return Compiled(templates, codes)
    return None


def _write(path: Path, compiled: Compiled) -> None:
    """Written beside its place and moved there, so that nobody reads half of it."""
    data = marshal.dumps((compiled.templates, compiled.codes))
    if len(data) + _DIGEST > _MAX_FILE:
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(hashlib.sha256(data).digest() + data)
    draft.replace(path)
