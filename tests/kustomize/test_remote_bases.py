"""Remote bases: the grammar of their URLs, real git behind them, and builds that ask for them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engine import errors
from engine.controllers.kustomization_build import Builder
from engine.demo.gitserver import GitServer
from engine.source import remotebases
from engine.source.git import Git
from engine.source.giterrors import GitError
from engine.source.remotebases import Location, RemoteBases
from engine.worker import Pool
from tests.kube.authority import Authority
from tests.source.repo import Repo
from tests.source.test_git import git, server  # noqa: F401

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: 'one'}\n"


def at(url: str, path: str = ".", ref: str = "", timeout: float = 27.0) -> tuple[str, str, str, float, bool]:
    return url, path, ref, timeout, False


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/org/repo", at("https://example.com/org/repo")),
        ("https://example.com/org/repo//a/b?ref=v1", at("https://example.com/org/repo", "a/b", "v1")),
        ("https://example.com/org/repo.git/a", at("https://example.com/org/repo.git", "a")),
        ("https://example.com/org/repo.git", at("https://example.com/org/repo.git")),
        ("https://example.com/org/repo/a/b/", at("https://example.com/org/repo", "a/b")),
        ("https://dev.example.com/org/p/_git/repo/a/b", at("https://dev.example.com/org/p/_git/repo", "a/b")),
        ("git::http://example.com/org/repo", at("http://example.com/org/repo")),
        ("github.com/org/repo/a/b?ref=main", at("https://github.com/org/repo", "a/b", "main")),
        ("https://example.com/r//d?version=x&timeout=1m", at("https://example.com/r", "d", "x", 60.0)),
        ("https://example.com/r//d?version=x&ref=y", at("https://example.com/r", "d", "y")),
        ("https://example.com/o/r?timeout=61", at("https://example.com/o/r", timeout=61.0)),
        ("https://example.com/o/r?timeout=1m1.5s", at("https://example.com/o/r", timeout=61.5)),
        ("https://example.com/o/r?timeout=500ms", at("https://example.com/o/r", timeout=0.5)),
        ("https://example.com/o/r?timeout=-5s&submodules=false", at("https://example.com/o/r")),
        ("https://example.com/o/r?timeout=soon", at("https://example.com/o/r")),
        ("https://example.com/o/r?timeout=99999", at("https://example.com/o/r", timeout=120.0)),
        ("https://example.com/a/b.yaml", ("https://example.com/a/b.yaml", ".", "", 27.0, True)),
        ("https://example.com/a/b.yaml?ref=v1", ("https://example.com/a/b.yaml?ref=v1", ".", "", 27.0, True)),
        ("https://example.com/install", ("https://example.com/install", ".", "", 27.0, True)),
        ("https://example.com/repo//b.yaml", at("https://example.com/repo", "b.yaml")),
    ],
)
def test_the_grammar_of_urls(url: str, expected: tuple[str, str, str, float, bool]) -> None:
    found = Location.parse(url)
    assert (found.url, found.path, found.ref, found.timeout, found.is_file) == expected


@pytest.mark.parametrize(
    "url",
    [
        "git::https://example.com/repo",
        "https://example.com/org/repo//../../etc",
        "https://example.com//x",
        "file:///srv/repo.git",
        "https:///org/repo",
    ],
)
def test_urls_that_name_no_repository_are_refused(url: str) -> None:
    if url == "https://example.com//x":
        assert Location.parse(url).is_file, "it can only be a file"
        return
    with pytest.raises(errors.Malformed, match="remote base"):
        Location.parse(url)


def test_what_is_not_fetched_says_so_without_credentials() -> None:
    with pytest.raises(errors.Unsupported, match="ssh is not fetched"):
        Location.parse("git@example.com:org/repo")
    with pytest.raises(errors.Malformed) as raised:
        Location.parse("file://user:pa55@/etc//x?ref=s3cret")
    assert "pa55" not in str(raised.value)
    assert "s3cret" not in str(raised.value)


class Nobody:
    """No cluster: nothing is read from it."""

    async def get(self, *_: object) -> dict[str, Any]:
        raise AssertionError


@pytest.fixture
async def builder() -> AsyncIterator[Builder]:
    async def fetch(_: Mapping[str, Any]) -> Mapping[str, bytes]:
        raise AssertionError("the files are given")

    async with Pool() as pool:
        yield Builder(Nobody(), pool, fetch)


def kustomization(name: str = "apps") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "flux-system"}, "spec": {"path": "./app", "prune": True}}


def names(desired: Any) -> list[str]:
    return [obj["metadata"]["name"] for obj in desired.objects]


async def test_a_build_fetches_its_remote_bases_each_time(
    server: GitServer,  # noqa: F811
    git: Git,  # noqa: F811
    builder: Builder,
) -> None:
    builder.remotes = RemoteBases(git)
    repo = Repo(server.path("base"))
    first = repo.commit({"b/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: r-\n", "b/a.yaml": CONFIG_MAP})
    url = server.url("base")
    text = f"resources: ['{url}//b?ref=main']\nnameSuffix: -x\n"
    artifact = {"digest": "sha256:1", "revision": "main@sha1:1"}
    files = {"app/kustomization.yaml": text.encode(), "other.yaml": b"kind: {}"}
    assert names(await builder.build(kustomization(), artifact, files=files, keep=True)) == ["r-a-x"]
    repo.commit({"b/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: q-\n", "b/a.yaml": CONFIG_MAP}, parent=first)
    assert names(await builder.build(kustomization(), artifact, files=files, keep=True)) == ["q-a-x"]
    pinned = {**files, "app/kustomization.yaml": text.replace("ref=main", f"ref={first}").encode()}
    assert names(await builder.build(kustomization(), {"digest": "2"}, files=pinned)) == ["r-a-x"]
    default = {**files, "app/kustomization.yaml": text.replace("?ref=main", "").encode()}
    assert names(await builder.build(kustomization(), {"digest": "3"}, files=default)) == ["q-a-x"]
    absent = {**files, "app/kustomization.yaml": text.replace("ref=main", "ref=absent").encode()}
    with pytest.raises(errors.EngineError, match="couldn't find remote ref"):
        await builder.build(kustomization(), {"digest": "4"}, files=absent)


async def test_a_remote_base_cannot_reach_into_the_source(
    server: GitServer,  # noqa: F811
    git: Git,  # noqa: F811
    builder: Builder,
) -> None:
    builder.remotes = RemoteBases(git)
    Repo(server.path("base")).commit({"kustomization.yaml": "resources: [../../source/app/secret.yaml]\n"})
    files = {
        "app/kustomization.yaml": f"resources: ['{server.url('base')}?ref=main']".encode(),
        "app/secret.yaml": CONFIG_MAP.encode(),
    }
    with pytest.raises(errors.Malformed, match="leaves the tree"):
        await builder.build(kustomization(), {"digest": "1"}, files=files)


async def test_without_a_fetcher_a_remote_base_is_not_computed(builder: Builder) -> None:
    files = {"app/kustomization.yaml": b"resources: ['https://example.com/repo?ref=main']"}
    with pytest.raises(errors.Unsupported, match="not computed: remote base URL"):
        await builder.build(kustomization(), {"digest": "1"}, files=files)


async def test_what_git_means_by_a_name(
    server: GitServer,  # noqa: F811
    git: Git,  # noqa: F811
) -> None:
    repo = Repo(server.path("base"))
    first = repo.commit({"v": "tag"})
    repo.git("tag", "both", first)
    repo.commit({"v": "branch"}, branch="both")
    fetch, url = RemoteBases(git), server.url("base")

    async def content(ref: str) -> bytes:
        return (await fetch(f"{url}?ref={ref}")).files["v"]

    assert await content("both") == await content("tags/both") == await content("refs/tags/both") == b"tag"
    assert await content("heads/both") == await content("refs/heads/both") == b"branch"
    assert await content(first) == b"tag"
    with pytest.raises(errors.EngineError, match="couldn't find remote ref"):
        await content(first[:8])
    with pytest.raises(errors.Unsupported, match="refs/pull/1/head"):
        await content("refs/pull/1/head")


async def test_a_base_is_a_clone_and_no_artifact(
    server: GitServer,  # noqa: F811
    git: Git,  # noqa: F811
) -> None:
    files = {".sourceignore": "/*\n", "a.yaml": CONFIG_MAP, ".github/b.yaml": "b", "deep/in/c.zip": "c"}
    Repo(server.path("base")).commit({**files})
    assert set((await RemoteBases(git)(server.url("base"))).files) == files.keys()


async def test_a_path_in_a_submodule_says_that_those_are_not_fetched(
    server: GitServer,  # noqa: F811
    git: Git,  # noqa: F811
) -> None:
    modules = '[submodule "lib"]\n\tpath = vendor/lib\n\turl = https://example.com/lib.git\n'
    Repo(server.path("base")).commit({".gitmodules": modules, "vendor/own/kustomization.yaml": "namePrefix: a\n"})
    fetch, url = RemoteBases(git), server.url("base")
    with pytest.raises(errors.Unsupported, match="vendor/lib/a lies in a submodule"):
        await fetch(f"{url}//vendor/lib/a")
    assert (await fetch(f"{url}//vendor/own?submodules=false")).path == "vendor/own"


# --- single files


class Files:
    """Answers GET with what it holds, plainly or over TLS."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[int, bytes]] = {}
        self.requests: list[str] = []
        self._runner: web.AppRunner | None = None

    async def start(self, tls: ssl.SSLContext | None = None) -> str:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = self._runner.addresses[0][1]
        return f"http{'s' if tls else ''}://127.0.0.1:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(request.path_qs)
        status, body = self.files.get(request.path, (404, b"<html>not here</html>"))
        if status == 302:
            raise web.HTTPFound(body.decode())
        return web.Response(status=status, body=body)


