"""Reads files for one kustomization, inside what it may see (engines.md B7)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from engine.errors import Unsupported
from engine.kustomize.errors import BuildError
from engine.kustomize.limits import Budget, Limits
from engine.kustomize.load import parse
from engine.kustomize.openapi_field import Schemas
from engine.kustomize.tree import Tree

#: A fetcher of remote bases: the URL in; a file's bytes, or a tree and the directory in it to build, out.
Remote = Callable[[str], "bytes | tuple[Tree, str]"]
_REMOTE: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*::|[a-z][a-z0-9+-]*://|git@|[\w.-]+@[\w.-]+:|(?:www\.)?github\.com[/:]|gh:)", re.IGNORECASE
)


class Files(NamedTuple):
    """The files that the kustomization in `root` may read: below it, or anywhere in the tree when not `confined`."""

    tree: Tree
    root: str
    confined: bool
    #: Of the whole build.
    budget: Budget
    #: What strategic merges go by, for the whole build.
    schemas: Schemas
    remote: Remote | None = None
    #: The directories whose kustomizations led here, outermost first.
    ancestors: tuple[str, ...] = ()

    @property
    def limits(self) -> Limits:
        """What the build may cost."""
        return self.budget.limits

    def path(self, name: str) -> str:
        """The path in the tree of a file or directory that is named here; BuildError when it may not be seen."""
        if name.startswith("/"):
            raise BuildError(
                f'the path "{name}" cannot be absolute', path=self.root, fix="name it relative to this file"
            )
        joined = posixpath.normpath(posixpath.join(self.root, name))
        if joined == ".." or joined.startswith("../"):
            raise BuildError(
                f'security; the path "{name}" leaves the tree', path=self.root, fix="move it into the source"
            )
        return joined

    def is_file(self, name: str) -> bool:
        """Whether the name is a file's."""
        return self.tree.is_file(self.path(name))

    def read(self, name: str, field: str = "") -> bytes:
        """A file's bytes."""
        if is_remote(name):
            fetched = self.fetch(name, field)
            if isinstance(fetched, bytes):
                return fetched
            raise BuildError("this URL is a repository where a file is expected", path=self.root, field=field)
        path = self.path(name)
        if not self.tree.is_file(path):
            raise BuildError(
                f"'{path}' doesn't exist" if not self.tree.is_dir(path) else f"'{path}' is a directory",
                path=self.root,
                field=field,
                fix="correct the path or add the file",
            )
        if self.confined and not _below(self.tree.real(path), self.tree.real(self.root)):
            raise BuildError(
                f"security; file '{path}' is not in or below '{self.root}'",
                path=self.root,
                field=field,
                fix="move the file below the kustomization, or allow it with LoadRestrictionsNone",
            )
        content = self.tree.read(path)
        self.budget.read(len(content))
        return content

    def documents(self, name: str, field: str = "") -> list[Any]:
        """The YAML documents of a file."""
        return parse(self.read(name, field), self.path(name), self.limits.yaml)

    def directory(self, name: str, field: str) -> Files:
        """The same for the kustomization in another directory."""
        if is_remote(name):
            fetched = self.fetch(name, field)
            if isinstance(fetched, Files):
                return fetched
            raise BuildError("this URL is a file where a directory is expected", path=self.root, field=field)
        path = self.path(name)
        if self.tree.is_file(path):
            raise BuildError(f"must build at directory: '{path}' is a file", path=self.root, field=field)
        if not self.tree.is_dir(path):
            raise BuildError(
                f"'{path}' doesn't exist", path=self.root, field=field, fix="correct the path or add the file"
            )
        real = self.tree.real(path)
        chain = (*self.ancestors, self.tree.real(self.root))
        if real in chain:
            steps = " -> ".join((*chain[chain.index(real) :], real))
            raise BuildError(f"cycle detected: {steps}", path=self.root, field=field, fix="remove one of the steps")
        if any(_below(ancestor, real) for ancestor in chain):
            raise BuildError(
                f"cycle detected: '{path}' contains the directory that refers to it", path=self.root, field=field
            )
        self.budget.enter(self.root, len(chain))
        return self._replace(root=path, ancestors=chain)

    def _fetch(self, url: str, field: str) -> bytes | tuple[Tree, str]:
        if self.remote is None:
            raise Unsupported(
                f"{self.root}, {field}: not computed: remote base URL",
                fix="put the files into the source, or let the controller fetch remote bases",
            )
        return self.remote(url)

    def fetch(self, url: str, field: str) -> bytes | Files:
        """What a URL stands for: a file's bytes, or the files of a kustomization elsewhere."""
        fetched = self._fetch(url, field)
        if isinstance(fetched, bytes):
            return fetched
        tree, path = fetched
        self.budget.enter(self.root, len(self.ancestors) + 1)
        return self._replace(tree=tree, root=path, ancestors=())


def is_remote(name: str) -> bool:
    """Whether a resource is named by URL."""
    return _REMOTE.match(name) is not None


def _below(path: str, directory: str) -> bool:
    return directory == "." or path == directory or path.startswith(directory + "/")
