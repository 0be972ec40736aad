"""What every simulator is, and the loop that runs them: level-triggered, woken by writes, idle otherwise.

A simulator names the kinds it looks at and turns each change into keys; for a key it compares what is wanted with
what is there and writes the difference. Writes are synchronous and single-threaded, so nothing can conflict.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from engine.clock import Clock
from engine.embedded.facade import Change
from engine.embedded.simulate.cluster import Cluster, Key
from engine.embedded.status import ApiError

log = logging.getLogger(__name__)

#: What a change means for a simulator: the keys to look at.
Route = Callable[[Change], Iterable[Key]]

_RETRY_SECONDS = 1.0
_GONE = (403, 404)
_MAX_RETRIES = 5


class Simulator:
    """One kind's behaviour. `routes` says which changes concern it, by (apiVersion, kind); `ANY` is every kind."""

    ANY = ("*", "*")

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """The kinds looked at, and what a change of one of their objects means."""
        raise NotImplementedError

    def reconcile(self, key: Key) -> float | None:
        """Bring one object closer to what it should be; seconds until it wants to be looked at again, or None."""
        raise NotImplementedError


class Stopwatch:
    """How long ago something began: objects state their times in whole seconds only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: dict[Key, tuple[str, float]] = {}

    def elapsed(self, key: Key, what: str) -> float:
        """Seconds since this was first asked about `what` at `key`; another `what` starts anew."""
        now = self._clock.monotonic()
        known = self._began.get(key)
        if known is None or known[0] != what:
            known = self._began[key] = (what, now)
        return now - known[1]

    def forget(self, key: Key) -> None:
        """The object is gone, or has got where it was going."""
        self._began.pop(key, None)


def itself(change: Change) -> Iterable[Key]:
    """The key of the changed object."""
    metadata = change.object["metadata"]
    return ((metadata.get("namespace") or "", metadata["name"]),)


def owner_of_kind(kind: str) -> Route:
    """The key of the controlling owner of this kind."""

    def route(change: Change) -> Iterable[Key]:
        metadata = change.object["metadata"]
        for owner in metadata.get("ownerReferences") or ():
            if owner.get("controller") and owner.get("kind") == kind:
                return ((metadata.get("namespace") or "", owner["name"]),)
        return ()

    return route


class Loop:
    """Runs simulators on the server's loop until it is stopped."""

    def __init__(self, cluster: Cluster, simulators: Iterable[Simulator]) -> None:
        self._cluster = cluster
        self._routes: dict[tuple[str, str], list[tuple[Simulator, Route]]] = {}
        for simulator in simulators:
            for kind, route in simulator.routes().items():
                self._routes.setdefault(kind, []).append((simulator, route))
        #: What waits to be looked at, each once, in order.
        self._queue: dict[tuple[Simulator, Key], None] = {}
        self._later: dict[tuple[Simulator, Key], tuple[float, asyncio.Task[None]]] = {}
        self._failures: dict[tuple[Simulator, Key], int] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Look at everything there is once, then at what changes."""
        self._unsubscribe = self._cluster.api.subscribe(self._changed)
        for group_version, kind, _ in self._cluster.api.kinds():
            if Simulator.ANY in self._routes or (group_version, kind) in self._routes:
                for obj in self._cluster.api.list(group_version, kind):
                    self._changed(Change("ADDED", obj, None))
        self._task = asyncio.get_running_loop().create_task(self._run(), name="simulation")

    def stop(self) -> None:
        """End every task; nothing is written afterwards."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for _, task in self._later.values():
            task.cancel()
        self._later.clear()
        if self._task is not None:
            self._task.cancel()

    def _changed(self, change: Change) -> None:
        self._cluster.ownership.changed(change)
        obj = change.object
        routes = self._routes.get((obj.get("apiVersion", ""), obj.get("kind", "")), ())
        for simulator, route in (*routes, *self._routes.get(Simulator.ANY, ())):
            for key in route(change):
                self._queue[simulator, key] = None
        if self._queue:
            self._wake.set()

    async def _run(self) -> None:
        while True:
            while self._queue:
                item = next(iter(self._queue))
                del self._queue[item]
                self._look_at(item)
                await asyncio.sleep(0)  # requests come between two objects
            self._wake.clear()
            await self._wake.wait()

    def _look_at(self, item: tuple[Simulator, Key]) -> None:
        simulator, key = item
        self._forget_timer(item)
        try:
            again = simulator.reconcile(key)
        except ApiError as error:
            again = self._failed(item, error)
        except Exception as error:  # one object that cannot be simulated must not stop the others
            log.exception("simulating %s %s failed", type(simulator).__name__, "/".join(key))
            again = self._failed(item, error)
        else:
            self._failures.pop(item, None)
        if again is not None:
            self._look_again(item, again)

    def _failed(self, item: tuple[Simulator, Key], error: Exception) -> float | None:
        """Try again a few times; then only when something changes."""
        simulator, key = item
        if isinstance(error, ApiError) and error.code in _GONE:
            return None  # its namespace terminates, or it is gone: the next change says what to do
        count = self._failures.get(item, 0) + 1
        self._failures[item] = count
        if count > _MAX_RETRIES:
            log.warning("giving up on %s %s: %s", type(simulator).__name__, "/".join(key), error)
            del self._failures[item]
            return None
        return _RETRY_SECONDS * count

    def _look_again(self, item: tuple[Simulator, Key], seconds: float) -> None:
        due = self._cluster.clock.monotonic() + seconds
        known = self._later.get(item)
        if known is not None and known[0] <= due:
            return
        self._forget_timer(item)
        task = asyncio.get_running_loop().create_task(self._after(item, seconds))
        self._later[item] = (due, task)

    def _forget_timer(self, item: tuple[Simulator, Key]) -> None:
        known = self._later.pop(item, None)
        if known is not None and known[1] is not asyncio.current_task():
            known[1].cancel()

    async def _after(self, item: tuple[Simulator, Key], seconds: float) -> None:
        with suppress(asyncio.CancelledError):
            await self._cluster.clock.sleep(seconds)
            self._later.pop(item, None)
            self._queue[item] = None
            self._wake.set()
