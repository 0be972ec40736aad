"""Starts the demo's backend as a child process, and ends it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from engine import errors
from engine.model import Stance
from engine.settings import Access, Driving, EngineSettings, data_home

CONTEXT: Final = "fluxtui"
"""The context that the embedded server writes into its kubeconfig."""

STOP: Final = 5.0
"""Seconds that the backend has to end by itself."""


@dataclass(slots=True)
class Demo:
    """A running backend; `settings` are those of an engine that drives on it."""

    data: Path
    kubeconfig: Path
    git_url: str
    settings: EngineSettings
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Close its stdin, which ends it; kill it when it does not listen."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close() if self.process.stdin else None
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def launch(options: dict[str, Any]) -> Demo:
    """Start it and wait until it stands; errors.EngineError tells what it could not do."""
    if shutil.which("git") is None:
        raise errors.Unsupported("the demo keeps its repository with git, which is not installed", fix="install git")
    data = Path(options.get("data") or data_home() / "demo").absolute()
    command = [sys.executable, "-m", "engine.demo.main", "--data", str(data), "--size", str(options.get("size") or 1)]
    command += [f"--{flag}" for flag in ("calm", "reset") if options.get(flag)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    told = process.stdout.readline()
    if not told:
        words = process.stderr.read().decode(errors="replace").strip().splitlines()
        process.wait()
        raise errors.Terminal(words[-1] if words else "the demo's backend ended", fix=f"see {data / 'backend.log'}")
    answer = orjson.loads(told)
    kubeconfig = Path(answer["kubeconfig"])
    settings = EngineSettings(
        access=Access(kubeconfig=kubeconfig, context=CONTEXT),
        stance=Stance.DRIVE,
        driving=Driving(storage=data / "artifacts", concurrent=20),
        state=data / "state",
        log_file=data / "engine.log",
    )
    return Demo(data, kubeconfig, str(answer["git"]), settings, process)
