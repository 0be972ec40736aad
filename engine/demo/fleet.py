"""The demo's repository as text: two environments, infrastructure and applications, and Flux's own objects. Pure.

Every state a user can meet is in it on purpose; the comments say which file is there for what.
"""

from __future__ import annotations

from textwrap import dedent
from typing import Final

Files = dict[str, str]

ENVIRONMENTS: Final = ("staging", "production")
APPS: Final = ("checkout", "cart", "catalog", "search", "payments")
STUCK: Final = ("payments", "production")
"""It never becomes ready, and everybody is patient with it: it stays reconciling."""

TOPICS: Final = ("orders", "users", "mail", "stock", "prices", "reviews", "media", "auth", "ledger", "geo")
"""Names of the further applications that `--size` asks for."""

PLATFORM_TAG: Final = "platform-v1.0.0"
"""The tag that the platform's source is pinned to."""

LOGIN: Final = "git-login"
ARCHIVE_LOGIN: Final = "archive-login"
"""Secrets with the git server's user and password; the demo writes them, they are in no repository."""

FAIL: Final = "simulate.fluxtui.io/fail"
"""The annotation by which the embedded API's workload simulation is told to fail."""


def fleet(git_url: str, size: int = 1) -> Files:
    """The whole tree of the first commit; `git_url` is the server's, `size` N makes N times as many applications."""
    files = dict(_infrastructure())
    names = [*APPS, *(more_apps(size))]
    for app in names:
        files |= _base(app)
        for environment in ENVIRONMENTS:
            files |= _overlay(app, environment)
    files |= _broken()
    files |= _flux(git_url, names)
    return files


def more_apps(size: int) -> list[str]:
    """Names for the applications beyond the first five."""
    wanted = len(APPS) * (max(size, 1) - 1)
    return [f"{TOPICS[number % len(TOPICS)]}-{number // len(TOPICS) + 1}" for number in range(wanted)]


def image_file(app: str, environment: str) -> str:
    """The file that a release of an application changes."""
    return f"apps/{environment}/{app}/kustomization.yaml"


_DEADLINES: Final = {"never-ready": 86_400}
"""Seconds until a rollout that does not get on counts as failed."""


def overlay(app: str, environment: str, tag: str, *, fail: str = "") -> str:
    """An application's overlay with this image tag; `fail` makes its rollout fail."""
    replicas = 3 if environment == "production" else 1
    text = _text(f"""
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: {environment}
        resources:
          - ../../base/{app}
        labels:
          - pairs:
              environment: {environment}
        images:
          - name: ghcr.io/example/{app}
            newTag: {tag}
        replicas:
          - name: {app}
            count: {replicas}
        configMapGenerator:
          - name: {app}-settings
            literals:
              - LOG_LEVEL={"warn" if environment == "production" else "debug"}
              - REGION=${{region:=eu-west-1}}
    """)
    if fail:
        text += _text(f"""
            patches:
              - target:
                  kind: Deployment
                patch: |
                  - op: add
                    path: /metadata/annotations
                    value:
                      {FAIL}: {fail}
                  - op: add
                    path: /spec/progressDeadlineSeconds
                    value: {_DEADLINES.get(fail, 600)}
        """)
    return text


# --- infrastructure ---------------------------------------------------------------------------------------


def _infrastructure() -> Files:
    namespaces = "---\n".join(
        _text(f"""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {name}
        """)
        for name in (*ENVIRONMENTS, "ingress", "monitoring", "db")
    )
    return {
        "infrastructure/namespaces/namespaces.yaml": namespaces,
        "infrastructure/priorities/classes.yaml": _text("""
            apiVersion: scheduling.k8s.io/v1
            kind: PriorityClass
            metadata:
              name: customer-facing
            value: 100000
            description: What customers see comes first.
        """),
        # Its image cannot be pulled: failing health, and two others wait for it.
        "infrastructure/ingress/deployment.yaml": _deployment(
            "ingress-nginx", "ingress", "registry.example/ingress-nginx:v1.99.0", fail="image-pull", deadline=2
        ),
        "infrastructure/ingress/service.yaml": _service("ingress-nginx", "ingress"),
        # Somebody will edit these: drifted, and it stays so, because nothing makes its Kustomization come again soon.
        "infrastructure/platform/namespace.yaml": _text("""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: platform
        """),
        "infrastructure/platform/dashboard.yaml": _deployment(
            "dashboard", "platform", "ghcr.io/example/dashboard:2.1.0"
        ),
        "infrastructure/platform/flags.yaml": _text("""
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: flags
              namespace: platform
            data:
              banner: "off"
              checkout-v2: "false"
        """),
        "infrastructure/monitoring/deployment.yaml": _deployment("prometheus", "monitoring", "prom/prometheus:v3.1.0"),
        "infrastructure/tenants/quota.yaml": _text("""
            apiVersion: v1
            kind: ResourceQuota
            metadata:
              name: compute
              namespace: staging
            spec:
              hard:
                requests.cpu: "20"
                requests.memory: 64Gi
        """),
    }


