"""A test double of `engine.api.Engine`: hands out the snapshots that a test gives it, notes what is asked of it."""

from __future__ import annotations

from collections.abc import Callable

from engine.api import Answer, Command, EffectOf, Lend, LoginCommand, Outcome, Query, Ref, Snapshot


class FakeAsking:
    """A question that a test answers when it likes."""

    def __init__(self, query: Query, answer: Callable[[Answer], None]) -> None:
        self.query = query
        self.answer = answer
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeEngine:
    """Implements `engine.api.Engine`; `answers`: a query's type (or a command's, for effects) → value or error."""

    def __init__(self, snapshot: Snapshot | None = None, answers: dict[type, object] | None = None) -> None:
        self._snapshot = snapshot or Snapshot()
        self.answers = answers or {}
        self.started = 0
        self.stopped = 0
        self.logins = 0
        self.lent: list[bytes | None] = []
        self.login_command: LoginCommand | None = None
        self.restarted = 0
        self.asked: list[FakeAsking] = []
        self.submitted: list[Command] = []
        self.focused: tuple[Ref, ...] = ()
        self.outcome = Outcome(True, "op-1")
        self._wakes: list[Callable[[], None]] = []

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    def publish(self, snapshot: Snapshot) -> None:
        """What the engine's thread does when something changed."""
        self._snapshot = snapshot
        for wake in self._wakes:
            wake()

    def start(self) -> None:
        self.started += 1

    def stop(self, deadline: float = 1.0) -> None:
        self.stopped += 1

    def restart(self) -> None:
        self.restarted += 1

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        self._wakes.append(wake)
        return lambda: self._wakes.remove(wake)

    def ask(self, query: Query, answer: Callable[[Answer], None]) -> FakeAsking:
        asking = FakeAsking(query, answer)
        self.asked.append(asking)
        key = type(query.command) if isinstance(query, EffectOf) else type(query)
        if key in self.answers:
            value = self.answers[key]
            error = value if isinstance(value, Exception) else None
            answer(Answer(query, None if error else value, error))  # type: ignore[arg-type]
        return asking

    def focus(self, refs: tuple[Ref, ...]) -> None:
        self.focused = refs

    def login(self, lend: Lend, done: Callable[[Outcome], None]) -> None:
        """Ask for the terminal when the test says with what; else it is only tried again."""
        self.logins += 1
        if self.login_command is None:
            done(Outcome(True, message="tried again"))
            return

        def answered(output: bytes | None) -> None:
            self.lent.append(output)
            done(Outcome(output is not None, message="logged in" if output else "the login did not succeed"))

        lend(self.login_command, answered)

    def submit(self, command: Command, done: Callable[[Outcome], None]) -> None:
        self.submitted.append(command)
        done(self.outcome)
