"""What was acknowledged is there after a kill; what the server keeps is for its owner alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from engine import yaml
from engine.embedded.server import EmbeddedServer
from engine.embedded.store import Store
from engine.errors import Malformed, Unavailable

ROOT = Path(__file__).resolve().parent.parent.parent
WRITES = 1000
MAPS = "/api/v1/namespaces/default/configmaps"
PROGRAM = """
import sys
from pathlib import Path
from engine.embedded.main import run
sys.exit(run(Path(sys.argv[1]), 0, Path(sys.argv[2])))
"""


async def _start(folder: Path) -> tuple[asyncio.subprocess.Process, str, str]:
    kubeconfig = folder / "kubeconfig"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(folder / "data"), str(kubeconfig), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    user: Any = yaml.load(kubeconfig.read_text())["users"][0]
    return process, line.split()[1].rstrip(","), user["user"]["token"]


async def test_a_kill_in_the_middle_of_a_thousand_writes_loses_no_acknowledged_one(tmp_path: Path) -> None:
    process, url, token = await _start(tmp_path)
    acknowledged: dict[str, str] = {}
    numbers = iter(range(WRITES))
    half = asyncio.Event()

    async def write(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            name = f"c{number}"
            body = {"metadata": {"name": name}, "data": {"n": str(number)}}
            async with client.post(MAPS, data=orjson.dumps(body)) as answer:
                assert answer.status == 201
                acknowledged[name] = orjson.loads(await answer.read())["metadata"]["resourceVersion"]
            if len(acknowledged) >= WRITES // 2:
                half.set()

    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(url, headers=headers) as client:
        writers = [asyncio.create_task(write(client)) for _ in range(16)]
        await half.wait()
        process.send_signal(signal.SIGKILL)
        await process.wait()
        for writer in writers:
            with contextlib.suppress(aiohttp.ClientError):
                await writer
    assert WRITES // 2 <= len(acknowledged) < WRITES

    server = EmbeddedServer(tmp_path / "data", simulate=False)
    await server.start()
    try:
        kept = {record.name: record.obj for record in server.core.store.records("configmaps", "default")}
        assert {name: kept[name]["metadata"]["resourceVersion"] for name in acknowledged} == acknowledged
        highest = max(int(obj["metadata"]["resourceVersion"]) for obj in kept.values())
        made = server.facade("test").create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "next", "namespace": "default"}}
        )
        assert int(made["metadata"]["resourceVersion"]) > highest
    finally:
        await server.stop()


async def test_a_stop_removes_the_kubeconfig_and_keeps_the_data(tmp_path: Path) -> None:
    process, _, _ = await _start(tmp_path)
    assert stat.S_IMODE((tmp_path / "kubeconfig").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert not (tmp_path / "kubeconfig").exists()
    assert (tmp_path / "data" / "objects.sqlite").stat().st_size > 0


async def test_objects_definitions_and_versions_come_back_after_a_restart(tmp_path: Path) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.io"},
        "spec": {
            "group": "example.io",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    async with EmbeddedServer(tmp_path, simulate=False) as server:
        facade = server.facade("test")
        facade.create(crd)
        thing = facade.create(
            {"apiVersion": "example.io/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": "default"}}
        )
        facade.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gone", "namespace": "default"}})
        facade.delete("v1", "ConfigMap", "default", "gone")
        version = server.core.store.version
    async with EmbeddedServer(tmp_path, simulate=False) as server:
        facade = server.facade("test")
        assert facade.get("example.io/v1", "Thing", "default", "t") == thing
        assert facade.get("v1", "ConfigMap", "default", "gone") is None
        assert server.core.store.version >= version
        assert server.core.store.since(version - 1) is None, "history does not reach back over a restart"


async def test_a_second_server_does_not_get_the_same_data(tmp_path: Path) -> None:
    async with EmbeddedServer(tmp_path, simulate=False):
        second = Store(tmp_path)
        with pytest.raises(Unavailable, match="stop the server that uses it"):
            await second.open()
        await second.close()


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "objects.sqlite").write_bytes(b"not a database at all" * 100)
    store = Store(tmp_path)
    with pytest.raises(Malformed, match="is not the database"):
        await store.open()
    await store.close()


async def test_a_disk_that_fails_is_said_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    store = Store(tmp_path)
    await store.open()
    assert store._database is not None
    assert store._database._db is not None
    store._database._db.execute("DROP TABLE objects")
    store.put("configmaps", "default", "a", {"metadata": {"name": "a"}})
    with pytest.raises(Exception, match="can no longer be written"):
        await store.durable()
    with pytest.raises(Exception, match="can no longer be written"):
        store.put("configmaps", "default", "b", {"metadata": {"name": "b"}})
    await store.close()


def test_no_other_user_reads_the_data(tmp_path: Path) -> None:
    async def run() -> None:
        async with EmbeddedServer(tmp_path / "data", simulate=False):
            pass

    old = os.umask(0)
    try:
        asyncio.run(run())
    finally:
        os.umask(old)
    for path in (tmp_path / "data").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


@pytest.mark.parametrize(
    ("data", "kubeconfig", "words"),
    [
        (b"no database" * 200, "", "is not the database of an API server"),
        (b"", "clusters: [{name: production}]", "leads to other clusters; name another file"),
    ],
)
async def test_a_start_that_cannot_be_says_why_in_one_sentence(
    tmp_path: Path, data: bytes, kubeconfig: str, words: str
) -> None:
    (tmp_path / "data").mkdir()
    if data:
        (tmp_path / "data" / "objects.sqlite").write_bytes(data)
    (tmp_path / "kubeconfig").write_text(kubeconfig)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        str(tmp_path / "data"),
        str(tmp_path / "kubeconfig"),
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert words in errors.decode()
    assert len(errors.decode().splitlines()) == 1
    assert (tmp_path / "kubeconfig").read_text() == kubeconfig


async def test_a_taken_port_leaves_nothing_behind(tmp_path: Path) -> None:
    async with EmbeddedServer(simulate=False) as first:
        port = int(first.url.rsplit(":", 1)[1])
        second = EmbeddedServer(tmp_path, port=port, simulate=False)
        with pytest.raises(OSError, match="in use"):
            await second.start()
    async with EmbeddedServer(tmp_path, simulate=False) as third:
        assert third.facade("test").get("v1", "Namespace", "", "default") is not None
