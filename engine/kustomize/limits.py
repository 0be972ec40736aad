"""Bounds on what one build may cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from engine import yaml
from engine.errors import LimitExceeded

#: What one object may grow to while it is built.
_MAX_NODES: Final = 250_000
_MAX_DEPTH: Final = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts: objects, files read, kustomizations, nesting of kustomizations, bytes of output data per generator."""

    max_objects: int = 50_000
    max_files: int = 50_000
    max_kustomizations: int = 5_000
    max_depth: int = 64
    max_generated_bytes: int = 32 * 1024 * 1024
    yaml: yaml.Limits = field(default_factory=yaml.Limits)


def check_size(obj: Any, name: object) -> None:
    """LimitExceeded when an object has grown too large or too deep: patches can copy a part into itself."""
    nodes = 0
    level, depth = [obj], 0
    while level:
        nodes += len(level)
        depth += 1
        if nodes > _MAX_NODES or depth > _MAX_DEPTH:
            raise LimitExceeded(f"{name} grows beyond {_MAX_NODES} values or {_MAX_DEPTH} levels")
        below: list[Any] = []
        for node in level:
            if node.__class__ is dict:
                below.extend(node.values())
            elif node.__class__ is list:
                below.extend(node)
        level = below