@pytest.fixture
async def web_files() -> AsyncIterator[Files]:
    found = Files()
    yield found
    await found.stop()


async def test_a_single_file_becomes_part_of_a_build(
    web_files: Files,
    git: Git,  # noqa: F811
    builder: Builder,
) -> None:
    url = await web_files.start()
    web_files.files["/a/b.yaml"] = (200, CONFIG_MAP.encode())
    web_files.files["/moved.yaml"] = (302, b"/a/b.yaml")
    builder.remotes = RemoteBases(git)
    for number, name in enumerate(("a/b.yaml", "moved.yaml", "a/b.yaml?token=x")):
        files = {"app/kustomization.yaml": f"resources: ['{url}/{name}']\nnamePrefix: r-\n".encode()}
        assert names(await builder.build(kustomization(), {"digest": str(number)}, files=files)) == ["r-a"]
    assert "/a/b.yaml?token=x" in web_files.requests
    patch = {"app/kustomization.yaml": f"resources: [a.yaml]\npatches: [{{path: '{url}/patch.yaml'}}]\n".encode()}
    web_files.files["/patch.yaml"] = (200, CONFIG_MAP.replace("one", "two").encode())
    desired = await builder.build(kustomization(), {"digest": "p"}, files={**patch, "app/a.yaml": CONFIG_MAP.encode()})
    assert desired.objects[0]["data"] == {"v": "two"}


