"""Desired against live: what counts as a difference, and how its path is written."""

from __future__ import annotations

import pytest

from engine import openapi
from engine.apply import diff, drift, ignore, paths
from engine.apply.drift import Rules
from engine.apply.managers import TakeOver
from engine.apply.paths import Step
from engine.model import Change, Verdict

DEPLOYMENT = openapi.schema("apps", "v1", "Deployment")
SERVICE = openapi.schema("", "v1", "Service")


def deployment(container: dict | None = None, **spec) -> dict:
    pod = {"containers": [{"name": "web", "image": "a", **(container or {})}]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "ns"},
            "spec": {"template": {"spec": pod}, **spec}}  # fmt: skip


def found(desired: dict, live: dict, schema=DEPLOYMENT) -> list[tuple[str, str, str]]:
    return [
        (paths.display(d.path), paths.pointer(d.path), d.change.value) for d in diff.differences(desired, live, schema)
    ]


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        (deployment(), deployment({"imagePullPolicy": "Always"}, replicas=1)),
        (deployment({"resources": {"limits": {"cpu": "1"}}}), deployment({"resources": {"limits": {"cpu": "1000m"}}})),
        (deployment({"resources": {}, "env": []}), deployment()),
        (deployment(strategy={}), deployment(strategy={"type": "RollingUpdate"})),
        (
            deployment({"ports": [{"containerPort": 80, "protocol": "TCP"}]}),
            deployment({"ports": [{"containerPort": 80, "protocol": "TCP", "name": "x"}]}),
        ),
        (
            deployment({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
            deployment({"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}),
        ),
        (deployment(selector={"matchLabels": {"a": "b"}}), deployment(selector={"matchLabels": {"a": "b"}})),
    ],
)
def test_defaults_order_of_keyed_lists_and_equal_quantities_are_no_differences(desired, live):
    assert found(desired, live) == []


@pytest.mark.parametrize(
    ("desired", "live", "expected"),
    [
        (deployment(replicas=1), deployment(replicas=2), ("spec.replicas", "/spec/replicas", "changed")),
        (deployment(replicas=1), deployment(), ("spec.replicas", "/spec/replicas", "removed")),
        (
            deployment({"env": [{"name": "DEBUG", "value": "1"}]}),
            deployment({"env": [{"name": "A"}, {"name": "DEBUG", "value": "2"}]}),
            ("…containers[web].env[DEBUG].value", "/spec/template/spec/containers/0/env/1/value", "changed"),
        ),
        (
            deployment({"args": ["a", "b"]}),
            deployment({"args": ["a", "c"]}),
            ("…containers[web].args[1]", "/spec/template/spec/containers/0/args/1", "changed"),
        ),
        (
            deployment({"args": ["a"]}),
            deployment({"args": ["a", "c"]}),
            ("…containers[web].args", "/spec/template/spec/containers/0/args", "changed"),
        ),
        (
            deployment({"resources": {"limits": {"cpu": "1"}}}),
            deployment({"resources": {"limits": {"cpu": "2"}}}),
            (
                "…containers[web].resources.limits.cpu",
                "/spec/template/spec/containers/0/resources/limits/cpu",
                "changed",
            ),
        ),
        (
            deployment(paused=True), deployment(paused=False), ("spec.paused", "/spec/paused", "changed"),
        ),
    ],
)  # fmt: skip
def test_a_leaf_that_differs_is_named_in_both_ways(desired, live, expected):
    assert found(desired, live) == [expected]


def test_a_service_s_zero_target_port_is_filled_in_by_the_server():
    def service(**port) -> dict:
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "x"},
            "spec": {"ports": [{"port": 80, "protocol": "TCP", **port}]},
        }

    assert found(service(targetPort=0), service(targetPort=80), SERVICE) == []
    assert found(service(targetPort=8080), service(targetPort=80), SERVICE) == [
        ("spec.ports[80/TCP].targetPort", "/spec/ports/0/targetPort", "changed")
    ]


def live_with(*entries: tuple[str, str, dict], **more) -> dict:
    fields = [
        {"manager": m, "operation": op, "time": f"2026-01-0{i + 1}T00:00:00Z", "fieldsV1": f}
        for i, (m, op, f) in enumerate(entries)
    ]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        **more,
        "metadata": {"name": "x", "managedFields": fields, **more.get("metadata", {})},
    }


OWN = ("kustomize-controller", "Apply", {"f:data": {"f:a": {}}})
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}}


@pytest.mark.parametrize(
    ("other", "merges", "expected"),
    [
        (("kubectl-edit", "Update", {"f:data": {"f:b": {}}}), False, ["data.b"]),
        (("kubectl-edit", "Update", {"f:data": {"f:b": {}}}), True, []),
        (("helm", "Update", {"f:data": {"f:b": {}}}), False, []),
    ],
)
def test_what_flux_will_own_and_does_not_want_is_removed(other, merges, expected):
    live = live_with(OWN, other, data={"a": "1", "b": "2"})
    surplus = diff.surplus(CONFIG, live, None if merges else TakeOver())
    assert [paths.display(d.path) for d in surplus] == expected
    assert all(d.change is Change.ADDED for d in surplus)


