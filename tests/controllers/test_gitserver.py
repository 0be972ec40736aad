"""The loopback git server: real git clones from it and pushes to it, and nobody else gets in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from engine.demo.gitserver import GitServer
from tests.source.repo import Repo


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GitServer]:
    server = GitServer(tmp_path / "served")
    await server.start()
    yield server
    await server.stop()


async def git(*args: str, cwd: Path, check: bool = True) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **{f"GIT_{who}_{key}": "x@y" for who in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")},
    }
    process = await asyncio.create_subprocess_exec(
        "git", *args, cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert not check or process.returncode == 0, out.decode()
    return out.decode().strip()


async def test_clone_and_push(server: GitServer, tmp_path: Path) -> None:
    repo = Repo(server.path("a"))
    repo.commit({"a.yaml": "a"})
    await git("clone", "-q", server.url("a"), "work", cwd=tmp_path)
    work = tmp_path / "work"
    (work / "big.bin").write_bytes(os.urandom(3_000_000))
    await git("add", ".", cwd=work)
    await git("commit", "-q", "-m", "more", cwd=work)
    await git("push", "-q", "origin", "HEAD:main", cwd=work)
    assert repo.git("rev-parse", "main") == await git("rev-parse", "HEAD", cwd=work)


async def test_a_long_negotiation_comes_through(server: GitServer, tmp_path: Path) -> None:
    repo = Repo(server.path("a"))
    parent = None
    for number in range(60):
        parent = repo.commit({"n": str(number)}, parent=parent)
    await git("clone", "-q", server.url("a"), "work", cwd=tmp_path)
    work = tmp_path / "work"
    for number in range(40):  # what the server does not have makes git's request long enough to be compressed
        await git("commit", "-q", "--allow-empty", "-m", str(number), cwd=work)
    repo.commit({"n": "new"}, parent=parent)
    await git("fetch", "-q", cwd=work)
    assert await git("rev-parse", "origin/main", cwd=work) == repo.git("rev-parse", "main")


async def test_hooks_do_not_run(server: GitServer, tmp_path: Path) -> None:
    repo = Repo(server.path("a"))
    repo.commit({"a": "a"})
    hook = server.path("a") / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    hook.chmod(0o755)
    await git("clone", "-q", server.url("a"), "work", cwd=tmp_path)
    await git("commit", "-q", "--allow-empty", "-m", "x", cwd=tmp_path / "work")
    await git("push", "-q", "origin", "HEAD:main", cwd=tmp_path / "work")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("path", ["", "/", "/a.git/info/refs", "/wrong/a.git/info/refs", "/x" * 50])
async def test_who_does_not_know_the_token_learns_nothing(server: GitServer, path: str) -> None:
    Repo(server.path("a")).commit({"a": "a"})
    base = server.public_url("a").removesuffix("/a.git")
    async with aiohttp.ClientSession() as session, session.get(base + path) as response:
        assert response.status == 401
        assert await response.text() == "unauthorized\n"
    assert not server.requests


@pytest.mark.parametrize(
    "path",
    [
        "/../a.git/info/refs",
        "/a.git/../../etc/passwd",
        "/a.git/config",
        "/a.git/objects/info/packs",
        "/-x.git/info/refs",
    ],
)
async def test_only_the_smart_protocol_is_served(server: GitServer, path: str) -> None:
    Repo(server.path("a")).commit({"a": "a"})
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    token = server.base_url.rpartition("/")[2]
    writer.write(f"GET /{token}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.read()).split()[1] in (b"404", b"401")
    writer.close()
    await writer.wait_closed()


async def test_basic_auth_and_status_faults(server: GitServer) -> None:
    Repo(server.path("a")).commit({"a": "a"})
    url = server.url("a") + "/info/refs?service=git-upload-pack"
    server.faults.basic_auth = "user:geheim"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            assert response.status == 401
        async with session.get(url, headers={"Authorization": "Basic dXNlcjpnZWhlaW0="}) as response:
            assert response.status == 200
        server.faults.status = 503
        async with session.get(url) as response:
            assert (response.status, await response.text()) == (503, "fault 503\n")
    assert list(server.requests)[-1] == "GET /a.git/info/refs?service=git-upload-pack"
