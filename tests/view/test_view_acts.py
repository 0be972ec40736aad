"""Effects, operations, revisions to roll back to, and the `:` line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.api import (
    Delete,
    Effect,
    EffectLine,
    Operation,
    Progress,
    Reconcile,
    Resume,
    RevisionChoice,
    Rollback,
    Suspend,
    Undo,
)
from engine.errors import Unavailable
from fluxtui.view import effect, goto, operations, rollback
from fluxtui.view.goto import Known, ToCommand, ToContext, ToNamespace, ToObject, ToPanel, complete
from fluxtui.view.kinds import PanelId
from fluxtui.view.text import Role, line_width, plain
from tests.tui import builders as b

CHECKOUT = b.ref("Kustomization", "checkout")
RECONCILE = Reconcile(CHECKOUT)
KNOWN_EFFECT = Effect(
    (
        EffectLine("overwrite", "Deployment checkout/web", "spec.replicas 5 → 3  undoes kubectl-scale, 14 min"),
        EffectLine("prune", "ConfigMap checkout/old", "pruned", danger=True),
    ),
    changed=2,
    pruned=1,
    unchanged=14,
    warnings=("11 others follow this source",),
    basis="by dry run as you",
    complete=True,
)


def text(proposal: effect.Proposal, cells: int = 90) -> list[str]:
    lines = effect.lines(proposal, cells)
    assert all(line_width(line) <= cells for line in lines)
    return [plain(line).rstrip() for line in lines]


def test_dangers_come_first_in_the_fail_role() -> None:
    proposal = effect.Proposal((RECONCILE,), b.fleet(), {RECONCILE: KNOWN_EFFECT}, production=True)
    lines = effect.lines(proposal, 90)
    assert [plain(line) for line in lines[:2]] == ["! prod-eu is production.", "! 11 others follow this source"]
    assert all(span.role is Role.FAIL for line in lines[:2] for span in line)
    pruned = next(n for n, line in enumerate(lines) if "checkout/old" in plain(line))
    assert pruned < next(n for n, line in enumerate(lines) if "checkout/web" in plain(line))


def test_the_effect_is_counted_and_its_basis_told() -> None:
    lines = text(effect.Proposal((RECONCILE,), b.fleet(), {RECONCILE: KNOWN_EFFECT}))
    assert "will   2 changed · 0 created · 1 pruned · 14 left alone" in lines
    assert lines[-1].strip() == "by dry run as you"
    assert "Kustomization apps/checkout from GitRepository flux-system/fleet main@4f2a91c" in lines


def test_before_the_answer_it_says_computing() -> None:
    assert "will   computing…" in text(effect.Proposal((RECONCILE,), b.fleet()))


def test_an_effect_that_cannot_be_known_says_why() -> None:
    lines = text(effect.Proposal((RECONCILE,), b.fleet(), {RECONCILE: Unavailable("connection refused")}))
    assert "  connection refused" in lines


def test_many_objects_have_a_line_each() -> None:
    other = Reconcile(b.ref("Kustomization", "api"))
    lines = text(effect.Proposal((RECONCILE, other), b.fleet(), {RECONCILE: KNOWN_EFFECT}))
    assert any("apps/checkout" in line and "2 changed" in line for line in lines)
    assert any("apps/api" in line and "computing" in line for line in lines)


def test_of_many_what_is_touched_comes_first_and_the_sum_before_it() -> None:
    calm, prunes, asked = (Reconcile(b.ref("Kustomization", name)) for name in ("api", "auth", "cart"))
    effects = {calm: Effect(unchanged=4, complete=True), prunes: Effect(changed=2, pruned=1, complete=True)}
    said = text(effect.Proposal((calm, prunes, asked), b.fleet(), effects))
    assert said[0] == "will   2 changed · 0 created · 1 pruned · 4 left alone  1 not known"
    assert [line.split("  ")[0] for line in said[2:]] == [str(act.ref) for act in (prunes, asked, calm)]
    assert said[2].endswith("2 changed · 1 pruned")
    assert said[4].endswith("4 left alone")


@pytest.mark.parametrize(
    ("intents", "words"),
    [
        ((RECONCILE,), "Reconcile apps/checkout"),
        ((Reconcile(CHECKOUT, with_source=True, force=True),), "Reconcile with source, force apps/checkout"),
        ((Suspend(CHECKOUT), Suspend(b.ref("Kustomization", "api"))), "Suspend 2 objects"),
        ((Resume(CHECKOUT),), "Resume apps/checkout"),
        ((Rollback(CHECKOUT, b.REV),), "Roll back apps/checkout"),
        ((Undo(CHECKOUT, "op-1"),), "Undo apps/checkout"),
        ((Delete(CHECKOUT),), "Delete apps/checkout"),
    ],
)
def test_the_title_names_the_act(intents: tuple[Reconcile, ...], words: str) -> None:
    assert plain(effect.title(intents)) == words


def test_what_needs_a_typed_word() -> None:
    assert effect.Proposal((Delete(CHECKOUT),), b.fleet()).confirm == "checkout"
    assert effect.Proposal((RECONCILE,), b.fleet(), {RECONCILE: KNOWN_EFFECT}).confirm == ""
    asks = replace(KNOWN_EFFECT, confirm="flux-system")
    assert effect.Proposal((RECONCILE,), b.fleet(), {RECONCILE: asks}).confirm == "flux-system"


def test_a_rollback_waits_until_it_is_known_whether_a_word_is_needed() -> None:
    intent = Rollback(CHECKOUT, b.REV)
    assert effect.Proposal((intent,), b.fleet()).must_wait
    assert not effect.Proposal((intent,), b.fleet(), {intent: KNOWN_EFFECT}).must_wait
    assert not effect.Proposal((RECONCILE,), b.fleet()).must_wait


# --- operations ---------------------------------------------------------------------------------------------


def operation(progress: Progress, **fields: object) -> Operation:
    values = {"id": "op", "verb": "suspend", "ref": CHECKOUT, "started": b.ago(seconds=10), "progress": progress}
    return Operation(**(values | fields))


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (
            operation(
                Progress.PROGRESSING, message="applying",
                steps=((Progress.REQUESTED, b.ago(seconds=10)), (Progress.HANDLED, b.ago(seconds=9.6))),
            ),
            "requested ▸ handled 0.4 s ▸ applying 9.6 s…",
        ),
        (operation(Progress.DONE, ended=b.ago(seconds=9.8), detail="freeze", undoable=True), "done in 0.2 s · freeze"),
        (operation(Progress.FAILED, ended=b.ago(seconds=8), message="auth"), "failed after 2.0 s: auth"),
        (operation(Progress.REFUSED, message="read-only"), "refused: read-only"),
        (operation(Progress.UNKNOWN, message="the connection broke"), "unknown: the connection broke"),
    ],
)  # fmt: skip
def test_an_operation_is_one_line(item: Operation, words: str) -> None:
    line = operations.operation_line(item, 130, b.NOW, b.NOW.tzinfo)
    assert line_width(line) <= 130
    assert words in plain(line)
    assert ("U undo" in plain(line)) is item.undoable


# --- rollback -----------------------------------------------------------------------------------------------

CHOICES = (
    RevisionChoice(b.REV, "now", "ana", b.ago(minutes=5), current=True),
    RevisionChoice("main@sha1:aaaaaaa1", "shallow", "jo", b.ago(hours=1), why_not="not in this clone"),
    RevisionChoice("main@sha1:bbbbbbb1", "good one", "jo", b.ago(days=1), applied="ReconciliationSucceeded, 12 times"),
)


def test_revisions_say_what_they_are() -> None:
    lines = [plain(line) for line in rollback.choice_lines(CHOICES, 110, b.NOW)]
    assert "current" in lines[0]
    assert "not in this clone" in lines[1]
    assert "applied, 12 times" in lines[2]
    assert "  jo " in lines[2]
    assert all(line_width(line) <= 60 for line in rollback.choice_lines(CHOICES, 60, b.NOW))


def test_where_room_is_short_the_author_goes_before_the_subject() -> None:
    lines = [plain(line) for line in rollback.choice_lines(CHOICES, 76, b.NOW)]
    assert "good one" in lines[2]
    assert "applied, 12 times" in lines[2]
    assert "  jo " not in lines[2]
    assert not any("…" in line for line in lines)


def test_the_cursor_starts_on_the_newest_that_can_be_chosen() -> None:
    assert rollback.first_choice(CHOICES) == 2
    assert rollback.first_choice(()) == 0


def test_no_revisions_has_three_different_reasons() -> None:
    said = {
        plain(rollback.nothing_lines(error, answered, 80)[0])
        for error, answered in ((None, False), (None, True), (Unavailable("down"), True))
    }
    assert len(said) == 3


# --- the `:` line --------------------------------------------------------------------------------------------

KNOWN = Known(b.fleet(), [("reconcile", "Reconcile"), ("quit", "Quit")], ("prod-eu", "staging"))


@pytest.mark.parametrize(
    ("typed", "goal"),
    [
        ("", ToPanel(PanelId.SOURCES)),
        ("ks", ToPanel(PanelId.KUSTOMIZATIONS)),
        ("kust", ToPanel(PanelId.KUSTOMIZATIONS)),
        ("hr", ToPanel(PanelId.RELEASES)),
        ("events", ToPanel(PanelId.EVENTS)),
        ("ks apps", ToPanel(PanelId.KUSTOMIZATIONS, namespace="apps")),
        ("ks /cart", ToPanel(PanelId.KUSTOMIZATIONS, "cart")),
        ("git", ToPanel(PanelId.SOURCES, "gitrepository")),
        ("ns db", ToNamespace("db")),
        ("ns all", ToNamespace("")),
        ("ctx stag", ToContext("staging")),
        ("db/postgres", ToObject(b.ref("HelmRelease", "postgres", "db"))),
        ("q", ToCommand("quit")),
        ("recon", ToCommand("reconcile")),
    ],
)
def test_the_first_offer_is_what_was_meant(typed: str, goal: goto.Goal) -> None:
    assert complete(typed, KNOWN)[0].goal == goal


def test_a_kind_without_a_panel_says_where_it_is() -> None:
    for typed in ("receivers", "imagepolicies", "alerts prod"):
        name = typed.split()[0]
        assert complete(typed, KNOWN) == []
        assert plain(goto.completion_lines([], 60, typed)[0]).startswith(f"{name} have no panel here yet: kubectl get")


def test_offers_are_bounded_and_an_unknown_name_says_so() -> None:
    assert len(complete("a", Known(b.large(500), [], ()))) <= goto.LIMIT
    assert complete("zzzz", KNOWN) == []
    assert "Nothing of that name" in plain(goto.completion_lines([], 80, "zzzz")[0])
