"""The pane's modes, the drift report in both sizes, and answers that come late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.api import (
    Answer,
    Describe,
    Drift,
    Inventory,
    Logs,
    Manifest,
    ObjectDrift,
    Snapshot,
    Trace,
    TraceStep,
    TreeNode,
    UsedBy,
    Verdict,
)
from engine.errors import NotAllowed
from fluxtui.view import drift
from fluxtui.view.overview import Subject
from fluxtui.view.pane import Content, Mode, brief, content, query_for, title_line
from fluxtui.view.text import line_width, plain
from fluxtui.view.yaml import section
from tests.tui import builders as b

CHECKOUT = b.ref("Kustomization", "checkout")
MANIFEST = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
spec:
  chart:
    spec:
      chart: nginx
  values:
    replicas: 2
    nested:
    - a
  valuesFrom:
  - kind: ConfigMap
status: {}
"""


def subject(ref: b.Ref = CHECKOUT, snapshot: Snapshot | None = None, *answers: Answer) -> Subject:
    snapshot = snapshot or b.fleet()
    found = {type(answer.query): answer for answer in answers}
    return Subject(ref, snapshot.resources.get(ref), snapshot, b.NOW, found, b.NOW.tzinfo)


def text(shown: Content) -> str:
    return "\n".join(plain(line).rstrip() for line in shown.lines)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("cells", [30, 58, 118])
def test_every_mode_shows_something_of_every_object_at_every_width(mode: Mode, cells: int) -> None:
    snapshot = b.fleet()
    for ref in snapshot.resources:
        shown = content(mode, subject(ref, snapshot), cells)
        assert len(shown.lines) > 0
        assert shown.title
        if mode not in (Mode.YAML, Mode.VALUES, Mode.INVENTORY, Mode.USED_BY):  # those scroll sideways
            assert all(line_width(line) <= cells for line in shown.lines), (mode, ref)


def test_the_drift_report_says_what_who_and_when() -> None:
    shown = content(Mode.DRIFT, subject(), 60)
    assert shown.title == "drift 2 of 16"
    assert shown.right == "3 s ago"
    assert text(shown).split("\n") == [
        "wanted  main@4f2a91c (GitRepository flux-system/fleet)",
        "live    2 differ · 14 equal",
        "",
        "≠ Deployment checkout/web",
        "  spec.replicas",
        "-   3",
        "+   5                     kubectl-scale (scale) · 14 min ago",
        "  …containers[web].env[DEBUG]",
        '+   {name: DEBUG, value: "1"}  kubectl-edit · 9 min ago',
        "    added by hand: the next reconcile removes it",
        "",
        "≠ ConfigMap checkout/flags",
        "  data.banner",
        '-   "off"',
        '+   "on"                    ArgoCD-import · 3 h ago',
    ]


def test_the_small_pane_has_one_line_a_path() -> None:
    shown = brief(subject(), Mode.DRIFT, 120)
    assert [plain(line).split("  kubectl")[0].split("  ArgoCD")[0] for line in shown.lines] == [
        "≠ Deployment checkout/web   spec.replicas 3 → 5",
        '≠ Deployment checkout/web   …containers[web].env[DEBUG] + {name: DEBUG, value: "1"}',
        '≠ ConfigMap checkout/flags  data.banner "off" → "on"',
    ]


def test_missing_and_pruned_objects_say_what_happens_next() -> None:
    report = replace(
        b.checkout_drift(),
        objects=(
            ObjectDrift("Service", "", "v1", "checkout", "web", Verdict.MISSING),
            ObjectDrift("Secret", "", "v1", "checkout", "old", Verdict.TO_PRUNE),
            ObjectDrift("Secret", "", "v1", "checkout", "sops", Verdict.NOT_COMPARED, note="values not compared"),
        ),
    )
    shown = content(Mode.DRIFT, subject(snapshot=b.fleet(drift={CHECKOUT: report})), 80)
    assert "missing: the next reconcile creates it" in text(shown)
    assert "no longer wanted: the next reconcile prunes it" in text(shown)
    assert "values not compared" in text(shown)
    assert shown.title == "drift 2 of 17"


def test_why_drift_is_not_known_is_said() -> None:
    report = replace(b.checkout_drift(), objects=(), problem="not computed: the artifact's host is not loopback")
    shown = content(Mode.DRIFT, subject(snapshot=b.fleet(drift={CHECKOUT: report})), 70)
    assert shown.title == "drift not computed"
    assert "host is not loopback" in text(shown)


def test_the_newer_of_snapshot_and_answer_is_shown() -> None:
    older = Answer(Drift(CHECKOUT), replace(b.checkout_drift(), computed=b.ago(hours=1), objects=()))
    newer = Answer(Drift(CHECKOUT), replace(b.checkout_drift(), computed=b.ago(seconds=1), objects=()))
    assert content(Mode.DRIFT, subject(CHECKOUT, None, older), 60).title == "drift 2 of 16"
    assert content(Mode.DRIFT, subject(CHECKOUT, None, newer), 60).title == "no drift"


