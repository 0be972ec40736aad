"""The command line as real processes: exit codes, data on stdout, sentences on stderr, signals, imports."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import yaml
from engine.embedded.server import EmbeddedServer
from engine.flux import crds
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.types import Object, ResourceType
from tests.engine.flux_stub import FluxStub
from tests.shared import ROOT

NS = "flux-system"
OLD, NEW = "a" * 40, "b" * 40


@dataclass
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Cluster:
    """An embedded server with Flux's kinds and a scripted controller; `run` starts the command line on it."""

    server: EmbeddedServer
    client: Client
    flux: FluxStub
    folder: Path

    def environ(self) -> dict[str, str]:
        home = str(self.folder / "home")
        return {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "PYTHONPATH": str(ROOT),
            # What a TLS connection leaves for the garbage collector at the very end is asyncio's business.
            "PYTHONWARNINGS": "error,ignore::ResourceWarning",
        }

    async def start(self, *args: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fluxtui",
            *args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environ(),
            cwd=self.folder,
        )

    async def run(self, *args: str, within: float = 60) -> Ended:
        process = await self.start(*args)
        out, err = await asyncio.wait_for(process.communicate(), within)
        assert process.returncode is not None
        assert "Traceback" not in err.decode(), err.decode()
        return Ended(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with (
        EmbeddedServer() as server,
        Client(ClusterConfig.for_server(server.url, server.token)) as client,
    ):
        server.write_kubeconfig(tmp_path / "kubeconfig")
        await client.discovery.refresh()
        for definition in (*crds.definitions(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}}):
            group, _, version = str(definition["apiVersion"]).rpartition("/")
            res = await client.discovery.resource(group, version, str(definition["kind"]))
            await client.apply(res, definition, manager="test")
        flux = FluxStub(client)
        async with flux:
            await flux.source("fleet", revision=f"main@sha1:{NEW}")
            await flux.kustomization("apps", source="fleet", revision=f"main@sha1:{NEW}")
            yield Cluster(server, client, flux, tmp_path)


def empty(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), "COLUMNS": "100"}


