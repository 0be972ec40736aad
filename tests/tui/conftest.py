"""A console on a fake engine, with the developer's machine taken out of the picture."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.api import Command, Snapshot
from fluxtui.app import FluxtuiApp
from fluxtui.screens.main import MainScreen
from fluxtui.settings import DEFAULTS
from tests.tui import builders as b
from tests.tui.fake_engine import FakeEngine

WIDE = (120, 40)
NARROW = (80, 24)


@pytest.fixture(autouse=True)
def nobodys_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No settings, no colours and no themes of whoever runs this."""
    for name in ("NO_COLOR", "TEXTUAL", "TEXTUAL_THEME", "COLORTERM", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@dataclass
class Console:
    """What a test needs of a running console."""

    app: FluxtuiApp
    engine: FakeEngine
    pilot: Pilot[int]

    @property
    def main(self) -> MainScreen:
        """The main screen, also when something lies over it."""
        screen = self.app.screen_stack[1]
        assert isinstance(screen, MainScreen)
        return screen

    def lines(self) -> list[str]:
        """What is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        """What is on the screen, as one text."""
        return "\n".join(line.rstrip() for line in self.lines())

    async def press(self, *keys: str) -> None:
        """Press keys, and let everything settle."""
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*("space" if char == " " else char for char in text))

    async def publish(self, snapshot: Snapshot) -> None:
        """A newer snapshot from the engine."""
        self.engine.publish(snapshot)
        await self.pilot.pause()

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait for a condition; the test's own timeout ends it."""
        while not seen():
            await self.pilot.pause(0.02)

    async def sent(self, *commands: Command) -> None:
        """Wait until this many intents were submitted: they are exactly these."""
        for _ in range(150):
            if len(self.engine.submitted) >= len(commands):
                break
            await self.pilot.pause(0.02)
        assert self.engine.submitted == list(commands)

    async def until_text(self, words: str) -> None:
        """Wait until these words are on the screen."""
        for _ in range(150):
            if words in self.text():
                return
            await self.pilot.pause(0.02)
        pytest.fail(f"{words!r} never came:\n{self.text()}")


Start = Callable[..., Any]


@pytest.fixture
def console() -> Start:
    """Start a console: `async with console(snapshot, size=…, answers=…) as c`."""

    @asynccontextmanager
    async def start(
        snapshot: Snapshot | None = None,
        *,
        size: tuple[int, int] = WIDE,
        answers: dict[type, object] | None = None,
        **options: Any,
    ) -> AsyncIterator[Console]:
        engine = FakeEngine(snapshot if snapshot is not None else b.fleet(), answers)
        values: dict[str, Any] = {"settings": DEFAULTS, "now": lambda: b.NOW, "zone": b.NOW.tzinfo, "environ": {}}
        app = FluxtuiApp(engine, **(values | options))
        async with app.run_test(size=size) as pilot:
            found = Console(app, engine, pilot)
            await found.until(lambda: bool(engine.started) and app.snapshot is engine.snapshot)
            await pilot.pause()
            yield found

    return start


Waiter = Callable[[], Awaitable[None]]


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes when the terminal is given away and taken back: a test has none to give."""
    told: list[str] = []

    @contextmanager
    def suspend(self: object) -> Iterator[None]:
        told.append("given")
        yield
        told.append("back")

    monkeypatch.setattr("fluxtui.app.FluxtuiApp.suspend", suspend)
    return told
