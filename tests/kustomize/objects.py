"""Kubernetes objects of many kinds for generated trees; they refer to one another by a few names."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.kustomize.values import BLOCKS, Raw, scalar, text

Object = dict[str, Any]
NAMES: Final = ("web", "api", "db", "web-1")
IMAGES: Final = (
    "busybox",
    "nginx:1.25",
    "registry.example.com:5000/team/app:v1",
    "team/app@sha256:abc123",
    "redis:7@sha256:def",
)
RBAC: Final = "rbac.authorization.k8s.io"
#: Texts that are JSON or YAML themselves, and field paths into them.
TEXTS: Final[dict[str, tuple[str, ...]]] = {
    Raw('|\n{"a": {"b": 1}, "c": [1, 2]}'): ("a.b", "c.0", "a", "d", "c.*"),
    Raw('|\n{\n  "a": {"b": "x"},\n  "list": [{"name": "n", "v": 1}]\n}'): ("a.b", "list.[name=n].v", "list.0"),
    Raw("|\nkey: value\nlist:\n- a\n- b\nmore: {x: 1, 'y': \"2\"}\n"): ("key", "list.0", "more.x", "more.y", "list"),
    Raw("|-\na: 'quoted'\nb:\n    c: |\n        text\n        more\n    d: [1, 2]"): ("a", "b.c", "b.d.1", "b"),
    Raw("|\n- name: one\n  value: 1\n- name: two\n  value: two\n"): ("[name=one].value", "1.value", "*.name"),
}


def name(rng: Random) -> str:
    """One of few, so that references hit."""
    return rng.choice(NAMES)


def strings(rng: Random, most: int = 3) -> Object:
    """Labels or annotations."""
    keys = rng.sample(("app", "tier", "example.com/x", "a", "Z", "x10", "x9"), rng.randint(1, most))
    if rng.random() < 0.02:
        keys[0] = rng.choice(("yes", "'1'", "'yes'", "1"))
    return {key: text(rng) if rng.random() < 0.6 else rng.choice(("a", "b", "web")) for key in keys}


def some(rng: Random, chance: float, **fields: Callable[[], Any]) -> Object:
    """Each field with a chance."""
    return {key: make() for key, make in fields.items() if rng.random() < chance}


def container(rng: Random, label: str) -> Object:
    """A container with most of what transformers touch."""
    return {
        "name": label,
        "image": rng.choice(IMAGES),
        **some(
            rng,
            0.35,
            args=lambda: [text(rng), "--x=$(VAR)"],
            command=lambda: [Raw("/bin/sh"), "-c"],
            ports=lambda: rng.sample(
                [
                    {"containerPort": 80},
                    {"containerPort": 80, "protocol": "UDP"},
                    {"containerPort": 443, "name": "tls"},
                ],
                2,
            ),
            env=lambda: [
                {"name": "A", "value": text(rng)},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": name(rng), "key": "a"}}},
                {"name": "C", "valueFrom": {"secretKeyRef": {"name": name(rng), "key": "a"}}},
            ][: rng.randint(1, 3)],
            envFrom=lambda: [{"configMapRef": {"name": name(rng)}}, {"secretRef": {"name": name(rng)}}],
            volumeMounts=lambda: [{"name": "v", "mountPath": "/data"}, {"name": "w", "mountPath": "/etc/x"}],
            resources=lambda: {"limits": {"cpu": Raw("1"), "memory": Raw("64Mi")}},
            stdin=lambda: Raw(rng.choice(("yes", "true", "off"))),
        ),
    }


def pod(rng: Random) -> Object:
    """A pod's spec."""
    return {
        "containers": [container(rng, label) for label in ("main", "side")[: rng.randint(1, 2)]],
        **some(
            rng,
            0.3,
            initContainers=lambda: [container(rng, "init")],
            serviceAccountName=lambda: name(rng),
            imagePullSecrets=lambda: [{"name": name(rng)}],
            priorityClassName=lambda: name(rng),
            volumes=lambda: [
                {"name": "v", "configMap": {"name": name(rng)}},
                {"name": "w", "secret": {"secretName": name(rng)}},
                {"name": "x", "persistentVolumeClaim": {"claimName": name(rng)}},
                {
                    "name": "y",
                    "projected": {"sources": [{"configMap": {"name": name(rng)}}, {"secret": {"name": name(rng)}}]},
                },
            ][: rng.randint(1, 4)],
            affinity=lambda: {
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
                    ]
                }
            },
            topologySpreadConstraints=lambda: [
                {
                    "maxSkew": 1,
                    "topologyKey": "zone",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": "web"}},
                }
            ],
        ),
    }


