"""What the API server serves: kinds, their URLs and preferred versions, kept until something changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from engine import errors
from engine.kube.bodies import decoded
from engine.kube.request import Request
from engine.kube.resources import CRDS
from engine.kube.types import ResourceType
from engine.kube.waiting import wait_for

if TYPE_CHECKING:
    from engine.kube.client import Client

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

#: A kind that nobody serves is asked for again at most this often, in seconds.
MISS_INTERVAL = 2.0
#: After a CRD changed, its group shows up in discovery a little later: look again after these pauses.
SETTLE = (0.3, 2.0, 10.0)
#: How often discovery is read when CRDs may not be watched.
POLL = 60.0

_log = logging.getLogger(__name__)


class Discovery:
    """The REST mapping of one server, shared by all clients of it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._documents: dict[str, tuple[str, tuple[ResourceType, ...]]] = {}
        self._all: tuple[ResourceType, ...] = ()
        self._index: dict[tuple[str, str], list[ResourceType]] = {}
        self._read_at: float | None = None
        self._handlers: list[Callable[[], None]] = []
        #: Whether changes are noticed without asking (see `watch_crds`).
        self.watching = False

    async def resource(self, group: str, version: str, kind: str) -> ResourceType:
        """The resource of a kind; version "" is the server's preferred one. Raises errors.NoKindMatch."""
        found = self._find(group, version, kind)
        if found is None and self._may_ask():
            await self.refresh()
            found = self._find(group, version, kind)
        if found is None:
            name = "/".join(part for part in (group, version) if part)
            raise errors.NoKindMatch(f'the API server does not serve kind "{kind}" of {name or "the core group"}')
        return found

    def resources(self) -> tuple[ResourceType, ...]:
        """Everything served, preferred versions of a group first; empty before the first read."""
        return self._all

    def on_change(self, handler: Callable[[], None]) -> Callable[[], None]:
        """Call `handler` whenever another set of kinds is served; the answer unsubscribes."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler) if handler in self._handlers else None

    async def refresh(self) -> None:
        """Read discovery again (two requests, answered 304 when nothing changed)."""
        async with self._lock:
            found = (await self._read("/api"), await self._read("/apis"))
            self._read_at = self._client.clock.monotonic()
            served = tuple(res for part in found for res in part)
            if served == self._all:
                return
            self._all = served
            self._index = {}
            for res in served:
                self._index.setdefault((res.group, res.kind), []).append(res)
        for handler in tuple(self._handlers):
            handler()

    def serves(self, group: str, kind: str) -> bool:
        """Whether a kind was served when discovery was last read."""
        return (group, kind) in self._index

    async def watch_crds(self) -> None:
        """Run for ever: read discovery again when a CRD comes, changes or goes. Without the right to watch, poll."""
        from engine.kube.informer import Informer, InformerStatus

        clock = self._client.clock
        crds = Informer(self._client, CRDS, metadata_only=True, clock=clock)
        changed, turn = asyncio.Event(), asyncio.Event()

        def seen(*_: object) -> None:
            # The first list tells nothing new.
            if crds.status.state != "starting":
                changed.set()
                turn.set()

        def status_changed(status: InformerStatus) -> None:
            self.watching = status.state == "live"
            turn.set()

        crds.subscribe(seen)
        crds.on_status(status_changed)
        task = asyncio.create_task(crds.run())
        try:
            while True:
                turn.clear()
                if not changed.is_set() and await wait_for(turn, clock, None if self.watching else POLL):
                    continue
                for pause in SETTLE if changed.is_set() else (0.0,):
                    changed.clear()
                    await clock.sleep(pause)
                    await self._try_refresh()
        finally:
            self.watching = False
            task.cancel()

    async def _try_refresh(self) -> None:
        try:
            await self.refresh()
        except errors.EngineError as error:
            # What is known stays; the next change or poll asks again.
            _log.warning("discovery could not be read: %s", error)

    def _find(self, group: str, version: str, kind: str) -> ResourceType | None:
        for res in self._index.get((group, kind), ()):
            if not version or res.version == version:
                return res
        return None

    def _may_ask(self) -> bool:
        return self._read_at is None or self._client.clock.monotonic() - self._read_at >= MISS_INTERVAL

    async def _read(self, path: str) -> tuple[ResourceType, ...]:
        """One of the two documents, from the cache when its ETag still holds."""
        etag, known = self._documents.get(path, ("", ()))
        headers = (("If-None-Match", etag),) if etag else ()
        response = await self._client.send(Request("GET", path, accept=AGGREGATED, headers=headers))
        if response.code == 304:
            return known
        answer = decoded(response)
        if answer.get("kind") == "APIGroupDiscoveryList":
            served = tuple(parse_aggregated(answer))
            self._documents[path] = (response.headers.get("ETag", ""), served)
            return served
        served = await self._read_legacy(path, answer)
        self._documents[path] = ("", served)
        return served

    async def _read_legacy(self, path: str, answer: dict[str, Any]) -> tuple[ResourceType, ...]:
        """One request per group and version; a group that does not answer keeps what was known of it."""
        if path == "/api":
            versions = [("", str(version)) for version in answer.get("versions") or ()]
        else:
            versions = [pair for group in answer.get("groups") or () for pair in _preferred_first(group)]
        parts = await asyncio.gather(*(self._read_group(group, version) for group, version in versions))
        return tuple(res for part in parts for res in part)

    async def _read_group(self, group: str, version: str) -> Iterable[ResourceType]:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            response = await self._client.send(Request("GET", path))
        except (errors.Retryable, errors.Terminal) as error:
            # An aggregated API whose server is down takes only its own kinds along.
            _log.warning("discovery of %s: %s", path, error)
            return [res for res in self._all if (res.group, res.version) == (group, version)]
        return parse_legacy(group, version, decoded(response))


def parse_aggregated(document: dict[str, Any]) -> Iterable[ResourceType]:
    """The resources of an apidiscovery.k8s.io/v2 APIGroupDiscoveryList."""
    for item in document.get("items") or ():
        group = str((item.get("metadata") or {}).get("name") or "")
        for version in item.get("versions") or ():
            for res in version.get("resources") or ():
                kind = res.get("responseKind") or {}
                if not kind.get("kind"):
                    # A path that holds only subresources.
                    continue
                yield ResourceType(
                    group=group,
                    version=str(version.get("version") or ""),
                    kind=str(kind["kind"]),
                    plural=str(res.get("resource") or ""),
                    namespaced=res.get("scope") == "Namespaced",
                    verbs=frozenset(res.get("verbs") or ()),
                    subresources=frozenset(str(sub.get("subresource")) for sub in res.get("subresources") or ()),
                    short_names=tuple(res.get("shortNames") or ()),
                )


def parse_legacy(group: str, version: str, document: dict[str, Any]) -> Iterable[ResourceType]:
    """The resources of an APIResourceList, subresources folded into what they belong to."""
    items = document.get("resources") or ()
    subresources: dict[str, set[str]] = {}
    for item in items:
        plural, _, sub = str(item.get("name") or "").partition("/")
        if sub:
            subresources.setdefault(plural, set()).add(sub)
    for item in items:
        plural = str(item.get("name") or "")
        if "/" not in plural:
            yield ResourceType(
                group=group,
                version=version,
                kind=str(item.get("kind") or ""),
                plural=plural,
                namespaced=bool(item.get("namespaced")),
                verbs=frozenset(item.get("verbs") or ()),
                subresources=frozenset(subresources.get(plural, ())),
                short_names=tuple(item.get("shortNames") or ()),
            )


def _preferred_first(group: dict[str, Any]) -> list[tuple[str, str]]:
    preferred = (group.get("preferredVersion") or {}).get("version")
    versions = [str(item.get("version")) for item in group.get("versions") or ()]
    versions.sort(key=lambda version: version != preferred)
    return [(str(group.get("name") or ""), version) for version in versions]
