"""The Leases of the Flux controllers: who holds them, and holding them ourselves (flux.md 1.6).

The rules are client-go's: a Lease is somebody's until it was not renewed for its duration, *as watched on our own
clock*, for clocks differ; we stop writing at the renew deadline, five seconds before others may step in. Both are
measured on a clock that runs through sleep.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from engine import errors
from engine.clock import Clock
from engine.kube.client import Client
from engine.kube.resources import LEASES
from engine.kube.types import Object

SUFFIX = "-leader-election"
MANAGER = "fluxtui"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: how long a Lease lasts, when its holder stops, how often it renews (Flux's flags)."""

    duration: float = 35.0
    deadline: float = 30.0
    retry: float = 5.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a Lease, or may hold it because it cannot be read."""

    namespace: str
    name: str
    identity: str
    readable: bool = True

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{where} is held by {self.identity}" if self.readable else f"{where} cannot be read: {self.identity}"


class LeaseGroup:
    """The Leases of several controllers, held together or not at all."""

    def __init__(
        self,
        client: Client,
        controllers: Sequence[str],
        identity: str,
        *,
        namespace: str = "flux-system",
        clock: Clock | None = None,
        timing: Timing = Timing(),  # frozen
    ) -> None:
        self._client = client
        self._names = tuple(f"{controller}{SUFFIX}" for controller in controllers)
        self._identity = identity
        self._namespace = namespace
        self._clock = clock or client.clock
        self._timing = timing
        self._held: dict[str, Object] = {}
        self._until = float("-inf")
        self._look_again = float("-inf")
        #: Whether the last attempt ended clearly; if not, our Leases are read before they are written.
        self._sure = False
        #: Leases of others as first seen: their state, and when on our clock.
        self._seen: dict[tuple[str, str], tuple[tuple[object, ...], float]] = {}
        self._places: set[str] = {namespace}

    def may_write(self) -> bool:
        """Whether a write may go out now: all Leases are ours, and the last renewal is not too old."""
        return self._clock.boottime() < self._until

    async def attempt(self) -> list[Holder]:
        """Take or renew all Leases. Empty: they are ours. Else who is in the way, and none is taken.

        Raises errors.Retryable when the API server cannot be asked.
        """
        began = self._clock.boottime()
        fresh, self._sure = self._sure, False
        if (len(self._held) < len(self._names) or began >= self._look_again) and (found := await self._others()):
            await self.release()
            return found
        for name in self._names:
            if not await self._take(name, fresh):
                await self.release()
                return await self._others() or [Holder(self._namespace, name, "somebody else")]
        self._sure = True
        # Counted from before the first request: an answer that took long gives no more time.
        self._until = began + self._timing.deadline
        return []

    async def run(self, on_change: Callable[[bool, list[Holder]], None] | None = None) -> None:
        """Take and renew for ever; `on_change(held, holders)` tells of every turn. Cancelled, it gives them back."""
        last: tuple[bool, list[Holder]] | None = None
        try:
            while True:
                holders: list[Holder] = []
                try:
                    holders = await self._attempt_in_time()
                except errors.EngineError as error:
                    _log.warning("Leases: %s", error)
                state = self.may_write(), holders
                if on_change is not None and state != last:
                    on_change(*state)
                last = state
                await self._clock.sleep(self._timing.retry * random.uniform(0.9, 1.1))  # noqa: S311  # spreads load
        finally:
            await asyncio.shield(self.release())

    async def release(self) -> None:
        """Give the Leases back, so that others need not wait. Nothing may be written after this."""
        self._until = float("-inf")
        for name in tuple(self._held):
            await self._give_back(name)

    async def _attempt_in_time(self) -> list[Holder]:
        try:
            async with asyncio.timeout(self._timing.retry * 2):
                return await self.attempt()
        except TimeoutError:
            raise errors.Unavailable("the API server did not answer in time to renew the Leases") from None

    async def _others(self) -> list[Holder]:
        """Who else holds one, shards included: first where they were, then everywhere.

        A shard may start at any time, so this is asked again now and then while we hold ours.
        """
        for places in (sorted(self._places), [""]):
            found: list[Holder] = []
            for place in places:
                try:
                    leases = await _read(self._client, self._names, place)
                except errors.NotAllowed as error:
                    return [Holder(place, name, error.message, readable=False) for name in self._names]
                found += [_holder(lease) for lease in leases if self._is_others(lease)]
            if found:
                self._places |= {holder.namespace for holder in found}
                return found
        self._look_again = self._clock.boottime() + self._timing.duration
        return []

    def _is_others(self, lease: Object) -> bool:
        identity, spec = _identity(lease), lease.get("spec") or {}
        if not identity or identity == self._identity:
            return False
        key = lease["metadata"].get("namespace", ""), lease["metadata"]["name"]
        state = (identity, spec.get("renewTime"), spec.get("acquireTime"), spec.get("leaseTransitions"))
        now = self._clock.boottime()
        known, since = self._seen.get(key, (None, now))
        if known != state:
            since = now
            self._seen[key] = state, now
        return now - since < _duration(spec, self._timing.duration)

    async def _take(self, name: str, fresh: bool) -> bool:
        """Write our name into one Lease; False when somebody else was faster."""
        lease = self._held.get(name)
        try:
            if lease is None or not fresh:
                lease = await self._client.get(LEASES, self._namespace, name)
                if self._is_others(lease):
                    return False
            self._held[name] = await self._client.replace(LEASES, self._ours(lease), manager=MANAGER)
        except errors.NotFound:
            return await self._make(name)
        except errors.Conflict:
            return False
        return True

    async def _make(self, name: str) -> bool:
        lease: Object = {
            "kind": LEASES.kind,
            "apiVersion": LEASES.api_version,
            "metadata": {"name": name, "namespace": self._namespace},
        }
        try:
            self._held[name] = await self._client.create(LEASES, self._ours(lease), manager=MANAGER)
        except errors.AlreadyExists:
            return False
        return True

    def _ours(self, lease: Object) -> Object:
        spec = lease.get("spec") or {}
        now = _microtime(self._clock.now())
        same = spec.get("holderIdentity") == self._identity
        transitions = int(spec.get("leaseTransitions") or 0)
        ours = {
            **spec,
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._timing.duration),
            "acquireTime": spec.get("acquireTime") if same else now,
            "renewTime": now,
            "leaseTransitions": transitions if same or not spec else transitions + 1,
        }
        return {**lease, "spec": ours}

    async def _give_back(self, name: str) -> None:
        lease = self._held.pop(name)
        now = _microtime(self._clock.now())
        spec = {
            **lease["spec"],
            "holderIdentity": "",
            "leaseDurationSeconds": 1,
            "acquireTime": now,
            "renewTime": now,
        }
        try:
            await self._client.replace(LEASES, {**lease, "spec": spec}, manager=MANAGER)
        except errors.EngineError as error:
            # It runs out by itself.
            _log.warning("the Lease %s could not be given back: %s", name, error)


async def _read(client: Client, prefixes: Iterable[str], namespace: str) -> list[Object]:
    wanted = tuple(prefixes)
    found: list[Object] = []
    async with aclosing(client.list(LEASES, namespace)) as pages:
        async for page in pages:
            found += [lease for lease in page.items if str(lease["metadata"].get("name", "")).startswith(wanted)]
    return found


def _identity(lease: Object) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


def _holder(lease: Object) -> Holder:
    metadata = lease["metadata"]
    return Holder(metadata.get("namespace", ""), metadata["name"], _identity(lease))


def _duration(spec: Object, default: float) -> float:
    seconds = spec.get("leaseDurationSeconds")
    return float(seconds) if isinstance(seconds, int | float) else default


def _microtime(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
