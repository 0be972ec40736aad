"""`fluxtui engine --drive`: the controllers without the console; JSON lines on stderr; SIGTERM ends it cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import signal
import sys
from pathlib import Path
from typing import Final

from engine import errors
from engine.clock import Clock
from engine.kube.config import in_cluster_possible
from engine.logs import JsonFormatter
from engine.model import Stance
from engine.programs.common import Options, access, asynchronously
from engine.session import Session
from engine.settings import Driving, EngineSettings

STOP: Final = 4.0
"""Seconds that running passes have to end after SIGTERM."""


def main(options: Options) -> int:
    """Drive until a signal comes; exit 0 then."""
    given = access(options)
    if not given.context and not in_cluster_possible():
        raise errors.Refused(
            "driving a cluster means being its source- and kustomize-controller, so it has to be named in full",
            fix="add --context NAME",
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    storage = options.get("storage")
    settings = EngineSettings(
        access=given,
        stance=Stance.DRIVE,
        driving=dataclasses.replace(
            Driving(),
            storage=Path(storage) if storage else None,
            remote_bases=not options.get("no_remote_bases"),
        ),
        stop_deadline=STOP,
    )
    return asynchronously(lambda: _run(settings))


async def _run(settings: EngineSettings) -> int:
    session = Session(settings, Clock())
    running = asyncio.ensure_future(session.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return 0
