"""Artifacts from the storage to whoever consumes them."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine import errors
from engine.clock import VirtualClock
from engine.source import archive
from engine.source.fetch import ArtifactNotFound, FetchFailed, Limits, fetch_artifact, unpack
from engine.source.server import ArtifactServer
from engine.source.storage import Storage

MEMBERS = [archive.Member(b"a.yaml", b"a: 1\n"), archive.Member(b"dir"), archive.Member(b"dir/b.yaml", b"b: 2\n")]
FILES = {"a.yaml": b"a: 1\n", "dir/b.yaml": b"b: 2\n"}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def storage(tmp_path: Path, clock: VirtualClock) -> Storage:
    return Storage(tmp_path / "storage", clock=clock, base_url="http://127.0.0.1:9/token")


@pytest.fixture
async def served(storage: Storage) -> AsyncIterator[Storage]:
    server = ArtifactServer(storage)
    await server.start()
    yield storage
    await server.stop()


def store(storage: Storage, file: str = "abc.tar.gz", members: list[archive.Member] = MEMBERS) -> dict[str, Any]:
    path = storage.path("GitRepository", "ns", "app", file)
    return storage.store(path, "main@sha1:abc", lambda out: archive.write(out, members))


# ---- storage


def test_what_status_artifact_says(storage: Storage) -> None:
    artifact = store(storage)
    data = storage.read(artifact)
    assert data is not None
    assert artifact == {
        "digest": "sha256:" + hashlib.sha256(data).hexdigest(),
        "lastUpdateTime": "2026-11-21T12:00:00Z",
        "path": "gitrepository/ns/app/abc.tar.gz",
        "revision": "main@sha1:abc",
        "size": len(data),
        "url": "http://127.0.0.1:9/token/gitrepository/ns/app/abc.tar.gz",
    }
    folder = storage.root / "gitrepository/ns/app"
    assert [p.name for p in folder.iterdir()] == ["abc.tar.gz"]
    assert (folder / "abc.tar.gz").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_write_that_fails_leaves_what_was_there(storage: Storage) -> None:
    artifact = store(storage)

    def fail(out: Any) -> archive.Written:
        out.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        storage.store(artifact["path"], "r", fail)
    assert storage.verify(artifact)
    assert len(list((storage.root / "gitrepository/ns/app").iterdir())) == 1


def test_a_damaged_file_is_noticed_and_deleted(storage: Storage) -> None:
    artifact = store(storage)
    assert storage.verify(artifact)
    (storage.root / artifact["path"]).write_bytes(b"other")
    assert not storage.verify(artifact)
    assert not storage.holds(artifact)
    with pytest.raises(FileNotFoundError):
        storage.verify(artifact)


async def test_garbage_by_age_and_by_number_but_never_the_current_one(storage: Storage, clock: VirtualClock) -> None:
    old = store(storage, "1.tar.gz")
    assert storage.collect_garbage(old) == 0
    for name in ("2.tar.gz", "3.tar.gz", "4.tar.gz"):
        await clock.advance(5)
        newest = store(storage, name)
    assert storage.collect_garbage(newest) == 2
    folder = storage.root / "gitrepository/ns/app"
    assert sorted(p.name for p in folder.iterdir()) == ["3.tar.gz", "4.tar.gz"]
    await clock.advance(61)
    assert storage.collect_garbage(newest) == 1
    await clock.advance(10_000)
    assert storage.collect_garbage(newest) == 0
    assert storage.verify(newest)


def test_what_a_crash_left_behind_is_collected(storage: Storage) -> None:
    artifact = store(storage)
    scratch = storage.root / "gitrepository/ns/app/.abc.tar.gz.0011"
    scratch.write_bytes(b"half")
    storage.collect_garbage(artifact)
    assert not scratch.exists()


def test_an_object_that_is_gone_leaves_nothing(storage: Storage) -> None:
    store(storage)
    assert storage.delete_all("GitRepository", "ns", "app")
    assert not storage.delete_all("GitRepository", "ns", "app")


@pytest.mark.parametrize("segment", ["..", "", "a/b", "-x", ".hidden", "a\0b", "x" * 300, "a..b"])
def test_a_path_cannot_leave_the_storage(storage: Storage, segment: str) -> None:
    with pytest.raises(errors.Malformed):
        storage.path("GitRepository", "ns", segment)
    with pytest.raises(errors.Malformed):
        storage.read({"path": f"gitrepository/../{segment}/x"})


# ---- server


async def get(url: str, **headers: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, await response.read()


async def test_the_server_gives_artifacts_and_ranges_to_who_knows_the_token(served: Storage) -> None:
    artifact = store(served)
    status, body = await get(artifact["url"])
    assert (status, body) == (200, served.read(artifact))
    assert (await get(artifact["url"], Range="bytes=0-1"))[0] == 206


async def test_the_server_gives_nothing_else(served: Storage) -> None:
    artifact = store(served)
    (served.root / "gitrepository/ns/app/link").symlink_to("/etc/passwd")
    token = served.base_url.rpartition("/")[2]
    for url in (
        artifact["url"].replace(token, "wrong"),
        artifact["url"].replace(token + "/", ""),
        served.base_url + "/",
        served.base_url + "/gitrepository",
        served.base_url + "/gitrepository/ns/app/link",
        served.base_url + "/gitrepository/ns/app/..%2F..%2Fx",
    ):
        assert (await get(url))[0] == 404


# ---- fetch


async def test_our_own_artifacts_are_read_from_the_storage(storage: Storage) -> None:
    assert await fetch_artifact(store(storage), storage=storage) == FILES


async def test_an_artifact_that_was_collected_is_not_found(storage: Storage) -> None:
    artifact = store(storage)
    (storage.root / artifact["path"]).unlink()
    with pytest.raises(ArtifactNotFound):
        await fetch_artifact(artifact, storage=storage)


async def test_after_a_restart_the_old_address_does_not_matter(storage: Storage) -> None:
    artifact = {**store(storage), "url": "http://127.0.0.1:1/old-token/gitrepository/ns/app/abc.tar.gz"}
    assert await fetch_artifact(artifact, storage=storage) == FILES
    (storage.root / artifact["path"]).unlink()
    with pytest.raises(ArtifactNotFound):
        await fetch_artifact(artifact, storage=storage)


async def test_an_artifact_of_somebody_else_is_not_mixed_up_with_ours(storage: Storage) -> None:
    ours = store(storage)
    theirs = archive.Member(b"theirs.yaml", b"x")
    out = io.BytesIO()
    written = archive.write(out, [theirs])
    artifact = {**ours, "digest": written.digest, "size": written.size, "url": "http://source-controller/x"}
    download = answering((200, out.getvalue()))
    assert await fetch_artifact(artifact, storage=storage, download=download) == {"theirs.yaml": b"x"}


async def test_others_are_fetched_from_loopback(served: Storage) -> None:
    artifact = store(served)
    assert await fetch_artifact(artifact) == FILES
    (served.root / artifact["path"]).unlink()
    with pytest.raises(ArtifactNotFound):
        await fetch_artifact(artifact)


async def test_hosts_that_are_not_loopback_are_never_asked() -> None:
    for host in ("source-controller.flux-system.svc", "127.0.0.1.example.com", "10.0.0.1"):
        with pytest.raises(errors.Unsupported, match="inside the cluster"):
            await fetch_artifact({"url": f"http://{host}/x", "digest": "sha256:00"})


def answering(*answers: Any) -> Any:
    given = list(answers)

    async def download(url: str, limit: int) -> tuple[int, bytes]:
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return download


async def failed(storage: Storage, clock: VirtualClock, *answers: Any, **changes: Any) -> str:
    import asyncio

    artifact = {**store(storage), "url": "http://x/y", **changes}
    task = asyncio.create_task(fetch_artifact(artifact, download=answering(*answers), clock=clock))
    while not task.done():
        await clock.advance(30)
        await asyncio.sleep(0.001)
    with pytest.raises(FetchFailed) as error:
        await task
    return error.value.message


async def test_what_consumers_say(storage: Storage, clock: VirtualClock) -> None:
    refused = errors.Unavailable('Get "http://x/y": refused')
    data = storage.read(store(storage)) or b""
    hint = "(check whether file size exceeds max download size)"
    assert await failed(storage, clock, refused) == 'failed to download archive: Get "http://x/y": refused'
    assert await failed(storage, clock, (500, b"")) == (
        "failed to download archive from http://x/y (status: 500 Internal Server Error)"
    )
    assert await failed(storage, clock, (403, b"")) == (
        "failed to download archive from http://x/y (status: 403 Forbidden)"
    )
    assert await failed(storage, clock, (200, data), digest="") == "failed to verify archive: empty digest"
    assert await failed(storage, clock, (200, data), digest="sha256:00") == (
        f"failed to verify archive: computed digest doesn't match provided 'sha256:00' {hint}"
    )
    junk = {"digest": hashlib.sha256(b"junk").hexdigest(), "size": 4}
    assert (await failed(storage, clock, (200, b"junk"), **junk)).startswith(f"failed to extract archive {hint}: ")


async def test_a_server_that_comes_back_is_waited_for(storage: Storage, clock: VirtualClock) -> None:
    import asyncio

    artifact = {**store(storage), "url": "http://x/y"}
    data = storage.read(artifact) or b""
    download = answering(errors.Unavailable("no"), (503, b""), (429, b""), (200, data))
    task = asyncio.create_task(fetch_artifact(artifact, download=download, clock=clock))
    await clock.advance(34)
    assert not task.done()
    await clock.advance(2)
    assert await task == FILES


# ---- hostile archives


def tarball(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for info, content in members:
            info.size = len(content) if info.type == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "x" * 5000])
def test_a_name_that_leaves_the_root_is_refused(name: str) -> None:
    with pytest.raises(errors.Malformed, match="tar contained invalid name error"):
        unpack(tarball((member(name), b"x")), Limits())


def test_links_and_devices_are_left_out() -> None:
    data = tarball(
        (member("link", tarfile.SYMTYPE, "/etc/passwd"), b""),
        (member("hard", tarfile.LNKTYPE, "a"), b""),
        (member("pipe", tarfile.FIFOTYPE), b""),
        (member("./a"), b"a"),
    )
    assert unpack(data, Limits()) == {"a": b"a"}


def test_too_much_is_refused_before_it_is_in_memory() -> None:
    big = tarball((member("a"), b"0" * 2_000_000))
    with pytest.raises(errors.LimitExceeded):
        unpack(big, Limits(unpacked=1_000_000))
    many = tarball(*[(member(str(n)), b"") for n in range(50)])
    with pytest.raises(errors.LimitExceeded):
        unpack(many, Limits(entries=10))


def test_a_header_that_lies_about_its_size_is_malformed() -> None:
    whole = gzip.decompress(tarball((member("a"), b"content")))
    for cut in (10, 400, 515):
        with pytest.raises(errors.Malformed):
            unpack(gzip.compress(whole[:cut]), Limits())
    with pytest.raises(errors.Malformed):
        unpack(tarball((member("a"), os.urandom(5000)))[:-200], Limits())
