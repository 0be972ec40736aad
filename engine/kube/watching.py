"""The events of one open watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Self

import orjson

from engine import errors
from engine.clock import Clock
from engine.kube.bodies import filled, is_object
from engine.kube.frames import Frames
from engine.kube.status import from_status
from engine.kube.transport import Stream
from engine.kube.types import ResourceType, WatchEvent

#: A server that sends bookmarks does so once a minute; silence for longer than this means that nobody is there.
SILENCE = 150.0


async def watch_events(stream: Stream, res: ResourceType, clock: Clock) -> AsyncGenerator[WatchEvent, None]:
    """Events until the stream ends. Raises the typed error of an ERROR frame."""
    async with _Watchdog(stream, clock) as dog, aclosing(stream.pieces()) as pieces:
        frames = Frames()
        async for piece in pieces:
            dog.heard = clock.monotonic()
            for line in frames.feed(piece):
                event = _event(line, res)
                dog.bookmarks |= event.type == "BOOKMARK"
                yield event
            # A flood of events must not keep everybody else from the loop.
            await asyncio.sleep(0)
        if rest := frames.rest():
            yield _event(rest, res)


class _Watchdog:
    """Ends a watch on which bookmarks came and then nothing: half-open connections look alive for hours."""

    def __init__(self, stream: Stream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self.heard = clock.monotonic()
        self.bookmarks = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._guard())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        # Not `suppress(CancelledError)`: that would swallow our own cancellation as well.
        await asyncio.gather(self._task, return_exceptions=True)

    async def _guard(self) -> None:
        while True:
            quiet = self._clock.monotonic() - self.heard
            if quiet >= SILENCE and self.bookmarks:
                self._stream.close()
                return
            await self._clock.sleep(max(SILENCE - quiet, SILENCE / 5))


def _event(line: bytes, res: ResourceType) -> WatchEvent:
    try:
        frame = orjson.loads(line)
        kind, obj = frame["type"], frame["object"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise errors.Unavailable("a watch brought something that is not an event") from None
    if kind == "ERROR" and isinstance(obj, dict):
        raise from_status(obj)
    if not is_object(obj):
        raise errors.Unavailable("a watch brought an event without an object")
    return WatchEvent(str(kind), filled(obj, res))
