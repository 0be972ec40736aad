"""Order, cascades, filters, and following snapshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from engine.api import Snapshot, State
from fluxtui.view.filters import parse
from fluxtui.view.kinds import PanelId
from fluxtui.view.pace import Pace
from fluxtui.view.panel import Blocked, Entry, Fold, PanelModel, Scope, changed_since
from fluxtui.view.rows import Row, Sort
from tests.tui import builders as b


def shown(model: PanelModel) -> list[str]:
    """The entries as short words."""
    return [_word(entry) for entry in model.entries]


def _word(entry: Entry) -> str:
    if isinstance(entry, Fold):
        return f"fold({','.join(entry.names)})"
    return f"  {entry.row.ref.name}" if isinstance(entry, Blocked) else entry.ref.name


def model_of(snapshot: Snapshot, panel: PanelId = PanelId.KUSTOMIZATIONS) -> PanelModel:
    model = PanelModel(panel)
    model.follow(snapshot, None)
    return model


def test_failures_come_first_and_a_cascade_is_one_line_under_its_root() -> None:
    assert shown(model_of(b.fleet())) == [
        "cni", "fold(apps,ingress,monitoring,tenants)", "search", "checkout", "legacy", "cart",
        "api", "auth", "billing", "catalog", "mail",
    ]  # fmt: skip


def test_the_latest_failure_is_on_top_and_calm_rows_go_by_namespace_and_name() -> None:
    model = model_of(
        b.snapshot(
            b.resource("Kustomization", "old", State.FAILING, since=b.ago(hours=2)),
            b.resource("Kustomization", "new", State.FAILING, since=b.ago(minutes=1)),
            b.resource("Kustomization", "b", namespace="one", since=b.ago(minutes=1)),
            b.resource("Kustomization", "a", namespace="two", since=b.ago(days=1)),
            b.resource("Kustomization", "a", namespace="one", since=b.ago(days=3)),
        )
    )
    assert [str(entry.ref) for entry in model.entries] == [
        "Kustomization apps/new", "Kustomization apps/old",
        "Kustomization one/a", "Kustomization one/b", "Kustomization two/a",
    ]  # fmt: skip


def test_states_come_in_the_order_of_trouble() -> None:
    states = list(State)
    Random(3).shuffle(states)
    resources = [b.resource("Kustomization", state.value, state) for state in states if state is not State.BLOCKED]
    assert shown(model_of(b.snapshot(*resources))) == [
        "failing", "stalled", "drifted", "suspended", "reconciling", "unknown", "ready",
    ]  # fmt: skip


def test_unfolding_shows_what_is_blocked() -> None:
    model = model_of(b.fleet())
    cni = b.ref("Kustomization", "cni", "infra")
    model.narrow(Scope(unfolded=frozenset({cni})))
    assert shown(model)[:6] == [
        "cni", "fold(apps,ingress,monitoring,tenants)", "  apps", "  ingress", "  monitoring", "  tenants",
    ]  # fmt: skip


def test_a_root_in_another_panel_still_folds_its_cascade() -> None:
    source = b.resource("GitRepository", "fleet", State.FAILING)
    waiting = b.resource("Kustomization", "web", State.FAILING)
    broken = b.resource("Kustomization", "own", State.FAILING)
    snapshot = b.snapshot(
        source, waiting, broken, b.resource("Kustomization", "fine"), blocked={waiting.ref: source.ref}
    )
    model = model_of(snapshot)
    assert shown(model) == ["own", "fold(web)", "fine"]
    assert isinstance(model.entries[1], Fold)
    assert not model.entries[1].here


def test_blocked_objects_do_not_count_as_failing() -> None:
    counts = model_of(b.fleet()).counts()
    assert counts[State.FAILING] == 2
    assert counts[State.BLOCKED] == 4


def test_drift_shows_even_when_the_object_says_ready() -> None:
    checkout = b.resource("Kustomization", "checkout", State.READY)
    model = model_of(b.snapshot(checkout, drift={checkout.ref: b.checkout_drift()}))
    row = model.rows[checkout.ref]
    assert row.state is State.DRIFTED
    assert row.message == "Applied · drifted 2"


def test_a_filter_shows_blocked_objects_by_themselves() -> None:
    model = model_of(b.fleet())
    model.narrow(Scope(filter=parse("monitoring")))
    assert shown(model) == ["monitoring"]
    assert (model.shown, model.total) == (1, 14)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(namespace="infra"), ["cni", "fold(apps,ingress,monitoring,tenants)"]),
        (Scope(faults_only=True), ["cni", "fold(apps,ingress,monitoring,tenants)", "search", "checkout"]),
        (Scope(filter=parse("suspended")), ["legacy"]),
    ],
)
def test_scopes_narrow(scope: Scope, expected: list[str]) -> None:
    model = model_of(b.fleet())
    model.narrow(scope)
    assert shown(model) == expected


@pytest.mark.parametrize(
    ("sort", "first"), [(Sort.NAME, "api"), (Sort.AGE, "cart"), (Sort.NAMESPACE, "api"), (Sort.STATE, "apps")]
)
def test_orders(sort: Sort, first: str) -> None:
    model = model_of(b.fleet(blocked={}))
    model.narrow(Scope(sort=sort))
    assert shown(model)[0] == first


# --- following --------------------------------------------------------------------------------------------


def test_only_changed_rows_are_new_objects() -> None:
    old = b.fleet()
    model = model_of(old)
    before = dict(model.rows)
    new = b.with_changed(old, b.resource("Kustomization", "api", State.FAILING, "boom"))
    assert model.follow(new, changed_since(old, new))
    api = b.ref("Kustomization", "api")
    assert model.rows[api] is not before[api]
    assert all(model.rows[ref] is before[ref] for ref in before if ref != api)
    assert shown(model)[0] == "api"


def test_other_panels_changes_touch_nothing() -> None:
    old = b.fleet()
    model = model_of(old)
    entries = model.entries
    new = b.with_changed(old, b.resource("HelmRelease", "nginx", State.FAILING, namespace="ingress"))
    assert not model.follow(new, changed_since(old, new))
    assert model.entries is entries


def test_a_skipped_version_is_compared_by_identity() -> None:
    first = b.fleet()
    second = b.with_changed(first, b.resource("Kustomization", "api", State.FAILING, "boom"))
    third = b.with_changed(second, b.resource("Kustomization", "mail", State.FAILING, "bang"))
    changed = changed_since(first, third)
    assert changed == {b.ref("Kustomization", "api"), b.ref("Kustomization", "mail")}


def test_what_is_gone_counts_as_changed() -> None:
    first = b.fleet()
    second = b.with_changed(first, gone=(b.ref("Kustomization", "api"),))
    third = replace(b.with_changed(second, b.resource("Kustomization", "mail")), version=9)
    for old, new in ((first, second), (first, third)):
        model = model_of(first)
        model.follow(new, changed_since(old, new))
        assert b.ref("Kustomization", "api") not in model.rows
        assert "api" not in shown(model)


def test_a_new_drift_report_changes_its_row_though_the_object_is_the_same() -> None:
    old = b.fleet(drift={})
    checkout = b.ref("Kustomization", "checkout")
    new = replace(old, version=old.version + 2, changed=frozenset(), drift={checkout: b.checkout_drift()})
    assert changed_since(old, new) == {checkout}, "a version was skipped: whatever is different"
    told = replace(new, version=old.version + 1, changed=frozenset({checkout}))
    assert changed_since(old, told) == {checkout}


def test_following_step_by_step_ends_where_building_anew_does() -> None:
    random = Random(7)
    snapshot = b.large(200)
    model = model_of(snapshot)
    names = [f"app-{n:05d}" for n in range(200)]
    for _ in range(60):
        picked = random.sample(names, 5)
        changed = [
            b.resource(
                "Kustomization", name, random.choice([s for s in State if s is not State.BLOCKED]), "x",
                namespace=f"team-{int(name[-5:]) % 50:02d}", since=b.ago(seconds=random.randrange(9_000)),
            )
            for name in picked[:4]
        ]  # fmt: skip
        gone = tuple(ref for ref in snapshot.resources if ref.name == picked[4])
        new = b.with_changed(snapshot, *changed, gone=gone)
        model.follow(new, changed_since(snapshot, new))
        snapshot = new
    fresh = model_of(snapshot)
    assert shown(model) == shown(fresh)
    assert model.counts() == fresh.counts()


# --- keeping places ---------------------------------------------------------------------------------------


def test_rows_keep_their_places_while_told_to_and_take_them_later() -> None:
    old = b.fleet(blocked={})
    model = model_of(old)
    before = shown(model)
    new = b.with_changed(old, b.resource("Kustomization", "api", State.FAILING, "boom"))
    model.follow(new, changed_since(old, new), hold=True)
    assert shown(model) == before
    assert model.held
    row = next(entry for entry in model.entries if isinstance(entry, Row) and entry.ref.name == "api")
    assert row.state is State.FAILING
    assert model.counts()[State.FAILING] == sum(row.state is State.FAILING for row in model.rows.values())
    model.arrange()
    assert shown(model)[0] == "api"
    assert not model.held


def test_a_row_whose_place_does_not_change_is_swapped_in_place() -> None:
    old = b.fleet()
    model = model_of(old)
    arranged = model.arranged
    known = old.resources[b.ref("Kustomization", "api")]
    new = b.with_changed(old, replace(known, message="said anew"))
    model.follow(new, changed_since(old, new))
    assert model.arranged == arranged
    assert not model.held
    assert any(isinstance(entry, Row) and entry.message == "said anew" for entry in model.entries)


@pytest.mark.parametrize("what", ["gone", "new", "blocked", "filtered"])
def test_what_is_more_than_another_order_is_arranged_at_once(what: str) -> None:
    old = b.fleet()
    model = model_of(old)
    if what == "filtered":
        model.narrow(Scope(faults_only=True))
    arranged = model.arranged
    new = {
        "gone": b.with_changed(old, gone=(b.ref("Kustomization", "api"),)),
        "new": b.with_changed(old, b.resource("Kustomization", "brandnew")),
        "blocked": replace(b.with_changed(old, b.resource("Kustomization", "api", State.BLOCKED)), blocked={}),
        "filtered": b.with_changed(old, b.resource("Kustomization", "api", State.FAILING, "boom")),
    }[what]
    model.follow(new, changed_since(old, new), hold=True)
    assert model.arranged == arranged + 1
    assert not model.held


@pytest.mark.parametrize(("lines", "every"), [(2_500, 5.0), (20, 1.0)])
def test_a_storm_changes_places_a_few_times_at_once_and_then_once_in_a_while(lines: int, every: float) -> None:
    pace, now, times = Pace(), b.NOW, []
    for _ in range(300):  # ten changes a second for half a minute
        if not pace.wait(now, lines):
            times.append((now - b.NOW).total_seconds())
            pace.take(now, lines)
        now += timedelta(seconds=0.1)
    assert times[:3] == [0.0, 0.1, 0.2]
    assert len(times) == pytest.approx(30 / every + 2, abs=1)
    assert all(later - earlier == pytest.approx(every, abs=0.11) for earlier, later in pairwise(times[3:]))
    now += timedelta(seconds=3 * every)
    assert pace.wait(now, lines) == 0.0
