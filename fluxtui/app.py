"""The application: one engine, one main screen, one painter. The engine starts after the first frame."""

from __future__ import annotations

import asyncio
import importlib  # noqa: F401 - before any thread: importing it in two threads at once crashes CPython
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine.api import Engine, Snapshot
from fluxtui.bridge import Bridge
from fluxtui.commands import BY_ID
from fluxtui.messages import Delivered
from fluxtui.screens.main import MainScreen
from fluxtui.settings import Settings, check_keys, load
from fluxtui.theme import DEFAULT, MONOCHROME, Palette, ThemeError, palette
from fluxtui.widgets.cells import Shown
from fluxtui.widgets.paint import Painter

log = logging.getLogger(__name__)

Now = Callable[[], datetime]
Connect = Callable[[str], Engine]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FluxtuiApp(App[int], inherit_bindings=False):
    """The console. `connect` opens an engine for another context; without it, `:` offers none."""

    CSS_PATH = "app.tcss"
    TITLE = "fluxtui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", "Quit", id="interrupt", priority=True)]

    def __init__(
        self,
        engine: Engine,
        *,
        theme_name: str = "",
        hint: str = "",
        settings: Settings | None = None,
        log_file: Path | None = None,
        contexts: tuple[str, ...] = (),
        connect: Connect | None = None,
        ascii_only: bool = False,
        now: Now = _utc_now,
        zone: tzinfo | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.settings, self.notices = (settings, ()) if settings is not None else load()
        self.notices += check_keys(self.settings, tuple(BY_ID))
        look = self._palette("mono" if "NO_COLOR" in environ else theme_name or self.settings.theme)
        self.painter = Painter(
            look,
            ascii_only=ascii_only or self.settings.ascii or not _speaks_unicode(),
            letters=look.name == MONOCHROME,
            zone=zone,
        )
        # The choice between native colours and none is made at construction: later is too late for NO_COLOR.
        super().__init__(ansi_color=look.ansi or None)
        self.register_theme(look.textual())
        self.theme = f"fluxtui-{look.name}"
        self.hint = hint
        self.log_file = log_file
        self.contexts = contexts
        self._connect = connect
        self._now = now
        self.bridge = Bridge(engine, self)
        self.snapshot = Snapshot()
        self._interrupted: datetime | None = None
        self._shown = Shown()

    def _palette(self, name: str) -> Palette:
        try:
            return palette(name)
        except ThemeError as error:
            self.notices += (f"{error}; using {DEFAULT}",)
            return palette(DEFAULT)

    def now(self) -> datetime:
        """The server's time, as far as its offset is known: ages follow it."""
        return self._now() + timedelta(seconds=self.snapshot.clock_offset)

    # --- life ------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Show the main screen; leave cleanly when told to from outside."""
        self.set_keymap(dict(self.settings.keys))
        self.push_screen(MainScreen())
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._told_to_end, number)

    def on_ready(self) -> None:
        """The first frame is out: now the engine may start, with its heavy imports in its own thread."""
        self.call_after_refresh(self.bridge.start)

    def _told_to_end(self, number: int) -> None:
        log.info("ended by signal %d", number)
        self.exit(return_code=128 + number)

    async def on_unmount(self) -> None:
        """Stop the engine; a hung one does not keep the shell."""
        await asyncio.to_thread(self.bridge.stop, 1.0)

    def on_snapshot_ready(self) -> None:
        """Read the newest snapshot and show it."""
        self.snapshot = self.bridge.snapshot
        for screen in self.screen_stack:
            follow = getattr(screen, "follow", None)
            if follow is not None:
                follow(self.snapshot)

    def on_delivered(self, message: Delivered) -> None:
        """Hand a value from the engine's thread to whom it is for."""
        message.to(message.value)

    def switch_context(self, context: str) -> None:
        """Leave this cluster for another one, with an engine of its own."""
        if self._connect is None:
            return
        old = self.bridge
        self.snapshot = Snapshot(connection=replace(Snapshot().connection, context=context))
        self.bridge = Bridge(self._connect(context), self)
        self.run_worker(asyncio.to_thread(old.stop, 1.0), exit_on_error=False)
        self.on_snapshot_ready()
        self.bridge.start()

    # --- the terminal ----------------------------------------------------------------------------

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """The one way to the terminal: only different cells take it."""
        super()._display(screen, self._shown.different(renderable))

    def redraw(self) -> None:
        """Write every cell anew: a full update is written whole."""
        self.screen.refresh()

    def on_resize(self) -> None:
        """A terminal that changed its size shows who knows what."""
        self._shown.forget()

    # --- the end ---------------------------------------------------------------------------------

    def action_interrupt(self) -> None:
        """Ctrl-C: once warns, twice quits."""
        now = self._now()
        if self._interrupted is not None and now - self._interrupted < timedelta(seconds=3):
            self.exit(0)
            return
        self._interrupted = now
        screen = self.screen_stack[1] if len(self.screen_stack) > 1 else self.screen
        if isinstance(screen, MainScreen):
            screen.say("Ctrl-C again quits.")

    def _fatal_error(self) -> None:
        """A mistake of ours ends in one sentence and the log, never in a traceback on somebody's terminal."""
        error = self._exception
        log.error("the console failed", exc_info=error)
        where = f"; the log is {self.log_file}" if self.log_file else ""
        self._exit_renderables.append(Text(f"fluxtui stopped: {type(error).__name__}: {error}{where}"))
        self._close_messages_no_wait()


def _speaks_unicode() -> bool:
    encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "") in ("utf8", "utf16", "utf32")
