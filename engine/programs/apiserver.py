"""`fluxtui apiserver`: the embedded Kubernetes API server on loopback."""

from __future__ import annotations

from pathlib import Path

from engine.embedded import main as server
from engine.programs.common import Options


def main(options: Options) -> int:
    """Serve until SIGTERM, SIGINT or, when started by another program of ours, the end of stdin."""
    data, kubeconfig = options.get("data"), options.get("write_kubeconfig")
    return server.run(Path(data) if data else None, options.get("port") or 0, Path(kubeconfig) if kubeconfig else None)
