"""A login that ran out names its command; with a terminal it is run from here, and everything goes on."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from engine.api import LoginCommand
from engine.commands import Outcome
from engine.embedded.server import EmbeddedServer
from engine.kube.config import ClusterConfig, ExecConfig, UserConfig
from engine.settings import EngineSettings
from engine.snapshot import Link, Snapshot
from engine.thread import EngineThread

V1 = "client.authentication.k8s.io/v1"


class Login:
    """A plugin that works with a terminal only, or with what `token` holds."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "kube-login"
        self.token = folder / "token"
        self.by_hand = ""
        credential = {"kind": "ExecCredential", "apiVersion": V1, "status": {"token": "TOKEN"}}
        self.script.write_text(
            f'#!/bin/sh\n[ -f "{self.token}" ] || {{ echo "session expired" >&2; exit 3; }}\n'
            f"printf '%s' '{json.dumps(credential)}' | sed \"s/TOKEN/$(cat {self.token})/\"\n"
        )
        self.script.chmod(0o755)

    def run(self, command: LoginCommand) -> bytes | None:
        """What the console does while it is suspended."""
        self.token.write_text(self.by_hand)
        return subprocess.run(command.argv, env=dict(command.env), stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer() as found:
        yield found


@pytest.fixture
async def engine(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[tuple[EngineThread, Login]]:
    login = Login(tmp_path)
    plugin = ExecConfig(command=str(login.script), api_version=V1)
    config = ClusterConfig(server.url, context="prod", user=UserConfig(exec=plugin), source="the-kubeconfig")
    thread = EngineThread(EngineSettings(state=tmp_path / "state"), config=lambda: config)
    thread.start()
    yield thread, login
    await asyncio.to_thread(thread.stop, 5.0)


async def seen(engine: EngineThread, holds: Callable[[Snapshot], bool]) -> Snapshot:
    async with asyncio.timeout(20):
        while not holds(engine.snapshot):
            await asyncio.sleep(0.02)
    return engine.snapshot


async def logged_in(engine: EngineThread, lend: Callable[[LoginCommand], bytes | None]) -> Outcome:
    done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def asked(command: LoginCommand, answer: Callable[[bytes | None], None]) -> None:
        threading.Thread(target=lambda: answer(lend(command))).start()

    engine.login(asked, lambda outcome: loop.call_soon_threadsafe(done.set_result, outcome))
    return await asyncio.wait_for(done, 20)


async def test_the_command_is_named_and_run_with_the_terminal(
    engine: tuple[EngineThread, Login], server: EmbeddedServer
) -> None:
    thread, login = engine
    shown = await seen(thread, lambda s: s.connection.link is Link.LOGIN)
    assert shown.connection.login_command == str(login.script)
    assert "session expired" in shown.connection.message
    login.by_hand = server.token
    commands: list[LoginCommand] = []

    def lend(command: LoginCommand) -> bytes | None:
        commands.append(command)
        return login.run(command)

    outcome = await logged_in(thread, lend)
    assert outcome == Outcome(True, message="logged in")
    assert (commands[0].context, commands[0].shown) == ("prod", str(login.script))
    assert server.token not in repr(commands[0])
    await seen(thread, lambda s: s.connection.link is Link.LIVE)
    assert thread.snapshot.connection.login_command == ""


async def test_a_login_that_is_given_up_says_so(engine: tuple[EngineThread, Login]) -> None:
    thread, _ = engine
    await seen(thread, lambda s: s.connection.link is Link.LOGIN)
    outcome = await logged_in(thread, lambda command: None)
    assert not outcome.accepted
    assert "did not succeed" in outcome.message


async def test_a_login_elsewhere_is_found_by_trying_again(
    engine: tuple[EngineThread, Login], server: EmbeddedServer
) -> None:
    thread, login = engine
    await seen(thread, lambda s: s.connection.link is Link.LOGIN)
    login.by_hand = server.token
    login.token.write_text(server.token)
    assert (await logged_in(thread, login.run)).accepted
    await seen(thread, lambda s: s.connection.link is Link.LIVE)
