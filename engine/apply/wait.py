"""Waiting until objects are Current (flux.md 4.9): at once from what was just seen, then by watch, else by polling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from engine import errors
from engine.apply import errors as texts
from engine.apply.live import Proofs, Watches
from engine.apply.ssa import Kinds
from engine.clock import Clock
from engine.flux import kstatus
from engine.flux.inventory import Entry, ObjectRef, ref_of
from engine.flux.kstatus import State, Status
from engine.kube.types import Object, ResourceType

POLL: Final = 5.0
_SWEEP: Final = 6
"""Every so many polls what is watched is read again too."""
_NOT_FOUND: Final = Status(State.NOT_FOUND)


class Reader(Protocol):
    """The part of the client that reading health needs."""

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        """One object; errors.NotFound."""


class PodReader(Protocol):
    """Finds the Pods of a workload."""

    async def pods(self, namespace: str, label_selector: str) -> Sequence[Object]:
        """All Pods that match."""


class HealthWait:
    """Waits for objects of one cluster."""

    def __init__(
        self,
        reader: Reader,
        pods: PodReader,
        kinds: Kinds,
        watches: Watches,
        proofs: Proofs,
        clock: Clock,
        *,
        concurrent: int = 4,
    ) -> None:
        self._reader = reader
        self._pods = pods
        self._kinds = kinds
        self._watches = watches
        self._proofs = proofs
        self._clock = clock
        self._concurrent = concurrent

    async def until_current(
        self,
        entries: Iterable[Entry],
        timeout: float,
        *,
        fail_fast: bool = True,
        seen: Mapping[ObjectRef, Object] | None = None,
        vanishing: frozenset[ObjectRef] = frozenset(),
        on_wait: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Return when all are Current; raise HealthError when they fail or `timeout` seconds are over.

        `seen` holds states that were read a moment ago; `vanishing` Jobs whose disappearance is success;
        `on_wait` is called once if there is something to wait for.
        """
        run = _Run(self, list(entries), vanishing)
        with run.watching():
            await run.look(run.pending, seen or {})
            run.outdate(seen or {})
            deadline = self._clock.monotonic() + timeout
            if run.pending and on_wait is not None:
                await on_wait()
            while run.pending:
                run.check(fail_fast=fail_fast)
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    raise run.timed_out()
                await run.next(min(POLL, left))

    async def states(self, entries: Sequence[Entry]) -> dict[ObjectRef, Status]:
        """The health of objects now."""
        run = _Run(self, list(entries), frozenset())
        await run.look(run.pending, {})
        return run.states

    async def read(self, entry: Entry, seen: Object | None = None) -> Status:
        """The health of one object, from `seen` or read now."""
        try:
            obj = seen
            if obj is None:
                res = await self._kinds.resource(entry.ref.group, entry.version, entry.ref.kind)
                obj = await self._reader.get(res, entry.ref.namespace, entry.ref.name)
            status = kstatus.compute(obj, now=self._clock.now())
            if status.state is State.IN_PROGRESS and kstatus.needs_pods(entry.ref.group, entry.ref.kind):
                pods = await self._pods.pods(entry.ref.namespace, _selector(obj))
                status = kstatus.compute(obj, pods, self._clock.now())
        except errors.NotFound:
            return _NOT_FOUND
        except errors.EngineError as error:
            return Status(State.UNKNOWN, texts.words(error))
        if status.state is State.CURRENT:
            self._proofs.current(entry.ref, obj)
        return status


