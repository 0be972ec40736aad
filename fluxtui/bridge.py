"""Between the engine's thread and the console's loop: the only file that knows both.

The engine's callbacks come in its own thread. They only post a message; whatever touches a widget runs when that
message is handled. A wake-up is posted once and then not again until the newest snapshot has been read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump

from engine.api import Answer, Asking, Command, Engine, LoginCommand, Outcome, Query, Ref, Snapshot
from fluxtui.messages import Delivered, SnapshotReady


class Question:
    """A question under way; once cancelled, no answer reaches anybody."""

    def __init__(self, answered: Callable[[Answer], None]) -> None:
        self._answered = answered
        self._cancelled = False
        self.asking: Asking | None = None

    def cancel(self) -> None:
        """Drop what is still to come."""
        self._cancelled = True
        if self.asking is not None:
            self.asking.cancel()

    def deliver(self, answer: Answer) -> None:
        """Hand on an answer, in the console's thread."""
        if not self._cancelled:
            self._answered(answer)


class Bridge:
    """The console's hold on one engine."""

    def __init__(self, engine: Engine, console: MessagePump) -> None:
        self.engine = engine
        self._console = console
        self._pending = False
        self._closed = False
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot; from now on the engine wakes us again."""
        self._pending = False
        return self.engine.snapshot

    def start(self) -> None:
        """Start the engine; after the first frame, never before."""
        self._unsubscribe = self.engine.subscribe(self._wake)
        self.engine.start()
        self._wake()

    def stop(self, deadline: float = 1.0) -> None:
        """Stop the engine; blocks for at most `deadline` seconds."""
        self._closed = True
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.engine.stop(deadline)

    def restart(self) -> None:
        """After a crash: begin again."""
        self.engine.restart()
        self._wake()

    def login(self, lend: Callable[[LoginCommand], bytes | None], done: Callable[[Outcome], None]) -> None:
        """Log in with the terminal that `lend` gives away, in this thread; then everything is tried again."""

        def asked(command: LoginCommand, answer: Callable[[bytes | None], None]) -> None:
            self._post(Delivered(lambda found: answer(lend(found)), command))

        self.engine.login(asked, lambda outcome: self._post(Delivered(done, outcome)))

    def focus(self, refs: tuple[Ref, ...]) -> None:
        """Tell the engine what is looked at."""
        self.engine.focus(refs)

    def ask(self, query: Query, answered: Callable[[Answer], None]) -> Question:
        """Ask; `answered` is called in this thread, perhaps several times."""
        question = Question(answered)
        question.asking = self.engine.ask(query, lambda answer: self._post(Delivered(question.deliver, answer)))
        return question

    def submit(self, command: Command, done: Callable[[Outcome], None]) -> None:
        """Send an intent, once; `done` is called in this thread."""
        self.engine.submit(command, lambda outcome: self._post(Delivered(done, outcome)))

    # --- called in the engine's thread ---------------------------------------------------------

    def _wake(self) -> None:
        if not self._pending:
            self._pending = True
            self._post(SnapshotReady())

    def _post(self, message: Message) -> Any:
        if self._closed:
            return
        try:
            self._console.post_message(message)
        except RuntimeError:
            # The console's loop is closed: nobody is left to hear it.
            self._closed = True
