"""Bounds on what one text may cost."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Bytes of the text, nesting, nodes, aliases, and nodes made by aliases, which count each time they are used."""

    max_bytes: int = 64 * 1024 * 1024
    max_depth: int = 200
    max_nodes: int = 2_000_000
    max_aliases: int = 10_000
    max_alias_nodes: int = 200_000
