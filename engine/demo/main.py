"""The demo's backend, a process of its own: embedded API server, git server, repository and happenings.

Prints one JSON line when everything stands, and ends when its stdin does: so it never outlives the console.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import fcntl
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from engine import errors, yaml
from engine.clock import Clock
from engine.demo import fleet
from engine.demo.gitserver import GitServer
from engine.demo.repository import DemoRepository
from engine.demo.script import NAMESPACE, Script
from engine.driving import OURS
from engine.embedded.server import EmbeddedServer
from engine.flux import crds, kinds
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.informer import Informer
from engine.kube.resources import LEASES
from engine.kube.types import Object
from engine.logs import to_file

MANAGER: Final = "flux"
"""The flux CLI's field manager: what the demo applies at first is what a bootstrap would."""

MARKER: Final = "demo.json"


@dataclass(slots=True)
class Saved:
    """What has to be the same the next time: addresses, and whether the opening was played."""

    api_port: int = 0
    api_token: str = ""
    git_port: int = 0
    git_token: str = ""
    git_url: str = ""
    opened: bool = False


class Backend:
    """Everything behind the demo's console, in one folder."""

    def __init__(self, data: Path, *, size: int, calm: bool, clock: Clock) -> None:
        self.data = data
        self._size = size
        self._calm = calm
        self._clock = clock
        self.kubeconfig = data / "kubeconfig"

    async def run(self) -> None:
        """Start, tell, and play until cancelled."""
        started = self._clock.now()
        saved = self._load()
        git = GitServer(self.data / "git", self._clock, port=saved.git_port, token=saved.git_token)
        api = EmbeddedServer(self.data / "cluster", port=saved.api_port, token=saved.api_token, clock=self._clock)
        async with contextlib.AsyncExitStack() as stack:
            for server in (git, api):
                await server.start()
                stack.push_async_callback(server.stop)
            api.write_kubeconfig(self.kubeconfig)
            git_url = git.public_url("fleet").removesuffix("/fleet.git")
            repository = await self._repositories(git_url, saved)
            client = await stack.enter_async_context(Client(ClusterConfig.for_server(api.url, api.token)))
            await self._bootstrap(client, git, git_url)
            saved.api_port, saved.git_port = int(api.url.rpartition(":")[2]), int(git_url.rpartition(":")[2])
            saved.git_url = git_url
            self._save(saved)
            print(orjson.dumps({"kubeconfig": str(self.kubeconfig), "git": git.url("fleet")}).decode(), flush=True)
            await self._play(client, repository, saved, started)

    async def _play(self, client: Client, repository: DemoRepository, saved: Saved, started: datetime) -> None:
        async with asyncio.TaskGroup() as group:
            watched = []
            for kind in (kinds.KUSTOMIZATION, kinds.GIT_REPOSITORY):
                informer = Informer(client, await client.discovery.resource(kind.group, "", kind.kind))
                group.create_task(informer.run())
                watched.append(informer)
            script = Script(client, repository, watched[0], watched[1], self._clock, started)
            if not saved.opened:
                await script.opening()
                saved.opened = True
                self._save(saved)
            await script.drift()
            if not self._calm:
                await script.happenings()

    async def _repositories(self, git_url: str, saved: Saved) -> DemoRepository:
        """Write the history on the first start; a moved git server becomes a commit."""
        repository = DemoRepository(self.data / "git" / "fleet.git", self._clock)
        files = fleet.fleet(git_url, self._size)
        if await repository.create():
            flux = {path: text for path, text in files.items() if path.startswith(("clusters/", "releases/"))}
            infrastructure = {path: text for path, text in files.items() if path.startswith("infrastructure/")}
            apps = {path: text for path, text in files.items() if path.startswith("apps/")}
            await repository.commit(infrastructure, "Lay out namespaces, ingress and monitoring", "Ana Lima")
            await repository.tag(fleet.PLATFORM_TAG)
            await repository.commit(apps, "Add the applications for staging and production", "Jo Berg")
            await repository.commit(flux, "Let Flux reconcile all of it", "Ana Lima")
        elif saved.git_url != git_url:
            moved = {"clusters/demo/sources.yaml": files["clusters/demo/sources.yaml"]}
            await repository.commit(moved, "Follow the git server to its new address", "Ana Lima")
        archive = DemoRepository(self.data / "git" / "archive.git", self._clock)
        if await archive.create():
            await archive.commit(fleet.archive(), "Keep what has to be kept", "Jo Berg")
        return repository

    async def _bootstrap(self, client: Client, git: GitServer, git_url: str) -> None:
        """What `flux bootstrap` leaves behind: definitions, namespace, login, source and root Kustomization."""
        await client.discovery.refresh()
        for definition in crds.definitions():
            await _apply(client, definition)
        await client.discovery.refresh()
        await _apply(client, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        user, password = git.login
        await _apply(client, _login(fleet.LOGIN, user, password))
        if not await _exists(client, fleet.ARCHIVE_LOGIN):
            await _apply(client, _login(fleet.ARCHIVE_LOGIN, user, password))
        # The other sources too: so that what is built from them finds them, and nothing starts with a failure.
        for text in (fleet.git_repository(git_url), *fleet.sources(git_url), fleet.root_kustomization()):
            await _apply(client, yaml.load(text))
        await _forget_dead_holders(client)

    def _load(self) -> Saved:
        marker = self.data / MARKER
        if marker.is_file():
            try:
                return Saved(**orjson.loads(marker.read_bytes()))
            except (orjson.JSONDecodeError, TypeError):
                raise errors.Malformed(f"{marker} cannot be read", fix="begin anew with --reset") from None
        return Saved(api_token=secrets.token_urlsafe(24), git_token=secrets.token_urlsafe(24))

    def _save(self, saved: Saved) -> None:
        marker = self.data / MARKER
        partial = marker.with_suffix(".new")
        partial.touch(mode=0o600)
        partial.write_bytes(orjson.dumps(asdict(saved)))
        partial.replace(marker)


async def _forget_dead_holders(client: Client) -> None:
    """Leases of an engine that was killed: whoever held them went with the API server of this folder."""
    async for page in client.list(LEASES, NAMESPACE):
        for lease in page.items:
            if OURS in str((lease.get("spec") or {}).get("holderIdentity")):
                await client.delete(LEASES, NAMESPACE, lease["metadata"]["name"])


async def _apply(client: Client, obj: Object) -> None:
    group, _, version = str(obj["apiVersion"]).rpartition("/")
    res = await client.discovery.resource(group, version, str(obj["kind"]))
    await client.apply(res, obj, manager=MANAGER)


async def _exists(client: Client, name: str) -> bool:
    try:
        await client.get(await client.discovery.resource("", "v1", "Secret"), NAMESPACE, name)
    except errors.NotFound:
        return False
    return True


def _login(name: str, user: str, password: str) -> Object:
    data = {"username": user, "password": password}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """Only one demo per folder."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.Refused(f"a demo runs on {data} already", fix="use it, or name another folder") from None
        yield


def reset(data: Path) -> None:
    """Throw away what the demo wrote into its folder, and nothing else."""
    for name in ("cluster", "git", "artifacts", "state"):
        shutil.rmtree(data / name, ignore_errors=True)
    for name in (MARKER, "kubeconfig"):
        (data / name).unlink(missing_ok=True)


async def serve(options: argparse.Namespace) -> None:
    """Run the backend until stdin ends or a signal comes."""
    data = Path(options.data)
    with locked(data):
        if options.reset:
            reset(data)
        to_file(data / "backend.log")
        backend = asyncio.ensure_future(
            Backend(data, size=options.size, calm=options.calm, clock=Clock()).run(),
        )
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.remove_reader(sys.stdin.fileno())  # an ended stdin stays readable
            backend.cancel()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        loop.add_reader(sys.stdin.fileno(), end)
        with contextlib.suppress(asyncio.CancelledError):
            await backend


def main(argv: Any = None) -> int:
    """The process; errors go to stderr as one line."""
    parser = argparse.ArgumentParser(prog="fluxtui demo backend")
    parser.add_argument("--data", required=True)
    parser.add_argument("--size", type=int, default=1)
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--reset", action="store_true")
    try:
        asyncio.run(serve(parser.parse_args(argv)))
    except errors.EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
