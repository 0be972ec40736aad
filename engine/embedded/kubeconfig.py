"""The kubeconfig that leads to an embedded server."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from engine import yaml

NAME = "fluxtui"


def kubeconfig(url: str, token: str, certificate: bytes) -> str:
    """One cluster, one user, one context, as YAML; `certificate` (PEM) is what the client trusts."""
    authority = base64.b64encode(certificate).decode()
    return yaml.dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": NAME, "cluster": {"server": url, "certificate-authority-data": authority}}],
            "users": [{"name": NAME, "user": {"token": token}}],
            "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": "default"}}],
            "current-context": NAME,
        }
    )


def write_kubeconfig(path: Path, url: str, token: str, certificate: bytes) -> None:
    """Write it for its owner alone, replacing what was there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(kubeconfig(url, token, certificate))
    temporary.replace(path)
