"""The header: where am I, what does the engine do there, is it alive, what is under way."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from engine.api import Link, Snapshot, Stance
from fluxtui.view.ages import spoken
from fluxtui.view.text import Line, Role, Span, justify, line_width
from fluxtui.view.titles import stopped

_WIDE: Final = 100


_WORTH_TELLING: Final = 0.1
"""Seconds from which a person feels how long the API server takes."""


def _controllers(snapshot: Snapshot, wide: bool) -> list[Span]:
    controllers = snapshot.controllers
    driving = snapshot.stance is Stance.DRIVE
    stance = Span(f"{snapshot.stance} · " if driving else f"{snapshot.stance} ", Role.DIM)
    version = "this engine" if driving else f"Flux {snapshot.flux_version}".strip()
    if not controllers:
        return [stance, Span(version)]
    waiting = [controller.name for controller in controllers if not controller.ready]
    count = f" · {len(controllers)} controllers" if wide else ""
    if waiting:
        names = ", ".join(waiting) if wide else f"{len(waiting)} down"
        return [stance, Span(version + count), Span(f" ✗ {names}", Role.FAIL, strong=True)]
    return [stance, Span(version + count), Span(" ✓", Role.OK)]


def _connection(snapshot: Snapshot, now: datetime, wide: bool) -> Span:
    connection = snapshot.connection
    if stopped(snapshot):
        return Span("engine stopped", Role.FAIL, strong=True)
    if connection.link is Link.LIVE:
        slow = f"{' ·' if wide else ''} {connection.lag:.1f} s" if connection.lag >= _WORTH_TELLING else ""
        return Span(f"live{slow}", Role.OK)
    ago = f" {spoken(connection.since, now)}" if connection.since else ""
    if connection.link is Link.LOST:
        return Span(f"connection lost{ago}", Role.FAIL, strong=True)
    if connection.link is Link.LOGIN:
        return Span("login required", Role.FAIL, strong=True)
    return Span("connecting…", Role.WARN)


def _operations(snapshot: Snapshot, wide: bool) -> list[Span]:
    running = sum(1 for operation in snapshot.operations if not operation.progress.final)
    if not running:
        return []
    words = f"↻ {running} operation{'s' if running > 1 else ''}" if wide else f"↻ {running}"
    return [Span("   "), Span(words, Role.ACCENT, strong=True)]


def header_line(snapshot: Snapshot, namespace: str, now: datetime, cells: int) -> Line:
    """One line; the left end goes first when it is narrow."""
    wide = cells >= _WIDE
    gap = "  " if wide else " "
    every = "all namespaces" if wide else "all ns"
    left = [
        Span(" fluxtui", Role.ACCENT, strong=True),
        Span(gap + (snapshot.connection.context or "no context"), Role.TEXT, strong=True),
        Span(f"  {namespace or every}", Role.DIM),
    ]
    if snapshot.read_only:
        left.append(Span("  read-only", Role.WARN))
    middle = [Span("   "), *_controllers(snapshot, wide)]
    right = [_connection(snapshot, now, wide), *_operations(snapshot, wide), Span(" ")]
    room = cells - line_width(right) - line_width(left) - 2
    if line_width(middle) > room:
        middle = [Span("  "), *_controllers(snapshot, wide=False)[1:]]
    if line_width(middle) > room:
        middle = []
    return justify((*left, *middle), right, cells)