# --- applications -----------------------------------------------------------------------------------------


def _base(app: str) -> Files:
    folder = f"apps/base/{app}"
    return {
        f"{folder}/kustomization.yaml": _text("""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources:
              - deployment.yaml
              - service.yaml
              - serviceaccount.yaml
        """),
        f"{folder}/deployment.yaml": _app_deployment(app),
        f"{folder}/service.yaml": _service(app, ""),
        f"{folder}/serviceaccount.yaml": _text(f"""
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: {app}
        """),
    }


def _overlay(app: str, environment: str) -> Files:
    fail = "never-ready" if (app, environment) == STUCK else ""
    return {image_file(app, environment): overlay(app, environment, "1.4.0", fail=fail)}


def _broken() -> Files:
    # search in production names a file that nobody committed: failing build.
    return {
        "apps/production/search/kustomization.yaml": _text("""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            namespace: production
            resources:
              - ../../base/search
              - autoscaler.yaml
        """)
    }


def _app_deployment(app: str) -> str:
    return _text(f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {app}
          labels:
            app: {app}
        spec:
          replicas: 1
          selector:
            matchLabels:
              app: {app}
          template:
            metadata:
              labels:
                app: {app}
            spec:
              serviceAccountName: {app}
              containers:
                - name: web
                  image: ghcr.io/example/{app}:latest
                  ports:
                    - containerPort: 8080
                      name: http
                  env:
                    - name: PORT
                      value: "8080"
                  envFrom:
                    - configMapRef:
                        name: {app}-settings
                  resources:
                    requests:
                      cpu: 100m
                      memory: 64Mi
    """)


def _deployment(name: str, namespace: str, image: str, *, fail: str = "", deadline: int = 600) -> str:
    annotations = f"\n  annotations:\n    {FAIL}: {fail}" if fail else ""
    return _text(f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {name}
          namespace: {namespace}@@
        spec:
          progressDeadlineSeconds: {deadline}
          selector:
            matchLabels:
              app: {name}
          template:
            metadata:
              labels:
                app: {name}
            spec:
              containers:
                - name: main
                  image: {image}
    """).replace("@@", annotations)


