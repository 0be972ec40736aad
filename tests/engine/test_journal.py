"""The journal is written before the act, survives broken lines, and keeps no secret."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.commands import Reconcile, Suspend
from engine.journal import ROTATE, Journal
from engine.model import Ref

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
APPS = Ref("prod", "kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "apps")


def test_operations_come_back_with_command_receipt_and_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin("1", Reconcile(APPS, with_source=True), {"token": "t"}, NOW)
    journal.mark("1", "sent", NOW)
    journal.begin("2", Suspend(APPS, reason="freeze"), {}, NOW)
    journal.mark("2", "done", NOW, "suspended")
    first, second = journal.read("prod", NOW)
    assert first.command == Reconcile(APPS, with_source=True)
    assert (first.receipt, first.sent, first.ended) == ({"token": "t"}, True, "")
    assert (second.command, second.ended, second.message) == (Suspend(APPS, reason="freeze"), "done", "suspended")


def test_other_clusters_and_old_operations_are_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin("old", Suspend(APPS), {}, NOW - timedelta(days=2))
    journal.begin("elsewhere", Suspend(Ref("dev", "g", "k", "n", "x")), {}, NOW)
    assert journal.read("prod", NOW) == []


def test_half_a_line_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin("1", Suspend(APPS), {}, NOW)
    with journal.path.open("ab") as file:
        file.write(b'{"id": "2", "event": "beg\n[1,2]\n{"event":"begin","command":"Nothing"}\n{"event":"begin"}\n')
    assert [entry.id for entry in journal.read("prod", NOW)] == ["1"]


def test_only_the_person_can_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    journal.begin("1", Suspend(APPS), {}, NOW)
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_a_large_journal_is_moved_aside_and_still_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin("1", Suspend(APPS), {"padding": "x" * ROTATE}, NOW)
    journal.begin("2", Suspend(APPS), {}, NOW)
    assert journal.path.stat().st_size < ROTATE
    assert [entry.id for entry in journal.read("prod", NOW)] == ["1", "2"]
