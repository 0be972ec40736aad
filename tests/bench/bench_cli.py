"""Reads from the command line, as a person waits for them: from Enter to the prompt (design.md 6)."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.embedded.server import EmbeddedServer
from engine.flux import crds
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from tests.bench.figures import machine, show
from tests.demo.terminal import environment

pytestmark = pytest.mark.bench


async def test_reads_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = environment(tmp_path / "home")
    del env["PYTHONDONTWRITEBYTECODE"]
    async with (
        EmbeddedServer(simulate=False) as server,
        Client(ClusterConfig.for_server(server.url, server.token)) as c,
    ):
        await c.discovery.refresh()
        for definition in crds.definitions():
            res = await c.discovery.resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
            await c.apply(res, definition, manager="bench")
        kubeconfig = tmp_path / "kubeconfig"
        server.write_kubeconfig(kubeconfig)
        with capsys.disabled():
            print(f"\ncommand line ({machine()})")
            for words, budget in (("--help", 100.0), ("get kustomizations -A", 300.0), ("get all -A", 300.0)):
                await _measure(words, kubeconfig, env, budget)


async def _measure(words: str, kubeconfig: Path, env: dict[str, str], budget: float) -> None:
    argv = [
        sys.executable,
        "-m",
        "fluxtui",
        *([] if words == "--help" else ["--kubeconfig", str(kubeconfig)]),
        *words.split(),
    ]
    walls, costs = [], []
    for _ in range(5):
        began, before = time.perf_counter(), _cpu()
        # Nothing is there to be found, which is exit code 1 as with flux.
        await asyncio.to_thread(subprocess.run, argv, env=env, capture_output=True)
        walls.append((time.perf_counter() - began) * 1000)
        costs.append((_cpu() - before) * 1000)
    show(f"fluxtui {words}, best of 5", min(walls), "ms", budget)
    show(f"fluxtui {words}, CPU", min(costs), "ms")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
