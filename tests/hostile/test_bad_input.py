"""Bad input ends in one clear error that names object and fix, and in nothing worse."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from engine import errors, project, yaml
from engine.apply import build, drift
from engine.apply.build import Order
from engine.clock import Clock
from engine.embedded.server import EmbeddedServer
from engine.flux import graph
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.types import Object, ResourceType
from engine.kustomize.tree import DirectoryTree, MemoryTree
from engine.model import Resource, Stance, State
from engine.safe import block
from engine.settings import Publishing
from engine.source import giturl
from engine.source.git import Git
from engine.source.giturl import Reference
from engine.store import Store
from engine.worker import Pool
from tests.shared import ROOT

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: v}\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)
UNSAFE = "\x1b[2J\x1b]0;owned\x07[bold red]x[/]\u202egnp.exe\x00\x9b31m"

CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)


def fails(files: dict[str, str], path: str = ".") -> errors.EngineError:
    with pytest.raises(errors.EngineError) as caught:
        build.run(MemoryTree({name: text.encode() for name, text in files.items()}), Order(path))
    return caught.value


# --- repositories


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"app.yaml": "kind: [broken\n"}, "app.yaml"),
        ({"app.yaml": GOOD + "data: {key: again}\n"}, "app.yaml"),
        ({"app.yaml": BOMB}, "app.yaml"),
        ({"app.yaml": "a: " + "[" * 20_000}, "app.yaml"),
        ({"app.yaml": "metadata: {name: x}\n"}, "app.yaml"),
        ({"kustomization.yaml": "resources: [../../etc/passwd]\n"}, "../../etc/passwd"),
        ({"kustomization.yaml": "resources: [/etc/passwd]\n"}, "/etc/passwd"),
        ({"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "resources: [../]\n"}, "a"),
    ],
    ids=["broken", "duplicate key", "bomb", "depth", "no object", "climbing out", "absolute", "cycle"],
)
def test_a_broken_repository_names_the_file(files: dict[str, str], says: str) -> None:
    error = fails(files)
    assert says in str(error)
    assert len(str(error)) < 2_000
    assert "\n" not in error.message.strip()
    assert isinstance(error, errors.Terminal | errors.Refused), "it is not tried over and over"


def test_a_symlink_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "outside.yaml"
    secret.write_text(GOOD.replace("name: a", "name: stolen"))
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.yaml").symlink_to(secret)
    (tree / "kustomization.yaml").write_text("resources: [app.yaml]\n")
    with pytest.raises(errors.EngineError, match="app\\.yaml") as caught:
        build.run(DirectoryTree(tree), Order("."))
    assert "stolen" not in str(caught.value)


@pytest.mark.parametrize("path", ["../../../etc", "/etc", "./a/../../../etc"])
def test_spec_path_stays_inside(path: str) -> None:
    with pytest.raises(build.PathNotFound, match="kustomization path not found"):
        build.run(MemoryTree({"a.yaml": GOOD.encode()}), Order(path))


async def test_a_bomb_kills_neither_the_worker_nor_the_next_build() -> None:
    pool = Pool(1)
    try:
        for _ in range(2):
            with pytest.raises(errors.EngineError, match="app\\.yaml"):
                await _built(pool, BOMB)
        assert [obj["metadata"]["name"] for obj in (await _built(pool, GOOD))["objects"]] == ["a"]
    finally:
        await pool.close()


async def _built(pool: Pool, text: str) -> Object:
    payload = text.encode()
    order = {**Order(".").as_json(), "digest": f"sha256:{hash(text)}", "files": [("app.yaml", len(payload))]}
    answer: Object = await pool.call("build", order, payload, deadline=30)
    return answer


# --- objects


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with EmbeddedServer() as server, Client(ClusterConfig.for_server(server.url, server.token)) as found:
        yield found


async def test_an_object_of_five_mebibytes_is_refused_in_words(client: Client) -> None:
    obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "huge", "namespace": "default"},
        "data": {"blob": "x" * (5 * 2**20)},
    }
    with pytest.raises(errors.EngineError) as caught:
        await client.apply(CONFIG_MAP, obj, manager="test")
    assert caught.value.code in (413, 422, 400)
    assert "too large" in str(caught.value).lower() or "too long" in str(caught.value).lower()
    assert len(str(caught.value)) < 1_000
    assert await client.get(ResourceType("", "v1", "Namespace", "namespaces", namespaced=False), "", "default")


def test_five_mebibytes_in_a_status_become_one_bounded_line() -> None:
    obj = flux("huge", message="x" * (5 * 2**20))
    found = project.resource("c", obj)
    assert len(found.message) <= 4_000
    assert found.message.endswith("…")


def flux(name: str, *, message: str = "", depends_on: tuple[str, ...] = ()) -> Object:
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "DependencyNotReady" if depends_on else "BuildFailed",
        "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "default", "uid": name, "labels": {message[:9]: message[:9]}},
        "spec": {
            "path": message,
            "sourceRef": {"kind": "GitRepository", "name": message},
            "dependsOn": [{"name": other} for other in depends_on],
        },
        "status": {
            "conditions": [ready],
            "lastAppliedRevision": message,
            "inventory": {"entries": [{"id": message, "v": message}]},
            "history": [{"digest": message, "lastReconciledStatus": message, "metadata": {"revision": message}}],
        },
    }


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for part in dataclasses.fields(value):
            yield from strings(getattr(value, part.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from strings(item)
    elif hasattr(value, "items"):
        for pair in value.items():
            yield from strings(pair)


def is_safe(text: str) -> bool:
    return not any(char in text for char in "\x1b\x07\x00\x9b\u202e")


def test_no_text_of_an_object_reaches_the_terminal_as_control() -> None:
    obj = flux(UNSAFE, message=UNSAFE)
    found = list(strings(project.resource("c", obj)))
    assert sum("owned" in text for text in found) >= 6, "the texts are there"
    assert all(map(is_safe, found))
    told = project.event("c", {"involvedObject": {"name": UNSAFE}, "message": UNSAFE, "metadata": {"uid": "u"}})
    assert all(map(is_safe, strings(told)))


def test_a_diff_shows_control_characters_as_what_they_are_not() -> None:
    wanted = yaml.load(GOOD) | {"data": {UNSAFE: "a", "key": UNSAFE}}
    live = yaml.load(GOOD) | {"data": {UNSAFE: UNSAFE, "key": "v"}}
    found = drift.local(wanted, live, drift.Rules())
    assert len(found.paths) == 2
    assert all(map(is_safe, strings(found)))
    assert is_safe(block(yaml.dump(live)))


# --- graphs


def resources(*edges: tuple[str, tuple[str, ...]]) -> dict[str, Resource]:
    return {name: project.resource("c", flux(name, message="x", depends_on=needs)) for name, needs in edges}


async def test_a_cycle_of_dependencies_is_folded_and_named() -> None:
    made = resources(("a", ("b",)), ("b", ("c",)), ("c", ("a",)), ("self", ("self",)), ("d", ("a",)))
    store = Store("c", Stance.OBSERVE, read_only=False, settings=Publishing(interval=0), clock=Clock())
    for resource in made.values():
        store.put(resource)
    store.publish()
    assert {r.state for r in store.snapshot.resources.values()} == {State.BLOCKED}
    assert len(store.snapshot.blocked) == 5
    edges = {name: [ref.name for ref in resource.depends_on] for name, resource in made.items()}
    assert graph.cycle(edges, "d") == ["a", "b", "c", "a"]
    with pytest.raises(ValueError, match="a -> b -> c -> a"):
        graph.in_dependency_order(list(made), edges)


# --- git


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch${IFS}owned",
        "ext::sh -c touch% owned",
        "file:///etc",
        "/etc",
        "ssh://-oProxyCommand=touch${IFS}owned/x",
        "http://-oProxyCommand=x/",
        "https://git.example.com/\n--upload-pack=x",
        "http://",
    ],
)
def test_a_git_url_that_is_an_option_or_no_url_is_refused(url: str) -> None:
    with pytest.raises((errors.Malformed, errors.Unsupported)) as caught:
        giturl.remote(url)
    assert "url" in str(caught.value).lower()
    assert is_safe(str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ref", ["--upload-pack=touch owned", "-x", "a..b", "x y", "main\n--exec=x"])
async def test_a_reference_that_is_an_option_is_never_given_to_git(tmp_path: Path, ref: str) -> None:
    git = Git(tmp_path / "mirrors")
    try:
        with pytest.raises(errors.EngineError):
            await git.fetch(giturl.remote("http://127.0.0.1:9/x.git"), Reference(branch=ref), 10)
        with pytest.raises(errors.EngineError):
            await git.fetch(giturl.remote("http://127.0.0.1:9/x.git"), Reference(commit=ref), 10)
    finally:
        git.close()
    assert not any((tmp_path / "mirrors").iterdir()), "git was not even started"


# --- half a kubeconfig

HALVES: dict[str, Callable[[Path], str]] = {
    "empty": lambda _: "",
    "no yaml": lambda _: "clusters: [",
    "a list": lambda _: "- a\n- b\n",
    "no context": lambda _: "apiVersion: v1\nkind: Config\nclusters: []\n",
    "no such context": lambda _: "apiVersion: v1\nkind: Config\ncurrent-context: prod\ncontexts: []\n",
    "no such cluster": lambda _: (
        "apiVersion: v1\nkind: Config\ncurrent-context: prod\n"
        "contexts: [{name: prod, context: {cluster: gone, user: ana}}]\n"
    ),
    "no such certificate": lambda folder: (
        "apiVersion: v1\nkind: Config\ncurrent-context: prod\n"
        "contexts: [{name: prod, context: {cluster: c, user: ana}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:9', "
        f"certificate-authority: {folder}/gone.crt}}}}]\n"
        "users: [{name: ana, user: {token: hidden-token}}]\n"
    ),
}


@pytest.mark.parametrize("half", HALVES)
async def test_half_a_kubeconfig_is_one_sentence_that_names_it(tmp_path: Path, half: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(HALVES[half](tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fluxtui",
        "get",
        "all",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(file), "PYTHONPATH": str(ROOT)},
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    said = err.decode()
    assert (process.returncode, out) == (1, b"")
    assert str(file) in said, said
    assert said.count("\n") == 1
    assert "hidden-token" not in said