def _service(name: str, namespace: str) -> str:
    place = f"\n  namespace: {namespace}" if namespace else ""
    return _text(f"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {name}@@
        spec:
          selector:
            app: {name}
          ports:
            - port: 80
              targetPort: 8080
              name: http
    """).replace("@@", place)


# --- Flux's own objects: what a bootstrap would have committed -----------------------------------------------


def _flux(git_url: str, apps: list[str]) -> Files:
    kustomizations = [
        _kustomization("infrastructure", "./infrastructure/namespaces", wait=True),
        _kustomization("priorities", "./infrastructure/priorities"),
        _kustomization("releases", "./releases", after="infrastructure"),
        # A retry or a dependency would bring it back in half a minute, and its drift would be gone.
        _kustomization("platform", "./infrastructure/platform", source="platform", interval="24h", wait=True),
        _kustomization("ingress", "./infrastructure/ingress", after="infrastructure", wait=True),
        # Blocked, and blocked by what is blocked: one line under its root.
        _kustomization("monitoring", "./infrastructure/monitoring", after="ingress", wait=True),
        _kustomization("tenants", "./infrastructure/tenants", after="monitoring"),
    ]
    for environment in ENVIRONMENTS:
        for app in apps:
            name = f"{app}-{environment}"
            path = f"./apps/{environment}/{app}"
            patience = "24h" if (app, environment) == STUCK else "5m0s"
            kustomizations.append(
                _kustomization(name, path, source="apps", after="infrastructure", wait=True, timeout=patience)
            )
    # Nobody made its source: missing source.
    kustomizations.append(_kustomization("reports", "./reports", source="reports"))
    # Its source could be fetched once and then lost its credentials: stale source.
    kustomizations.append(_kustomization("archive", "./", source="archive"))
    return {
        "clusters/demo/sources.yaml": "---\n".join(sources(git_url)),
        "clusters/demo/kustomizations.yaml": "---\n".join(kustomizations),
        "releases/releases.yaml": _releases(),
    }


_SOURCES: Final = (
    ("apps", "fleet", LOGIN, ""),
    ("platform", "fleet", LOGIN, PLATFORM_TAG),
    ("archive", "archive", ARCHIVE_LOGIN, ""),
)


def sources(git_url: str) -> list[str]:
    """The sources of the applications, the platform and the archive."""
    return [
        _git_repository(name, f"{git_url}/{repository}.git", secret, tag) for name, repository, secret, tag in _SOURCES
    ]


def git_repository(git_url: str) -> str:
    """The source a bootstrap starts from."""
    return _git_repository("flux-system", f"{git_url}/fleet.git", LOGIN)


def root_kustomization() -> str:
    """The Kustomization a bootstrap starts from: it applies all the others."""
    return _kustomization("flux-system", "./clusters/demo", source="flux-system")


def _git_repository(name: str, url: str, secret: str, tag: str = "") -> str:
    return _text(f"""
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata:
          name: {name}
          namespace: flux-system
        spec:
          interval: 1m0s
          url: {url}
          ref:
            {f"tag: {tag}" if tag else "branch: main"}
          timeout: 20s
          secretRef:
            name: {secret}
    """)


def _kustomization(
    name: str,
    path: str,
    *,
    source: str = "flux-system",
    after: str = "",
    wait: bool = False,
    interval: str = "",
    timeout: str = "5m0s",
) -> str:
    lines = [
        "apiVersion: kustomize.toolkit.fluxcd.io/v1",
        "kind: Kustomization",
        "metadata:",
        f"  name: {name}",
        "  namespace: flux-system",
        "spec:",
        f"  interval: {interval or '10m0s'}",
        *(() if interval else ("  retryInterval: 30s",)),
        f"  timeout: {timeout}",
        "  prune: true",
        f"  path: {path}",
        "  sourceRef:",
        "    kind: GitRepository",
        f"    name: {source}",
    ]
    lines += ["  wait: true"] if wait else []
    lines += ["  dependsOn:", f"    - name: {after}"] if after else []
    if source == "apps":
        lines += ["  postBuild:", "    substitute:", "      region: eu-central-1"]
    return "\n".join(lines) + "\n"


def _releases() -> str:
    # Charts are not reconciled by this engine yet; they are shown as what they are.
    return "---\n".join(
        (
            _text("""
                apiVersion: source.toolkit.fluxcd.io/v1
                kind: HelmRepository
                metadata:
                  name: charts
                  namespace: flux-system
                spec:
                  interval: 30m0s
                  url: https://charts.example.com
            """),
            *(
                _text(f"""
                    apiVersion: helm.toolkit.fluxcd.io/v2
                    kind: HelmRelease
                    metadata:
                      name: {name}
                      namespace: {namespace}
                    spec:
                      interval: 10m0s
                      chart:
                        spec:
                          chart: {name}
                          version: "{version}"
                          sourceRef:
                            kind: HelmRepository
                            name: charts
                            namespace: flux-system
                """)
                for name, namespace, version in (("postgres", "db", "16.x"), ("grafana", "monitoring", "10.x"))
            ),
        )
    )


def archive() -> Files:
    """The second repository: it is read once, then its credentials are gone."""
    return {
        "configmap.yaml": _text("""
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: archive
              namespace: default
            data:
              retention: 10y
        """)
    }


def _text(text: str) -> str:
    return dedent(text).lstrip("\n").rstrip() + "\n"
