from __future__ import annotations

import pytest
import yaml

from engine.apply import quantity
from engine.apply.normalize import normalize


def norm(text: str) -> dict:
    return normalize(yaml.safe_load(text))


def deployment(pod: str) -> dict:
    text = f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: x}}, spec: {{template: {{spec: {pod}}}}}}}"
    return norm(text)["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        # (b) structs by value come out as {} even when absent
        ("{apiVersion: v1, kind: Namespace, metadata: {name: x}}", {"spec": {}}),
        ("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}, spec: {}}", {"spec": {"resources": {}}}),
        # (a) what is empty and omitempty vanishes
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x, labels: {}, annotations: {}}, data: {}}", {}),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: ''}}", {"data": {"a": ""}}),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, unknown: 1}", {}),
        # pointers stay
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, immutable: false}", {"immutable": False}),
        (
            "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}, spec: {storageClassName: ''}}",
            {"spec": {"resources": {}, "storageClassName": ""}},
        ),
        # (c) required fields come out as zero
        (
            "{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {ports: [{port: 80}]}}",
            {"spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 0}]}},
        ),
        ("{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x}, addressType: IPv4}",
         {"addressType": "IPv4", "endpoints": None, "ports": None}),
        # Secrets
        ("{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: YQ==}, stringData: {b: c}}",
         {"data": {"a": "YQ==", "b": "Yw=="}}),
        ("{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: \"Y\\nQ==\"}}", {"data": {"a": "YQ=="}}),
        # status and creationTimestamp
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x, creationTimestamp: null}, status: {a: 1}}", {}),
    ],
)  # fmt: skip
def test_the_round_trip_changes_what_is_applied(text, spec):
    found = norm(text)
    assert {key: value for key, value in found.items() if key not in ("apiVersion", "kind", "metadata")} == spec
    assert found["metadata"] == {"name": "x"}


@pytest.mark.parametrize(
    ("pod", "spec"),
    [
        ("{hostNetwork: false, containers: []}", {"containers": []}),
        ("{hostNetwork: true, containers: []}", {"hostNetwork": True, "containers": []}),
        ("{}", {"containers": None}),
        ("{securityContext: {}, containers: []}", {"securityContext": {}, "containers": []}),
        ("{enableServiceLinks: false, containers: []}", {"enableServiceLinks": False, "containers": []}),
        ("{terminationGracePeriodSeconds: 0, containers: []}", {"terminationGracePeriodSeconds": 0, "containers": []}),
        (
            "{containers: [{name: a, env: [{name: B, value: ''}], resources: {limits: {cpu: 0.5}}}]}",
            {"containers": [{"name": "a", "env": [{"name": "B"}], "resources": {"limits": {"cpu": "500m"}}}]},
        ),
        (
            "{containers: [{name: a, ports: [{containerPort: 1}]}],"  # noqa: ISC004
            " initContainers: [{name: b, ports: [{containerPort: 1}]}]}",
            {
                "containers": [
                    {"name": "a", "ports": [{"containerPort": 1, "protocol": "TCP"}], "resources": {}},
                ],
                "initContainers": [{"name": "b", "ports": [{"containerPort": 1}], "resources": {}}],
            },
        ),
        (
            "{containers: [{name: a, env: [{name: X, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]}]}",
            {
                "containers": [
                    {
                        "name": "a",
                        "env": [
                            {"name": "X", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}}
                        ],
                        "resources": {},
                    }
                ]
            },
        ),
        (
            "{volumes: [{name: v, emptyDir: {}}], containers: []}",
            {"volumes": [{"name": "v", "emptyDir": {}}], "containers": []},
        ),
    ],
)
def test_pods_by_value_and_by_pointer(pod, spec):
    assert deployment(pod) == spec


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {n: 1}, unknown: 1}",
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replicas: many}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: 'not base64!'}, sops: {}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a: 1}}",
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: x}, rules: [], unknown: 1}",
        "{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: {empty: '', list: []}}",
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: x}, status: {a: 1}}",
    ],
)
def test_what_does_not_convert_or_has_no_go_type_is_left_as_it_is(text):
    assert norm(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (1, "1"), (0.5, "500m"), ("1000m", "1"), ("1.5", "1500m"), ("1024Mi", "1Gi"), ("0.5Gi", "512Mi"),
        ("1000", "1k"), ("0", "0"), ("100Ki", "100Ki"), ("512Ki", "512Ki"), ("1e3", "1e3"), ("1G", "1G"),
        ("0.0000000001", "1n"), ("-1.5Gi", "-1536Mi"), ("abc", None), ("", None), (True, None),
    ],
)  # fmt: skip
def test_quantities_print_as_go_prints_them(written, canonical):
    assert quantity.canonical(written) == canonical


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [("1", "1000m", True), (1, "1", True), ("1Gi", "1024Mi", True), ("1G", "1Gi", False), ("x", "x", False)],
)
def test_quantities_compare_by_value(one, other, equal):
    assert quantity.same(one, other) == equal
