"""Bounds on what one build may cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine import yaml


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts: objects, files read, kustomizations, nesting of kustomizations, bytes of output data per generator."""

    max_objects: int = 50_000
    max_files: int = 50_000
    max_kustomizations: int = 5_000
    max_depth: int = 64
    max_generated_bytes: int = 32 * 1024 * 1024
    yaml: yaml.Limits = field(default_factory=yaml.Limits)
