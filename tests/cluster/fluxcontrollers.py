"""Flux's own source- and kustomize-controller as plain processes, against a real API server."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cluster.realcluster import READY_WITHIN, RealCluster, free_port

ELECTION_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Outside a cluster controller-runtime takes the namespace of its Leases from here."""


def binaries() -> Path:
    """The folder with both controllers; without it a test is skipped, saying so (CI has it)."""
    folder = Path(os.environ.get("FLUX_BIN") or os.environ.get("KUBEBUILDER_ASSETS") or "/nonexistent")
    if not (folder / "kustomize-controller").is_file():
        message = "Flux's controllers are not here: run `make cluster-assets` and set FLUX_BIN"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@dataclass
class FluxControllers:
    """Both controllers; `stop` ends them."""

    cluster: RealCluster
    election: bool = False
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start both and wait until each has said that its workers run."""
        storage = self.cluster.folder / f"flux-storage-{free_port()}"
        storage.mkdir()
        address = f"127.0.0.1:{free_port()}"
        source = ("--storage-path", str(storage), "--storage-addr", address, "--storage-adv-addr", address)
        self._spawn("source-controller", *source)
        self._spawn("kustomize-controller")
        for name in ("source-controller", "kustomize-controller"):
            self._wait(name)

    def stop(self) -> None:
        """SIGTERM, then wait."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def _log(self, name: str) -> Path:
        return self.cluster.folder / f"{name}-{id(self)}.log"

    def _spawn(self, name: str, *flags: str) -> None:
        environment = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig), "RUNTIME_NAMESPACE": "flux-system"}
        command = [
            str(binaries() / name),
            "--watch-all-namespaces",
            "--events-addr=",
            f"--enable-leader-election={'true' if self.election else 'false'}",
            f"--metrics-addr=127.0.0.1:{free_port()}",
            f"--health-addr=127.0.0.1:{free_port()}",
            "--log-encoding=json",
            *flags,
        ]
        with self._log(name).open("wb") as log:
            self.processes.append(
                subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
            )

    def _wait(self, name: str) -> None:
        end = time.monotonic() + READY_WITHIN
        while time.monotonic() < end:
            if "Starting workers" in self._log(name).read_text(errors="replace"):
                return
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not start:\n{self._log(name).read_text(errors='replace')[-2000:]}")
