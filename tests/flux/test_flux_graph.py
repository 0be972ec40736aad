from __future__ import annotations

import pytest

from engine.flux import graph, trace
from engine.flux.graph import Node


def kustomization(name: str, *needs: str, ready: str = "True", reason: str = "ReconciliationSucceeded", **spec) -> dict:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "ns"},
        "spec": {"dependsOn": [{"name": need} for need in needs], "sourceRef": {"kind": "GitRepository", "name": "app"}}
        | spec,
        "status": {"conditions": [{"type": "Ready", "status": ready, "reason": reason}]},
    }


def waiting(name: str, *needs: str) -> dict:
    return kustomization(name, *needs, ready="False", reason="DependencyNotReady")


def ks(name: str) -> Node:
    return Node("Kustomization", "ns", name)


def test_a_cascade_folds_under_its_root_cause():
    objects = [
        kustomization("infra", ready="False", reason="BuildFailed"),
        waiting("apps", "infra"),
        waiting("team", "apps"),
        waiting("site", "team"),
        kustomization("other"),
    ]
    assert graph.blocked(objects) == {ks("apps"): ks("infra"), ks("team"): ks("infra"), ks("site"): ks("infra")}


def test_a_missing_dependency_is_a_root_too():
    assert graph.blocked([waiting("apps", "ghost")]) == {ks("apps"): ks("ghost")}


def test_a_cycle_blames_a_neighbour_and_ends():
    assert graph.blocked([waiting("a", "b"), waiting("b", "a")]) == {ks("a"): ks("b"), ks("b"): ks("a")}
    assert graph.blocked([waiting("a", "a")]) == {}


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
    assert graph.used_by(ks("a"), [kustomization("b", "a")])


def test_tracing_goes_through_owners_to_the_source_and_stops_at_itself():
    labels = {"kustomize.toolkit.fluxcd.io/name": "root", "kustomize.toolkit.fluxcd.io/namespace": "ns"}
    root = kustomization("root")
    root["metadata"]["labels"] = labels
    app = kustomization("app", sourceRef={"kind": "GitRepository", "name": "app-src"})
    app["metadata"]["labels"] = labels
    known = {ks("root"): root}
    steps = trace.up(app, known.get)
    assert [str(node) for node, _ in steps] == [
        "GitRepository/ns/app-src",
        "Kustomization/ns/root",
        "GitRepository/ns/app",
    ]
    pod = {"metadata": {"name": "p", "namespace": "ns", "ownerReferences": [{"kind": "ReplicaSet", "name": "rs"}]}}
    rs = {"metadata": {"name": "rs", "namespace": "ns", "labels": labels}}
    assert trace.managing(pod, lambda ref, ns: rs if ref["name"] == "rs" else None) == ks("root")
    assert trace.managing({"metadata": {}}, lambda ref, ns: None) is None
