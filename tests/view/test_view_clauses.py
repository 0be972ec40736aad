"""Controllers' messages (flux.md 3, 4 and 6) as short clauses."""

# ruff: noqa: ISC004 - messages are longer than lines
from __future__ import annotations

import time

import pytest

from fluxtui.view.clauses import clause
from tests.tui.builders import AUTH, NO_FILE, UNHEALTHY

REV = "main@sha1:4f2a91c0d3b5a7e8f9012345678901234567890a"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"Applied revision: {REV}", "Applied"),
        (f"stored artifact for revision '{REV}'", "stored"),
        ("stored artifact for digest 'latest@sha256:aa'", "stored"),
        ("stored artifact: revision 'sha256:aa'", "stored"),
        ("pulled 'podinfo' chart with version '6.5.0'", "chart 6.5.0"),
        ("packaged 'podinfo' chart with version '6.5.0' and merged values files [a b]", "chart 6.5.0"),
        ("Helm upgrade succeeded for release ingress/nginx.v7 with chart ingress-nginx@4.13.0", "release v7"),
        ("Helm install succeeded for release a/b.v1 with chart c@1", "release v1"),
        ("Helm test succeeded for release a/b.v3 with chart c@1: no test hooks", "release v3, no test hooks"),
        ("Reconciliation in progress", "reconciling"),
        ("Reconciliation finished in 1.2s, next run in 10m0s", "finished in 1.2s"),
        ("Health check passed in 1.14s", "healthy after 1.1s"),
        ("stored artifact for commit 'Promote checkout to {production}'", "stored: Promote checkout to {production}"),
        (f"no changes since last reconciliation: observed revision '{REV}'", "no change"),
        ("Dependencies do not meet ready condition, retrying in 30s", "waits for its dependencies"),
        (f"Fetching manifests for revision {REV} with a timeout of 5m0s", "fetching"),
        (f"Running health checks for revision {REV} with a timeout of 30s", "waiting for health"),
        (f"building artifact: new upstream revision '{REV}'", "storing a new revision"),
        ("dependency 'infra/cni' is not ready", "waits for infra/cni"),
        ("Source artifact not found, retrying in 30s", "source has no artifact yet"),
        ('GitRepository.source.toolkit.fluxcd.io "fleet" not found', "no GitRepository fleet"),
        (
            "HelmChart 'flux-system/apps-web' is not ready: no artifact",
            "source HelmChart flux-system/apps-web not ready",
        ),
        (AUTH, "auth: 401"),
        (
            "failed to checkout and determine revision: unable to clone 'https://g/x': couldn't find remote ref "
            '"refs/heads/mian"',
            "no branch or tag mian",
        ),
        (
            "failed to checkout and determine revision: unable to clone 'https://g/x': repository not found: nope",
            "repository not found",
        ),
        (
            "failed to checkout and determine revision: unable to list remote for 'https://g.example/x': Get "
            '"https://g.example/x/info/refs": dial tcp: lookup g.example on 10.0.0.10:53: no such host',
            "no such host g.example",
        ),
        (
            "failed to checkout and determine revision: unable to list remote for 'http://127.0.0.1:1/x': Get "
            '"http://127.0.0.1:1": dial tcp 127.0.0.1:1: connect: connection refused',
            "connection refused by 127.0.0.1:1",
        ),
        (
            "failed to get secret 'flux-system/fleet-auth': failed to get secret 'flux-system/fleet-auth': secrets "
            '"fleet-auth" not found',
            "auth: no Secret flux-system/fleet-auth",
        ),
        (NO_FILE, "build: no such file base/deployment.yaml"),
        (
            "kustomize build failed: yaml: line 3: did not find expected key",
            "build: yaml: line 3: did not find expected key",
        ),
        (
            "kustomization path not found: stat /tmp/kustomization-3423/apps/prod: no such file or directory",
            "no path apps/prod in the source",
        ),
        (
            "post build failed for 'Deployment.v1.apps/web': envsubst error: variable not set (strict mode): \"X\"",
            'substitution in Deployment.v1.apps/web: envsubst error: variable not set (strict mode): "X"',
        ),
        (
            'Deployment/shop/web dry-run failed (Invalid): Deployment.apps "web" is invalid: spec.selector: field is '
            "immutable\n",
            "Deployment web: spec.selector: field is immutable",
        ),
        ("Namespace/x dry-run failed: connection lost", "Namespace x: connection lost"),
        (UNHEALTHY, "health: DaemonSet cni not ready"),
        (
            "timeout waiting for: [Deployment/a/x status: 'InProgress', Service/a/y status: 'NotFound']",
            "health: Deployment x not ready +1",
        ),
        ("failed early due to stalled resources: [Job/a/seed status: 'Failed']", "health: Job seed failed"),
        (
            "Helm upgrade failed for release db/postgres with chart postgresql@16.4.2: context deadline exceeded",
            "upgrade failed: timed out",
        ),
        ("delete failed, errors: ConfigMap/a/x delete failed: forbidden;", "prune: ConfigMap x: forbidden;"),
        ("no match found for semver: >=9", "no tag matches >=9"),
        ("something nobody foresaw.", "something nobody foresaw"),
        ("first line\nsecond line", "first line"),
        ("", ""),
    ],
)
def test_a_message_becomes_a_clause(message: str, expected: str) -> None:
    assert clause(message) == expected


@pytest.mark.parametrize(
    "seed", ["(" * 4_000, "open " * 800, "a/b dry-run failed " * 200, "' status: '" * 300, "[" * 4_000]
)
def test_hostile_messages_cost_no_time(seed: str) -> None:
    started = time.process_time()
    for prefix in ("", "kustomize build failed: ", "timeout waiting for: [", "Helm upgrade failed for release "):
        clause(prefix + seed)
    assert time.process_time() - started < 0.5
