"""The kubeconfig that leads to an embedded server."""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path

from engine import yaml
from engine.errors import EngineError, Refused

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
    """Write it for its owner alone, in one step; Refused when the file there is not one of ours."""
    check_kubeconfig(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(kubeconfig(url, token, certificate))
    temporary.replace(path)


def check_kubeconfig(path: Path) -> None:
    """Refused when there is a file that may not be replaced."""
    if not _replaceable(path):
        raise Refused(f"{path} is there and leads to other clusters", fix="name another file")


def remove_kubeconfig(path: Path, token: str) -> None:
    """Remove the file unless it leads to another server by now."""
    with contextlib.suppress(OSError):
        if token in path.read_text():
            path.unlink()


def _replaceable(path: Path) -> bool:
    """Whether there is nothing, or what an earlier server of ours wrote."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False
    if not text.strip():
        return True
    try:
        config = yaml.load(text, name=str(path))
    except EngineError:
        return False
    clusters = config.get("clusters") if isinstance(config, dict) else None
    return isinstance(clusters, list) and [one.get("name") for one in clusters if isinstance(one, dict)] == [NAME]
