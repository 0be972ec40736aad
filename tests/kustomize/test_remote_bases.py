"""Remote bases: the grammar of their URLs, real git behind them, and builds that ask for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from engine import errors
from engine.controllers.kustomization_build import Builder
from engine.source.git import Git
from engine.source.remotebases import Location, RemoteBases
from engine.worker import Pool
from tests.source.repo import Repo
from tests.source.test_git import GitServer, git, server  # noqa: F401

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: 'one'}\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/org/repo", Location("https://example.com/org/repo")),
        ("https://example.com/org/repo//a/b?ref=v1", Location("https://example.com/org/repo", "a/b", "v1")),
        ("https://example.com/org/repo.git/a", Location("https://example.com/org/repo.git", "a")),
        ("git::http://example.com/repo", Location("http://example.com/repo")),
        ("github.com/org/repo/a/b?ref=main", Location("https://github.com/org/repo", "a/b", "main")),
        ("https://example.com/r//d?version=x&timeout=1m", Location("https://example.com/r", "d", "x", 60.0)),
        ("https://example.com/r?timeout=99999", Location("https://example.com/r", timeout=120.0)),
        ("https://example.com/a/b.yaml", Location("https://example.com/a/b.yaml", is_file=True)),
        ("https://example.com/repo//b.yaml", Location("https://example.com/repo", "b.yaml")),
    ],
)
def test_the_grammar_of_urls(url: str, expected: Location) -> None:
    assert Location.parse(url) == expected


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