async def test_a_file_without_a_suffix_is_found_behind_a_repository_that_is_none(
    web_files: Files,
    git: Git,  # noqa: F811
) -> None:
    url = await web_files.start()
    web_files.files["/org/latest/install"] = (200, CONFIG_MAP.encode())
    assert (await RemoteBases(git)(f"{url}/org/latest/install")).files == {"base.yaml": CONFIG_MAP.encode()}
    web_files.files["/org/page"] = (200, b"<!DOCTYPE html><p>log in</p>")
    with pytest.raises(GitError):
        await RemoteBases(git)(f"{url}/org/page")


@pytest.mark.parametrize("status", [404, 500, 403])
async def test_a_file_that_is_not_there_says_so_without_the_query(
    web_files: Files,
    git: Git,  # noqa: F811
    status: int,
) -> None:
    url = await web_files.start()
    web_files.files["/a.yaml"] = (status, b"")
    with pytest.raises(errors.Unavailable, match=f"HTTP {status}") as raised:
        await RemoteBases(git)(f"{url}/a.yaml?token=s3cret")
    assert "s3cret" not in str(raised.value)


async def test_a_file_larger_than_the_limit_is_refused(
    web_files: Files,
    git: Git,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = await web_files.start()
    web_files.files["/a.yaml"] = (200, b"#" * 2_000_000)
    monkeypatch.setattr(remotebases, "MAX_FILE", 1_000_000)
    with pytest.raises(errors.LimitExceeded, match="larger than 1000000"):
        await RemoteBases(git)(f"{url}/a.yaml")


async def test_https_is_verified_against_the_trusted_authorities(
    web_files: Files,
    git: Git,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = Authority()
    certificate, key = authority.issue("files", "127.0.0.1")
    pair = tmp_path / "server.pem"
    pair.write_bytes(key + certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair)
    url = await web_files.start(tls)
    web_files.files["/a.yaml"] = (200, CONFIG_MAP.encode())
    with pytest.raises(errors.Unavailable, match="certificate is not trusted"):
        await RemoteBases(git)(f"{url}/a.yaml")
    (tmp_path / "ca.pem").write_bytes(authority.ca)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert (await RemoteBases(git)(f"{url}/a.yaml")).files == {"base.yaml": CONFIG_MAP.encode()}
