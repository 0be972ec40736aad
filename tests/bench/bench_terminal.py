"""The console from outside: a real pty of 160x45, a real kube-apiserver with 5,000 Flux objects (design.md 6).

Seeded and kept changing by `../shared/measure/seed_flux.py`. `FLUXTUI_BENCH_KUBECONFIG` names a cluster that is seeded
already. CPU is the console's own, its workers' apart; times are those of the bytes that made the screen so.
"""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from tests.bench.figures import machine, percentile, show
from tests.cluster.realcluster import RealCluster, assets
from tests.demo.terminal import Terminal, children_of, cpu_of, environment, rss_of
from tests.shared import SHARED, need_shared

pytestmark = [pytest.mark.bench, pytest.mark.real, pytest.mark.timeout(1200)]

OBJECTS = int(os.environ.get("FLUXTUI_BENCH_OBJECTS", "5000"))
RATE = 200
ROW = re.compile(r"│.(.) (team-\d\d-[a-z]+)/([a-z-]+-\d{4}) ")
SEED = SHARED / "measure" / "seed_flux.py"


class Seeded:
    """A cluster full of Flux objects."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        found = yaml.safe_load(kubeconfig.read_text())
        self.server = found["clusters"][0]["cluster"]["server"]
        self._token = found["users"][0]["user"]["token"]
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    def seed(self, objects: int) -> None:
        crds = need_shared(SHARED / "conformance" / "flux" / "crds")
        for words in (["crds", "--crds", str(crds)], ["seed", "-n", str(objects)]):
            subprocess.run([sys.executable, str(SEED), "--kubeconfig", str(self.kubeconfig), *words], check=True)

    @contextmanager
    def churning(self) -> Iterator[None]:
        """Status patches over random objects, from another process."""
        argv = [sys.executable, str(SEED), "--kubeconfig", str(self.kubeconfig)]
        before = self.requests("PATCH")
        process = subprocess.Popen([*argv, "churn", "-r", str(RATE), "-t", "600"], stdout=subprocess.PIPE, text=True)
        try:
            while self.requests("PATCH") - before < 2 * RATE:  # its own listing comes first
                time.sleep(0.5)
            yield
        finally:
            process.terminate()
            print("  churn:", process.communicate(timeout=30)[0].strip().splitlines()[-1:])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/merge-patch+json"}
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(self.server + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
            return answer.read()

    def requests(self, verb: str = "") -> int:
        """Requests (of this verb) that the API server has answered so far, watches and Leases of its own apart."""
        lines = self.call("GET", "/metrics").decode().splitlines()
        counted = [line for line in lines if line.startswith("apiserver_request_total{")]
        own = re.compile(r'resource="(leases|configmaps|endpointslices|services|)"|verb="WATCH"')
        wanted = f'verb="{verb}' if verb else ""
        return sum(int(float(line.rpartition(" ")[2])) for line in counted if wanted in line and not own.search(line))


@pytest.fixture(scope="module")
def seeded() -> Iterator[Seeded]:
    given = os.environ.get("FLUXTUI_BENCH_KUBECONFIG")
    if given:
        yield Seeded(Path(given))
        return
    assets()
    need_shared(SEED.parent)
    cluster = RealCluster()
    cluster.start()
    try:
        found = Seeded(cluster.kubeconfig)
        found.seed(OBJECTS)
        yield found
    finally:
        cluster.stop()


def console(seeded: Seeded, folder: Path) -> Terminal:
    env = environment(folder / "home")
    del env["PYTHONDONTWRITEBYTECODE"]
    return Terminal([sys.executable, "-m", "fluxtui", "--kubeconfig", str(seeded.kubeconfig)], env, folder)


def test_console_in_a_terminal(seeded: Seeded, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nconsole, {OBJECTS} Flux objects, 160x45 ({machine()})")
        starts(seeded, tmp_path)
        terminal = console(seeded, tmp_path)
        try:
            terminal.until(rf"Kustomizations {OBJECTS // 2} ", limit=90)
            settle(terminal)
            idle(seeded, terminal)
            keys(terminal, "quiet", 10)
            with seeded.churning():
                churn(terminal)
                keys(terminal, f"under {RATE} events/s", 20)
            settle(terminal, "quiet again after")
            freshness(seeded, terminal)
            memory(terminal)
            asked = terminal.keys("\x11")
            terminal.wait(10)
            show("stop", (time.perf_counter() - asked) * 1000, "ms", 1000)
        finally:
            terminal.close()


def starts(seeded: Seeded, folder: Path) -> None:
    """Three starts, the best of each figure: the machine is never quiet, and a start is all CPU."""
    marks: dict[str, list[float]] = {}
    for _ in range(3):
        terminal = console(seeded, folder)
        try:
            for name, pattern in (
                ("first frame", r"\S"),
                ("first rows", ROW.pattern),
                ("whole list", rf"Kustomizations {OBJECTS // 2} "),
            ):
                marks.setdefault(name, []).append((terminal.until(pattern, limit=90) - terminal.started) * 1000)
            marks.setdefault("CPU until then", []).append(terminal.cpu() * 1000)
        finally:
            terminal.close()
    rows = 600 if OBJECTS > 1000 else 400
    for name, budget in (("first frame", 300), ("first rows", rows), ("whole list", 1900), ("CPU until then", None)):
        show(name, min(marks[name]), "ms", budget)


def settle(terminal: Terminal, what: str = "drift of everything computed after") -> None:
    """Drift of everything is computed once after the start; from then on there is nothing to do."""
    began = time.perf_counter()
    while time.perf_counter() - began < 240:
        before = terminal.cpu()
        terminal.settle(3.0, 3.0)
        if terminal.cpu() - before < 0.05:
            break
    show(what, time.perf_counter() - began, "s")


def idle(seeded: Seeded, terminal: Terminal, seconds: float = 15.0) -> None:
    cpu, asked, began = terminal.cpu(), seeded.requests(), time.perf_counter()
    written = len(terminal.output)
    terminal.settle(seconds, seconds)
    while time.perf_counter() - began < seconds:
        terminal.read(0.5)
    show("idle", (terminal.cpu() - cpu) / seconds * 100, "%", 0.5)
    show("idle: bytes to the terminal", (len(terminal.output) - written) / seconds, "B/s")
    show("idle: requests", seeded.requests() - asked, "", 0)


def memory(terminal: Terminal) -> None:
    show("RSS of the console", terminal.rss(), "MiB", 150)
    for child in children_of(terminal.process.pid):
        show("RSS of a worker", rss_of(child), "MiB", 60)


def cursor(terminal: Terminal) -> str:
    """What the cursor is on; rows move under it, it does not."""
    return next((line[2:50] for line in terminal.screen.display if "▌" in line), "")


def keys(terminal: Terminal, when: str, budget: float, count: int = 60) -> None:
    took = []
    cpu = terminal.cpu()
    for number in range(count):
        while terminal.read(0.0) is not None:
            pass
        before, came = cursor(terminal), None
        sent = terminal.keys("j" if number // 12 % 2 == 0 else "k")
        while cursor(terminal) == before and time.perf_counter() - sent < 3:
            came = terminal.read(0.1) or came
        took.append(((came or time.perf_counter()) - sent) * 1000)
        terminal.settle(0.15, 0.15)
    show(f"key to screen, {when}, p50", percentile(took, 0.5), "ms")
    show(f"key to screen, {when}, p95", percentile(took, 0.95), "ms", budget)
    show(f"CPU a key, {when}", (terminal.cpu() - cpu) / count * 1000, "ms", 4 if when == "quiet" else None)


def churn(terminal: Terminal, seconds: float = 20.0) -> None:
    cpu, written, began = terminal.cpu(), len(terminal.output), time.perf_counter()
    workers = sum(cpu_of(child) for child in children_of(terminal.process.pid))
    while time.perf_counter() - began < seconds:
        terminal.read(0.2)
    workers = sum(cpu_of(child) for child in children_of(terminal.process.pid)) - workers
    show(f"CPU under {RATE} events/s", (terminal.cpu() - cpu) / seconds * 100, "%", 10)
    show("  its workers", workers / seconds * 100, "%")
    show("to the terminal", (len(terminal.output) - written) / seconds / 1024, "KiB/s", 3)


def freshness(seeded: Seeded, terminal: Terminal, count: int = 15) -> None:
    """A visible row's message changes; from the API server's answer until it can be read."""
    took = []
    for number in range(count):
        panel = re.split("Helm releases", re.split("Kustomizations", terminal.text())[1])[0]
        rows = [found for found in ROW.finditer(panel) if found[1] == "✗"]
        _, namespace, name = rows[(3 + number) % len(rows)].groups()
        path = f"/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{namespace}/kustomizations/{name}"
        conditions = orjson.loads(seeded.call("GET", path))["status"]["conditions"]
        word = f"w{number}{time.time_ns() % 10**6}"
        for condition in conditions:
            if condition["type"] == "Ready":
                condition |= {"message": f"{word} {condition['message']}"[:200], "status": "False"}
        seeded.call("PATCH", f"{path}/status", {"status": {"conditions": conditions}})
        answered = time.perf_counter()
        took.append(max(0.0, (terminal.until(word, limit=10) - answered) * 1000))
        terminal.settle(0.7, 0.7)
    show("change visible, p50", percentile(took, 0.5), "ms")
    show("change visible, p95", percentile(took, 0.95), "ms", 100)
