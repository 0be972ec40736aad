"""Waiting for an event or for a time, whichever comes first, on a clock that tests own."""

from __future__ import annotations

import asyncio

from engine.clock import Clock


async def wait_for(event: asyncio.Event, clock: Clock, seconds: float | None) -> bool:
    """True when the event came; False when `seconds` passed first (None: they never do)."""
    if seconds is None:
        return await event.wait()
    timer = asyncio.ensure_future(clock.sleep(seconds))
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((timer, waiter), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        waiter.cancel()
    return event.is_set()
