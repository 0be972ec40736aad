from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from engine import errors
from engine.apply.build import NeedsPayload, Order, PathNotFound
from engine.kustomize import BuildError
from engine.worker import Limits, Pool

CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '1'}\n"


@pytest.fixture
async def pool():
    async with Pool(1) as made:
        yield made


async def build(pool: Pool, files: dict[str, bytes] | None, *, digest: str = "sha256:d", deadline: float = 30, **order):
    arguments = {**Order(**{"path": "", **order}).as_json(), "digest": digest}
    if files is None:
        return await pool.call("build", arguments, deadline=deadline)
    index = [(path, len(content)) for path, content in files.items()]
    return await pool.call("build", {**arguments, "files": index}, b"".join(files.values()), deadline=deadline)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_builds_and_keeps_the_tree_for_the_next_time(pool):
    with pytest.raises(NeedsPayload):
        await build(pool, None)
    first = await build(pool, {"a.yaml": CONFIG})
    assert first["objects"][0]["metadata"]["name"] == "a"
    again = await build(pool, None, spec={"namePrefix": "x-"})
    assert again["objects"][0]["metadata"]["name"] == "x-a"
    assert again["digest"] != first["digest"]


async def test_errors_come_back_as_what_they_are(pool):
    with pytest.raises(PathNotFound, match="kustomization path not found: stat nowhere"):
        await build(pool, {"a.yaml": CONFIG}, path="./nowhere")
    with pytest.raises(BuildError, match="kustomize build failed"):
        await build(pool, {"kustomization.yaml": b"resources: [absent.yaml]\n"}, digest="sha256:e")
    with pytest.raises(errors.Malformed, match="post build failed for"):
        await build(pool, {"a.yaml": CONFIG.replace(b"'1'", b"'${v}'")}, digest="sha256:f", variables={"w": "1"})
    assert await pool.call("ping", {})


async def test_a_path_cannot_leave_the_tree(pool):
    files = {"in/a.yaml": CONFIG}
    assert (await build(pool, files, path="../../in"))["objects"]


async def test_a_child_that_dies_is_replaced_alone(pool):
    pid = await pool.call("ping", {})
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(errors.LimitExceeded):
        await pool.call("ping", {})
    other = await pool.call("ping", {})
    assert other != pid


async def test_a_build_that_takes_too_long_is_killed(pool):
    pid = await pool.call("ping", {})
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(errors.LimitExceeded, match=r"longer than 0\.2 s"):
        await pool.call("ping", {}, deadline=0.2)
    assert await pool.call("ping", {}) != pid
    async with asyncio.timeout(5):
        while alive(pid):
            await asyncio.sleep(0.01)


async def test_a_cancelled_build_ends_its_child(pool):
    pid = await pool.call("ping", {})
    os.kill(pid, signal.SIGSTOP)
    task = asyncio.create_task(pool.call("ping", {}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await pool.call("ping", {}) != pid


async def test_memory_is_limited():
    async with Pool(1, Limits(memory=200 * 2**20)) as pool:
        names = "\n".join(f"  k{n}: {'x' * 1000}" for n in range(60_000))
        bomb = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" + names.encode()
        with pytest.raises(errors.LimitExceeded):
            await build(pool, {"a.yaml": bomb})
        assert await pool.call("ping", {})


async def test_children_end_with_the_pool():
    async with Pool(2) as pool:
        pid = await pool.call("ping", {})
        assert alive(pid)
        assert os.getsid(pid) == pid
    assert not alive(pid)
    with pytest.raises(errors.Unavailable):
        await pool.call("ping", {})


async def test_a_child_knows_no_secrets_of_the_environment(pool, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "canary")
    pid = await pool.call("ping", {})
    environ = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"canary" not in environ


async def test_many_builds_share_few_children():
    async with Pool(2) as pool:
        pids = await asyncio.gather(*(pool.call("ping", {}) for _ in range(10)))
    assert len(set(pids)) <= 2
