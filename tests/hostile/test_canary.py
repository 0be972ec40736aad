"""A marker in every place where secrets live is found in nothing that we show, log, remember or write."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine import answers, api, errors
from engine.api import Command, Reconcile, Resume, Rollback, Suspend
from engine.clock import Clock
from engine.demo.gitserver import GitServer
from engine.demo.repository import DemoRepository
from engine.embedded.server import EmbeddedServer
from engine.flux import crds, kinds
from engine.kube.client import Client
from engine.kube.config import ClusterConfig, ExecConfig, UserConfig
from engine.kube.types import PatchType, ResourceType
from engine.model import Ref, Stance, State
from engine.session import Session
from engine.settings import Driving, EngineSettings, Publishing
from engine.snapshot import Link

MARK = "c4n4ry"
NS = "shop"
AUTHOR = "Ana <ana@example.com>"

CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)
SECRET = ResourceType("", "v1", "Secret", "secrets", namespaced=True)
EVENT = ResourceType("", "v1", "Event", "events", namespaced=True)
GIT = ResourceType(kinds.SOURCE_GROUP, "v1", "GitRepository", "gitrepositories", namespaced=True)
KUSTOMIZATION = ResourceType(kinds.KUSTOMIZE_GROUP, "v1", "Kustomization", "kustomizations", namespaced=True)


def marker(place: str) -> str:
    """The marker of one place: whatever leaks says where it comes from."""
    return f"{MARK}-{place}-{MARK}"


def encoded(place: str) -> str:
    return base64.b64encode(marker(place).encode()).decode()


def leaks(text: str) -> list[str]:
    """Every place whose marker (plain or as base64) is in a text."""
    places = [part.split(f"-{MARK}")[0] for part in text.split(f"{MARK}-")[1:]]
    for start in range(3):  # base64 of the marker at each alignment
        inside = base64.b64encode(b"x" * start + MARK.encode() + b"-")[4 : -4 or None].decode()
        if len(inside) >= 4 and inside in text:
            places.append(f"base64 ({inside})")
    return places


def texts(value: object) -> Iterator[str]:
    """Every string in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for part in dataclasses.fields(value):
            yield from texts(getattr(value, part.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts(item)
    elif isinstance(value, BaseException):
        yield f"{value} {value!r}"


MANIFESTS = f"""
apiVersion: v1
kind: Secret
metadata: {{name: plain, namespace: {NS}}}
stringData: {{password: {marker("artifact-stringdata")}}}
data: {{token: {encoded("artifact-data")}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: {NS}}}
data: {{url: 'postgres://app:${{password}}@db', inline: '${{inline}}', plain: 'yes'}}
"""
SOPS = f"""
apiVersion: v1
kind: Secret
metadata: {{name: encrypted, namespace: {NS}}}
data: {{password: 'ENC[AES256_GCM,data:{marker("sops")},type:str]'}}
sops: {{mac: 'ENC[AES256_GCM,data:{marker("sops-mac")},type:str]', version: 3.9.0}}
"""
FAILING = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: ${{password}}, namespace: {NS}}}
data: {{a: 'B', 'key: broken'
"""


@dataclass
class Scene:
    """A cluster full of secrets, a session that drives on it, and whatever it lets out."""

    client: Client
    git: GitServer
    session: Session
    folder: Path
    running: asyncio.Task[None]
    out: dict[str, list[str]] = field(default_factory=dict)

    def ref(self, kind: str, name: str) -> Ref:
        entry = kinds.by_kind(kind)
        return Ref(self.session.context, entry.group if entry else "", kind, NS, name)

    def collect(self, what: str, value: object) -> None:
        self.out.setdefault(what, []).extend(texts(value))


async def until(holds: Any, say: Any = str) -> Any:
    try:
        async with asyncio.timeout(15):
            while not (found := holds()):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never came true: {say()}") from None
    return found


async def put(client: Client, obj: dict[str, Any]) -> None:
    group, _, version = str(obj["apiVersion"]).rpartition("/")
    res = await client.discovery.resource(group, version, str(obj["kind"]))
    await client.apply(res, obj, manager="kubectl")


def source(name: str, url: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": kinds.GIT_REPOSITORY.api_version,
        "kind": "GitRepository",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"interval": "1h", "url": url, "ref": {"branch": "main"}, **spec},
    }


def kustomization(name: str, path: str, **spec: Any) -> dict[str, Any]:
    inline = {"substitute": {"inline": marker("substitute")}}
    inline["substituteFrom"] = [{"kind": "Secret", "name": "variables"}]
    spec = {"interval": "1h", "prune": True, "path": path, "postBuild": inline, **spec}
    obj = {
        "apiVersion": kinds.KUSTOMIZATION.api_version,
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"sourceRef": {"kind": "GitRepository", "name": "fleet"}, **spec},
    }
    applied = json.dumps(obj)
    obj["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": applied}  # type: ignore[index]
    return obj


def secret(name: str, place: str, keys: tuple[str, ...]) -> dict[str, Any]:
    data = dict.fromkeys(keys, encoded(place))
    applied = json.dumps({"data": {key: marker(f"{place}-last-applied") for key in keys}})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    metadata = {"name": name, "namespace": NS, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def event_about(name: str, place: str) -> dict[str, Any]:
    about = {"apiVersion": kinds.KUSTOMIZATION.api_version, "kind": "Kustomization", "namespace": NS, "name": name}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name}.1", "namespace": NS},
        "involvedObject": about,
        "type": "Warning",
        "reason": "Failed",
        "message": f"cannot fetch https://ana:{marker(place)}@git.example.com/fleet.git",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
    }


@pytest.fixture
async def scene(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    caplog.set_level(logging.DEBUG)
    git = GitServer(tmp_path / "git")
    await git.start()
    repository = DemoRepository(tmp_path / "git" / "fleet.git", Clock())
    await repository.create()
    files = {"app/all.yaml": MANIFESTS, "sops/secret.yaml": SOPS, "broken/a.yaml": FAILING}
    await repository.commit(dict(files), "Begin", AUTHOR)
    git.faults.basic_auth = f"ana:{marker('git-secret')}"
    token = marker("bearer-token")
    async with EmbeddedServer(token=token) as server:
        config = ClusterConfig(server.url, context="prod", user=UserConfig(token=token), source="the-kubeconfig")
        async with Client(config) as client:
            await client.discovery.refresh()
            for definition in crds.definitions():
                await put(client, definition)
            await client.discovery.refresh()
            await put(client, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}})
            await put(client, secret("variables", "substitute-from", ("password",)))
            login = secret("login", "git-secret", ("password",))
            login["data"]["username"] = base64.b64encode(b"ana").decode()
            await put(client, login)
            await put(client, source("fleet", git.url("fleet"), secretRef={"name": "login"}))
            host = git.url("fleet").partition("://")[2]
            await put(client, source("in-url", f"http://ana:{marker('git-url')}@{host}"))
            await put(client, kustomization("app", "./app"))
            await put(client, kustomization("sops", "./sops"))
            await put(client, kustomization("broken", "./broken"))
            await client.create(EVENT, event_about("app", "event"), manager="test")
            settings = EngineSettings(
                stance=Stance.DRIVE,
                state=tmp_path / "state",
                publishing=Publishing(interval=0.02),
                driving=Driving(storage=tmp_path / "artifacts", lease_namespace=NS),
            )
            session = Session(settings, Clock(), config=lambda: config)
            running = asyncio.ensure_future(session.run())
            yield Scene(client, git, session, tmp_path, running)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    await git.stop()


async def act(scene: Scene, command: Command) -> None:
    scene.collect("effects", [v async for v in _answers(api.EffectOf(command.ref, command), scene)])
    assert scene.session.board is not None
    outcome = await scene.session.board.submit(command)
    scene.collect("outcomes", outcome)
    store = scene.session.store
    if outcome.accepted:
        await until(
            lambda: store.operation(outcome.operation).progress.final, lambda: store.operation(outcome.operation)
        )


async def _answers(query: api.Query, scene: Scene) -> AsyncIterator[object]:
    try:
        async for value in answers.answers(query, scene.session):
            yield value
    except errors.EngineError as error:
        yield error


async def ask_everything(scene: Scene) -> None:
    questions = (api.Manifest, api.Describe, api.Drift, api.Inventory, api.Revisions, api.UsedBy, api.Trace, api.Logs)
    objects = [*scene.session.store.snapshot.resources]
    objects += [scene.ref("Secret", name) for name in ("variables", "login", "plain")]
    for ref in objects:
        for question in questions:
            scene.collect(f"answers to {question.__name__}", [v async for v in _answers(question(ref), scene)])


async def live_through_it(scene: Scene) -> None:
    """What happens in a day: applied, failing, edited by hand, suspended, resumed, rolled back, git broken."""
    store = scene.session.store

    def state(kind: str, name: str) -> State | None:
        found = store.resource(scene.ref(kind, name))
        return found.state if found else None

    say = lambda: repr({str(ref): (r.state, r.message) for ref, r in store.snapshot.resources.items()})  # noqa: E731
    await until(lambda: state("Kustomization", "app") in (State.READY, State.DRIFTED), say)
    await until(lambda: state("Kustomization", "sops") is State.FAILING, say)
    await until(lambda: state("Kustomization", "broken") is State.FAILING, say)
    await until(lambda: state("GitRepository", "in-url") is State.FAILING, say)
    scene.collect("snapshots", store.snapshot)
    live = await scene.client.get(CONFIG_MAP, NS, "settings")
    assert marker("substitute-from") in live["data"]["url"], "the value has landed, so it could leak"
    edit: dict[str, Any] = {"data": {"url": "edited"}}
    await scene.client.patch(CONFIG_MAP, NS, "settings", edit, type=PatchType.MERGE, manager="kubectl-edit")
    stolen = {"data": {"password": encoded("edited-secret"), "more": encoded("edited-secret")}}
    await scene.client.patch(SECRET, NS, "plain", stolen, type=PatchType.MERGE, manager="kubectl-edit")
    await until(lambda: state("Kustomization", "app") is State.DRIFTED, say)
    app = scene.ref("Kustomization", "app")
    scene.session.focus((app,))
    report = await scene.session.drift.report(NS, "app")  # type: ignore[union-attr]
    assert {drift.name for drift in report.objects} == {"settings", "plain"}
    scene.collect("drift", report)
    scene.collect("snapshots", store.snapshot)
    await ask_everything(scene)
    head = store.resource(scene.ref("GitRepository", "fleet")).revision  # type: ignore[union-attr]
    for command in (Suspend(app, reason="freeze"), Resume(app), Reconcile(app, with_source=True), Rollback(app, head)):
        await act(scene, command)
        scene.collect("snapshots", store.snapshot)
    scene.git.faults.status = 500
    await act(scene, Reconcile(scene.ref("GitRepository", "fleet")))
    scene.collect("snapshots", store.snapshot)
    await ask_everything(scene)


async def test_no_secret_leaves_its_place(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await live_through_it(scene)
    for record in caplog.records:
        scene.collect("log", caplog.handler.format(record))
    pages = [page async for page in scene.client.list(EVENT, NS)]
    ours = [event for page in pages for event in page.items if event["metadata"]["name"] != "app.1"]
    assert ours, "the controllers have told something"
    scene.collect("events", ours)
    for kind in (GIT, KUSTOMIZATION):
        async for page in scene.client.list(kind, NS):
            scene.collect("statuses", [obj.get("status") for obj in page.items])
    files = [path for path in scene.folder.rglob("*") if path.is_file() and not _is_content(path, scene.folder)]
    assert any(path.name == "journal.jsonl" for path in files)
    for path in files:
        scene.collect(f"file {path.relative_to(scene.folder)}", path.read_bytes())
    found = {what: sorted(set(places)) for what, said in scene.out.items() if (places := leaks("\n".join(said)))}
    assert found == {}
    assert len(scene.out) > 12, "everything was looked at"


def _is_content(path: Path, folder: Path) -> bool:
    """The repository and the artifacts hold what people committed: that is their place."""
    return path.relative_to(folder).parts[0] in ("git", "artifacts")


async def test_mirrors_hold_no_login(scene: Scene) -> None:
    await until(lambda: scene.session.store.resource(scene.ref("GitRepository", "fleet")) is not None)
    await until(lambda: any(path.suffix == ".git" for path in (scene.folder / "artifacts" / ".mirrors").glob("*")))
    for path in (scene.folder / "artifacts").rglob("*"):
        if path.is_file():
            found = leaks(path.read_bytes().decode(errors="replace"))
            assert not {"git-secret", "git-url"} & set(found), path


async def test_a_failing_login_tells_neither_its_words_nor_its_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script = tmp_path / "kube-login"
    script.write_text(f'#!/bin/sh\necho "refresh_token={marker("exec-stderr")} is expired" >&2\nexit 3\n')
    script.chmod(0o755)
    plugin = ExecConfig(
        command=str(script),
        api_version="client.authentication.k8s.io/v1",
        args=("--client-secret", marker("exec-argument")),
        env=(("LOGIN_SECRET", marker("exec-env")),),
    )
    config = ClusterConfig("http://127.0.0.1:9", context="prod", user=UserConfig(exec=plugin), source="the-kubeconfig")
    session = Session(EngineSettings(state=tmp_path / "state"), Clock(), config=lambda: config)
    running = asyncio.ensure_future(session.run())
    try:
        connection = await until(lambda: (c := session.store.snapshot.connection).link is Link.LOGIN and c)
        assert "exited with code 3" in connection.message
        said = [*texts(connection), repr(connection), repr(config), *(r.getMessage() for r in caplog.records)]
        assert leaks("\n".join(said)) == []
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_the_net_holds() -> None:
    """What looks for leaks finds them, plain and encoded."""
    assert leaks(f"…{marker('here')}…") == ["here"]
    for start in range(3):
        assert leaks(base64.b64encode(b"x" * start + marker("there").encode()).decode())
    assert leaks("nothing to see") == []
