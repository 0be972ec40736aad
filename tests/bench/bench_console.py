"""What the console costs in CPU with 5,000 rows: filling, a key, 200 changes a second, and doing nothing.

Figures are CPU milliseconds (or per cent of a core) of a process of its own, headless; a terminal adds what encoding
the cells costs.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from engine.api import Snapshot, State
from fluxtui.app import FluxtuiApp
from fluxtui.settings import DEFAULTS
from tests.bench.figures import machine, show
from tests.tui import builders as b
from tests.tui.fake_engine import FakeEngine

pytestmark = pytest.mark.bench

SIZE = (160, 45)
ROWS = 5_000
BUDGETS = {"fill": 40.0, "key": 4.0, "page": 15.0, "churn": 10.0, "idle": 0.5}


def test_console_without_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """In a process that nothing else was imported into."""
    with capsys.disabled():
        print(f"\nconsole without terminal, engine and cluster, {ROWS} rows, CPU ({machine()})", flush=True)
        subprocess.run([sys.executable, "-m", "tests.bench.bench_console"], check=True)


async def cpu(work: Callable[[], Awaitable[None]]) -> float:
    """CPU milliseconds of this process while `work` runs."""
    started = time.process_time()
    await work()
    return (time.process_time() - started) * 1000


async def measure(rows: int) -> dict[str, float]:
    """All figures."""
    began = datetime.now(UTC)
    gc.set_threshold(50_000, 50, 50)  # as the engine does for the whole process
    snapshot = b.large(rows)
    engine = FakeEngine(Snapshot())
    app = FluxtuiApp(engine, settings=DEFAULTS, now=lambda: b.NOW + (datetime.now(UTC) - began), zone=UTC, environ={})
    figures: dict[str, float] = {}
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)

        async def fill() -> None:
            engine.publish(snapshot)
            await pilot.pause(0.2)

        figures["fill"] = await cpu(fill)
        figures["key"] = await keys(app, "action_move", 1, 60)
        figures["page"] = await keys(app, "action_page", 1, 30)
        figures["churn"] = await churn(engine, seconds=4.0)
        await pilot.pause(1.0)
        figures["idle"] = await cpu(lambda: asyncio.sleep(5.0)) / 5_000 * 100
    return figures


async def keys(app: FluxtuiApp, action: str, argument: int, count: int) -> float:
    """CPU milliseconds a key: the cursor's move, its frame, and what the pane does."""
    table = app.screen.focused
    assert table is not None

    async def press() -> None:
        for _ in range(count):
            getattr(table, action)(argument)
            await asyncio.sleep(1 / 30)

    return await cpu(press) / count


async def churn(engine: FakeEngine, seconds: float) -> float:
    """Per cent of a core at 200 changes a second, published ten times a second (the engine's own work taken off)."""
    names = list(engine.snapshot.resources)
    made: list[Snapshot] = []
    snapshot = engine.snapshot
    for step in range(int(seconds * 10)):
        changed = [
            b.resource(
                "Kustomization", ref.name, State.READY if (step + n) % 2 else State.RECONCILING,
                namespace=ref.namespace, since=b.NOW - timedelta(minutes=3), resource_version=step + 2,
            )
            for n, ref in enumerate(names[(step * 20 + n * 7) % len(names)] for n in range(20))
        ]  # fmt: skip
        snapshot = b.with_changed(snapshot, *changed)
        made.append(snapshot)

    async def publish() -> None:
        for item in made:
            engine.publish(item)
            await asyncio.sleep(0.1)

    return await cpu(publish) / (len(made) * 100) * 100


if __name__ == "__main__":
    for name, value in asyncio.run(measure(ROWS)).items():
        show(name, value, "%" if name in ("churn", "idle") else "ms", BUDGETS[name])
