"""Widths: names before everything, two rows never alike, every line exactly as wide as asked."""

from __future__ import annotations

import pytest

from engine.api import State
from fluxtui.view.columns import allocate, distinct, line_of
from fluxtui.view.kinds import PanelId
from fluxtui.view.panel import PanelModel, Scope
from fluxtui.view.text import Role, line_width, plain, width
from tests.tui import builders as b


def drawn(snapshot: b.Snapshot, cells: int, panel: PanelId = PanelId.KUSTOMIZATIONS, **options: bool) -> list[str]:
    model = PanelModel(panel)
    model.follow(snapshot, None)
    model.narrow(Scope(unfolded=frozenset(snapshot.blocked.values())))
    columns = allocate(model.row_list(), cells)
    lines = [line_of(entry, columns, b.NOW, **options) for entry in model.entries]
    assert all(line_width(line) <= cells for line in lines)
    return [plain(line) for line in lines]


HOSTILE = [
    "[red]markup[/red]",
    "数据库集群数据库集群",
    "e\u0301e\u0301e\u0301",
    "a" * 253,
    "b" * 252 + "c",
    "\u202eright-to-left",
    "🙂🙂🙂🙂",
]


@pytest.mark.parametrize("cells", [20, 30, 58, 78, 120, 200])
def test_every_state_fits_at_every_width(cells: int) -> None:
    for panel in (PanelId.SOURCES, PanelId.KUSTOMIZATIONS, PanelId.RELEASES):
        lines = drawn(b.fleet(), cells, panel)
        assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("cells", [16, 24, 40, 80, 120])
def test_hostile_names_neither_overflow_nor_look_alike(cells: int) -> None:
    lines = drawn(b.snapshot(*(b.resource("Kustomization", name, message=name * 3) for name in HOSTILE)), cells)
    assert len(set(lines)) == len(HOSTILE)


def test_names_are_whole_before_messages_are() -> None:
    long_name = "a-very-long-name-for-a-kustomization-indeed"
    snapshot = b.snapshot(
        b.resource("Kustomization", long_name, State.FAILING, b.NO_FILE), b.resource("Kustomization", "b")
    )
    for line in drawn(snapshot, 58):
        if "very" in line:
            assert long_name in line
            break
    else:
        pytest.fail("the long name is not shown")


def test_a_long_name_takes_its_own_message_and_leaves_the_others_theirs() -> None:
    snapshot = b.snapshot(
        b.resource("Kustomization", "x" * 50), b.resource("Kustomization", "short", State.FAILING, "boom")
    )
    short, long_line = drawn(snapshot, 60)
    assert "boom" in short
    assert "x" * 50 in long_line
    assert "Applied" not in long_line


def test_the_namespace_is_shown_only_where_it_differs() -> None:
    one = b.snapshot(b.resource("Kustomization", "web"), b.resource("Kustomization", "api"))
    two = b.snapshot(b.resource("Kustomization", "web"), b.resource("Kustomization", "api", namespace="other"))
    assert all("apps/" not in line for line in drawn(one, 60))
    assert any("apps/web" in line for line in drawn(two, 60))


def test_the_kind_is_shown_only_where_it_differs() -> None:
    mixed = b.snapshot(b.resource("GitRepository", "a"), b.resource("Bucket", "b"))
    same = b.snapshot(b.resource("GitRepository", "a"), b.resource("GitRepository", "b"))
    assert any(" Git " in line for line in drawn(mixed, 60, PanelId.SOURCES))
    assert all(" Git " not in line for line in drawn(same, 60, PanelId.SOURCES))


def test_letters_stand_for_glyphs() -> None:
    first = [line.strip()[0] for line in drawn(b.fleet(), 80, letters=True)]
    assert first == ["F", "b", "b", "b", "b", "b", "F", "d", "s", "p", "r", "r", "r", "r", "r"]


def test_a_mark_stands_in_the_first_cell() -> None:
    assert all(line.startswith("*") for line in drawn(b.snapshot(b.resource("Kustomization", "a")), 40, marked=True))


def test_failing_rows_are_in_the_fail_role() -> None:
    model = PanelModel(PanelId.KUSTOMIZATIONS)
    model.follow(b.fleet(), None)
    line = line_of(model.entries[0], allocate(model.row_list(), 80), b.NOW)
    assert {span.role for span in line if "health" in span.text or "✗" in span.text} == {Role.FAIL}


@pytest.mark.parametrize("cells", [6, 9, 14])
def test_cut_names_stay_distinct(cells: int) -> None:
    names = [f"checkout-service-{n}-production-eu-west" for n in range(30)] + ["same-start-a", "same-start-b"]
    cuts = distinct(names, cells)
    assert len(set(cuts.values())) == len(names)
    assert all(width(cut) <= cells for cut in cuts.values())
