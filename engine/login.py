"""A login in the person's terminal, which the console lends for as long as it takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from engine import errors
from engine.kube.exec import LoginRequest, LoginRunner
from engine.questions import Lend, LoginCommand
from engine.safe import line

log = logging.getLogger(__name__)


def borrowing(lend: Lend) -> LoginRunner:
    """A login runner that borrows the console's terminal; errors.LoginRequired when nothing came of it."""

    async def run(request: LoginRequest) -> bytes:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bytes | None] = loop.create_future()

        def settle(output: bytes | None) -> None:
            if not answered.done():
                answered.set_result(output)

        command = LoginCommand(request.argv, request.env, line(request.context), line(request.shown))
        lend(command, lambda output: _from_any_thread(loop, settle, output))
        output = await answered
        if output is None:
            raise errors.LoginRequired(f"the login `{request.shown}` did not succeed", command=request.shown)
        return output

    return run


def _from_any_thread(
    loop: asyncio.AbstractEventLoop, settle: Callable[[bytes | None], None], output: bytes | None
) -> None:
    try:
        loop.call_soon_threadsafe(settle, output)
    except RuntimeError:
        log.debug("the login ended after the engine did")