def test_a_failing_object_tells_its_failure_before_its_drift() -> None:
    cni = b.ref("Kustomization", "cni", "infra")
    lines = text(content(Mode.DRIFT, subject(cni), 70)).split("\n")
    assert lines[0].startswith("✗ failing for 6 min")
    assert any("blocks" in line for line in lines)
    assert any("comparing what runs" in line for line in lines)


def test_objects_without_drift_show_an_overview() -> None:
    shown = content(Mode.DRIFT, subject(b.ref("GitRepository", "infra", "flux-system")), 60)
    assert shown.title == "overview"
    assert "https://git.example.com/infra" in text(shown)
    assert "48,213 B" in text(shown)


def test_a_suspension_is_told_in_full() -> None:
    assert "jo 9 d ago: freeze" in text(content(Mode.DESCRIBE, subject(b.ref("Kustomization", "legacy")), 60))


def test_an_object_that_is_gone_says_so() -> None:
    assert "gone" in text(content(Mode.DRIFT, subject(b.ref("Kustomization", "never")), 60))


ANSWERS = [
    (Mode.YAML, Answer(Manifest(CHECKOUT), "a: 1\n# note\nb:\n- c"), "a: 1\n# note\nb:\n- c"),
    (Mode.DESCRIBE, Answer(Describe(CHECKOUT), "Name: checkout"), "Name: checkout"),
    (Mode.LOGS, Answer(Logs(CHECKOUT), ("one", "two")), "one\ntwo"),
    (Mode.LOGS, Answer(Logs(CHECKOUT), ()), "The controller's log says nothing about it."),
    (
        Mode.INVENTORY,
        Answer(Inventory(CHECKOUT), (TreeNode("Deployment", "a", "web", children=(TreeNode("Pod", "a", "web-1"),)),)),
        "└ Deployment a/web\n  └ Pod a/web-1",
    ),
    (Mode.INVENTORY, Answer(Inventory(CHECKOUT), None, NotAllowed("You may not list deployments")),
     "├ Deployment checkout/web\n└ ConfigMap checkout/flags"),
    (Mode.USED_BY, Answer(UsedBy(CHECKOUT), ()), "Nothing depends on it."),
    (Mode.USED_BY, Answer(UsedBy(CHECKOUT), (b.ref("Kustomization", "api"),)),
     "✓ Kustomization apps/api  Applied"),
    (
        Mode.TRACE,
        Answer(Trace(CHECKOUT), (TraceStep(CHECKOUT, "ready"), TraceStep(b.ref("GitRepository", "fleet"), "failing"))),
        "Kustomization apps/checkout\n  ready\n  ↳ GitRepository apps/fleet\n    failing",
    ),
    (Mode.YAML, Answer(Manifest(CHECKOUT), None, NotAllowed("You may not get it", verb="get")), "You may not get it"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "answer", "expected"), ANSWERS)
def test_answers_are_shown(mode: Mode, answer: Answer, expected: str) -> None:
    assert text(content(mode, subject(CHECKOUT, None, answer), 50)) == expected


def test_history_is_a_table() -> None:
    lines = text(content(Mode.HISTORY, subject(), 100)).split("\n")
    assert lines[0].startswith("✓ main@4f2a91c")
    assert "31 times" in lines[0]
    assert lines[1].startswith("✗ main@1b77e44")


def test_events_of_the_selection_only() -> None:
    shown = content(Mode.EVENTS, subject(b.ref("HelmRelease", "postgres", "db")), 60)
    assert shown.right == "1"
    assert "UpgradeFailed" in text(shown)


def test_values_are_cut_out_of_the_manifest() -> None:
    nginx = b.ref("HelmRelease", "nginx", "ingress")
    shown = content(Mode.VALUES, subject(nginx, None, Answer(Manifest(nginx), MANIFEST)), 60)
    assert text(shown) == "  valuesFrom:\n  - kind: ConfigMap\n  values:\n    replicas: 2\n    nested:\n    - a"
    assert section(MANIFEST, "spec", "nothing") == ""


@pytest.mark.parametrize(
    ("mode", "kind", "query"),
    [
        (Mode.DRIFT, "Kustomization", None),
        (Mode.DRIFT, "GitRepository", None),
        (Mode.EVENTS, "Kustomization", None),
        (Mode.HISTORY, "Kustomization", None),
        (Mode.VALUES, "HelmRelease", Manifest),
        (Mode.LOGS, "GitRepository", Logs),
    ],
)
def test_only_what_the_snapshot_lacks_is_asked_for(mode: Mode, kind: str, query: type | None) -> None:
    asked = query_for(mode, b.ref(kind, "x"))
    assert (type(asked) if asked else None) is query


def test_the_title_names_the_object() -> None:
    shown = content(Mode.DRIFT, subject(), 60)
    assert (
        plain(title_line(subject(), shown, focused=True, short=False)) == "apps/checkout  Kustomization · drift 2 of 16"
    )
    assert plain(title_line(subject(), shown, focused=True, short=True)) == "apps/checkout · drift 2 of 16"


def test_unconfirmed_drift_is_marked() -> None:
    report = b.checkout_drift()
    local = replace(report, objects=tuple(replace(item, confirmed=False) for item in report.objects))
    lines = [plain(line) for line in drift.report_lines(b.fleet().resources[CHECKOUT], local, 70, b.NOW)]
    assert sum("by local comparison" in line for line in lines) == 2
