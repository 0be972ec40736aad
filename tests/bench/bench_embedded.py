"""What the embedded API server costs. No verdict.

CPU is the server process's own, from /proc; the client's is not in it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.bench.figures import machine

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parent.parent.parent
CRD = ROOT / "tests" / "bench" / "bench_embedded_crd.json"
TICK = os.sysconf("SC_CLK_TCK")
APPLY = "application/apply-patch+yaml"
OBJECTS = 5_000
PATH = "/apis/bench.fluxtui.io/v1/namespaces/default/apps"


def test_the_embedded_api_server(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nembedded API server, {OBJECTS} objects ({machine()})")
        main(OBJECTS)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        code = (
            "import sys; from pathlib import Path; from engine.embedded.main import run; "
            f"sys.exit(run(Path({str(data)!r}), 0, Path({str(Path(folder) / 'kubeconfig')!r})))"
        )
        server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[1].rstrip(",")
            token = _token(Path(folder) / "kubeconfig")
            asyncio.run(_measure(url, token, server.pid, count))
        finally:
            server.terminate()
            server.wait(10)


def _token(kubeconfig: Path) -> str:
    text = kubeconfig.read_text()
    return text.split("token: ", 1)[1].split()[0]


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _rss(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:", 1)[1].split()[0]) / 1024


def deployment(name: str, image: str = "nginx:1.27") -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name, "kustomize.toolkit.fluxcd.io/name": "apps"}
    container = {
        "name": "app",
        "image": image,
        "ports": [{"name": "http", "containerPort": 9898}, {"name": "metrics", "containerPort": 9797}],
        "env": [{"name": f"E{n}", "value": str(n)} for n in range(6)],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 9898}},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def custom(name: str, revision: str = "v1") -> dict[str, Any]:
    return {
        "apiVersion": "bench.fluxtui.io/v1",
        "kind": "App",
        "metadata": {"name": name, "namespace": "default", "labels": {"team": "a"}},
        "spec": {
            "interval": "10m",
            "path": f"./apps/{name}",
            "revision": revision,
            "sourceRef": {"kind": "Git", "name": "x"},
        },
    }


def crd() -> dict[str, Any]:
    text = {"type": "string"}
    spec = {
        "interval": text,
        "path": text,
        "revision": text,
        "sourceRef": {"type": "object", "properties": {"kind": text, "name": text}},
    }
    entry = {"type": "object", "properties": {"id": text, "v": text}}
    condition = {
        "type": "object",
        "properties": dict.fromkeys(("type", "status", "reason", "message", "lastTransitionTime"), text),
    }
    status = {
        "inventory": {"type": "object", "properties": {"entries": {"type": "array", "items": entry}}},
        "conditions": {"type": "array", "items": condition},
        "observedGeneration": {"type": "integer"},
    }
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": spec},
            "status": {"type": "object", "properties": status},
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "apps.bench.fluxtui.io"},
        "spec": {
            "group": "bench.fluxtui.io",
            "scope": "Namespaced",
            "names": {"kind": "App", "plural": "apps"},
            "versions": [version],
        },
    }


def app_status() -> dict[str, Any]:
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "ReconciliationSucceeded",
        "message": "Applied revision: main@sha1:0",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    entries = [{"id": f"default_app-{n}_apps_Deployment", "v": "v1"} for n in range(12)]
    return {"status": {"observedGeneration": 1, "conditions": [condition], "inventory": {"entries": entries}}}


async def _measure(url: str, token: str, pid: int, count: int) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(url, headers=headers) as client:

        async def send(method: str, path: str, body: Any = None, kind: str = "application/json") -> bytes:
            data = None if body is None else orjson.dumps(body)
            async with client.request(method, path, data=data, headers={"Content-Type": kind}) as answer:
                text = await answer.read()
                assert answer.status < 300, text[:500]
                return text

        async def timed(label: str, jobs: list[Callable[[], Awaitable[Any]]], *, workers: int = 8) -> None:
            before, began = _cpu(pid), time.perf_counter()
            queue = iter(jobs)

            async def work() -> None:
                for job in queue:
                    await job()

            await asyncio.gather(*(work() for _ in range(workers)))
            wall, cpu = time.perf_counter() - began, _cpu(pid) - before
            each = f"{len(jobs):5} × {1000 * cpu / len(jobs):6.2f} ms CPU"
            print(f"{label:44} {each}, {wall:6.2f} s, {len(jobs) / wall:6.0f}/s")

        dep = "/apis/apps/v1/namespaces/default/deployments"
        names = [f"d{n}" for n in range(300)]

        def applies(query: str, image: str) -> list[Callable[[], Awaitable[Any]]]:
            return [
                lambda name=name: send(
                    "PATCH", f"{dep}/{name}?fieldManager=bench{query}", deployment(name, image), APPLY
                )
                for name in names
            ]

        await timed("apply a new Deployment", applies("", "nginx:1"))
        await asyncio.sleep(2)
        await timed("apply without change", applies("", "nginx:1"))
        await timed("apply without change, dry run", applies("&dryRun=All", "nginx:1"))
        await timed("apply with a change, dry run", applies("&dryRun=All", "nginx:2"))
        await timed("apply with a change", applies("", "nginx:2"))
        await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd())
        await timed("create a custom resource", [lambda n=n: send("POST", PATH, custom(f"a{n}")) for n in range(count)])
        merge = "application/merge-patch+json"
        await timed(
            "patch its status",
            [
                lambda n=n: send("PATCH", f"{PATH}/a{n}/status?fieldManager=ctl", app_status(), merge)
                for n in range(count)
            ],
        )
        await timed(
            "apply it with a change",
            [
                lambda n=n: send("PATCH", f"{PATH}/a{n}?fieldManager=bench&force=true", custom(f"a{n}", "v2"), APPLY)
                for n in range(300)
            ],
        )
        print(f"{'RSS':44} {_rss(pid):.0f} MiB")
        for _ in range(3):
            await timed("list all", [lambda: send("GET", PATH)], workers=1)
        await timed("list all in pages of 500", [lambda: _pages(send)], workers=1)
        before, began = _cpu(pid), time.perf_counter()
        await asyncio.sleep(10)
        print(f"{'idle':44} {100 * (_cpu(pid) - before) / (time.perf_counter() - began):.2f} % of a core")


async def _pages(send: Any) -> None:
    token = ""
    while True:
        page = orjson.loads(await send("GET", f"{PATH}?limit=500&continue={token}"))
        token = page["metadata"].get("continue", "")
        if not token:
            return
