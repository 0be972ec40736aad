"""The controllers' own flags are read where they can be, and assumed aloud where they cannot."""

from __future__ import annotations

from typing import Any

import pytest

from engine import flags


def controller(
    *args: str, image: str = "ghcr.io/fluxcd/kustomize-controller:v1.9.0", name: str = "kustomize-controller"
) -> dict[str, Any]:
    sidecar = {"name": "proxy", "image": "proxy:v0.1", "args": ["--no-cross-namespace-refs=true"]}
    manager = {"name": "manager", "image": image, "args": list(args)}
    return {
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"template": {"spec": {"containers": [sidecar, manager]}}},
    }


def test_the_defaults_of_a_plain_installation() -> None:
    assert flags.read([controller("--watch-all-namespaces=true", "--log-level=info")]) == flags.Flags()


@pytest.mark.parametrize(
    ("args", "image", "strict"),
    [
        ((), "kustomize-controller:v1.9.0", True),
        ((), "kustomize-controller:v1.10.2@sha256:abc", True),
        ((), "kustomize-controller:v1.8.3", False),
        ((), "registry:5000/kustomize-controller:v2.0.0", True),
        (("--feature-gates=StrictPostBuildSubstitutions=true",), "kustomize-controller:v1.8.3", True),
        (("--feature-gates=A=true,StrictPostBuildSubstitutions=false",), "kustomize-controller:v1.9.0", False),
        (("--feature-gates", "StrictPostBuildSubstitutions=false"), "kustomize-controller:v1.9.0", False),
    ],
)
def test_strict_substitution_by_gate_and_version(args: tuple[str, ...], image: str, strict: bool) -> None:
    found = flags.read([controller(*args, image=image)])
    assert found.strict is strict
    assert found.assumptions == ()


def test_an_unknown_version_is_assumed_to_be_strict_and_says_so() -> None:
    found = flags.read([controller(image="mirror.example.com/kustomize-controller@sha256:abc")])
    assert found.strict
    assert found.assumptions == ("strict substitution assumed: the version of kustomize-controller is not known",)


def test_a_lockdown_and_overrides() -> None:
    found = flags.read(
        [
            controller("--no-cross-namespace-refs=true", name="helm-controller"),
            controller(
                "--no-cross-namespace-refs",
                "--no-remote-bases=true",
                "--default-service-account",
                "default",
                "--override-manager=rancher",
                "--override-manager=argocd,terraform",
            ),
        ]
    )
    assert (found.cross_namespace, found.remote_bases, found.service_account) == (False, False, "default")
    assert found.overrides == ("rancher", "argocd", "terraform")


def test_flags_of_other_controllers_do_not_count() -> None:
    found = flags.read([controller("--no-cross-namespace-refs=true", name="helm-controller")])
    assert found.cross_namespace
    assert "there is no Deployment kustomize-controller" in found.assumptions[0]


def test_why_they_cannot_be_read_is_told() -> None:
    found = flags.read([], "not allowed: list deployments.apps")
    assert found.assumptions == ("strict substitution assumed: not allowed: list deployments.apps",)
