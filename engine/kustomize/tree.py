"""Trees of files: what a build reads. Paths are relative, with `/`, and "." is the root."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from engine.errors import LimitExceeded
from engine.kustomize.errors import BuildError

_MAX_FILE = 64 * 1024 * 1024
_LONGEST_SHOWN = 100


class Tree(Protocol):
    """Files in directories; nothing outside the root can be named."""

    def read(self, path: str) -> bytes:
        """The bytes of a file; KeyError when there is none."""

    def is_dir(self, path: str) -> bool:
        """Whether the path is a directory."""

    def is_file(self, path: str) -> bool:
        """Whether the path is a file."""

    def list(self, path: str) -> list[str]:
        """The names in a directory, sorted; KeyError when it is none."""

    def real(self, path: str) -> str:
        """The path with its symlinks followed."""


def normal(path: str) -> str:
    """The path without `.`, `..` and doubled slashes; a BuildError when it leaves the root."""
    cleaned = posixpath.normpath(path) if path else "."
    if cleaned.startswith(("/", "../")) or cleaned == "..":
        raise BuildError("this path leaves the root of the tree", path=path, fix="keep paths inside the source")
    return cleaned


class MemoryTree:
    """Files held in memory, by path."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {normal(path): content for path, content in files.items()}
        self._names: dict[str, set[str]] = {".": set()}
        for path in self._files:
            while path != ".":
                parent = posixpath.dirname(path) or "."
                self._names.setdefault(parent, set()).add(posixpath.basename(path))
                path = parent

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._files[normal(path)]

    def is_dir(self, path: str) -> bool:
        """Whether anything lies below the path."""
        return normal(path) in self._names

    def is_file(self, path: str) -> bool:
        """Whether the path is a file."""
        return normal(path) in self._files

    def list(self, path: str) -> list[str]:
        """The names in a directory, sorted."""
        return sorted(self._names[normal(path)])

    def real(self, path: str) -> str:
        """The path itself: there are no symlinks."""
        return normal(path)


class DirectoryTree:
    """A directory on disk, read only; a symlink that leads out of it is a BuildError."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve(strict=True)

    def _resolve(self, path: str) -> Path:
        lexical = self._root / normal(path)
        try:
            real = lexical.resolve()
            # What cannot be a path (a zero byte, a name of a thousand characters) is told by the first look at it.
            real.is_dir()
        except RuntimeError as error:
            raise BuildError("a symlink leads in a circle", path=path) from error
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error)
            raise BuildError(f"this is no path: {words.lower()}", path=_cut(path), fix="correct the path") from error
        if not real.is_relative_to(self._root):
            raise BuildError(
                "a symlink leaves the root of the tree", path=path, fix="link to files inside the source only"
            )
        return real

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        real = self._resolve(path)
        if not real.is_file():
            raise KeyError(path)
        if real.stat().st_size > _MAX_FILE:
            raise LimitExceeded(f"{path} is larger than {_MAX_FILE} bytes")
        return real.read_bytes()

    def is_dir(self, path: str) -> bool:
        """Whether the path, through symlinks inside the root, is a directory."""
        return self._resolve(path).is_dir()

    def is_file(self, path: str) -> bool:
        """Whether the path, through symlinks inside the root, is a regular file."""
        return self._resolve(path).is_file()

    def list(self, path: str) -> list[str]:
        """The names in a directory, sorted."""
        real = self._resolve(path)
        if not real.is_dir():
            raise KeyError(path)
        return sorted(child.name for child in real.iterdir())

    def real(self, path: str) -> str:
        """The path with its symlinks followed, relative to the root."""
        return self._resolve(path).relative_to(self._root).as_posix()


def _cut(path: str) -> str:
    return repr(path if len(path) <= _LONGEST_SHOWN else path[:_LONGEST_SHOWN] + "…")


class SubTree:
    """A directory of a tree as a tree of its own."""

    def __init__(self, tree: Tree, root: str) -> None:
        self._tree = tree
        self._root = normal(root)

    def _inside(self, path: str) -> str:
        return normal(posixpath.join(self._root, normal(path)))

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._tree.read(self._inside(path))

    def is_dir(self, path: str) -> bool:
        """Whether the path is a directory."""
        return self._tree.is_dir(self._inside(path))

    def is_file(self, path: str) -> bool:
        """Whether the path is a file."""
        return self._tree.is_file(self._inside(path))

    def list(self, path: str) -> list[str]:
        """The names in a directory, sorted."""
        return self._tree.list(self._inside(path))

    def real(self, path: str) -> str:
        """The path with its symlinks followed; a BuildError when they leave the directory."""
        real = posixpath.relpath(self._tree.real(self._inside(path)), self._tree.real(self._root))
        return normal(real)


class OverlayTree:
    """A tree with some files laid over it; the tree below is not touched."""

    def __init__(self, base: Tree, files: Mapping[str, bytes]) -> None:
        self._base = base
        self._over = MemoryTree(files)
        #: The files that are laid over it, by path.
        self.files: Mapping[str, bytes] = {normal(path): content for path, content in files.items()}

    def read(self, path: str) -> bytes:
        """The overlay's bytes, else the tree's."""
        return self._over.read(path) if self._over.is_file(path) else self._base.read(path)

    def is_dir(self, path: str) -> bool:
        """Whether either has this directory."""
        return self._over.is_dir(path) or self._base.is_dir(path)

    def is_file(self, path: str) -> bool:
        """Whether either has this file."""
        return self._over.is_file(path) or self._base.is_file(path)

    def list(self, path: str) -> list[str]:
        """The names of both."""
        names = set(self._base.list(path)) if self._base.is_dir(path) else set()
        if self._over.is_dir(path):
            names.update(self._over.list(path))
        elif not names and not self._base.is_dir(path):
            raise KeyError(path)
        return sorted(names)

    def real(self, path: str) -> str:
        """The path in the tree below; the overlay has no symlinks."""
        return self._base.real(path) if self._base.is_file(path) or self._base.is_dir(path) else normal(path)
