"""What is on the screen, at three sizes, while snapshots come and the cursor moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.api import Connection, DriftReport, KindState, KindStatus, Link, Problem, Ref, Snapshot, State
from fluxtui.view.kinds import PanelId
from tests.tui import builders as b
from tests.tui.conftest import NARROW, WIDE, Start

CHECKOUT = b.ref("Kustomization", "checkout")


async def test_everything_is_visible_at_once_on_a_wide_screen(console: Start) -> None:
    async with console() as c:
        text = c.text()
        for words in (
            "fluxtui  prod-eu  all namespaces", "Flux 2.9.5 · 6 controllers ✓", "live · 0.2 s", "↻ 1 operation",
            "Sources in flux-system 4 · 1 failing", "Kustomizations 14 · 2 failing · 1 suspended · ≠ 1",
            "Helm releases 2 · 1 failing", "Events", "↳ blocks 4  apps, ingress, monitoring, tenants",
            "infra/cni  Kustomization", "R reconcile", "? help",
        ):  # fmt: skip
            assert words in text, words


async def test_a_narrow_screen_opens_the_focused_panel_and_keeps_the_others_titles(console: Start) -> None:
    async with console(size=NARROW) as c:
        lines = c.lines()
        assert sum(line.startswith("─ ") for line in lines) == 5
        assert any("Sources in flux-system 4 · 1 failing" in line for line in lines)
        assert any("✗ apps/search" in line for line in lines)
        assert not any("fleet      main" in line for line in lines)
        await c.press("shift+tab")
        assert "main@4f2a91c" in c.text()
        assert "apps/search" not in c.text()


async def test_sixty_by_sixteen_works_without_the_pane_until_enter(console: Start) -> None:
    async with console(size=(60, 16)) as c:
        assert "apps/checkout" in c.text()
        assert not c.main.pane.display
        await c.press("enter")
        assert c.main.pane.display
        assert "failing for 6 min" in c.text()
        await c.press("escape")
        assert not c.main.pane.display


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (109, 30), (110, 30), (120, 40), (200, 60)])
async def test_every_line_is_exactly_as_wide_as_the_screen(console: Start, size: tuple[int, int]) -> None:
    from fluxtui.view.text import width

    async with console(size=size) as c:
        assert len(c.lines()) == size[1]
        assert {width(line) for line in c.lines()} == {size[0]}


async def test_resizing_moves_the_pane(console: Start) -> None:
    async with console(size=WIDE) as c:
        await c.pilot.resize_terminal(*NARROW)
        await c.pilot.pause()
        assert sum(line.startswith("─ ") for line in c.lines()) == 5
        await c.pilot.resize_terminal(*WIDE)
        await c.pilot.pause()
        assert "╮╭" in c.lines()[1]


async def test_the_pane_follows_the_cursor_in_the_same_frame(console: Start) -> None:
    async with console() as c:
        await c.press("j", "j", "j")
        assert "apps/checkout  Kustomization · drift 2 of 16" in c.text()
        assert "kubectl-scale" in c.text()


async def test_the_engine_starts_after_the_first_frame_and_stops_at_the_end(console: Start) -> None:
    async with console() as c:
        assert c.engine.started == 1
        engine = c.engine
    assert engine.stopped == 1


# --- live ----------------------------------------------------------------------------------------------------


async def test_a_change_is_on_screen_after_its_snapshot(console: Start) -> None:
    async with console() as c:
        await c.publish(
            b.with_changed(c.engine.snapshot, b.resource("Kustomization", "api", State.FAILING, b.NO_FILE, since=b.NOW))
        )
        await c.until_text("Kustomizations 14 · 3 failing")
        assert "✗ apps/api" in c.text()


async def test_a_row_keeps_its_place_while_the_cursor_is_on_it(console: Start) -> None:
    async with console() as c:
        table = c.main.tables["kustomizations"]
        await c.press(*("j",) * 6)
        assert table.selected == b.ref("Kustomization", "api")
        failing = b.resource("Kustomization", "api", State.FAILING, "boom", since=b.NOW)
        await c.publish(b.with_changed(c.engine.snapshot, failing))
        await c.until(lambda: table.model.rows[failing.ref].state is State.FAILING)
        assert (table.cursor, table.selected) == (6, failing.ref)
        await c.press("j")
        assert table.selected == b.ref("Kustomization", "auth")
        assert table.ref_at(0) == failing.ref


async def test_the_first_line_stays_selected_until_somebody_moves(console: Start) -> None:
    async with console() as c:
        newest = b.resource("Kustomization", "api", State.FAILING, "boom", since=b.NOW)
        await c.publish(b.with_changed(c.engine.snapshot, newest))
        await c.until(lambda: c.main.selected == newest.ref)
        assert c.main.tables["kustomizations"].cursor == 0


async def test_a_deleted_object_leaves_screen_and_cursor_sound(console: Start) -> None:
    async with console() as c:
        await c.press("G")
        last = c.main.selected
        assert last is not None
        await c.publish(b.with_changed(c.engine.snapshot, gone=(last,)))
        await c.until(lambda: c.main.selected != last)
        assert c.main.selected is not None


async def test_skipped_versions_lose_no_change(console: Start) -> None:
    async with console() as c:
        first = b.with_changed(c.engine.snapshot, b.resource("Kustomization", "api", State.FAILING, "boom"))
        second = b.with_changed(first, b.resource("Kustomization", "mail", State.FAILING, "bang"))
        c.engine._snapshot = first
        await c.publish(second)
        await c.until_text("4 failing")


async def test_ages_go_on_without_the_engine(console: Start) -> None:
    moment = [b.NOW]
    async with console(now=lambda: moment[0]) as c:
        assert " now ││" in c.text()
        moment[0] = b.NOW + timedelta(seconds=4)
        await c.until_text(" 10s ││")


async def test_rows_that_a_storm_shuffles_change_places_once_in_a_while(console: Start) -> None:
    async with console() as c:
        names = ["api", "auth", "billing", "catalog"]
        table = c.main.tables[PanelId.KUSTOMIZATIONS]
        for number in range(8):
            failing = b.resource("Kustomization", names[number % len(names)], State.FAILING, f"boom {number}",
                                 since=b.NOW + timedelta(seconds=number))  # fmt: skip
            await c.publish(b.with_changed(c.engine.snapshot, failing))
        assert table.model.held
        assert "boom 7" in c.text(), "held rows tell what is new"
        await c.until(lambda: not table.model.held)


async def test_ages_follow_the_servers_clock(console: Start) -> None:
    async with console(b.fleet(clock_offset=60.0)) as c:
        assert "68s" not in c.text()
        assert c.app.now() == b.NOW + timedelta(seconds=60)
        assert " 1m" in c.text()


async def test_a_fold_opens_to_the_right_and_closes_to_the_left(console: Start) -> None:
    async with console() as c:
        await c.press("right")
        assert "↳ infra/monitoring" in c.text()
        await c.press("left")
        assert "↳ infra/monitoring" not in c.text()


# --- trouble ---------------------------------------------------------------------------------------------------


async def test_a_lost_connection_says_what_is_shown_and_when_it_tries_again(console: Start) -> None:
    lost = Connection(Link.LOST, "prod-eu", since=b.ago(seconds=14), next_try=b.NOW + timedelta(seconds=3))
    async with console() as c:
        await c.publish(replace(c.engine.snapshot, version=2, changed=frozenset(), connection=lost))
        await c.until_text("Connection lost 14 s ago; showing what was last seen; next try in 3 s.")
        assert "apps/checkout" in c.text()
        assert "last seen 14 s ago" in c.text()


async def test_a_login_names_its_command(console: Start) -> None:
    login = Connection(Link.LOGIN, "prod-eu", login_command="aws sso login")
    async with console(b.snapshot(connection=login)) as c:
        assert "Run `aws sso login`" in c.text()


async def test_a_crash_is_a_banner_that_offers_a_restart(console: Start) -> None:
    crash = Problem("The engine crashed", "KeyError: 'x'", fatal=True, log_file="/var/log/fluxtui.log")
    async with console(b.fleet(problems=(crash,))) as c:
        assert "The engine crashed: KeyError: 'x'; log: /var/log/fluxtui.log; Ctrl-R restarts it" in c.text()
        await c.press("ctrl+r")
        assert c.engine.restarted == 1


async def test_a_crash_leaves_nothing_on_screen_that_claims_to_be_live(console: Start) -> None:
    crash = Problem("The engine crashed", "KeyError: 'x'", fatal=True)
    async with console(b.snapshot(problems=(crash,))) as c:
        assert "engine stopped" in c.lines()[0]
        assert "live ·" not in c.text()
        assert "in this cluster" not in c.text()
        assert c.text().count("The engine stopped; it saw none. Ctrl-R restarts it.") == 4


async def test_missing_rights_disable_one_panel_and_nothing_else(console: Start) -> None:
    group, plural = b.GROUPS["HelmRelease"]
    forbidden = KindStatus(group, "HelmRelease", plural, KindState.FORBIDDEN, verb="list")
    resources = [item for item in b.fleet_resources() if item.ref.kind != "HelmRelease"]
    async with console(b.snapshot(*resources, kinds=b.kinds(HelmRelease=forbidden))) as c:
        assert "You may not list helmreleases" in c.text()
        assert "apps/checkout" in c.text()


async def test_an_empty_cluster_says_so_in_every_panel(console: Start) -> None:
    async with console(b.snapshot()) as c:
        for words in ("No sources", "No Kustomizations", "No Helm releases", "No events yet", "Nothing is selected"):
            assert words in c.text()


async def test_before_the_first_snapshot_it_says_that_it_connects(console: Start) -> None:
    async with console(Snapshot()) as c:
        assert "connecting…" in c.text()
        assert "No Kustomizations in this cluster" not in c.text()


HOSTILE = "[red]x[/red]\x1b[31m\x07\u202eevil\x00\t🙂数据e\u0301" + "\u0301" * 300


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_hostile_texts_neither_break_the_screen_nor_reach_the_terminal(
    console: Start, size: tuple[int, int]
) -> None:
    from fluxtui.view.text import width

    drift = b.checkout_drift()
    hostile = replace(drift, objects=tuple(replace(item, name=HOSTILE, note=HOSTILE) for item in drift.objects))
    found = b.resource("Kustomization", HOSTILE, State.FAILING, HOSTILE, since=b.NOW, path=HOSTILE, url=HOSTILE)
    snapshot = b.snapshot(
        found,
        *b.fleet_resources(),
        drift={found.ref: DriftReport(found.ref, HOSTILE, b.NOW, hostile.objects, 1, notes=(HOSTILE,))},
        events=(b.event("Kustomization", HOSTILE, HOSTILE),),
        connection=Connection(Link.LIVE, HOSTILE),
    )
    async with console(snapshot, size=size) as c:
        for key in ("D", "d", "y", "i", "E", "H", "l", "v", "Q", "u"):
            await c.press(key)
            shown = c.lines()
            assert {width(line) for line in shown} == {size[0]}
            assert all(line.isprintable() for line in shown)
        assert "[red]x[/red]" in c.text()


async def test_a_theme_that_is_wrong_is_told_and_replaced(console: Start) -> None:
    async with console(theme_name="nope") as c:
        assert "no theme 'nope'" in c.text()
        assert c.app.painter.palette.name == "dark"


@pytest.mark.parametrize("theme", ["dark", "light", "contrast", "ansi", "mono"])
async def test_every_theme_draws(console: Start, theme: str) -> None:
    async with console(theme_name=theme) as c:
        await c.press("slash", "escape", "R", "escape")
        assert "apps/checkout" in c.text()


async def test_no_color_means_letters_and_no_colours(console: Start) -> None:
    async with console(environ={"NO_COLOR": "1"}) as c:
        assert "F infra/cni" in c.text()
        assert c.app.native_ansi_color
        styles = {segment.style.color for strip in c.app.screen._compositor.render_strips() for segment in strip}
        assert {str(color.name) for color in styles if color} == {"default"}


async def test_ascii_terminals_get_nothing_else(console: Start) -> None:
    async with console(ascii_only=True) as c:
        assert c.text().isascii()
        assert "F infra/cni" in c.text()


async def test_a_mistake_of_ours_ends_in_a_sentence_and_the_log(
    console: Start, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with console(log_file="/var/log/f.log") as c:
            c.main.call_later(lambda: 1 / 0)
            await c.pilot.pause(0.2)
    assert "Traceback" not in capsys.readouterr().err
    assert "the console failed" in caplog.text
    assert c.app.return_code == 1


def test_refs_are_what_selections_are_made_of() -> None:
    assert isinstance(CHECKOUT, Ref)
