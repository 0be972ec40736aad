"""Ctrl-R lends the terminal to a login, or tries again; nothing of the credential is shown."""

from __future__ import annotations

from dataclasses import replace

from engine.api import Link, LoginCommand
from tests.tui import builders as b
from tests.tui.conftest import Start


def logged_out(command: str = "kube-login get-token") -> object:
    shown = b.snapshot()
    return replace(shown, connection=replace(shown.connection, link=Link.LOGIN, login_command=command))


async def test_a_login_gets_the_terminal_and_comes_back(console: Start, lent: list[str]) -> None:
    async with console(logged_out()) as c:
        assert "kube-login get-token" in c.text()
        assert "Ctrl-R" in c.text()
        c.engine.login_command = LoginCommand(("sh", "-c", 'printf "%s" "$CREDENTIAL"'), {"CREDENTIAL": "yes"}, "prod")
        c.engine.submitted.clear()
        await c.press("ctrl+r")
        assert lent == ["given", "back"]
        assert c.engine.logins == 1
        assert c.engine.lent == [b"yes"]
        assert c.engine.restarted == 0


async def test_a_login_that_fails_is_said_to(console: Start, lent: list[str]) -> None:
    async with console(logged_out()) as c:
        c.engine.login_command = LoginCommand(("false",), {}, "prod")
        await c.press("ctrl+r")
        assert c.engine.lent == [None]
        c.engine.login_command = LoginCommand(("this-is-not-installed",), {}, "prod")
        await c.press("ctrl+r")
        assert c.engine.lent == [None, None]


async def test_a_lost_connection_is_tried_again(console: Start) -> None:
    lost = logged_out("")
    async with console(replace(lost, connection=replace(lost.connection, link=Link.LOST))) as c:
        await c.press("ctrl+r")
        assert c.engine.logins == 1
        assert "Tried again" in c.text()


async def test_nothing_is_tried_while_everything_works(console: Start) -> None:
    async with console(b.snapshot()) as c:
        await c.press("ctrl+r")
        assert c.engine.logins == 0
        assert "what is on screen is live" in c.text()
