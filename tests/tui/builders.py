"""Snapshots for tests: the cluster that console.md draws, and large ones. Times hang on one frozen moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.api import (
    Artifact,
    Change,
    Condition,
    Connection,
    Controller,
    DriftReport,
    Event,
    HistoryEntry,
    KindState,
    KindStatus,
    Link,
    ObjectDrift,
    Operation,
    PathDrift,
    Progress,
    Ref,
    Resource,
    Snapshot,
    State,
    Suspension,
    Verdict,
    Writer,
)

NOW = datetime(2026, 11, 21, 14, 3, 30, tzinfo=UTC)
CLUSTER = "prod-eu"
GROUPS = {
    "GitRepository": ("source.toolkit.fluxcd.io", "gitrepositories"),
    "OCIRepository": ("source.toolkit.fluxcd.io", "ocirepositories"),
    "HelmRepository": ("source.toolkit.fluxcd.io", "helmrepositories"),
    "HelmChart": ("source.toolkit.fluxcd.io", "helmcharts"),
    "Bucket": ("source.toolkit.fluxcd.io", "buckets"),
    "ExternalArtifact": ("source.toolkit.fluxcd.io", "externalartifacts"),
    "Kustomization": ("kustomize.toolkit.fluxcd.io", "kustomizations"),
    "HelmRelease": ("helm.toolkit.fluxcd.io", "helmreleases"),
}
REV = "main@sha1:4f2a91c0d3b5a7e8f9012345678901234567890a"
DONE = "ReconciliationSucceeded"
INFRA_REV = "v1.8.2@sha1:9c01d44e8f2a91c0d3b5a7e8f9"


def ago(**spans: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(**spans)


def ref(kind: str, name: str, namespace: str = "apps") -> Ref:
    """A Ref with the right group."""
    return Ref(CLUSTER, GROUPS[kind][0], kind, namespace, name)


def resource(
    kind: str,
    name: str,
    state: State = State.READY,
    message: str = "",
    *,
    namespace: str = "apps",
    since: datetime | None = None,
    **fields: Any,
) -> Resource:
    """A Resource as the engine would hand it out."""
    status = {State.READY: "True", State.DRIFTED: "True", State.SUSPENDED: "True"}.get(state, "False")
    since = since if since is not None else ago(minutes=2)
    reason = fields.pop("reason", "ReconciliationSucceeded" if status == "True" else "ReconciliationFailed")
    text = message or f"Applied revision: {fields.get('revision', REV)}"
    return Resource(
        ref=ref(kind, name, namespace),
        version="v1",
        uid=f"uid-{kind}-{namespace}-{name}",
        resource_version=str(fields.pop("resource_version", 1)),
        generation=1,
        created=ago(days=30),
        state=state,
        since=since,
        message=text,
        reason=reason,
        conditions=fields.pop("conditions", (Condition("Ready", status, reason, text, since, 1),)),
        revision=fields.pop("revision", REV),
        interval=fields.pop("interval", 600.0),
        **fields,
    )


def event(kind: str, name: str, message: str, *, namespace: str = "apps", seconds: float = 10, **fields: Any) -> Event:
    """An Event about a Flux object."""
    kind_ref = ref(kind, name, namespace)
    return Event(
        uid=f"event-{kind}-{namespace}-{name}-{seconds}",
        ref=kind_ref,
        type=fields.pop("type", "Normal"),
        reason=fields.pop("reason", "Progressing"),
        message=message,
        last=ago(seconds=seconds),
        first=ago(seconds=seconds + 60),
        count=fields.pop("count", 1),
        component=fields.pop("component", "kustomize-controller"),
    )


def kinds(**overrides: KindStatus) -> dict[str, KindStatus]:
    """All kinds live, but for the overrides."""
    live = {kind: KindStatus(group, kind, plural, KindState.LIVE) for kind, (group, plural) in GROUPS.items()}
    return live | overrides


def snapshot(*resources: Resource, version: int = 1, **fields: Any) -> Snapshot:
    """A live snapshot of these objects."""
    values: dict[str, Any] = {
        "connection": Connection(Link.LIVE, CLUSTER, "https://prod", "v1.36.0", ago(hours=2), lag=0.2),
        "kinds": kinds(),
        "namespaces": ("apps", "db", "flux-system", "infra", "ingress"),
        "flux_version": "2.9.5",
        "controllers": tuple(
            Controller(name, "v1", True)
            for name in ("source", "kustomize", "helm", "notification", "image-reflector", "image-automation")
        ),
    }
    found = {item.ref: item for item in resources}
    return Snapshot(version=version, resources=found, changed=frozenset(found), **(values | fields))


def checkout_drift() -> DriftReport:
    """The drift that console.md draws."""
    return DriftReport(
        ref("Kustomization", "checkout"),
        REV,
        ago(seconds=3),
        (
            ObjectDrift(
                "Deployment", "apps", "v1", "checkout", "web", Verdict.DIFFERS,
                (
                    PathDrift("/spec/replicas", "spec.replicas", Change.CHANGED, "3", "5",
                              Writer("kubectl-scale", "Update", ago(minutes=14), "scale")),
                    PathDrift("/spec/template/spec/containers/0/env/1", "…containers[web].env[DEBUG]", Change.ADDED, "",
                              '{name: DEBUG, value: "1"}', Writer("kubectl-edit", "Update", ago(minutes=9))),
                ),
                confirmed=True,
            ),
            ObjectDrift(
                "ConfigMap", "", "v1", "checkout", "flags", Verdict.DIFFERS,
                (PathDrift("/data/banner", "data.banner", Change.CHANGED, '"off"', '"on"',
                           Writer("ArgoCD-import", "Update", ago(hours=3))),),
                confirmed=True,
            ),
        ),
        equal=14,
    )  # fmt: skip


TIMED_OUT = "Helm upgrade failed for release db/postgres with chart postgresql@16.4.2: context deadline exceeded"
FINISHED = "Reconciliation finished in 1.2s, next run in 10m0s"
AUTH = (
    "failed to checkout and determine revision: unable to list remote for 'https://git.example.com/fleet': "
    "authentication required: Unauthorized"
)
NO_FILE = (
    "kustomize build failed: accumulating resources: accumulation err='accumulating resources from "
    "'../base/deployment.yaml': evalsymlink failure on '/tmp/kustomization-123/base/deployment.yaml' : "
    "lstat /tmp/kustomization-123/base/deployment.yaml: no such file or directory'"
)
UNHEALTHY = "health check failed after 5m0s: timeout waiting for: [DaemonSet/infra/cni status: 'InProgress']"


def fleet_resources() -> list[Resource]:
    """Sources, Kustomizations and Helm releases in every state."""
    fleet = ref("GitRepository", "fleet", "flux-system")
    cni = ref("Kustomization", "cni", "infra")
    return [
        resource("GitRepository", "fleet", State.FAILING, AUTH, namespace="flux-system", since=ago(minutes=4),
                 url="https://git.example.com/fleet", ref_text="main", reason="GitOperationFailed"),
        resource("GitRepository", "infra", message="stored artifact for revision 'v1.8.2@sha1:9c01d'",
                 namespace="flux-system", since=ago(minutes=12), revision=INFRA_REV,
                 url="https://git.example.com/infra", ref_text="v1.8.2", reason="Succeeded",
                 artifact=Artifact(INFRA_REV, "sha256:aa", "http://x", ago(minutes=12), 48_213)),
        resource("HelmRepository", "podinfo", message="stored artifact: revision 'sha256:81ae77c0'",
                 namespace="flux-system", since=ago(hours=1), revision="sha256:81ae77c0d3b5a7e8f901"),
        resource("OCIRepository", "manifests", message="stored artifact for digest 'latest@sha256:11aa'",
                 namespace="flux-system", since=ago(hours=5), revision="latest@sha256:11aa77c0d3b5a7e8f901234567"),
        resource("Kustomization", "cni", State.FAILING, UNHEALTHY, namespace="infra", since=ago(minutes=6),
                 revision="main@sha1:9c01d44e8f2a91c0d3b5a7e8f9", source=fleet, path="./infra/cni",
                 reason="HealthCheckFailed"),
        *(resource("Kustomization", name, State.FAILING, "dependency 'infra/cni' is not ready", namespace="infra",
                   since=ago(minutes=6), depends_on=(cni,), reason="DependencyNotReady")
          for name in ("monitoring", "ingress", "apps", "tenants")),
        resource("Kustomization", "search", State.FAILING, NO_FILE, since=ago(minutes=9), source=fleet,
                 reason="BuildFailed"),
        resource("Kustomization", "checkout", State.DRIFTED, since=ago(minutes=2), source=fleet, path="./apps/checkout",
                 inventory=(("checkout_web_apps_Deployment", "v1"), ("checkout_flags__ConfigMap", "v1")),
                 history=(HistoryEntry(REV, "sha256:ab", "ReconciliationSucceeded", ago(hours=5), ago(minutes=2),
                                       "1.2s", 31),
                          HistoryEntry("main@sha1:1b77e44e8f2a91c0d3b5a7e8f9", "sha256:cd", "HealthCheckFailed",
                                       ago(hours=9), ago(hours=6), "5m0s", 2))),
        resource("Kustomization", "legacy", State.SUSPENDED, since=ago(days=9), suspended=True,
                 suspension=Suspension("freeze", "jo", ago(days=9)), revision="main@sha1:1b77e44e8f2a91c0d3b5a7e8f9"),
        resource("Kustomization", "cart", State.RECONCILING, "Running health checks for revision main@sha1:4f2a91c",
                 since=ago(seconds=8), source=fleet, reason="Progressing"),
        *(resource("Kustomization", name, source=fleet) for name in ("api", "auth", "billing", "catalog", "mail")),
        resource("HelmRelease", "postgres", State.FAILING,
                 TIMED_OUT,
                 namespace="db", since=ago(minutes=11), revision="16.4.2", reason="UpgradeFailed"),
        resource("HelmRelease", "nginx", namespace="ingress", since=ago(hours=3), revision="4.13.0",
                 message="Helm upgrade succeeded for release ingress/nginx.v7 with chart ingress-nginx@4.13.0"),
    ]  # fmt: skip


def fleet(version: int = 1, **fields: Any) -> Snapshot:
    """The cluster of console.md, every state in it."""
    cni = ref("Kustomization", "cni", "infra")
    values: dict[str, Any] = {
        "blocked": {ref("Kustomization", name, "infra"): cni for name in ("monitoring", "ingress", "apps", "tenants")},
        "drift": {ref("Kustomization", "checkout"): checkout_drift()},
        "events": (
            event("GitRepository", "fleet", AUTH, namespace="flux-system", seconds=8, type="Warning",
                  reason="GitOperationFailed", component="source-controller", count=4),
            event("Kustomization", "cart", "Running health checks for revision main@sha1:4f2a91c", seconds=21),
            event("Kustomization", "checkout", FINISHED, seconds=120,
                  reason=DONE),
            event("HelmRelease", "postgres", TIMED_OUT, namespace="db", seconds=660, type="Warning",
                  reason="UpgradeFailed", component="helm-controller"),
        ),
        "operations": (
            Operation("op-2", "reconcile", ref("Kustomization", "checkout"), ago(seconds=8), Progress.PROGRESSING,
                      "applying", ((Progress.REQUESTED, ago(seconds=8)), (Progress.HANDLED, ago(seconds=7.6)))),
        ),
    }  # fmt: skip
    return snapshot(*fleet_resources(), version=version, **(values | fields))


def large(count: int, version: int = 1) -> Snapshot:
    """`count` Kustomizations in 50 namespaces, some failing."""
    made = []
    for n in range(count):
        state = State.FAILING if n % 97 == 0 else State.READY
        message = NO_FILE if state is State.FAILING else ""
        made.append(
            resource(
                "Kustomization",
                f"app-{n:05d}",
                state,
                message,
                namespace=f"team-{n % 50:02d}",
                since=ago(seconds=300 + n),
            )
        )
    return snapshot(*made, version=version)


def with_changed(old: Snapshot, *resources: Resource, gone: tuple[Ref, ...] = (), **fields: Any) -> Snapshot:
    """The next snapshot, with these objects changed or gone."""
    found = {key: value for key, value in old.resources.items() if key not in gone}
    found |= {item.ref: item for item in resources}
    changed = frozenset({item.ref for item in resources} | set(gone))
    return replace(old, version=old.version + 1, resources=found, changed=changed, **fields)
