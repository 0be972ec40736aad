"""List and watch of one resource, kept in memory: nothing lost, nothing doubled, no ghosts after a relist."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from engine import errors
from engine.clock import Clock
from engine.kube.client import Client
from engine.kube.status import retry_after
from engine.kube.types import Object, ResourceType, WatchEvent
from engine.kube.waiting import wait_for

State = Literal["starting", "live", "stale", "forbidden", "absent"]
Kind = Literal["added", "modified", "deleted"]
Handler = Callable[[Kind, Object | None, Object | None], None]
Key = tuple[str, str]

PAGE = 500
#: Objects taken in before others may have the loop: transform and handlers cost more than decoding.
SLICE = 100
#: Seconds: the first pause after a failure, doubled up to the last.
BACKOFF = (0.5, 30.0)
#: How often to try again what is forbidden, or not there and not announced by discovery either.
SLOW = 60.0
#: A watch that ends sooner than this without a word counts as a failure, else it would be asked for in a loop.
BRIEF = 1.0


@dataclass(frozen=True, slots=True)
class InformerStatus:
    """How far the contents can be trusted.

    starting: nothing yet · live: as the server has it · stale: as last seen · forbidden: `message` names the
    missing right · absent: the server does not serve this kind. `since` is when the state began,
    `last_contact` when the server was last heard, `next_try` when a lost server is asked again (all our clock).
    """

    state: State
    message: str = ""
    since: datetime | None = None
    last_contact: datetime | None = None
    error: errors.EngineError | None = None
    next_try: datetime | None = None


class Informer:
    """A live copy of all objects of one resource (in one namespace, matching selectors).

    Handlers are called on the loop's thread, synchronously, in the order of the changes. A first list and a
    relist hand out their pages as they arrive; `synced` tells when the copy is whole.
    """

    def __init__(
        self,
        client: Client,
        res: ResourceType,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        transform: Callable[[Object], Object] | None = None,
        keep: Callable[[Object], Object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`transform` shapes what handlers see; `keep` what is remembered (name, uid and resourceVersion stay)."""
        self.res = res
        self._client = client
        self._clock = clock or client.clock
        self._namespace = namespace
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._metadata_only = metadata_only
        self._transform = transform
        self._keep = keep
        self._objects: dict[Key, Object] = {}
        self._handlers: list[Handler] = []
        self._on_status: list[Callable[[InformerStatus], None]] = []
        self._synced = asyncio.Event()
        self._again = asyncio.Event()
        self._version = ""
        self._failures = 0
        self._expired_lists = 0
        self._status = InformerStatus("starting", since=self._clock.now())

    # ---- what it knows

    @property
    def status(self) -> InformerStatus:
        """How far the contents can be trusted, now."""
        return self._status

    def get(self, namespace: str, name: str) -> Object | None:
        """One object, as the API sent it (after `transform`). Not to be changed."""
        return self._objects.get((namespace, name))

    def objects(self) -> Iterable[Object]:
        """All objects, in no particular order."""
        return self._objects.values()

    def __len__(self) -> int:
        return len(self._objects)

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Call `handler(kind, old, new)` for each change from now on; the answer unsubscribes."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler) if handler in self._handlers else None

    def on_status(self, handler: Callable[[InformerStatus], None]) -> Callable[[], None]:
        """Call `handler(status)` whenever state, message or the next attempt change; the answer unsubscribes."""
        self._on_status.append(handler)
        return lambda: self._on_status.remove(handler) if handler in self._on_status else None

    async def synced(self) -> None:
        """Wait until everything was listed once."""
        await self._synced.wait()

    def retry_now(self) -> None:
        """End a pause between attempts: somebody logged in, got rights, or asks."""
        self._again.set()

    # ---- the loop

    async def run(self) -> None:
        """List, watch, and begin again where it stopped, until cancelled."""
        unsubscribe = self._client.discovery.on_change(self._discovery_changed)
        try:
            while True:
                try:
                    if not self._version:
                        await self._list()
                    await self._watch()
                except errors.Expired as error:
                    self._version = ""
                    await self._pause_after(error, quick=True)
                except errors.EngineError as error:
                    await self._pause_after(error)
        finally:
            unsubscribe()

    async def _list(self) -> None:
        """Read everything; what is no longer there is deleted at the end, when that is certain."""
        seen: set[Key] = set()
        version = ""
        # A list whose continue token expires again and again is read in one piece.
        limit = PAGE if self._expired_lists < 2 else 0
        try:
            async with aclosing(
                self._client.list(
                    self.res,
                    self._namespace,
                    label_selector=self._label_selector,
                    field_selector=self._field_selector,
                    limit=limit,
                    metadata_only=self._metadata_only,
                    # As client-go does: the watch brings what the cache lacks. Later lists never go back in time.
                    from_cache=not self._synced.is_set() and not self._failures,
                )
            ) as pages:
                async for page in pages:
                    version, rest = page.resource_version, list(reversed(page.items))
                    del page
                    while rest:
                        if len(rest) % SLICE == 0:
                            await asyncio.sleep(0)
                        seen.add(self._upsert(rest.pop()))
        except errors.Expired:
            self._expired_lists += 1
            raise
        self._expired_lists = 0
        for key in [key for key in self._objects if key not in seen]:
            self._remove(key, self._objects[key])
        self._version = version
        self._failures = 0
        self._synced.set()
        self._set("live")

    async def _watch(self) -> None:
        """Follow changes until the watch ends; the version to resume from is kept up as we go."""
        began, heard = self._clock.monotonic(), False
        async with aclosing(
            self._client.watch(
                self.res,
                self._namespace,
                resource_version=self._version,
                label_selector=self._label_selector,
                field_selector=self._field_selector,
                metadata_only=self._metadata_only,
                on_open=lambda: self._set("live"),
            )
        ) as events:
            async for event in events:
                heard = True
                self._failures = 0
                self._handle(event)
        if not heard and self._clock.monotonic() - began < BRIEF:
            raise errors.Unavailable("the API server ends every watch at once")

    def _handle(self, event: WatchEvent) -> None:
        obj = event.object
        version = obj.get("metadata", {}).get("resourceVersion")
        if event.type in ("ADDED", "MODIFIED"):
            self._upsert(obj)
        elif event.type == "DELETED":
            self._remove(_key(obj), self._shaped(obj))
        self._status = replace(self._status, last_contact=self._clock.now())
        if version:
            self._version = str(version)

    def _shaped(self, obj: Object) -> Object:
        return self._transform(obj) if self._transform else obj

    def _upsert(self, obj: Object) -> Key:
        key = _key(obj)
        old = self._objects.get(key)
        before, after = (old or {}).get("metadata", {}), obj.get("metadata", {})
        if old is not None and before.get("uid") == after.get("uid"):
            if before.get("resourceVersion") == after.get("resourceVersion"):
                return key
        elif old is not None:
            # Deleted and made again while we were not looking.
            self._remove(key, old)
            old = None
        new = self._shaped(obj)
        self._objects[key] = new
        self._tell("modified" if old is not None else "added", old, new)
        if self._keep is not None:
            self._objects[key] = self._keep(new)
        return key

    def _remove(self, key: Key, last: Object) -> None:
        """`last` is the final state where the server told it, else what we knew."""
        if key in self._objects:
            del self._objects[key]
            self._tell("deleted", last, None)

    def _tell(self, kind: Kind, old: Object | None, new: Object | None) -> None:
        for handler in tuple(self._handlers):
            handler(kind, old, new)

    # ---- failures

    def _discovery_changed(self) -> None:
        if self._status.state == "absent":
            self._again.set()

    async def _pause_after(self, error: errors.EngineError, *, quick: bool = False) -> None:
        """Say what is wrong, and wait for as long as it deserves."""
        self._failures += 1
        first, last = BACKOFF
        pause = min(first * 2 ** min(self._failures - 1, 10), last)
        jitter = random.uniform(0.8, 1.2)  # noqa: S311  # spreads load, keeps no secret
        if isinstance(error, errors.NotAllowed):
            right = f"{error.verb} {error.resource}".strip()
            self._set("forbidden", f"not allowed: {right}" if right else error.message, error)
            self._version, pause = "", SLOW
        elif isinstance(error, errors.NoKindMatch | errors.NotFound):
            self._empty()
            self._set("absent", f"the API server does not serve {self.res.resource}", error)
            # Discovery may show a kind a little before its objects can be asked for.
            self._version, pause = "", pause if self._announced() else SLOW
        elif not (quick and self._failures == 1):
            pause = max(pause, retry_after(error) or 0)
            state: State = "stale" if self._synced.is_set() else "starting"
            self._set(state, str(error), error, self._clock.now() + timedelta(seconds=pause * jitter))
        else:
            pause = 0.0
        await self._sleep(pause * jitter)
        if self._status.state == "absent":
            await self._find_version()

    def _empty(self) -> None:
        """The kind is gone, and all its objects with it."""
        for key in list(self._objects):
            self._remove(key, self._objects[key])

    def _announced(self) -> bool:
        return self._client.discovery.serves(self.res.group, self.res.kind)

    async def _find_version(self) -> None:
        """A kind that came (back) may be served in another version."""
        try:
            self.res = await self._client.discovery.resource(self.res.group, "", self.res.kind)
        except errors.EngineError:
            # Not served yet, or discovery is not to be had: the list that follows says which.
            return

    async def _sleep(self, seconds: float) -> None:
        """A pause that `retry_now` and, for an absent kind, discovery can end."""
        self._again.clear()
        # When the server tells of new kinds, nothing is asked until it does.
        told = self._status.state == "absent" and self._client.discovery.watching and not self._announced()
        await wait_for(self._again, self._clock, None if told else seconds)

    def _set(
        self,
        state: State,
        message: str = "",
        error: errors.EngineError | None = None,
        next_try: datetime | None = None,
    ) -> None:
        before, now = self._status, self._clock.now()
        self._status = replace(
            before,
            state=state,
            message=message,
            error=error,
            next_try=next_try,
            since=before.since if before.state == state else now,
            last_contact=now if state == "live" else before.last_contact,
        )
        if (before.state, before.message, before.next_try) != (state, message, next_try):
            for handler in tuple(self._on_status):
                handler(self._status)


def _key(obj: Object) -> Key:
    metadata = obj.get("metadata", {})
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
