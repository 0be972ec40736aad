"""How long a build takes, beside a spawned kubectl on the same tree. Prints; judges nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

from engine import yaml
from engine.kustomize import DirectoryTree, build
from tests.kustomize.kubectl import kubectl_path
from tests.shared import ROOT

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  labels: {{app: app-{n}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: app-{n}}}}}
  template:
    metadata:
      labels: {{app: app-{n}}}
    spec:
      serviceAccountName: robot
      containers:
      - name: main
        image: registry.example.com/team/app:1.0
        args: ["--level=info", "--port=8080"]
        ports: [{{containerPort: 8080, name: http}}]
        env:
        - {{name: MODE, value: "prod"}}
        - name: CONFIG
          valueFrom: {{configMapKeyRef: {{name: settings, key: a}}}}
        resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}
      volumes:
      - name: settings
        configMap: {{name: settings}}
"""
SERVICE = """apiVersion: v1
kind: Service
metadata: {{name: app-{n}}}
spec:
  ports: [{{port: 80, targetPort: http}}]
  selector: {{app: app-{n}}}
"""
BASE = """resources: [objects.yaml]
configMapGenerator:
- name: settings
  literals: [a=1]
"""
OVERLAY = """resources: [../base]
namespace: shop
namePrefix: p-
labels:
- pairs: {team: x}
  includeSelectors: true
images:
- {name: registry.example.com/team/app, newTag: "2.0"}
replicas:
- {name: app-0, count: 7}
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app-1}
    spec: {template: {spec: {containers: [{name: main, env: [{name: EXTRA, value: x}]}]}}}
- target: {kind: Service}
  patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'
"""


def write(root: Path, objects: int, turn: int) -> None:
    """A base and an overlay; every turn has other contents, so that no cache of results helps."""
    half = objects // 2
    texts = [DEPLOYMENT.format(n=n, replicas=turn) for n in range(half)]
    texts += [SERVICE.format(n=n) for n in range(half)]
    for path, content in {
        "base/objects.yaml": "---\n".join(texts),
        "base/kustomization.yaml": BASE,
        "over/kustomization.yaml": OVERLAY,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


@pytest.mark.bench
@pytest.mark.parametrize(("objects", "turns"), [(20, 7), (400, 3)])
def test_build_beside_kubectl(objects: int, turns: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kubectl = kubectl_path()
    ours, theirs = [], []
    for turn in range(turns):
        write(tmp_path, objects, turn)
        start = time.perf_counter()
        printed = yaml.dump_all(build(DirectoryTree(tmp_path), "over", reorder="legacy"))
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        done = subprocess.run(
            [kubectl, "kustomize", str(tmp_path / "over")], capture_output=True, text=True, check=True
        )
        theirs.append(time.perf_counter() - start)
        assert printed == done.stdout
    ratio = median(theirs) / median(ours)
    with capsys.disabled():
        print(
            f"\nkustomize build, {objects} objects: {median(ours) * 1000:.1f} ms in-process, "
            f"{median(theirs) * 1000:.0f} ms kubectl spawned, {ratio:.1f}x"
        )


@pytest.mark.bench
def test_a_cold_process_beside_kubectl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    # What is installed has its bytecode: the first run, which is not counted, compiles what was edited since.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    for turn in range(12):
        write(tmp_path, 20, turn)
        folder = str(tmp_path / "over")
        for times, command in (
            (ours, [sys.executable, "-m", "fluxtui", "kustomize", folder]),
            (theirs, [str(kubectl_path()), "kustomize", folder]),
        ):
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=environment)
            times.append(time.perf_counter() - start)
    ours, theirs = ours[1:], theirs[1:]
    with capsys.disabled():
        print(
            f"\nfluxtui kustomize, cold, 20 objects: {median(ours) * 1000:.0f} ms, "
            f"kubectl {median(theirs) * 1000:.0f} ms, {median(theirs) / median(ours):.1f}x"
        )


@pytest.mark.bench
def test_the_memory_of_five_thousand_objects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, 5_000, 0)
    # The high water of this program's own memory: getrusage would count the process that started it, too.
    script = (
        "import sys\nfrom fluxtui.cli import main\nmain(sys.argv[1:])\n"
        "sys.stderr.write(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    )
    command = [sys.executable, "-c", script, "kustomize", str(tmp_path / "over")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    with capsys.disabled():
        print(f"\nfluxtui kustomize, 5000 objects: {int(done.stderr) / 1024:.0f} MiB at most")
