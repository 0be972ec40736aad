"""Every recorded scenario of Flux's own controllers ends on this engine as it ended there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.kube.config import ClusterConfig
from tests.goldens.recording import Recording
from tests.goldens.replay import Allowed, Replay
from tests.goldens.stack import SPEED, stack
from tests.shared import GOLDENS, need_shared

FOLDER = GOLDENS / "flux-2.9"

#: Left out, each with the feature it waits for.
WAITING: dict[str, str] = {
    "25-depends-on-expr": "CEL: dependsOn.readyExpr",
    "32-health-check-exprs": "CEL: healthCheckExprs",
    "57-impersonation": "serviceAccountName",
    "79-git-semver": "GitRepository: ref.semver",
    "81-git-name": "GitRepository: ref.name",
    "82-git-all-refs": "GitRepository: ref.name and ref.semver",
    "96-git-sparse": "GitRepository: sparseCheckout",
    "97-git-include": "GitRepository: include",
    "98-sops": "spec.decryption",
    "99-sops-generator": "spec.decryption",
    "104-prune-forbidden": "serviceAccountName",
    "105-api-version": "conversion between API versions in the embedded API server (autoscaling/v1 and v2)",
    "108-source-kinds": "OCIRepository and Bucket sources",
    "116-cancel-health-check": "gate CancelHealthCheckOnNewRevision, off by default",
}
#: Replayed with the source-controller's recordings, which are about sources alone.
SOURCES = "tests/controllers/test_gitrepository_goldens.py"
ELSEWHERE = {str(number): SOURCES for number in (77, 78, 80, *range(83, 96))}

GO = "the text is of a Go library"
SERVER = "the text is the API server's, which validates less here"
ALLOWED: dict[str, Allowed] = {
    "05-broken-yaml": Allowed(messages=True, reason=GO),
    "06-duplicate-resource": Allowed(messages=True, reason=GO),
    "07-build-error": Allowed(messages=True, reason=GO),
    "20-path-forms": Allowed(messages=True, reason=GO),
    "31-namespace-crd-cr": Allowed(paths=(".spec.conversion",), reason="the recorder's server shows no default"),
    "37-substitute-crd": Allowed(paths=(".spec.conversion",), reason="the recorder's server shows no default"),
    "40-components": Allowed(messages=True, reason=GO),
    "41-immutable": Allowed(messages=True, reason=SERVER),
    "56-invalid-object": Allowed(messages=True, reason=SERVER),
    "60-source-not-ready": Allowed(
        paths=(".totalReconciliations",), reason="how many retries fit between two looks: a matter of time"
    ),
    "73-retry-interval": Allowed(
        events=True, paths=(".totalReconciliations",), reason="how many retries fit between two steps: a matter of time"
    ),
    "74-partial-failure": Allowed(messages=True, reason=SERVER),
    "101-kustomization-names": Allowed(messages=True, reason=GO),
    "106-nested": Allowed(
        events=True, reason="whether the inner one is reconciled before it is deleted: a matter of time"
    ),
    "107-interval": Allowed(
        events=True, paths=(".totalReconciliations",), reason="how many rounds fit between two looks: a matter of time"
    ),
    "111-unknown-fields": Allowed(paths=(".spec.conversion",), reason="the recorder's server shows no default"),
    "118-restart": Allowed(
        events=True, paths=(".totalReconciliations",), reason="which controller is up first: a matter of time"
    ),
}
#: Where a workload's own deadline runs in real time, ours may not run ahead of it.
SLOW = {"27-wait-failing": 2.0, "114-no-fail-fast": 2.0}
FLAGS: dict[str, dict[str, Any]] = {
    "112-cross-namespace-blocked": {"no_cross_namespace_refs": True},
    "113-substitute-lenient": {"lenient": True},
    "114-no-fail-fast": {"no_fail_fast": True},
    "117-override-manager": {"override": ["argocd-controller"]},
}
NAMES = (
    sorted((p.name for p in FOLDER.glob("*-*") if p.is_dir()), key=lambda n: int(n.partition("-")[0]))
    if FOLDER.is_dir()
    else []
)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in WAITING and name.partition("-")[0] not in ELSEWHERE]
)
async def test_it_ends_as_recorded(name: str, api: ClusterConfig, tmp_path: Path) -> None:
    recording = Recording(need_shared(FOLDER) / name)
    allowed = ALLOWED.get(name, Allowed())
    async with stack(tmp_path, FLAGS.get(name, {}), api, SLOW.get(name, SPEED)) as flux:
        differences = await Replay(recording, flux, allowed).play()
    assert not differences, "\n".join(differences)


def test_every_recorded_scenario_is_replayed_or_named_with_what_it_waits_for() -> None:
    need_shared(FOLDER)
    assert len(NAMES) == 120
    assert set(WAITING) <= set(NAMES)
    elsewhere = [name for name in NAMES if name.partition("-")[0] in ELSEWHERE]
    replayed = len(NAMES) - len(WAITING) - len(elsewhere)
    assert replayed >= 90
    assert not set(elsewhere) & set(WAITING)
