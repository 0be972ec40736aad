"""Figures beside their budgets, printed; nobody is judged here."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from pathlib import Path


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else math.nan


def show(what: str, value: float, unit: str, budget: float | None = None) -> None:
    """One line: what, how much, and what design.md 6 allows."""
    verdict = "" if budget is None else f"   budget {budget:g} {unit} {'✓' if value <= budget else '✗ missed'}"
    print(f"  {what:46} {value:9.2f} {unit:5}{verdict}", flush=True)


def machine() -> str:
    """What it was measured on, without its name."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Python {platform.python_version()}, load {load:.1f}"
