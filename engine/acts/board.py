"""The operations board: checks a command, journals it, sends it once and follows it to its result."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final

from engine import errors
from engine.acts.base import Act, Receipt, World
from engine.acts.delete import DeleteAct
from engine.acts.edit import EditAct
from engine.acts.reconcile import ReconcileAct
from engine.acts.rollback import RollbackAct
from engine.acts.suspend import ResumeAct, SuspendAct
from engine.acts.undo import UndoAct
from engine.commands import Command, Delete, Edit, Outcome, Reconcile, Resume, Rollback, Suspend, Undo
from engine.flux import kinds
from engine.journal import Entry, Journal
from engine.model import Effect
from engine.safe import line
from engine.snapshot import Operation, Progress

log = logging.getLogger(__name__)

ACTS: Final[dict[type[Command], Act[Any]]] = {
    Reconcile: ReconcileAct(),
    Suspend: SuspendAct(),
    Resume: ResumeAct(),
    Rollback: RollbackAct(),
    Undo: UndoAct(),
    Delete: DeleteAct(),
    Edit: EditAct(),
}

SHOWN: Final = 200
"""Effects that are remembered until their act comes."""

SETTLING: Final = (1.0, 2.0, 5.0, 10.0, 10.0, 30.0, 30.0, 30.0)
"""Pauses in seconds between attempts to read whether an unanswered write arrived; then it stays unknown."""


class Board:
    """Carries out commands on one cluster. One task per operation; all end with `close`."""

    def __init__(self, world: World, journal: Journal) -> None:
        self._world = world
        self._journal = journal
        self._done: dict[str, tuple[Command, Receipt]] = {}
        self._shown: dict[Command, Effect] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        world.done = self._done

    async def submit(self, command: Command) -> Outcome:
        """Check, journal and begin; the operation goes on in the background."""
        act = ACTS[type(command)]
        try:
            self._may(command)
            act.check(command, self._world)
            receipt = await act.prepare(command, self._world)
        except errors.EngineError as error:
            return Outcome(accepted=False, message=line(str(error)))
        effect = await self._effect(act, command)
        now = self._world.clock.now()
        operation = Operation(
            id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            verb=command.verb,
            ref=command.ref,
            started=now,
            progress=Progress.REQUESTED,
            steps=((Progress.REQUESTED, now),),
            detail=line(_detail(command)),
        )
        self._journal.begin(operation.id, command, receipt, now, effect)
        self._world.store.put_operation(operation)
        self._spawn(self._run(operation.id, act, command, receipt))
        return Outcome(accepted=True, operation=operation.id)

    def shown(self, command: Command, effect: Effect) -> None:
        """A person saw this effect; it is written down with the act, should it come."""
        self._shown.pop(command, None)
        self._shown[command] = effect
        while len(self._shown) > SHOWN:
            del self._shown[next(iter(self._shown))]

    async def _effect(self, act: Act[Any], command: Command) -> Effect | None:
        """The effect that was shown, else what is known at once: nothing is computed while somebody waits."""
        shown = self._shown.pop(command, None)
        if shown is not None:
            return shown
        try:
            async with aclosing(act.effect(command, self._world)) as effects:
                async for effect in effects:
                    return effect
        except errors.EngineError as error:
            log.info("the effect of %s %s is not known: %s", command.verb, command.ref, error)
        return None

    def resume(self) -> None:
        """Take up what an earlier session left under way, and remember what can be undone."""
        for entry in self._journal.read(self._world.cluster, self._world.clock.now()):
            act = ACTS[type(entry.command)]
            if entry.ended:
                if entry.ended == Progress.DONE:
                    self._remember(entry.id, act, entry.command, entry.receipt)
                    self._world.store.put_operation(_restored(entry, act))
                    self._taken_back(entry.command)
                continue
            self._world.store.put_operation(_restored(entry, act))
            self._spawn(self._settle(entry.id, act, entry.command, entry.receipt, "taken up again"))

    async def close(self) -> None:
        """Stop following; the journal keeps what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- one operation ----------------------------------------------------------------------------------

    def _may(self, command: Command) -> None:
        snapshot = self._world.store.snapshot
        if snapshot.read_only:
            raise errors.ReadOnly("nothing was sent: this session is read-only", fix="start it without --read-only")
        entry = kinds.by_group_kind(command.ref.group, command.ref.kind)
        if entry is not None and (command.needs, entry.resource) in snapshot.denied:
            raise errors.NotAllowed(
                f"you may not {command.needs} {entry.resource}", verb=command.needs, resource=entry.resource
            )

    async def _run(self, id: str, act: Act[Any], command: Command, receipt: Receipt) -> None:  # noqa: A002
        try:
            await act.send(command, self._world, receipt)
        except errors.Unavailable as error:
            await self._settle(id, act, command, receipt, line(str(error)))
            return
        except errors.Refused as error:
            self._end(id, Progress.REFUSED, str(error))
            return
        except errors.EngineError as error:
            self._end(id, Progress.FAILED, str(error))
            return
        self._journal.mark(id, "sent", self._world.clock.now())
        await self._follow(id, act, command, receipt)

    async def _settle(self, id: str, act: Act[Any], command: Command, receipt: Receipt, why: str) -> None:  # noqa: A002
        """The answer never came: read whether the write did."""
        for pause in (*SETTLING, None):
            try:
                landed = await act.landed(command, self._world, receipt)
                break
            except errors.Retryable as error:
                if pause is None:
                    self._end(id, Progress.UNKNOWN, f"{why}; and the object could not be read: {error}")
                    return
                self._step(id, Progress.REQUESTED, f"{why}; it is read as soon as the API server answers")
                await self._world.clock.sleep(pause)
            except errors.EngineError as error:
                self._end(id, Progress.UNKNOWN, f"{why}; and the object could not be read: {error}")
                return
        if not landed:
            self._end(id, Progress.UNKNOWN, f"{why}; the object does not show it, so it was not done")
            return
        await self._follow(id, act, command, receipt)

    async def _follow(self, id: str, act: Act[Any], command: Command, receipt: Receipt) -> None:  # noqa: A002
        def track(progress: Progress, message: str = "") -> None:
            self._step(id, progress, message)

        try:
            message = await act.follow(command, self._world, receipt, track)
        except errors.EngineError as error:
            self._end(id, Progress.FAILED, str(error))
            return
        self._remember(id, act, command, receipt)
        self._end(id, Progress.DONE, message)
        self._taken_back(command)

    def _remember(self, id: str, act: Act[Any], command: Command, receipt: Receipt) -> None:  # noqa: A002
        if act.inverse(command, receipt):
            self._done[id] = (command, receipt)

    def _taken_back(self, command: Command) -> None:
        """What was undone cannot be undone once more."""
        if not isinstance(command, Undo):
            return
        self._done.pop(command.operation, None)
        known = self._world.store.operation(command.operation)
        if known is not None and known.undoable:
            self._world.store.put_operation(replace(known, undoable=False))

    def _step(self, id: str, progress: Progress, message: str) -> None:  # noqa: A002
        known = self._world.store.operation(id)
        if known is None or known.progress.final:
            return
        now = self._world.clock.now()
        steps = known.steps if known.progress is progress else (*known.steps, (progress, now))
        ended = now if progress.final else None
        undoable = progress is Progress.DONE and id in self._done
        self._world.store.put_operation(
            replace(known, progress=progress, message=line(message), steps=steps, ended=ended, undoable=undoable)
        )

    def _end(self, id: str, progress: Progress, message: str) -> None:  # noqa: A002
        self._journal.mark(id, progress.value, self._world.clock.now(), line(message))
        self._step(id, progress, message)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an operation broke", exc_info=error)


def _detail(command: Command) -> str:
    match command:
        case Reconcile(with_source=source, force=force, reset=reset):
            given = (("with source", source), ("force", force), ("reset", reset))
            return ", ".join(word for word, wanted in given if wanted)
        case Suspend(reason=reason):
            return f'"{reason}"' if reason else ""
        case Rollback(revision=revision):
            return f"to {revision}"
    return ""


def _restored(entry: Entry, act: Act[Any]) -> Operation:
    progress = Progress(entry.ended) if entry.ended else Progress.REQUESTED
    return Operation(
        id=entry.id,
        verb=entry.command.verb,
        ref=entry.command.ref,
        started=entry.started,
        progress=progress,
        message=line(entry.message),
        steps=((Progress.REQUESTED, entry.started),),
        ended=entry.started if entry.ended else None,
        detail=line(_detail(entry.command)),
        undoable=progress is Progress.DONE and act.inverse(entry.command, entry.receipt),
    )
