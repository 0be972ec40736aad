"""Titles, the words for nothing, header and footer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.api import Connection, KindState, KindStatus, Link, Snapshot, Stance
from fluxtui.view.filters import parse
from fluxtui.view.footer import Hint, footer_line, key_name
from fluxtui.view.header import header_line
from fluxtui.view.kinds import PanelId
from fluxtui.view.nothing import nothing_words
from fluxtui.view.panel import PanelModel, Scope
from fluxtui.view.text import line_width, plain
from fluxtui.view.titles import freshness, panel_title
from tests.tui import builders as b


def model_of(snapshot: Snapshot, panel: PanelId = PanelId.KUSTOMIZATIONS, scope: Scope = Scope()) -> PanelModel:
    model = PanelModel(panel)
    model.follow(snapshot, None)
    model.narrow(scope)
    return model


# --- titles -----------------------------------------------------------------------------------------------


def test_a_title_counts_what_is_not_simply_ready() -> None:
    title = plain(panel_title(model_of(b.fleet()), "", focused=False))
    assert title == "Kustomizations 14 · 2 failing · 1 suspended · ≠ 1 · 1 reconciling"


def test_a_short_title_leaves_out_the_least_of_it_whole() -> None:
    assert plain(panel_title(model_of(b.fleet()), "", focused=False, room=32)) == "Kustomizations 14 · 2 failing"


def test_the_filter_is_told_first() -> None:
    model = model_of(b.fleet(), scope=Scope(filter=parse("cart")))
    assert plain(panel_title(model, "", focused=True, room=45)) == "Kustomizations 14 · filter: cart · 1 of 14"


def test_counts_stand_before_the_common_namespace_where_one_of_them_must_go() -> None:
    assert plain(panel_title(model_of(b.fleet()), "flux-system", focused=False, room=34)).startswith(
        "Kustomizations 14 · 2 failing"
    )


def test_the_common_namespace_is_in_the_title() -> None:
    assert plain(panel_title(model_of(b.fleet()), "apps", focused=False, room=25)) == "Kustomizations in apps 14"


def test_a_panel_with_a_failure_says_so() -> None:
    assert model_of(b.fleet()).failing
    assert not model_of(b.snapshot(b.resource("Kustomization", "fine"))).failing


def stale(kind: str, state: KindState, **fields: object) -> dict[str, KindStatus]:
    group, plural = b.GROUPS[kind]
    return b.kinds(**{kind: KindStatus(group, kind, plural, state, **fields)})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "now"),
        ({"connection": Connection(Link.LOST, "c", since=b.ago(seconds=14))}, "last seen 14 s ago"),
        ({"kinds": stale("Kustomization", KindState.STALE, since=b.ago(seconds=20))}, "stale 20 s"),
        ({"kinds": stale("Kustomization", KindState.FORBIDDEN)}, "not allowed"),
        ({"kinds": stale("Kustomization", KindState.STARTING)}, "loading"),
    ],
)
def test_the_right_end_says_how_far_the_list_can_be_trusted(fields: dict[str, object], words: str) -> None:
    line = freshness(PanelId.KUSTOMIZATIONS, b.fleet(**fields), b.ago(seconds=3), b.NOW)
    assert plain(line) == words


def test_one_forbidden_kind_of_many_is_named() -> None:
    snapshot = b.fleet(kinds=stale("Bucket", KindState.FORBIDDEN))
    assert plain(freshness(PanelId.SOURCES, snapshot, None, b.NOW)) == "no right: buckets"


# --- words for nothing --------------------------------------------------------------------------------------

LOST = Connection(Link.LOST, "prod-eu", since=b.ago(seconds=14), next_try=b.NOW + timedelta(seconds=3))
NOTHING = {
    "empty": (b.snapshot(), Scope(), "No Kustomizations in this cluster."),
    "namespace": (b.fleet(), Scope(namespace="shop"), "None in namespace shop (14 elsewhere: 0 shows all)."),
    "filter": (b.fleet(), Scope(filter=parse("zzz")), "Filter zzz hides all 14. Esc shows them."),
    "faults": (
        b.snapshot(b.resource("Kustomization", "a")),
        Scope(faults_only=True),
        "No faults among 1 Kustomizations: z shows all.",
    ),
    "absent": (
        b.snapshot(kinds=stale("Kustomization", KindState.ABSENT)),
        Scope(),
        "Kustomization is not installed here (no such kind).",
    ),
    "forbidden": (
        b.snapshot(kinds=stale("Kustomization", KindState.FORBIDDEN, verb="list")),
        Scope(),
        "You may not list kustomizations.kustomize.toolkit.fluxcd.io in any namespace (missing verb: list).",
    ),
    "starting": (b.snapshot(kinds=stale("Kustomization", KindState.STARTING)), Scope(), "Loading Kustomizations…"),
    "connecting": (
        Snapshot(connection=Connection(Link.CONNECTING, "prod-eu")),
        Scope(),
        "Connecting to prod-eu…",
    ),
    "lost": (b.snapshot(connection=LOST), Scope(), "Nothing was seen before the connection was lost."),
    "login": (
        b.snapshot(connection=Connection(Link.LOGIN, "prod-eu", login_command="gcloud auth login")),
        Scope(),
        "Login required for prod-eu. Run `gcloud auth login`, and it goes on by itself; or Ctrl-R runs it here.",
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_is_said_in_its_own_words(case: str) -> None:
    snapshot, scope, words = NOTHING[case]
    assert plain(nothing_words(model_of(snapshot, scope=scope), snapshot, b.NOW)) == words


def test_no_two_kinds_of_nothing_read_the_same() -> None:
    assert len({words for _, _, words in NOTHING.values()}) == len(NOTHING)


def test_a_panel_with_rows_says_nothing_about_nothing() -> None:
    assert nothing_words(model_of(b.fleet()), b.fleet(), b.NOW) == ()


# --- header and footer ---------------------------------------------------------------------------------------


def test_the_wide_header_says_where_and_how() -> None:
    assert plain(header_line(b.fleet(), "", b.NOW, 120)) == (
        " fluxtui  prod-eu  all namespaces   observing Flux 2.9.5 · 6 controllers ✓"
        "                 live · 0.2 s   ↻ 1 operation "
    )


@pytest.mark.parametrize("cells", [40, 60, 80, 100, 120, 200])
def test_the_header_fits_and_always_tells_the_link(cells: int) -> None:
    for connection in (b.fleet().connection, LOST, Connection(Link.LOGIN, "a-very-long-context-name" * 4)):
        line = header_line(b.fleet(connection=connection), "some-namespace", b.NOW, cells)
        assert line_width(line) <= cells
        assert any(word in plain(line) for word in ("live", "lost", "login"))


def test_a_controller_that_is_down_is_named() -> None:
    controllers = (replace(b.fleet().controllers[0], name="source-controller", ready=False), *b.fleet().controllers[1:])
    assert "✗ source-controller" in plain(header_line(b.fleet(controllers=controllers), "", b.NOW, 160))


def test_driving_names_who_drives() -> None:
    driven = b.fleet(stance=Stance.DRIVE, flux_version="")
    assert "driving · this engine · 6 controllers ✓" in plain(header_line(driven, "", b.NOW, 120))
    assert "this engine ✓" in plain(header_line(driven, "", b.NOW, 60))


def test_read_only_is_in_the_header() -> None:
    assert "read-only" in plain(header_line(b.fleet(read_only=True), "", b.NOW, 120))


@pytest.mark.parametrize(
    ("keys", "name"),
    [("R", "R"), ("ctrl+d", "Ctrl-D"), ("escape,q", "Esc"), ("slash", "/"), ("z,ctrl+z", "z"), ("f5", "f5")],
)
def test_keys_are_written_as_people_do(keys: str, name: str) -> None:
    assert key_name(keys) == name


def test_the_last_hint_always_has_its_place() -> None:
    hints = [Hint("R", "reconcile"), Hint("T", "suspend", enabled=False), Hint("?", "help")]
    assert plain(footer_line(hints, 80)) == " R reconcile  T suspend  ? help "
    assert plain(footer_line(hints, 24)).strip() == "R reconcile  ? help"