async def bare(folder: Path, *args: str, options: tuple[str, ...] = ()) -> Ended:
    """The command line without any cluster."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *options,
        "-m",
        "fluxtui",
        *args,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=empty(folder),
        cwd=folder,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return Ended(process.returncode or 0, out.decode(), err.decode())


# --- help, usage, no cluster


async def test_help_imports_neither_textual_nor_an_http_client(tmp_path: Path) -> None:
    ended = await bare(tmp_path, "--help", options=("-X", "importtime"))
    assert ended.code == 0
    assert "fluxtui demo" in ended.out
    imported = {line.rpartition("|")[2].strip() for line in ended.err.splitlines() if line.startswith("import time:")}
    assert "argparse" in imported, "the list of imports is what it should be"
    heavy = {"textual", "rich", "aiohttp", "orjson", "git", "yaml", "asyncio", "engine.session"}
    assert not imported & heavy


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("frobnicate",), "invalid choice"),
        (("suspend", "kustomization"), "is half of it"),
        (("rollback", "kustomization", "apps"), "--to"),
        (("engine",), "--drive"),
        (("get",), "KIND"),
        (("get", "all", "-o", "table"), "invalid choice"),
    ],
)
async def test_usage_errors_are_one_sentence_and_exit_2(tmp_path: Path, args: tuple[str, ...], says: str) -> None:
    ended = await bare(tmp_path, *args)
    assert ended.code == 2
    assert ended.out == ""
    assert says in ended.err
    assert ended.err.count("\n") == 1
    assert "--help" in ended.err


@pytest.mark.parametrize(
    "args",
    [("get", "all"), ("reconcile", "ks", "apps"), ("diff", "ks", "apps"), ("engine", "--drive", "--context", "x")],
)
async def test_without_a_kubeconfig_the_demo_is_named(tmp_path: Path, args: tuple[str, ...]) -> None:
    ended = await bare(tmp_path, *args)
    assert (ended.code, ended.out) == (2 if "diff" in args else 1, "")
    assert "fluxtui demo" in ended.err
    assert "Traceback" not in ended.err


async def test_driving_needs_the_context_in_full(cluster: Cluster) -> None:
    ended = await cluster.run("engine", "--drive")
    assert (ended.code, ended.out) == (1, "")
    assert "--context NAME" in ended.err


async def test_a_server_that_is_gone_is_one_sentence(cluster: Cluster) -> None:
    await cluster.server.stop()
    ended = await cluster.run("get", "all")
    assert (ended.code, ended.out) == (1, "")
    assert "cannot connect" in ended.err
    assert ended.err.count("\n") == 1


async def test_an_expired_login_names_the_command_to_run(cluster: Cluster) -> None:
    login = cluster.folder / "kube-login"
    login.write_text('#!/bin/sh\necho "the session has expired" >&2\nexit 3\n')
    login.chmod(0o755)
    file = cluster.folder / "kubeconfig"
    config = yaml.load(file.read_text())
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(login), "interactiveMode": "Never"}
    config["users"][0]["user"] = {"exec": plugin}
    file.write_text(yaml.dump(config))
    for args in (("get", "all"), ("suspend", "ks", "apps"), ("diff", "ks", "apps")):
        ended = await cluster.run(*args)
        assert (ended.code, ended.out) == (2 if "diff" in args else 1, ""), args
        assert f"run `{login}` in a terminal" in ended.err, args
        assert "the session has expired" in ended.err


# --- get


async def test_get_prints_flux_columns(cluster: Cluster) -> None:
    ended = await cluster.run("get", "kustomizations")
    assert (ended.code, ended.err) == (0, "")
    header, row = ended.out.splitlines()
    assert header.split() == ["NAME", "REVISION", "SUSPENDED", "READY", "MESSAGE"]
    assert row.split()[:4] == ["apps", "main@sha1:bbbbbbbb", "False", "True"]


async def test_get_all_in_every_namespace_as_json(cluster: Cluster) -> None:
    ended = await cluster.run("get", "all", "-A", "-o", "json")
    assert ended.code == 0
    found = json.loads(ended.out)
    assert {item["metadata"]["name"] for item in found["items"]} == {"fleet", "apps"}
    assert all("managedFields" not in item["metadata"] for item in found["items"])


async def test_get_one_as_yaml(cluster: Cluster) -> None:
    ended = await cluster.run("get", "sources", "git", "fleet", "-o", "yaml")
    assert yaml.load(ended.out)["metadata"]["name"] == "fleet"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("get", "ks", "nothing"), "'nothing' not found"),
        (("get", "hr"), "no HelmRelease objects found"),
        (("get", "pods"), "names no kind of Flux"),
    ],
)
async def test_get_says_what_is_not_there(cluster: Cluster, args: tuple[str, ...], says: str) -> None:
    ended = await cluster.run(*args)
    assert (ended.code, ended.out) == (1, "")
    assert says in ended.err


# --- acts


async def test_reconcile_with_source_waits_for_both(cluster: Cluster) -> None:
    ended = await cluster.run("reconcile", "kustomization", "apps", "--with-source")
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert "applied revision main@sha1:bbbbbbbb" in ended.err
    assert cluster.flux.handled == ["GitRepository/fleet", "Kustomization/apps"]


async def test_a_failed_pass_exits_1_with_the_controllers_words(cluster: Cluster) -> None:
    cluster.flux.fails["apps"] = "kustomize build failed: no such file"
    ended = await cluster.run("reconcile", "ks", "apps")
    assert ended.code == 1
    assert "kustomize build failed: no such file" in ended.err


async def test_suspend_and_resume(cluster: Cluster) -> None:
    ended = await cluster.run("suspend", "ks", "apps", "--reason", "freeze")
    assert ended.code == 0, ended.err
    live = await cluster.flux.get("Kustomization", "apps")
    assert live["spec"]["suspend"] is True
    assert live["metadata"]["annotations"]["fluxtui.io/suspended-reason"] == "freeze"
    again = await cluster.run("suspend", "ks", "apps")
    assert again.code == 1
    assert "suspended already" in again.err
    ended = await cluster.run("resume", "ks", "apps")
    assert ended.code == 0, ended.err
    live = await cluster.flux.get("Kustomization", "apps")
    assert not live["spec"].get("suspend")
    assert "fluxtui.io/suspended-reason" not in (live["metadata"].get("annotations") or {})


async def test_rollback_pins_the_source(cluster: Cluster) -> None:
    ended = await cluster.run("rollback", "kustomization", "apps", "--to", f"main@sha1:{OLD}")
    assert ended.code == 0, ended.err
    source = await cluster.flux.get("GitRepository", "fleet")
    assert source["spec"]["ref"] == {"branch": "main", "commit": OLD}


async def test_read_only_sends_nothing(cluster: Cluster) -> None:
    before = await cluster.flux.get("Kustomization", "apps")
    for verb in ("reconcile", "suspend"):
        ended = await cluster.run(verb, "ks", "apps", "--read-only")
        assert ended.code == 1
        assert "read-only" in ended.err
    ended = await cluster.run("--read-only", "rollback", "ks", "apps", "--to", f"sha1:{OLD}")
    assert ended.code == 1
    assert await cluster.flux.get("Kustomization", "apps") == before


async def test_an_act_that_nobody_answers_ends_with_its_timeout(cluster: Cluster) -> None:
    cluster.flux.asleep = True
    ended = await cluster.run("reconcile", "ks", "apps", "--timeout", "1")
    assert ended.code == 1
    assert "had no result after 1 s" in ended.err


# --- diff, drive, apiserver


async def test_diff_says_why_it_cannot_compare(cluster: Cluster) -> None:
    ended = await cluster.run("diff", "kustomization", "apps")
    assert ended.code == 2
    assert "not computed" in ended.err


async def stopped(process: asyncio.subprocess.Process, number: int) -> tuple[int, float, str]:
    began = time.monotonic()
    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, time.monotonic() - began, err.decode()


async def told(process: asyncio.subprocess.Process, text: str) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while True:
            line = (await process.stderr.readline()).decode()
            assert line, "it ended by itself"
            if text in line:
                return line


async def test_driving_logs_json_and_stops_on_sigterm(cluster: Cluster) -> None:
    config = yaml.load((cluster.folder / "kubeconfig").read_text())
    process = await cluster.start(
        "engine", "--drive", "--context", config["current-context"], "--storage", str(cluster.folder / "artifacts")
    )
    leases = ResourceType("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)

    async def held() -> list[Object]:
        found = [lease async for page in cluster.client.list(leases, NS) for lease in page.items]
        return [lease for lease in found if lease["spec"].get("holderIdentity")]

    async with asyncio.timeout(30):
        while len(await held()) < 2:
            assert process.returncode is None
            await asyncio.sleep(0.05)
    code, seconds, err = await stopped(process, signal.SIGTERM)
    assert code == 0
    assert seconds < 5
    assert await held() == [], "the Leases are given back"
    for line in filter(None, err.splitlines()):
        assert {"ts", "level", "logger", "msg"} <= set(json.loads(line))


async def test_the_api_server_serves_its_kubeconfig_and_stops(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fluxtui",
        "apiserver",
        "--data",
        str(tmp_path / "data"),
        "--kubeconfig",
        str(file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=empty(tmp_path),
    )
    async with asyncio.timeout(30):
        while not file.is_file():
            assert process.returncode is None
            await asyncio.sleep(0.05)
    from engine.kube.config import load_config

    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    async with Client(load_config([file])) as client:
        assert re.match(r"v1\.\d+", (await client.version())["gitVersion"])
    code, seconds, _ = await stopped(process, signal.SIGTERM)
    assert code == 0
    assert seconds < 5