def test_what_somebody_else_owns_too_stays():
    b = {"f:data": {"f:b": {}}}
    live = live_with(OWN, ("kubectl-edit", "Update", b), ("helm", "Update", b), data={"a": "1", "b": "2"})
    assert diff.surplus(CONFIG, live, TakeOver()) == []


def test_the_writer_is_the_newest_manager_that_is_not_flux():
    both = {"f:data": {"f:a": {}}}
    live = live_with(OWN, ("kubectl-edit", "Update", both), ("kubectl-patch", "Update", both), data={"a": "2"})
    verdict = drift.local(CONFIG, live, Rules())
    (path,) = verdict.paths
    assert (path.wanted, path.live) == ("1", "2")
    assert path.writer is not None
    assert (path.writer.manager, path.writer.time.day) == ("kubectl-patch", 3)


def test_secrets_show_keys_and_never_values():
    desired = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x"},
        "data": {"a": "canary1", "new": "canary2"},
    }
    live = live_with(
        ("kubectl-edit", "Update", {"f:data": {"f:a": {}, "f:b": {}}}),
        kind="Secret",
        data={"a": "canary3", "b": "canary4"},
    )
    verdict = drift.local(desired, live, Rules())
    assert {(p.display, p.change) for p in verdict.paths} == {
        ("data.a", Change.CHANGED), ("data.new", Change.REMOVED), ("data.b", Change.ADDED),
    }  # fmt: skip
    assert "canary" not in repr(verdict)


def test_the_last_applied_annotation_is_told_without_its_content():
    last = "kubectl.kubernetes.io/last-applied-configuration"
    fields = {"f:metadata": {"f:annotations": {f"f:{last}": {}}}}
    live = live_with(
        OWN,
        ("kubectl-client-side-apply", "Update", fields),
        data={"a": "1"},
        metadata={"annotations": {last: "canary"}},
    )
    verdict = drift.local(CONFIG, live, Rules())
    assert [p.display for p in verdict.paths] == [f"metadata.annotations[{last}]"]
    assert "canary" not in repr(verdict)


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([{"paths": ["/data/a"]}], Verdict.EQUAL),
        ([{"paths": ["/data"]}], Verdict.EQUAL),
        ([{"paths": ["/data/a"], "target": {"kind": "ConfigMap", "name": "x"}}], Verdict.EQUAL),
        ([{"paths": ["/data/a"], "target": {"name": "x.*y"}}], Verdict.DIFFERS),
        ([{"paths": ["/data/a"], "target": {"kind": "Config"}}], Verdict.DIFFERS),
        ([{"paths": ["/data/b"]}], Verdict.DIFFERS),
        ([{"paths": ["/data/a"], "target": {"labelSelector": "app=web"}}], Verdict.DIFFERS),
    ],
)
def test_ignore_rules_leave_paths_to_others(rules, verdict):
    live = live_with(("kubectl-edit", "Update", {"f:data": {"f:a": {}}}), data={"a": "2"})
    assert drift.local(CONFIG, live, Rules(ignore.parse(rules))).verdict is verdict


def test_an_ignored_path_is_adopted_or_left_out_when_the_object_is_written_anyway():
    live = live_with(("kubectl-edit", "Update", {"f:data": {"f:a": {}}}), data={"a": "2"})
    assert ignore.adopt(CONFIG, live, ["/data/a"])["data"] == {"a": "2"}
    applied = live_with(("other", "Apply", {"f:data": {"f:a": {}}}), data={"a": "2"})
    assert ignore.adopt(CONFIG, applied, ["/data/a"])["data"] == {}


def test_an_encrypted_secret_is_compared_by_its_keys():
    desired = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x"},
        "data": {"a": "ENC[x]"},
        "sops": {"mac": "x"},
    }
    assert drift.local(desired, live_with(kind="Secret", data={"a": "v"}), Rules()).verdict is Verdict.NOT_COMPARED
    other = drift.local(desired, live_with(kind="Secret", data={"b": "v"}), Rules())
    assert {(p.display, p.change) for p in other.paths} == {("data.a", Change.REMOVED), ("data.b", Change.ADDED)}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((paths.field("metadata"), paths.field("labels"), paths.field("a.b/c")), "metadata.labels[a.b/c]"),
        ((paths.field("spec"), Step(index=2)), "spec[2]"),
        ((paths.field("spec"), Step(index=0, value='"x"')), "spec[x]"),
    ],
)
def test_paths_are_written_for_people(path, text):
    assert paths.display(path) == text


def test_pointers_are_escaped():
    assert paths.pointer((paths.field("a/b"), paths.field("c~d"))) == "/a~1b/c~0d"
