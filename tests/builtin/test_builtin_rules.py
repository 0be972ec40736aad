"""Defaults, normal forms, allocation and validation beyond what the recorded exchanges show."""

from __future__ import annotations

from typing import Any

import pytest

from engine.embedded.builtin import ServiceAllocator, admit, default, normalize, validate
from engine.embedded.builtin.pods import qos_class
from engine.embedded.status import ApiError


def pod(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "n"}], **spec},
    }


def completed(obj: dict[str, Any]) -> dict[str, Any]:
    normalize(obj)
    default(obj)
    return obj


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("host:5000/nginx", "Always"),
        ("host:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:" + "a" * 64, "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    obj = completed(pod(containers=[{"name": "c", "image": image}]))
    assert obj["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_a_pods_limits_are_its_requests_too() -> None:
    obj = completed(
        pod(containers=[{"name": "c", "image": "n", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}])
    )
    assert obj["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1", "memory": "1Gi"}
    assert qos_class(obj["spec"]) == "Guaranteed"


def test_empty_texts_and_zeros_fall_away_where_they_mean_nothing() -> None:
    obj = completed(
        pod(
            hostNetwork=False,
            nodeName="",
            containers=[
                {
                    "name": "c",
                    "image": "n",
                    "stdin": False,
                    "env": [{"name": "E", "value": ""}],
                    "livenessProbe": {"initialDelaySeconds": 0, "periodSeconds": 0, "tcpSocket": {"port": 80}},
                }
            ],
            volumes=[{"name": "h", "hostPath": {"path": "/x", "type": ""}}],
        )
    )
    spec = obj["spec"]
    assert not {"hostNetwork", "nodeName"} & set(spec)
    container = spec["containers"][0]
    assert "stdin" not in container
    assert container["env"] == [{"name": "E"}]
    assert container["livenessProbe"]["periodSeconds"] == 10
    assert "initialDelaySeconds" not in container["livenessProbe"]
    assert spec["volumes"][0]["hostPath"]["type"] == ""


def test_a_suspended_false_stays_because_it_is_a_pointer() -> None:
    obj = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {"suspend": False}}
    normalize(obj)
    assert obj["spec"] == {"suspend": False}


def test_a_wrong_quantity_is_a_bad_request() -> None:
    with pytest.raises(ApiError, match="quantities must match") as refused:
        normalize(pod(containers=[{"name": "c", "image": "n", "resources": {"limits": {"cpu": "much"}}}]))
    assert refused.value.code == 400


def test_string_data_overwrites_data_key_by_key() -> None:
    obj = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": "eA==", "b": "eQ=="},
        "stringData": {"a": "z"},
    }
    normalize(obj)
    assert obj["data"] == {"a": "eg==", "b": "eQ=="}
    assert "stringData" not in obj


def workload(kind: str, **spec: Any) -> dict[str, Any]:
    return completed(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": "w"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "n"}]}},
                **spec,
            },
        }
    )


def texts(new: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    return [str(error) for error in validate(new, old)]


def test_a_recreate_strategy_has_no_rolling_parameters() -> None:
    assert workload("Deployment", strategy={"type": "Recreate"})["spec"]["strategy"] == {"type": "Recreate"}
    assert "rollingUpdate" not in workload("StatefulSet", updateStrategy={"type": "OnDelete"})["spec"]["updateStrategy"]


@pytest.mark.parametrize("value", ["abc", "10", "-5%", -1, "5%%"])
def test_a_share_of_pods_is_a_number_or_a_percentage(value: Any) -> None:
    obj = workload("Deployment", strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": value}})
    assert [error.field for error in validate(obj, None)] == ["spec.strategy.rollingUpdate.maxSurge"]


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "DaemonSet"])
def test_a_selector_stays(kind: str) -> None:
    old = workload(kind)
    template = {"metadata": {"labels": {"a": "b", "c": "d"}}, "spec": {"containers": [{"name": "c", "image": "n"}]}}
    new = workload(kind, selector={"matchLabels": {"c": "d"}}, template=template)
    assert texts(new, old) == ['spec.selector: Invalid value: {"matchLabels":{"c":"d"}}: field is immutable']


def test_a_statefulset_changes_only_where_it_may() -> None:
    old = workload("StatefulSet", serviceName="a")
    assert texts(workload("StatefulSet", serviceName="a", replicas=3), old) == []
    assert texts(workload("StatefulSet", serviceName="b"), old)[0].startswith("spec: Forbidden: updates to statefulset")


