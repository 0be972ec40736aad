"""Flux objects become rows."""

from __future__ import annotations

from typing import Any

import pytest

from engine import project
from engine.model import Ref, State

KUSTOMIZATION = "kustomize.toolkit.fluxcd.io"


def kustomization(*conditions: tuple[str, str, str, str], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"{KUSTOMIZATION}/v1",
        "kind": "Kustomization",
        "metadata": {
            "name": "apps",
            "namespace": "flux-system",
            "uid": "u",
            "resourceVersion": "7",
            "generation": 2,
            "creationTimestamp": "2026-11-20T10:00:00Z",
            "labels": {f"{KUSTOMIZATION}/name": "root", f"{KUSTOMIZATION}/namespace": "flux-system"},
        },
        "spec": {
            "interval": "10m0s",
            "path": "./apps",
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            **spec,
        },
        "status": {
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": message,
                    "lastTransitionTime": "2026-11-21T11:00:00Z",
                }
                for kind, status, reason, message in conditions
            ],
            "lastAppliedRevision": "main@sha1:4f2a91c0000000000000000000000000000000ab",
        },
    }


@pytest.mark.parametrize(
    ("conditions", "spec", "state"),
    [
        ((("Ready", "True", "ReconciliationSucceeded", "Applied"),), {}, State.READY),
        ((("Ready", "False", "BuildFailed", "no such file"),), {}, State.FAILING),
        ((("Ready", "False", "DependencyNotReady", "dependency 'a/b' is not ready"),), {}, State.BLOCKED),
        (
            (("Reconciling", "True", "Progressing", "Building"), ("Ready", "Unknown", "Progressing", "in progress")),
            {},
            State.RECONCILING,
        ),
        ((("Stalled", "True", "InvalidCELExpression", "bad"), ("Ready", "False", "X", "bad")), {}, State.STALLED),
        ((("Ready", "False", "BuildFailed", "no such file"),), {"suspend": True}, State.SUSPENDED),
        ((), {}, State.UNKNOWN),
        ((("Ready", "Unknown", "Progressing", "?"),), {}, State.UNKNOWN),
    ],
)
def test_conditions_decide_the_state(conditions: Any, spec: Any, state: State) -> None:
    assert project.resource("c", kustomization(*conditions, **spec)).state is state


def test_source_parent_and_revision_are_resolved() -> None:
    found = project.resource("c", kustomization(("Ready", "True", "ReconciliationSucceeded", "Applied")))
    assert found.source == Ref("c", "source.toolkit.fluxcd.io", "GitRepository", "flux-system", "fleet")
    assert found.parent == Ref("c", KUSTOMIZATION, "Kustomization", "flux-system", "root")
    assert found.revision.startswith("main@sha1:4f2a91c")
    assert found.interval == 600.0


def test_text_from_outside_is_made_safe() -> None:
    obj = kustomization(
        ("Ready", "False", "BuildFailed", "\x1b[31mred\x07 https://user:hunter2@host/x\n\u202eevil second line")
    )
    found = project.resource("c", obj)
    assert "\x1b" not in found.message
    assert "hunter2" not in found.message
    assert "\u202e" not in found.message
    assert "\n" not in found.message


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"metadata": None, "spec": [], "status": "x"},
        {"metadata": {"name": 5, "labels": 7, "creationTimestamp": "yesterday"}, "status": {"conditions": [1, None]}},
        {"metadata": {"name": "x"}, "spec": {"dependsOn": "x", "interval": "soon"}, "status": {"inventory": []}},
    ],
)
def test_malformed_objects_come_out_empty_and_never_raise(broken: dict[str, Any]) -> None:
    obj = {"apiVersion": f"{KUSTOMIZATION}/v1", "kind": "Kustomization"} | broken
    assert project.resource("c", obj).ref.kind == "Kustomization"


def test_commit_outranks_branch_in_the_ref_text() -> None:
    obj = kustomization()
    obj["kind"], obj["apiVersion"] = "GitRepository", "source.toolkit.fluxcd.io/v1"
    obj["spec"] = {
        "url": "https://h/r",
        "ref": {"branch": "main", "commit": "4f2a91c0000000000000000000000000000000ab"},
    }
    assert project.resource("c", obj).ref_text == "sha1:4f2a91c0"
