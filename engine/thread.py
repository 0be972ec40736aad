"""The engine in a thread of its own: one loop, one session, a crash that becomes a banner, a stop with a deadline."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from engine import errors
from engine.clock import Clock
from engine.commands import Command, Outcome
from engine.model import Ref
from engine.questions import Answer, Lend, Query
from engine.safe import line
from engine.settings import EngineSettings
from engine.snapshot import Connection, Link, Problem, Snapshot

if TYPE_CHECKING:
    from engine.kube.config import ClusterConfig
    from engine.session import Session

log = logging.getLogger(__name__)

_GC_THRESHOLDS: Final = (50_000, 50, 50)
"""Thousands of long-lived dicts make the cyclic collector the dearest part of parsing (kubernetes-api.md D)."""


class EngineThread:
    """`api.Engine`. Heavy imports happen in the thread, so that the first frame does not wait for them."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        clock: Clock | None = None,
        config: Callable[[], ClusterConfig] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._config = config
        self._initial = Snapshot(
            stance=settings.stance,
            connection=Connection(Link.CONNECTING, settings.access.context),
            read_only=settings.read_only,
        )
        self._failed: Snapshot | None = None
        self._listeners: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: Session | None = None
        self._main: asyncio.Task[None] | None = None
        self._ready = threading.Event()

    # --- what the console calls -------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot; after a crash the last one with the problem in it."""
        if self._failed is not None:
            return self._failed
        session = self._session
        return session.store.snapshot if session is not None else self._initial

    def start(self) -> None:
        """Start the thread; returns at once."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def stop(self, deadline: float = 1.0) -> None:
        """Stop and join; a thread that hangs is left behind, loudly (it is a daemon)."""
        thread, loop, main = self._thread, self._loop, self._main
        if thread is None:
            return
        if loop is not None and main is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(main.cancel)
            except RuntimeError:
                log.debug("the engine's loop had ended by itself")
        thread.join(deadline)
        if thread.is_alive():
            log.error("the engine did not stop within %g s", deadline)
        self._thread = None

    def restart(self) -> None:
        """Begin again with an empty snapshot."""
        self.stop()
        self._failed = None
        self._session = None
        self.start()
        self._wake()

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` whenever there is a newer snapshot."""
        self._listeners.append(wake)
        return lambda: self._listeners.remove(wake) if wake in self._listeners else None

    def ask(self, query: Query, answer: Callable[[Answer], None]) -> _Asked:
        """Ask in the engine's loop; errors come as answers."""
        return _Asked(self._schedule(self._answer(query, answer)))

    def focus(self, refs: tuple[Ref, ...]) -> None:
        """Tell what is on screen."""
        session = self._session
        if session is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(session.focus, refs)

    def submit(self, command: Command, done: Callable[[Outcome], None]) -> None:
        """Carry out a command; without a connection it is refused at once."""
        self._schedule(self._submit(command, done))

    def login(self, lend: Lend, done: Callable[[Outcome], None]) -> None:
        """Log in with the person's terminal; then everything is tried again."""
        self._schedule(self._login(lend, done))

    # --- in the engine's thread -------------------------------------------------------------------------

    def _run(self) -> None:
        """The boundary where a crash becomes a snapshot with a problem."""
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            log.info("the engine stopped")
        except errors.EngineError as error:
            self._fail(Problem("The engine stopped", str(error), fatal=True))
        except BaseException as error:
            log.exception("the engine crashed")
            where = str(self._settings.log_file or "")
            self._fail(Problem("The engine crashed", type(error).__name__, fatal=True, log_file=where))
        finally:
            self._loop = None
            self._ready.set()

    async def _serve(self) -> None:
        from engine.session import Session

        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        gc.set_threshold(*_GC_THRESHOLDS)
        self._session = Session(self._settings, self._clock, config=self._config)
        self._session.store.subscribe(self._wake)
        self._ready.set()
        await self._session.run()

    async def _answer(self, query: Query, answer: Callable[[Answer], None]) -> None:
        session = self._session
        try:
            if session is None:
                raise errors.Unavailable("not connected yet", fix="it is tried again by itself")
            await session.standing()
            from engine.answers import answers

            previous: object = None
            async for value in answers(query, session):
                if previous is not None:
                    answer(Answer(query, previous, partial=True))
                previous = value
            answer(Answer(query, previous))
        except errors.EngineError as error:
            answer(Answer(query, error=error))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # A question must not bring the engine down; the log has the trace.
            log.exception("the question %r could not be answered", query)
            answer(Answer(query, error=errors.EngineError(f"this could not be computed ({type(error).__name__})")))

    async def _submit(self, command: Command, done: Callable[[Outcome], None]) -> None:
        session = self._session
        if session is None or session.watches is None:
            done(Outcome(accepted=False, message="not connected: nothing was sent"))
            return
        await session.standing()
        assert session.board is not None
        done(await session.board.submit(command))

    async def _login(self, lend: Lend, done: Callable[[Outcome], None]) -> None:
        session = self._session
        if session is None:
            done(Outcome(accepted=False, message="the engine is not running"))
            return
        try:
            done(Outcome(accepted=True, message=await session.login(lend)))
        except errors.EngineError as error:
            done(Outcome(accepted=False, message=line(str(error))))

    def _schedule(self, work: Coroutine[Any, Any, None]) -> Future[None] | None:
        self._ready.wait(1.0)
        loop = self._loop
        if loop is None or loop.is_closed():
            work.close()
            return None
        return asyncio.run_coroutine_threadsafe(work, loop)

    def _fail(self, problem: Problem) -> None:
        last = self.snapshot
        self._failed = replace(last, version=last.version + 1, changed=frozenset(), problems=(problem,))
        self._wake()

    def _wake(self) -> None:
        for wake in tuple(self._listeners):
            wake()


class _Asked:
    """`api.Asking`."""

    def __init__(self, future: Future[None] | None) -> None:
        self._future = future

    def cancel(self) -> None:
        """Stop computing."""
        if self._future is not None:
            self._future.cancel()