def _template(rng: Random) -> Object:
    return {
        **some(
            rng, 0.8, metadata=lambda: some(rng, 0.7, labels=lambda: strings(rng), annotations=lambda: strings(rng))
        ),
        "spec": pod(rng),
    }


def _workload(rng: Random) -> Object:
    return {
        **some(
            rng, 0.6, replicas=lambda: rng.choice((1, 3, Raw("0x2"))), selector=lambda: {"matchLabels": {"app": "web"}}
        ),
        "template": _template(rng),
    }


def _stateful(rng: Random) -> Object:
    claim = {"metadata": {"name": "data"}, "spec": {"storageClassName": name(rng), "accessModes": ["ReadWriteOnce"]}}
    return {**_workload(rng), "serviceName": name(rng), **some(rng, 0.5, volumeClaimTemplates=lambda: [claim])}


def _cron(rng: Random) -> Object:
    return {"schedule": Raw('"*/5 * * * *"'), "jobTemplate": {"spec": {"template": _template(rng)}}}


def _service(rng: Random) -> Object:
    ports = [{"port": 80, "targetPort": "http"}, {"port": 80, "protocol": "UDP"}, {"port": 443}]
    return {"ports": rng.sample(ports, rng.randint(1, 3)), **some(rng, 0.7, selector=lambda: strings(rng, 2))}


def _ingress(rng: Random) -> Object:
    backend = {"service": {"name": name(rng), "port": {"number": 80}}}
    return {
        "rules": [
            {"host": "x.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        ],
        **some(
            rng,
            0.4,
            tls=lambda: [{"hosts": ["x.example.com"], "secretName": name(rng)}],
            ingressClassName=lambda: name(rng),
        ),
    }


def _network_policy(rng: Random) -> Object:
    peer = {"podSelector": {"matchLabels": strings(rng, 1)}}
    return {"podSelector": {"matchLabels": strings(rng, 1)}, **some(rng, 0.5, ingress=lambda: [{"from": [peer]}])}


def data(rng: Random) -> Object:
    """The data of a ConfigMap."""
    keys = rng.sample(("a", "b.txt", "x10", "x9", "A", "z_y"), rng.randint(1, 4))
    return {key: _entry(rng) for key in keys}


def _entry(rng: Random) -> Raw:
    kind = rng.random()
    return rng.choice(tuple(TEXTS)) if kind < 0.1 else Raw(rng.choice(BLOCKS)) if kind < 0.4 else text(rng)  # type: ignore[return-value]


def _spec(make: Callable[[Random], Object]) -> Callable[[Random], Object]:
    return lambda rng: {"spec": make(rng)}


def _rules(rng: Random) -> Object:
    return {"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": [name(rng)]}]}


def _binding(kind: str) -> Callable[[Random], Object]:
    return lambda rng: {
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name(rng)},
        "subjects": [
            {
                "kind": "ServiceAccount",
                "name": rng.choice((*NAMES, "default")),
                **some(rng, 0.6, namespace=lambda: rng.choice(("one", "two"))),
            }
            for _ in range(rng.randint(1, 2))
        ],
    }