def test_a_pod_may_get_another_image_and_nothing_else() -> None:
    old = completed(pod())
    assert texts(completed(pod(containers=[{"name": "c", "image": "other:1", "imagePullPolicy": "Always"}])), old) == []
    assert texts(completed(pod(hostname="x")), old)[0].startswith("spec: Forbidden: pod updates may not change fields")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        ({"containers": [{"name": "c"}]}, "spec.containers[0].image: Required value"),
        (
            {"containers": [{"name": "c", "image": "n"}, {"name": "c", "image": "n"}]},
            'spec.containers[1].name: Duplicate value: "c"',
        ),
        (
            {"containers": [{"name": "c", "image": "n", "volumeMounts": [{"name": "v", "mountPath": "/x"}]}]},
            'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        ),
        (
            {"containers": [{"name": "c", "image": "n", "ports": [{"containerPort": 70000}]}]},
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {
                "containers": [
                    {"name": "c", "image": "n", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}
                ]
            },
            'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        ),
        (
            {"restartPolicy": "Sometimes"},
            'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ),
    ],
)
def test_a_wrong_pod_is_named(spec: dict[str, Any], expected: str) -> None:
    assert texts(completed(pod(**spec))) == [expected]


def test_a_claim_template_can_be_mounted() -> None:
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "n", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}]},
    }
    claims = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
    assert texts(workload("StatefulSet", template=template, volumeClaimTemplates=claims)) == []


def test_a_secrets_values_never_reach_a_message() -> None:
    obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "SECRET not base64!"}}
    with pytest.raises(ApiError, match="illegal base64 data at input byte 6") as refused:
        normalize(obj)
    assert "SECRET" not in str(refused.value)


def test_base64_may_be_broken_into_lines_and_is_stored_on_one() -> None:
    obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "YWJj\nZGVm\r\n"}}
    normalize(obj)
    assert obj["data"] == {"k": "YWJjZGVm"}


# Allocation ------------------------------------------------------------------------------------------------------


def service(uid: str, **spec: Any) -> dict[str, Any]:
    return completed(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"s{uid}", "uid": uid},
            "spec": {"ports": [{"port": 80}], **spec},
        }
    )


def test_every_service_gets_an_address_of_its_own() -> None:
    allocator = ServiceAllocator("10.0.0.0/29")
    addresses = set()
    for uid in "abcdef":
        obj = service(uid)
        assert allocator.allocate(obj) == []
        allocator.adopt(obj)
        addresses.add(obj["spec"]["clusterIP"])
    assert len(addresses) == 6


def test_an_address_that_is_taken_is_refused_and_a_released_one_is_free() -> None:
    allocator = ServiceAllocator()
    first = service("a", clusterIP="10.96.0.9")
    allocator.allocate(first)
    allocator.adopt(first)

    errors = allocator.allocate(service("b", clusterIP="10.96.0.9"))
    assert [error.field for error in errors] == ["spec.clusterIPs"]
    assert errors[0].message.endswith("failed to allocate IP 10.96.0.9: provided IP is already allocated")

    allocator.release(first)
    assert allocator.allocate(service("b", clusterIP="10.96.0.9")) == []


def test_node_ports_come_with_the_type_and_stay_with_the_service() -> None:
    allocator = ServiceAllocator()
    plain = service("a")
    allocator.allocate(plain)
    assert "nodePort" not in plain["spec"]["ports"][0]

    first = service("b", type="LoadBalancer")
    allocator.allocate(first)
    allocator.adopt(first)
    port = first["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767

    again = service("b", type="LoadBalancer")
    allocator.allocate(again, first)
    assert again["spec"]["ports"][0]["nodePort"] == port
    assert again["spec"]["clusterIP"] == first["spec"]["clusterIP"]


def test_a_headless_service_has_no_address_and_an_external_name_none_at_all() -> None:
    allocator = ServiceAllocator()
    headless = service("a", clusterIP="None")
    allocator.allocate(headless)
    assert headless["spec"]["clusterIPs"] == ["None"]
    external = service("b", type="ExternalName", externalName="example.com")
    allocator.allocate(external)
    assert "clusterIP" not in external["spec"]


def test_a_daemonsets_template_generation_counts_its_changes() -> None:
    old = workload("DaemonSet")
    new = workload("DaemonSet", minReadySeconds=5)
    admit(new, old)
    assert new["metadata"]["annotations"]["deprecated.daemonset.template.generation"] == "1"
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    admit(new, old)
    assert new["metadata"]["annotations"]["deprecated.daemonset.template.generation"] == "2"
