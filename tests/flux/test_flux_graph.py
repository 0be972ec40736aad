from __future__ import annotations

import pytest

from engine.flux import graph
from engine.flux.graph import Node


def kustomization(name: str, **spec) -> dict:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "ns"},
        "spec": {"sourceRef": {"kind": "GitRepository", "name": "app"}} | spec,
    }


@pytest.mark.parametrize(
    ("edges", "starts", "found"),
    [
        ({"a": ["b"], "b": ["c"]}, "a", []),
        ({"a": ["b"], "b": ["a"]}, "a", ["a", "b", "a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, "a", ["b", "c", "b"]),
        ({"a": ["a"]}, "a", ["a", "a"]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, "a", []),
        ({"b": ["a"], "c": ["d"], "d": ["c"]}, "bc", ["c", "d", "c"]),
    ],
)
def test_cycles_are_found_with_their_path(edges, starts, found):
    assert graph.cycle(edges, *starts) == found


def test_a_chain_of_thousands_needs_no_recursion():
    edges = {n: [n + 1] for n in range(20_000)}
    assert graph.cycle(edges, 0) == []
    assert graph.in_dependency_order(list(range(20_000)), edges)[-1] == 0


def test_a_batch_is_sorted_and_brings_direct_dependencies_along():
    edges = {"app": ["db"], "db": ["infra"], "infra": ["base"]}
    assert graph.in_dependency_order(["app", "db"], edges) == ["infra", "db", "app"]
    with pytest.raises(ValueError, match="circular dependency detected: a -> b -> a"):
        graph.in_dependency_order(["a", "b"], {"a": ["b"], "b": ["a"]})


def test_a_source_s_consumers_include_releases_and_image_automations():
    git = Node("GitRepository", "ns", "app")
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "r", "namespace": "ns"},
        "spec": {"chart": {"spec": {"sourceRef": {"kind": "GitRepository", "name": "app"}}}},
    }
    automation = {
        "apiVersion": "image.toolkit.fluxcd.io/v1",
        "kind": "ImageUpdateAutomation",
        "metadata": {"name": "auto", "namespace": "other"},
        "spec": {"sourceRef": {"kind": "GitRepository", "name": "app", "namespace": "ns"}},
    }
    includer = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "whole", "namespace": "ns"},
        "spec": {"include": [{"repository": {"name": "app"}}]},
    }
    elsewhere = kustomization("far", sourceRef={"kind": "GitRepository", "name": "app", "namespace": "other"})
    objects = [kustomization("a"), release, automation, includer, elsewhere]
    assert [obj["metadata"]["name"] for obj in graph.consumers(git, objects)] == ["a", "r", "auto", "whole"]