class _Run:
    """One wait: what is still pending, and which of it changed."""

    def __init__(self, wait: HealthWait, entries: list[Entry], vanishing: frozenset[ObjectRef]) -> None:
        self._wait = wait
        self._entries = {entry.ref: entry for entry in entries}
        self._vanishing = vanishing
        self._changed: set[ObjectRef] = set()
        self._wake = asyncio.Event()
        self._polls = 0
        self.states: dict[ObjectRef, Status] = {}
        self.pending = [ref for ref in self._entries if not wait._proofs.is_current(ref)]

    def watching(self) -> _Subscription:
        """While it lasts, changes of pending objects are noted."""
        return _Subscription(self._wait._watches, self._note)

    async def look(self, refs: Sequence[ObjectRef], seen: Mapping[ObjectRef, Object]) -> None:
        """Find out the health of some objects and keep those pending that are not Current."""
        slots = asyncio.Semaphore(self._wait._concurrent)

        async def one(ref: ObjectRef) -> None:
            async with slots:
                self.states[ref] = await self._wait.read(self._entries[ref], seen.get(ref))

        async with asyncio.TaskGroup() as group:
            for ref in refs:
                group.create_task(one(ref))
        self.pending = [ref for ref in self.pending if not self._is_current(ref)]

    def outdate(self, seen: Mapping[ObjectRef, Object]) -> None:
        """What changed between being seen and being watched is no news to the watch: it is looked at once more."""
        for ref in self.pending:
            live = self._wait._watches.metadata(ref)
            if live is not None and ref in seen and _version(live) != _version(seen[ref]):
                self._changed.add(ref)
                self._wake.set()

    def check(self, *, fail_fast: bool) -> None:
        """Raise when waiting longer makes no sense."""
        failed = [ref for ref in self.pending if self.states[ref].state is State.FAILED]
        if failed and (fail_fast or len(failed) == len(self.pending)):
            raise texts.HealthError(f"failed early due to stalled resources: [{self._listed(failed)}]")

    def timed_out(self) -> texts.HealthError:
        """What is told at the deadline."""
        return texts.HealthError(f"timeout waiting for: [{self._listed(self.pending)}]")

    async def next(self, seconds: float) -> None:
        """Wait for a change or the next poll, then look at what may be different."""
        timer = asyncio.create_task(self._wait._clock.sleep(seconds))
        waker = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait((timer, waker), return_when=asyncio.FIRST_COMPLETED)
            polled = timer.done()
        finally:
            timer.cancel()
            waker.cancel()
        self._wake.clear()
        changed, self._changed = self._changed, set()
        if not polled:
            await self.look([ref for ref in self.pending if ref in changed], {})
            return
        self._polls += 1
        sweep = self._polls % _SWEEP == 0
        await self.look([ref for ref in self.pending if sweep or ref in changed or not self._watched(ref)], {})

    def _is_current(self, ref: ObjectRef) -> bool:
        state = self.states[ref].state
        return state is State.CURRENT or (state is State.NOT_FOUND and ref in self._vanishing)

    def _watched(self, ref: ObjectRef) -> bool:
        """Whether a change would be noticed: the watch shows the object, and Pods don't matter for its health."""
        if kstatus.needs_pods(ref.group, ref.kind) or not self._wait._watches.is_live(ref.group, ref.kind):
            return False
        return self._wait._watches.metadata(ref) is not None

    def _note(self, _res: ResourceType, old: Object | None, new: Object | None) -> None:
        obj = new or old
        if obj is not None and (ref := ref_of(obj)) in self._entries:
            self._changed.add(ref)
            self._wake.set()

    def _listed(self, refs: Iterable[ObjectRef]) -> str:
        return ", ".join(self._told(ref) for ref in refs)

    def _told(self, ref: ObjectRef) -> str:
        status = self.states[ref]
        error = f": {status.message}" if status.state is State.UNKNOWN and status.message else ""
        return f"{ref} status: '{status.state}'{error}"


class _Subscription:
    """A subscription for the length of a `with`."""

    def __init__(self, watches: Watches, handler: Any) -> None:
        self._watches = watches
        self._handler = handler

    def __enter__(self) -> None:
        self._end = self._watches.subscribe(self._handler)

    def __exit__(self, *_: object) -> None:
        self._end()


def _version(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("resourceVersion"))


def _selector(obj: Mapping[str, Any]) -> str:
    """A workload's matchLabels as text."""
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