def _custom(rng: Random) -> Object:
    return {
        "spec": {
            "value": scalar(rng),
            "list": [scalar(rng), text(rng)],
            "items": [{"name": "a", "image": rng.choice(IMAGES)}, {"name": "b", "n": scalar(rng)}],
            "nested": {"deep": {"er": [[1, 2], [{"x": text(rng)}]]}, "empty": {}, "none": rng.choice((None, [], "x"))},
            "containers": [{"name": "c", "image": rng.choice(IMAGES)}],
            "configRef": {"name": name(rng)},
        }
    }


def _webhooks(rng: Random) -> Object:
    client = {"service": {"name": name(rng), "namespace": "one", "path": "/x"}}
    return {"webhooks": [{"name": f"{label}.example.com", "clientConfig": client} for label in ("a", "b")]}


def _scale(rng: Random) -> Object:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name(rng)},
        "minReplicas": 1,
        "maxReplicas": 3,
    }


#: apiVersion, kind, whether it is namespaced, and what it holds.
KINDS: Final[tuple[tuple[str, str, bool, Callable[[Random], Object]], ...]] = (
    *((("apps/v1", "Deployment", True, _spec(_workload)),) * 4),
    ("apps/v1", "StatefulSet", True, _spec(_stateful)),
    ("apps/v1", "DaemonSet", True, _spec(_workload)),
    ("batch/v1", "Job", True, _spec(_workload)),
    ("batch/v1", "CronJob", True, _spec(_cron)),
    ("v1", "Pod", True, _spec(pod)),
    *((("v1", "Service", True, _spec(_service)),) * 2),
    *((("v1", "ConfigMap", True, lambda rng: {"data": data(rng)}),) * 3),
    ("v1", "Secret", True, lambda rng: {"stringData": data(rng), "type": "Opaque"}),
    ("v1", "ServiceAccount", True, lambda rng: some(rng, 0.5, imagePullSecrets=lambda: [{"name": name(rng)}])),
    (f"{RBAC}/v1", "Role", True, _rules),
    (f"{RBAC}/v1", "RoleBinding", True, _binding("Role")),
    (f"{RBAC}/v1", "ClusterRole", False, _rules),
    (f"{RBAC}/v1", "ClusterRoleBinding", False, _binding("ClusterRole")),
    ("networking.k8s.io/v1", "Ingress", True, _spec(_ingress)),
    ("networking.k8s.io/v1", "NetworkPolicy", True, _spec(_network_policy)),
    ("autoscaling/v2", "HorizontalPodAutoscaler", True, _spec(_scale)),
    ("policy/v1", "PodDisruptionBudget", True, lambda rng: {"spec": {"selector": {"matchLabels": strings(rng, 1)}}}),
    (
        "v1",
        "PersistentVolumeClaim",
        True,
        lambda rng: {"spec": {"storageClassName": name(rng), "volumeName": name(rng)}},
    ),
    ("v1", "PersistentVolume", False, lambda rng: {"spec": {"storageClassName": name(rng)}}),
    ("storage.k8s.io/v1", "StorageClass", False, lambda rng: {"parameters": {"secretName": name(rng)}}),
    ("v1", "Namespace", False, lambda rng: {}),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", False, _webhooks),
    ("scheduling.k8s.io/v1", "PriorityClass", False, lambda rng: {"value": Raw("1000")}),
    *((("example.com/v1", "Thing", True, _custom),) * 2),
)


def make(rng: Random) -> Object:
    """An object of any kind."""
    api_version, kind, namespaced, body = rng.choice(KINDS)
    metadata = {
        "name": name(rng),
        **(some(rng, 0.15, namespace=lambda: rng.choice(("one", "two", "default"))) if namespaced else {}),
        **some(rng, 0.3, labels=lambda: strings(rng), annotations=lambda: strings(rng)),
    }
    fields = [("apiVersion", api_version), ("kind", kind), ("metadata", metadata), *body(rng).items()]
    if rng.random() < 0.2:
        rng.shuffle(fields)
    return dict(fields)
