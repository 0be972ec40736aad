"""Drift on screen: from the API server's answer to somebody's edit until the row says so, in a real terminal.

The demo's backend and engine, one more Kustomization with 500 objects of 12 kinds, 50 edits by another manager
(design.md 6: p95 ≤ 1 s). Each edit is taken back before the next.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path

import pytest

from engine import yaml
from engine.clock import Clock
from engine.demo.repository import DemoRepository
from engine.kube.client import Client
from engine.kube.config import load_config
from engine.kube.types import PatchType, ResourceType
from tests.bench.figures import machine, percentile, show
from tests.demo.terminal import Terminal, environment

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

NAMESPACE = "drift-bench"
OBJECTS = 500
EDITS = 50

#: Kind, API version, plural, and what of it somebody edits: (path of the wanted value, edited body).
KINDS: tuple[tuple[str, str, str, dict[str, object], dict[str, object]], ...] = (
    ("ConfigMap", "v1", "configmaps", {"data": {"a": "1"}}, {"data": {"a": "2"}}),
    ("Secret", "v1", "secrets", {"stringData": {"a": "1"}}, {"stringData": {"a": "2"}}),
    ("ServiceAccount", "v1", "serviceaccounts", {"automountServiceAccountToken": True},
     {"automountServiceAccountToken": False}),
    ("Service", "v1", "services", {"spec": {"selector": {"a": "1"}, "ports": [{"port": 80}]}},
     {"spec": {"selector": {"a": "2"}}}),
    ("ResourceQuota", "v1", "resourcequotas", {"spec": {"hard": {"pods": "10"}}}, {"spec": {"hard": {"pods": "11"}}}),
    ("LimitRange", "v1", "limitranges", {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
     {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "2"}}]}}),
    ("Role", "rbac.authorization.k8s.io/v1", "roles",
     {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
     {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}),
    ("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies",
     {"spec": {"podSelector": {"matchLabels": {"a": "1"}}, "policyTypes": ["Ingress"]}},
     {"spec": {"podSelector": {"matchLabels": {"a": "2"}}}}),
    ("Ingress", "networking.k8s.io/v1", "ingresses", {"spec": {"ingressClassName": "a", "defaultBackend":
     {"service": {"name": "s", "port": {"number": 80}}}}}, {"spec": {"ingressClassName": "b"}}),
    ("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets",
     {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "1"}}}}, {"spec": {"minAvailable": 2}}),
    ("CronJob", "batch/v1", "cronjobs",
     {"spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
      "containers": [{"name": "c", "image": "i"}]}}}}}}, {"spec": {"schedule": "1 0 * * *"}}),
    ("Deployment", "apps/v1", "deployments",
     {"spec": {"replicas": 0, "selector": {"matchLabels": {"a": "1"}}, "template": {"metadata": {"labels": {"a": "1"}},
      "spec": {"containers": [{"name": "c", "image": "i"}]}}}}, {"spec": {"replicas": 1, "paused": True}}),
)  # fmt: skip


def objects() -> tuple[str, str]:
    """All of them as one file, and the Kustomization that applies it."""
    made = []
    for number in range(OBJECTS):
        kind, version, _, body, _ = KINDS[number % len(KINDS)]
        metadata = {"name": f"o{number}", "namespace": NAMESPACE}
        made.append(yaml.dump({"apiVersion": version, "kind": kind, "metadata": metadata, **body}))
    namespace = yaml.dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kustomization = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a-bench, namespace: flux-system}
spec: {interval: 24h, path: ./bench, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
"""
    return "---\n".join([namespace, *made]), kustomization


async def test_drift_latency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    argv = [sys.executable, "-m", "fluxtui", "demo", "--calm", "--data", str(data)]
    terminal = Terminal(argv, environment(tmp_path / "home"), tmp_path)
    try:
        await asyncio.to_thread(terminal.until, r"✓ infrastructure .*Applied", limit=60)
        files = dict(zip(("bench/objects.yaml", "clusters/demo/a-bench.yaml"), objects(), strict=True))
        await DemoRepository(data / "git" / "fleet.git", Clock()).commit(files, "Add objects", "Bench")
        async with Client(load_config([data / "kubeconfig"])) as client:
            source = ResourceType("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories", namespaced=True)
            asked = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "bench"}}}
            await client.patch(source, "flux-system", "flux-system", asked, type=PatchType.MERGE, manager="bench")
            await asyncio.to_thread(terminal.until, r"✓ a-bench .*Applied", limit=90)
            await asyncio.to_thread(terminal.settle, 2.0, 20.0)
            took = [await edit(client, terminal, number) for number in range(EDITS)]
        with capsys.disabled():
            print(f"\ndrift, {OBJECTS} objects of {len(KINDS)} kinds, {EDITS} edits ({machine()})")
            show("edit answered to drift on screen, p50", percentile(took, 0.5), "ms")
            show("edit answered to drift on screen, p95", percentile(took, 0.95), "ms", 1000)
    finally:
        terminal.close()


async def edit(client: Client, terminal: Terminal, number: int) -> float:
    """Milliseconds until the row says it; then the edit is taken back."""
    index = number * 7 % OBJECTS
    kind, version, plural, wanted, edited = KINDS[index % len(KINDS)]
    group, _, short = version.rpartition("/")
    res = ResourceType(group, short, kind, plural, namespaced=True)
    await client.patch(res, NAMESPACE, f"o{index}", edited, type=PatchType.MERGE, manager="kubectl-edit")
    answered = time.perf_counter()
    seen = await asyncio.to_thread(terminal.until, r"≠ a-bench .*drifted 1", limit=30)
    back = {**wanted, "spec": {**wanted["spec"], "paused": None}} if kind == "Deployment" else wanted  # type: ignore[dict-item]
    await client.patch(res, NAMESPACE, f"o{index}", back, type=PatchType.MERGE, manager="kubectl-edit")
    await asyncio.to_thread(gone, terminal)
    return max(0.0, seen - answered) * 1000


def gone(terminal: Terminal) -> None:
    deadline = time.perf_counter() + 30
    while re.search("≠ a-bench", terminal.text()) and time.perf_counter() < deadline:
        terminal.read(0.2)
    terminal.settle(0.3, 0.5)
