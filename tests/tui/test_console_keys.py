"""Every key: what it shows, what it asks the engine, and what it submits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.api import (
    Answer,
    Delete,
    Describe,
    Effect,
    EffectLine,
    EffectOf,
    Inventory,
    Logs,
    Manifest,
    Operation,
    Outcome,
    Progress,
    Query,
    Reconcile,
    Resume,
    RevisionChoice,
    Revisions,
    Rollback,
    Snapshot,
    State,
    Suspend,
    Trace,
    Undo,
    UsedBy,
)
from engine.errors import Unavailable
from fluxtui.commands import COMMANDS
from fluxtui.settings import DEFAULTS
from fluxtui.view.kinds import PanelId
from tests.tui import builders as b
from tests.tui.conftest import Console, Start
from tests.tui.fake_engine import FakeAsking

CNI = b.ref("Kustomization", "cni", "infra")
CHECKOUT = b.ref("Kustomization", "checkout")
LEGACY = b.ref("Kustomization", "legacy")
EFFECT = Effect((EffectLine("change", "Deployment checkout/web", "spec.replicas 5 → 3"),), changed=1, complete=True)


async def to_checkout(c: Console) -> None:
    await c.press("j", "j", "j")
    assert c.main.selected == CHECKOUT


# --- acts -------------------------------------------------------------------------------------------------


async def test_reconcile_shows_its_effect_and_enter_acts(console: Start) -> None:
    async with console(answers={Reconcile: EFFECT}) as c:
        await to_checkout(c)
        await c.press("R")
        await c.until_text("1 changed")
        assert "Reconcile apps/checkout" in c.text()
        assert c.engine.submitted == []
        await c.press("enter")
        await c.sent(Reconcile(CHECKOUT))
        await c.until_text("requested; O shows it")


async def test_escape_sends_nothing_and_stops_computing(console: Start) -> None:
    async with console() as c:
        await c.press("R", "escape")
        assert c.engine.submitted == []
        effects = [asking for asking in c.engine.asked if isinstance(asking.query, EffectOf)]
        assert effects
        assert all(asking.cancelled for asking in effects)


async def test_enter_acts_before_the_effect_is_known(console: Start) -> None:
    async with console() as c:
        await c.press("R", "enter")
        await c.sent(Reconcile(CNI))


async def test_the_flags_of_a_reconcile_are_keys_of_its_dialog(console: Start) -> None:
    async with console() as c:
        await c.press("R", "w", "f", "r")
        assert "Reconcile with source, force, reset" in c.text()
        await c.press("w", "enter")
        await c.sent(Reconcile(CNI, force=True, reset=True))


async def test_where_nothing_will_be_sent_enter_leaves_too(console: Start) -> None:
    refusal = Effect(
        warnings=("apps/checkout is suspended",), basis="nothing will be sent", complete=True, refused=True
    )
    async with console(answers={Reconcile: refusal}) as c:
        await c.press("R")
        await c.until_text("is suspended")
        assert "Enter reconcile" not in c.text()
        await c.press("enter")
        assert c.engine.submitted == []


async def test_with_source_has_its_own_key(console: Start) -> None:
    async with console() as c:
        await c.press("W", "enter")
        await c.sent(Reconcile(CNI, with_source=True))


async def test_a_source_has_no_source(console: Start) -> None:
    async with console() as c:
        await c.press("shift+tab", "W")
        assert "this is a source itself" in c.text()
        assert c.engine.asked == [] or all(not isinstance(asking.query, EffectOf) for asking in c.engine.asked)


async def test_suspending_takes_a_reason_that_may_be_left_out(console: Start) -> None:
    async with console() as c:
        await c.press("T")
        await c.type("freeze for failover")
        assert "freeze for failover▏" in c.text()
        await c.press("backspace", "enter")
        await c.press("T", "enter")
        await c.sent(Suspend(CNI, "freeze for failove"), Suspend(CNI))


async def test_the_same_key_resumes_what_is_suspended(console: Start) -> None:
    async with console() as c:
        await c.press(*("j",) * 4)
        assert c.main.selected == LEGACY
        assert "T resume" in c.text()
        await c.press("T", "enter")
        await c.sent(Resume(LEGACY))


async def test_deleting_needs_the_name_typed(console: Start) -> None:
    async with console(answers={Delete: EFFECT}) as c:
        await c.press("ctrl+d")
        assert "type cni to go on" in c.text()
        await c.press("enter")
        assert c.engine.submitted == []
        assert "Nothing was sent: type cni first." in c.text()
        await c.type("cni")
        await c.press("enter")
        await c.sent(Delete(CNI))


async def test_a_word_that_the_effect_asks_for_has_to_be_typed(console: Start) -> None:
    async with console(answers={Reconcile: replace(EFFECT, confirm="flux-system")}) as c:
        await c.press("R")
        await c.until_text("type flux-system to go on")
        await c.press("enter")
        assert c.engine.submitted == []
        await c.type("flux-system")
        await c.press("enter")
        await c.sent(Reconcile(CNI))


SUSPENDED = Operation(
    "op-7", "suspend", CHECKOUT, b.ago(minutes=2), Progress.DONE, ended=b.ago(minutes=2), undoable=True
)
CHOICES = (
    RevisionChoice(b.REV, "now", "ana", b.ago(minutes=5), current=True),
    RevisionChoice("main@sha1:bbbbbbb1", "good one", "jo", b.ago(days=1), applied="12 times"),
    RevisionChoice("main@sha1:ccccccc1", "shallow", "jo", b.ago(days=2), why_not="not in this clone"),
)


async def test_rolling_back_chooses_a_revision_then_shows_the_effect(console: Start) -> None:
    async with console(answers={Revisions: CHOICES, Rollback: replace(EFFECT, warnings=("11 others follow",))}) as c:
        await to_checkout(c)
        await c.press("B")
        await c.until_text("good one")
        await c.until_text("1 changed")
        await c.press("enter")
        await c.until_text("! 11 others follow")
        assert "to main@bbbbbbb" in c.text()
        await c.press("enter")
        await c.sent(Rollback(CHECKOUT, "main@sha1:bbbbbbb1"))


async def test_a_revision_that_cannot_be_chosen_says_why(console: Start) -> None:
    async with console(answers={Revisions: CHOICES}) as c:
        await c.press("B")
        await c.until_text("good one")
        await c.press("j", "enter")
        assert "not in this clone" in c.text()
        await c.press("escape")
        assert c.engine.submitted == []


async def enter_on_a_rollback(c: Console) -> FakeAsking:
    """Press Enter before the effect is known; returns the question for it."""
    await c.press("B")
    await c.until_text("good one")
    await c.press("enter")
    await c.until_text("Roll back infra/cni")
    await c.press("enter")
    assert c.engine.submitted == []
    assert "Enter is noted" in c.text()
    return next(asking for asking in reversed(c.engine.asked) if isinstance(asking.query, EffectOf))


async def test_enter_before_a_rollbacks_effect_acts_once_no_word_is_needed(console: Start) -> None:
    async with console(answers={Revisions: CHOICES}) as c:
        asking = await enter_on_a_rollback(c)
        asking.answer(Answer(asking.query, replace(EFFECT, complete=False), partial=True))
        await c.sent(Rollback(CNI, "main@sha1:bbbbbbb1"))


async def test_enter_before_a_rollbacks_effect_asks_for_the_word_that_it_needs(console: Start) -> None:
    async with console(answers={Revisions: CHOICES}) as c:
        asking = await enter_on_a_rollback(c)
        asking.answer(Answer(asking.query, replace(EFFECT, confirm="flux-system")))
        await c.until_text("type flux-system first")
        assert c.engine.submitted == []
        await c.type("flux-system")
        await c.press("enter")
        await c.sent(Rollback(CNI, "main@sha1:bbbbbbb1"))


async def test_a_suspension_that_its_parent_takes_back_offers_the_parent(console: Start) -> None:
    parent = b.ref("Kustomization", "api")
    fleet = b.with_changed(b.fleet(), replace(b.fleet().resources[CNI], parent=parent))
    reverts = Effect(warnings=("Kustomization apps/api sets suspend: false: it is resumed within 10 m",), complete=True)
    async with console(fleet, answers={Suspend: reverts}) as c:
        await c.press("T")
        await c.until_text("Ctrl-P suspend api instead")
        await c.type("freeze")
        await c.press("ctrl+p")
        await c.until_text("Suspend apps/api")
        await c.press("enter")
        await c.sent(Suspend(parent, "freeze"))


# --- what became of an act ----------------------------------------------------------------------------------

RUNNING = Operation("op-9", "reconcile", CHECKOUT, b.ago(seconds=2), Progress.REQUESTED)
WHY = "gitrepositories.source.toolkit.fluxcd.io " + "reports " * 12 + "not found"


async def test_the_cursor_stays_on_what_was_acted_on(console: Start) -> None:
    async with console(answers={Suspend: EFFECT}) as c:
        assert c.main.selected == CNI
        await c.press("T")
        await c.until_text("Suspend infra/cni")
        suspended = replace(c.engine.snapshot.resources[CNI], state=State.SUSPENDED, suspended=True)
        await c.publish(b.with_changed(c.engine.snapshot, suspended, blocked={}))
        await c.press("escape")
        assert c.main.selected == CNI
        assert c.main.tables[PanelId.KUSTOMIZATIONS].cursor == 0


async def test_the_end_of_an_act_is_said_without_being_asked_for(console: Start) -> None:
    async with console(b.fleet(operations=(RUNNING,))) as c:
        done = replace(RUNNING, progress=Progress.DONE, ended=b.ago(seconds=1))
        await c.publish(b.fleet(2, operations=(done,)))
        assert "reconcile Kustomization apps/checkout: done in 1.0 s" in c.lines()[-1]


async def test_a_failed_act_is_said_and_told_in_full_on_the_board(console: Start) -> None:
    async with console(b.fleet(operations=(RUNNING,))) as c:
        failed = replace(RUNNING, progress=Progress.FAILED, ended=b.ago(seconds=1), message=WHY)
        other = replace(RUNNING, id="op-8", progress=Progress.DONE, ended=b.ago(seconds=1))
        await c.publish(b.fleet(2, operations=(failed, other)))
        assert "1 done, 1 not: reconcile Kustomization apps/checkout: failed after 1.0 s" in c.lines()[-1]
        await c.press("O")
        await c.until_text("reports not found")


async def test_an_end_that_came_before_the_answer_is_not_talked_over(console: Start) -> None:
    async with console(b.fleet(operations=(RUNNING,))) as c:
        await c.publish(b.fleet(2, operations=(replace(RUNNING, progress=Progress.DONE, ended=b.NOW),)))
        c.main.desk._answered(Reconcile(CHECKOUT), Outcome(True, RUNNING.id))
        await c.pilot.pause()
        assert "done in" in c.lines()[-1]


async def test_what_an_earlier_session_ended_is_no_news(console: Start) -> None:
    done = replace(RUNNING, progress=Progress.DONE, ended=b.ago(seconds=1))
    async with console(b.fleet(operations=(done,))) as c:
        assert "done in" not in c.lines()[-1]


async def test_helm_releases_say_when_they_can_be_rolled_back(console: Start) -> None:
    async with console() as c:
        await c.press("tab", "B")
        assert "comes with the Helm controller" in c.text()


async def test_undo_takes_back_the_newest_operation_that_can_be(console: Start) -> None:
    async with console(b.fleet(operations=(SUSPENDED,))) as c:
        await c.press("U")
        assert "takes back: suspend" in c.text()
        await c.press("enter")
        await c.sent(Undo(CHECKOUT, "op-7"))


async def test_undo_without_anything_to_undo_says_so(console: Start) -> None:
    async with console() as c:
        await c.press("U")
        assert "no operation of yours can be taken back" in c.text()


async def test_acts_apply_to_the_marks(console: Start) -> None:
    async with console() as c:
        await c.press("G", "k", "space", "space")
        await c.press("R")
        assert "Reconcile 2 objects" in c.text()
        await c.press("enter")
        await c.sent(
            Reconcile(b.ref("Kustomization", "catalog")),
            Reconcile(b.ref("Kustomization", "mail")),
        )
        assert not c.main.tables["kustomizations"].marks


async def test_a_refused_command_says_why(console: Start) -> None:
    async with console() as c:
        c.engine.outcome = Outcome(False, message="the Lease is held by somebody else")
        await c.press("R", "enter")
        await c.until_text("the Lease is held by somebody else")


async def test_an_unknown_effect_does_not_stand_in_the_way(console: Start) -> None:
    async with console(answers={Reconcile: Unavailable("connection refused")}) as c:
        await c.press("R")
        await c.until_text("connection refused")
        await c.press("enter")
        await c.sent(Reconcile(CNI))


@pytest.mark.parametrize("key", ["R", "W", "T", "B", "U", "ctrl+d"])
async def test_read_only_refuses_every_act(console: Start, key: str) -> None:
    undoable = Operation("op", "suspend", CNI, b.NOW, Progress.DONE, undoable=True)
    async with console(b.fleet(read_only=True, operations=(undoable,))) as c:
        await c.press(key)
        assert "read-only (--read-only)" in c.text()
        assert c.engine.submitted == []
        assert len(c.app.screen_stack) == 2


async def test_a_missing_right_is_named(console: Start) -> None:
    denied = frozenset({("patch", "kustomizations.kustomize.toolkit.fluxcd.io")})
    async with console(b.fleet(denied=denied)) as c:
        await c.press("R")
        assert "you may not patch kustomizations.kustomize.toolkit.fluxcd.io (missing verb: patch)" in c.text()


@pytest.mark.parametrize(("key", "words"), [("s", "T suspends and resumes"), ("r", "R reconciles")])
async def test_s_and_r_only_say_what_does_it(console: Start, key: str, words: str) -> None:
    async with console() as c:
        asked = len(c.engine.asked)
        await c.press(key)
        assert words in c.text()
        assert c.engine.submitted == []
        assert len([a for a in c.engine.asked[asked:] if isinstance(a.query, EffectOf)]) == 0


async def test_settings_may_leave_the_dialog_out_but_never_for_deletions(console: Start) -> None:
    async with console(settings=replace(DEFAULTS, confirm=False)) as c:
        await c.press("R")
        await c.sent(Reconcile(CNI))
        await c.press("ctrl+d")
        assert "type cni to go on" in c.text()


async def test_production_is_a_danger(console: Start) -> None:
    async with console(settings=replace(DEFAULTS, production=("prod-eu",))) as c:
        await c.press("R")
        assert "! prod-eu is production." in c.text()


# --- reads ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "query", "title"),
    [
        ("d", Describe, "describe"),
        ("y", Manifest, "yaml"),
        ("i", Inventory, "inventory"),
        ("l", Logs, "logs"),
        ("Q", Trace, "trace"),
        ("u", UsedBy, "used by"),
    ],
)
async def test_a_reading_key_sets_the_pane_and_asks(console: Start, key: str, query: type[Query], title: str) -> None:
    async with console() as c:
        await c.press("y" if key != "y" else "d", key)
        assert f"Kustomization · {title}" in c.text()
        await c.until(lambda: any(isinstance(a.query, query) and a.query.ref == CNI for a in c.engine.asked))
        await c.press("j", "j")
        assert f"Kustomization · {title}" in c.text()
        await c.until(lambda: any(type(a.query) is query and a.query.ref == c.main.selected for a in c.engine.asked))


@pytest.mark.parametrize(("key", "title"), [("D", "drift"), ("E", "events"), ("H", "history"), ("v", "values")])
async def test_some_keys_ask_nothing_that_the_snapshot_has(console: Start, key: str, title: str) -> None:
    async with console() as c:
        await c.press(key)
        assert f"· {title}" in c.text()


async def test_a_late_answer_about_something_else_is_dropped(console: Start) -> None:
    async with console() as c:
        await c.press("y")
        await c.until(lambda: any(isinstance(a.query, Manifest) for a in c.engine.asked))
        late = next(a for a in c.engine.asked if isinstance(a.query, Manifest))
        await c.press("j", "j")
        await c.until(lambda: late.cancelled)
        from engine.api import Answer

        late.answer(Answer(late.query, "secret: of-another-object"))
        await c.pilot.pause(0.05)
        assert "of-another-object" not in c.text()


async def test_an_answer_fills_the_pane(console: Start) -> None:
    async with console(answers={Manifest: "apiVersion: v1\nkind: Kustomization\n"}) as c:
        await c.press("y")
        await c.until_text("apiVersion: v1")


async def test_what_is_selected_is_told_to_the_engine(console: Start) -> None:
    async with console() as c:
        await to_checkout(c)
        await c.until(lambda: c.engine.focused == (CHECKOUT,))


# --- moving -----------------------------------------------------------------------------------------------


async def test_tab_goes_round_the_panels_and_the_pane(console: Start) -> None:
    async with console() as c:
        seen = []
        for _ in range(5):
            seen.append(c.main.focused.id)
            await c.press("tab")
        assert seen == ["kustomizations", "releases", "events", "pane", "sources"]
        await c.press("shift+tab")
        assert c.main.focused.id == "sources"


@pytest.mark.parametrize(
    ("keys", "index"),
    [(["G"], 10), (["G", "g"], 0), (["j", "j", "k"], 1), (["down", "down", "up"], 1), (["end"], 10),
     (["end", "home"], 0), (["pagedown"], 10), (["ctrl+f", "pageup"], 0), (["k"], 0)],
)  # fmt: skip
async def test_the_cursor_moves_as_hands_expect(console: Start, keys: list[str], index: int) -> None:
    async with console() as c:
        await c.press(*keys)
        assert c.main.tables["kustomizations"].cursor == index


async def test_a_long_list_scrolls_with_the_cursor(console: Start) -> None:
    async with console(b.large(300)) as c:
        await c.press("G")
        assert "300 of 300" in c.text()
        assert "▌" in c.text()
        await c.press("g")
        assert "1 of 300" in c.text()


async def test_the_footer_of_a_whole_pane_names_the_way_back(console: Start) -> None:
    async with console() as c:
        await c.press("enter")
        assert c.lines()[-1].startswith(" Esc back ")
        await c.press("escape")
        assert "Esc back" not in c.lines()[-1]


async def test_enter_opens_the_pane_whole_and_escape_comes_back(console: Start) -> None:
    async with console() as c:
        await to_checkout(c)
        await c.press("enter")
        assert "Sources" not in c.text()
        assert "kubectl-scale" in c.text()
        await c.press("escape")
        assert "Sources" in c.text()
        assert c.main.focused is c.main.tables["kustomizations"]


async def test_the_pane_scrolls(console: Start) -> None:
    text = "\n".join(f"line-{n}: x" for n in range(200))
    async with console(answers={Manifest: text}) as c:
        await c.press("y")
        await c.until_text("line-0:")
        await c.press("enter", "G")
        assert "line-199" in c.text()
        await c.press("g")
        assert "line-0:" in c.text()
        await c.press("pagedown")
        assert "line-36:" in c.text()


async def test_the_history_of_places(console: Start) -> None:
    async with console() as c:
        await c.until(lambda: c.engine.focused == (CNI,))
        await c.press("G")
        last = c.main.selected
        await c.until(lambda: c.engine.focused == (last,))
        await c.press("left_square_bracket")
        assert c.main.selected == CNI
        await c.press("right_square_bracket")
        assert c.main.selected == last
        await c.press("right_square_bracket")
        assert "No place after this one" in c.text()


# --- narrowing --------------------------------------------------------------------------------------------


async def test_the_filter_works_while_it_is_typed_and_the_title_says_so(console: Start) -> None:
    async with console() as c:
        await c.press("slash")
        await c.type("cart")
        assert "filter: cart · 1 of 14" in c.text()
        assert "apps/search" not in "\n".join(line[:58] for line in c.lines())
        await c.press("enter")
        assert "filter: cart · 1 of 14" in c.text()
        assert c.main.focused is c.main.tables["kustomizations"]
        await c.press("escape")
        assert "filter:" not in c.text()


async def test_escape_while_typing_leaves_the_filter(console: Start) -> None:
    async with console() as c:
        await c.press("slash")
        await c.type("zzz")
        assert "Filter zzz hides all 14." in c.text()
        await c.press("escape")
        assert "apps/search" in c.text()


async def test_events_are_filtered_too(console: Start) -> None:
    async with console() as c:
        await c.press("tab", "tab", "slash")
        await c.type("postgres")
        assert "filter: postgres · 1 of 4" in c.text()


async def test_faults_only(console: Start) -> None:
    async with console() as c:
        await c.press("z")
        assert "faults only" in c.text()
        assert "apps/mail" not in c.text()
        await c.press("ctrl+z")
        assert "apps/mail" in c.text()


async def test_number_keys_narrow_to_a_namespace_and_zero_shows_all(console: Start) -> None:
    async with console(settings=replace(DEFAULTS, favourites=("infra",))) as c:
        await c.press("1")
        assert "Kustomizations in infra 14" in c.text()
        assert "apps/mail" not in c.text()
        await c.press("0")
        assert "apps/mail" in c.text()
        await c.press("9")
        assert "No namespace on 9" in c.text()


@pytest.mark.parametrize(("key", "first"), [("N", "api"), ("A", "cart"), ("P", "api"), ("S", "cni")])
async def test_shift_letters_sort(console: Start, key: str, first: str) -> None:
    async with console(b.fleet(blocked={}, drift={})) as c:
        await c.press("N" if key == "S" else "S", key)
        table = c.main.tables["kustomizations"]
        names = [row.ref.name for row in table.entries]
        assert names[0] == (first if key != "S" else "apps")


async def test_marks_are_shown_and_escape_takes_them_away(console: Start) -> None:
    async with console() as c:
        await c.press("space")
        assert "*✗ infra/cni" in c.text()
        await c.press("asterisk")
        assert len(c.main.tables["kustomizations"].marks) == 14
        await c.press("escape")
        assert not c.main.tables["kustomizations"].marks


# --- the rest ---------------------------------------------------------------------------------------------


async def test_colon_goes_to_objects(console: Start) -> None:
    async with console() as c:
        await c.press("colon")
        await c.type("db/post")
        assert "HelmRelease" in c.text()
        await c.press("enter")
        assert c.main.selected == b.ref("HelmRelease", "postgres", "db")


async def test_colon_goes_to_blocked_objects_by_unfolding(console: Start) -> None:
    async with console() as c:
        await c.press("colon")
        await c.type("infra/monitoring")
        await c.press("enter")
        assert c.main.selected == b.ref("Kustomization", "monitoring", "infra")


async def test_colon_goes_to_kinds_and_namespaces(console: Start) -> None:
    async with console() as c:
        await c.press("colon")
        await c.type("hr")
        await c.press("enter")
        assert c.main.focused.id == "releases"
        await c.press("colon")
        await c.type("ns db")
        await c.press("enter")
        assert c.main.namespace == "db"


async def test_colon_switches_contexts(console: Start) -> None:
    from tests.tui.fake_engine import FakeEngine

    other = FakeEngine(b.snapshot(b.resource("Kustomization", "elsewhere")))
    async with console(contexts=("prod-eu", "staging"), connect=lambda name: other) as c:
        first = c.engine
        await c.press("colon")
        await c.type("ctx stag")
        await c.press("enter")
        await c.until_text("elsewhere")
        await c.until(lambda: first.stopped == 1)
        assert other.started == 1
        assert "apps/search" not in c.text()


async def test_colon_runs_commands_and_quits(console: Start) -> None:
    async with console() as c:
        await c.press("colon")
        await c.type("operations")
        await c.press("enter")
        assert "Operations  1 running" in c.text()
        await c.press("escape", "colon", "q", "enter")
        await c.until(lambda: c.app.return_code == 0 and not c.app.is_running)


async def test_the_operations_board_undoes(console: Start) -> None:
    async with console(b.fleet(operations=(SUSPENDED,))) as c:
        await c.press("O")
        assert "done in 0.0 s" in c.text()
        await c.press("U", "enter")
        await c.sent(Undo(CHECKOUT, "op-7"))


async def test_the_operations_board_is_live(console: Start) -> None:
    async with console() as c:
        await c.press("O")
        running = c.engine.snapshot.operations[0]
        done = replace(running, progress=Progress.DONE, ended=b.NOW)
        await c.publish(replace(c.engine.snapshot, version=2, changed=frozenset(), operations=(done,)))
        await c.until_text("done in 8.0 s")


async def test_help_lists_every_command_with_its_id(console: Start) -> None:
    async with console(size=(120, 75)) as c:
        await c.press("question_mark")
        for command in COMMANDS:
            assert f" {command.id}" in c.text(), command.id
        await c.press("escape")
        assert len(c.app.screen_stack) == 2


async def test_copying_uses_the_terminal(console: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as c:
        copied: list[str] = []
        monkeypatch.setattr(c.app, "copy_to_clipboard", copied.append)
        await c.press("c")
        assert copied == ["infra/cni"]
        assert "Copied infra/cni" in c.text()


async def test_keys_can_be_remapped(console: Start) -> None:
    async with console(settings=replace(DEFAULTS, keys={"reconcile": "f5", "show.yaml": "x"})) as c:
        assert "f5 reconcile" in c.text()
        await c.press("f5", "enter")
        await c.sent(Reconcile(CNI))
        await c.press("x")
        assert "· yaml" in c.text()


async def test_a_remapped_key_of_no_command_is_told(console: Start) -> None:
    async with console(settings=replace(DEFAULTS, keys={"reconsile": "f5"})) as c:
        assert "did you mean reconcile?" in c.text()


async def test_ctrl_c_quits_only_the_second_time(console: Start) -> None:
    async with console() as c:
        await c.press("ctrl+c")
        assert "Ctrl-C again quits." in c.text()
        assert c.app.is_running
        await c.press("ctrl+c")
        await c.until(lambda: not c.app.is_running)


async def test_every_act_is_refused_while_nothing_is_selected(console: Start) -> None:
    async with console(Snapshot()) as c:
        for command in COMMANDS:
            if command.acts:
                assert command.refusal(c.main.selection(), c.main.snapshot)


def test_only_the_keys_of_the_specification_act() -> None:
    assert {command.keys for command in COMMANDS if command.acts} == {"R", "W", "T", "B", "U", "ctrl+d", "e"}


def test_no_key_means_two_things() -> None:
    keys = [key for command in COMMANDS for key in command.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert not {"ctrl+a", "ctrl+b", "ctrl+i", "ctrl+m", "ctrl+h"} & set(keys)
