"""kustomize 5.8.1 as a pure library: a tree of files in, objects out (engines.md B)."""

from __future__ import annotations

from engine.kustomize.build import build
from engine.kustomize.errors import BuildError
from engine.kustomize.files import Remote
from engine.kustomize.flux import generate
from engine.kustomize.limits import Limits
from engine.kustomize.tree import DirectoryTree, MemoryTree, OverlayTree, SubTree, Tree

__all__ = [
    "BuildError",
    "DirectoryTree",
    "Limits",
    "MemoryTree",
    "OverlayTree",
    "Remote",
    "SubTree",
    "Tree",
    "build",
    "generate",
]
