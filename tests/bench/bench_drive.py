"""N Kustomizations from create to Ready, and a round that changes nothing: this engine beside kustomize-controller.

Same API server, same work, same concurrency, one after the other (design.md 6). The work and the measuring are
`../shared/measure/flux_bench.py`'s; CPU is that of the engine's processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.figures import machine, show
from tests.cluster.fluxcontrollers import binaries
from tests.cluster.realcluster import assets
from tests.shared import ROOT, SHARED, need_shared

pytestmark = [pytest.mark.bench, pytest.mark.real, pytest.mark.timeout(900)]

COUNT = int(os.environ.get("FLUXTUI_BENCH_KUSTOMIZATIONS", "100"))


def work(engine: str, out: Path, *args: str) -> dict[str, Any]:
    """One run; what it measured, by phase."""
    env = {**os.environ, "FLUX_BIN": str(binaries()), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "tests.bench.flux_work", "run", "--engine", engine, "-n", str(COUNT)]
    subprocess.run([*argv, "--idle", "5", "--out", str(out), *args], env=env, cwd=ROOT, check=True)
    phases: dict[str, Any] = json.loads(out.read_text())["phases"]
    return phases


def test_driving_beside_kustomize_controller(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assets()
    need_shared(SHARED / "measure")
    ours = f"command:{sys.executable} -m fluxtui engine --drive --kubeconfig {{kubeconfig}} --context c"
    with capsys.disabled():
        print(f"\n{COUNT} Kustomizations ({machine()})")
        flux = work("flux", tmp_path / "flux.json")
        mine = work(f"{ours} --storage {tmp_path / 'storage'}", tmp_path / "ours.json")
        for phase, share in (("install", 0.5), ("noop", 0.1), ("change", None), ("delete", None)):
            theirs, own = flux[phase], mine[phase]
            print(f"  {phase}: {own['wall']:.1f} s beside {theirs['wall']:.1f} s")
            show(f"{phase}: wall, share of Flux's", own["wall"] / theirs["wall"], "", share)
            controllers = ("kustomize-controller", "source-controller")
            theirs_cpu = sum(theirs["cpu"][name] for name in controllers)
            show(f"{phase}: CPU, share of Flux's", own["cpu"]["engine"] / theirs_cpu, "", share)
            show(
                f"{phase}: CPU of the API server, share",
                own["cpu"]["kube-apiserver"] / theirs["cpu"]["kube-apiserver"],
                "",
            )
        show("peak memory of the engine", mine["install"]["peak_mib"]["engine"], "MiB", 250)
