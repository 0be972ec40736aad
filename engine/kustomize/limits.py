"""Bounds on what one build may cost."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from engine import yaml
from engine.errors import LimitExceeded

#: What one object may grow to while it is built.
_MAX_NODES: Final = 250_000
_MAX_DEPTH: Final = 300
_MIB: Final = 1024 * 1024
#: About what an entry of a mapping or list takes in memory.
NODE: Final = 64


class Limits(NamedTuple):
    """Bounds on one build, far beyond what people build and near enough to end it within a minute or two."""

    max_objects: int = 50_000
    max_files: int = 50_000
    #: Bytes of all files that are read, each time they are.
    max_read: int = 512 * _MIB
    max_kustomizations: int = 5_000
    #: Nesting of kustomizations.
    max_depth: int = 64
    #: Bytes of data of one generator.
    max_generated_bytes: int = 32 * _MIB
    #: Times that an object is visited: by each transformer and patch, by each generator, by what looks for a name.
    max_visits: int = 10_000_000
    #: Bytes that transformers add: names with prefixes, images, labels, patches, expanded variables, replacements.
    max_added: int = 256 * _MIB
    #: Bytes of all objects at the end.
    max_output: int = 512 * _MIB
    yaml: yaml.Limits = yaml.Limits()


class Budget:
    """What one build has used up of its limits."""

    __slots__ = ("_added", "_files", "_kustomizations", "_output", "_read", "_visits", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._files = self._read = self._kustomizations = self._visits = self._added = self._output = 0

    def read(self, size: int) -> None:
        """Pay for a file of so many bytes."""
        self._files += 1
        self._read += size
        if self._files > self.limits.max_files:
            raise LimitExceeded(f"a build may not read more than {self.limits.max_files} files")
        if self._read > self.limits.max_read:
            raise LimitExceeded(f"a build may not read more than {self.limits.max_read} bytes of files")

    def enter(self, where: str, depth: int) -> None:
        """Pay for a kustomization, at this depth."""
        limits = self.limits
        self._kustomizations += 1
        if self._kustomizations > limits.max_kustomizations or depth > limits.max_depth:
            raise LimitExceeded(
                f"{where}: a build may not have more than {limits.max_kustomizations} kustomizations, "
                f"{limits.max_depth} deep"
            )

    def hold(self, objects: int) -> None:
        """Check how many objects there are."""
        if objects > self.limits.max_objects:
            raise LimitExceeded(f"a build may not hold more than {self.limits.max_objects} objects")

    def visit(self, objects: int) -> None:
        """Pay for looking at so many objects."""
        self._visits += objects
        if self._visits > self.limits.max_visits:
            raise LimitExceeded(
                f"a build may not visit objects more than {self.limits.max_visits} times",
                fix="use fewer objects, patches or generators in one kustomization",
            )

    def add(self, size: int) -> None:
        """Pay for what a transformer adds to an object."""
        self._added += size
        if self._added > self.limits.max_added:
            raise LimitExceeded(
                f"a build may not add more than {self.limits.max_added} bytes to its objects",
                fix="look for a long text that goes into many places",
            )

    def finish(self, size: int) -> None:
        """Pay for an object of this size."""
        self._output += size
        if self._output > self.limits.max_output:
            raise LimitExceeded(f"the objects of a build may not be larger than {self.limits.max_output} bytes")


def check_size(obj: Any, name: object) -> int:
    """About the bytes of an object; LimitExceeded when it is too large or deep: patches can copy a part into itself."""
    nodes = characters = 0
    level, depth = [obj], 0
    while level:
        nodes += len(level)
        depth += 1
        if nodes > _MAX_NODES or depth > _MAX_DEPTH:
            raise LimitExceeded(f"{name} grows beyond {_MAX_NODES} values or {_MAX_DEPTH} levels")
        below: list[Any] = []
        for node in level:
            kind = node.__class__
            if kind is str:
                characters += len(node)
            elif kind is dict:
                below.extend(node.values())
                characters += sum(map(len, node))
            elif kind is list:
                below.extend(node)
            elif isinstance(node, str):
                characters += len(node)
        level = below
    return characters + NODE * nodes
