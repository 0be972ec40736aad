"""core/v1 Events as client-go's recorder writes them (flux.md 1.4): counted, combined, and never in the way."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from engine import errors
from engine.clock import Clock
from engine.kube.resources import EVENTS
from engine.kube.types import Object, PatchType, ResourceType

#: client-go's correlator: distinct messages of one reason before they are combined, and for how many seconds.
SIMILAR, SIMILAR_SECONDS = 10, 600.0
#: Events about one object that may come at once, and after how many seconds another one may.
BURST, REFILL_SECONDS = 25, 300.0
REMEMBERED = 4096
#: Events waiting to be written; more are dropped and counted, as a slow API server must not fill the memory.
WAITING = 1000

_log = logging.getLogger(__name__)
K = TypeVar("K")
V = TypeVar("V")


class EventSink(Protocol):
    """What a recorder writes to: a Client, or something that guards one."""

    async def create(self, res: ResourceType, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        """POST."""

    async def patch(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        body: Any,
        *,
        type: PatchType,  # noqa: A002  # kubectl's word
        manager: str,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """PATCH."""


@dataclass(slots=True)
class _Similar:
    messages: set[str] = field(default_factory=set)
    last: float = 0.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


@dataclass(slots=True)
class _Written:
    name: str
    first: str
    count: int


class EventRecorder:
    """Records Events of one component. What cannot be written is logged: an Event is worth no failed reconcile."""

    def __init__(self, client: EventSink, component: str, instance: str = "", *, clock: Clock | None = None) -> None:
        self._client = client
        self._component = component
        self._instance = instance
        self._clock = clock or Clock()
        self._similar: OrderedDict[tuple[str, ...], _Similar] = OrderedDict()
        self._buckets: OrderedDict[tuple[str, ...], _Bucket] = OrderedDict()
        self._written: OrderedDict[tuple[str, ...], _Written] = OrderedDict()
        self._waiting: deque[Object] = deque()
        self._task: asyncio.Task[None] | None = None
        self._last_stamp = 0
        self.dropped = 0

    async def event(
        self,
        obj: Object,
        type: str,  # noqa: A002  # the field's name
        reason: str,
        message: str,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Record; `type` is Normal or Warning, `obj` the object it is about. Returns before it is written."""
        if len(self._waiting) >= WAITING:
            self.dropped += 1
            return
        self._waiting.append(self._make(obj, type, reason, message, annotations or {}))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())

    async def flush(self) -> None:
        """Wait until everything recorded so far is written or given up."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Stop writing; what still waits is dropped."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # ---- the three steps of client-go's correlator

    def _make(self, obj: Object, kind: str, reason: str, message: str, annotations: Mapping[str, str]) -> Object:
        metadata = obj.get("metadata") or {}
        about = {
            "kind": obj.get("kind"),
            "namespace": metadata.get("namespace"),
            "name": metadata.get("name"),
            "uid": metadata.get("uid"),
            "apiVersion": obj.get("apiVersion"),
            "resourceVersion": metadata.get("resourceVersion"),
        }
        now = _timestamp(self._clock.now())
        event: Object = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": self._name(about), "namespace": about["namespace"] or "default"},
            "involvedObject": {key: value for key, value in about.items() if value},
            "reason": reason,
            "message": message,
            "type": kind,
            "source": {"component": self._component} | ({"host": self._instance} if self._instance else {}),
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "reportingComponent": self._component,
            "reportingInstance": self._instance,
        }
        if annotations:
            event["metadata"]["annotations"] = dict(annotations)
        return event

    def _combine(self, event: Object) -> tuple[str, ...]:
        """Too many messages of one reason become one; returns the key that the event is counted under."""
        about = _about(event)
        key = (*about, event["type"], event["reason"])
        now = self._clock.monotonic()
        similar = _remember(self._similar, key, _Similar())
        if now - similar.last > SIMILAR_SECONDS:
            similar.messages.clear()
        similar.messages.add(event["message"])
        similar.last = now
        if len(similar.messages) < SIMILAR:
            return (*key, event["message"])
        similar.messages.pop()
        event["message"] = f"(combined from similar events): {event['message']}"
        event["metadata"].pop("annotations", None)
        return key

    def _is_spam(self, event: Object) -> bool:
        now = self._clock.monotonic()
        bucket = _remember(self._buckets, _about(event), _Bucket(BURST, now))
        bucket.tokens = min(bucket.tokens + (now - bucket.filled) / REFILL_SECONDS, BURST)
        bucket.filled = now
        if bucket.tokens < 1:
            return True
        bucket.tokens -= 1
        return False

    async def _drain(self) -> None:
        while self._waiting:
            event = self._waiting.popleft()
            key = self._combine(event)
            if self._is_spam(event):
                self.dropped += 1
                continue
            try:
                await self._write(key, event)
            except errors.EngineError as error:
                _log.warning("an Event (%s) could not be written: %s", event["reason"], error)

    async def _write(self, key: tuple[str, ...], event: Object) -> None:
        known = self._written.get(key)
        if known is not None:
            changed = {
                "count": known.count + 1,
                "lastTimestamp": event["lastTimestamp"],
                "message": event["message"],
            }
            namespace = event["metadata"]["namespace"]
            try:
                await self._client.patch(
                    EVENTS, namespace, known.name, changed, type=PatchType.STRATEGIC, manager=self._component
                )
            except errors.NotFound:
                # Events live for an hour or so; this one is gone, and its count goes on in another.
                event["count"], event["firstTimestamp"] = known.count + 1, known.first
            else:
                known.count += 1
                self._written.move_to_end(key)
                return
        await self._client.create(EVENTS, event, manager=self._component)
        written = _Written(event["metadata"]["name"], event["firstTimestamp"], event["count"])
        self._written.pop(key, None)
        _remember(self._written, key, written)

    def _name(self, about: Mapping[str, Any]) -> str:
        # Nanoseconds since 1970, never the same twice: a clock of ours may stand still.
        stamp = int(self._clock.now().timestamp() * 1e6) * 1000
        self._last_stamp = max(stamp, self._last_stamp + 1)
        return f"{about['name']}.{self._last_stamp:x}"


def _remember(cache: OrderedDict[K, V], key: K, value: V) -> V:
    """The value kept under `key`, which is `value` when there is none yet; the oldest make room."""
    kept = cache.setdefault(key, value)
    cache.move_to_end(key)
    if len(cache) > REMEMBERED:
        cache.popitem(last=False)
    return kept


def _about(event: Object) -> tuple[str, ...]:
    about = event["involvedObject"]
    return tuple(str(about.get(key) or "") for key in ("kind", "namespace", "name", "uid", "apiVersion"))


def _timestamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
