"""`e` lends the terminal to the person's editor and proposes what it changed; a text is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.api import Edit, Editable, Effect, EffectLine, Outcome
from engine.errors import Unavailable
from fluxtui import editor
from tests.tui import builders as b
from tests.tui.conftest import Start

CNI = b.ref("Kustomization", "cni", "infra")
TEXT = "kind: Kustomization\nspec:\n  interval: 1h\n"
EFFECT = Effect((EffectLine("change", "spec.interval", "1h → 5m"),), changed=1, complete=True)
ANSWERS: dict[type, object] = {Editable: TEXT, Edit: EFFECT}


pytestmark = pytest.mark.usefixtures("lent")


def set_editor(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """An editor that is a shell script; $1 is the file."""
    program = folder / "an editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("KUBE_EDITOR", f"'{program}'")


async def test_what_the_editor_changed_is_proposed_and_sent(
    console: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lent: list[str]
) -> None:
    set_editor(
        monkeypatch, tmp_path, f'cp "$1" {tmp_path}/seen; stat -c %a "$1" > {tmp_path}/mode; sed -i s/1h/5m/ "$1"'
    )
    async with console(answers=ANSWERS) as c:
        await c.press("e")
        await c.until_text("spec.interval")
        assert lent == ["given", "back"]
        assert "Edit infra/cni" in c.text()
        assert c.engine.submitted == []
        await c.press("enter")
        [sent] = c.engine.submitted
        assert isinstance(sent, Edit)
        assert (sent.ref, sent.before) == (CNI, TEXT)
        assert sent.after.endswith(TEXT.replace("1h", "5m"))
    assert "nothing is sent before you say so" in (tmp_path / "seen").read_text()
    assert (tmp_path / "mode").read_text().strip() == "600"


@pytest.mark.parametrize("script", ["true", 'printf "" > "$1"'])
async def test_an_untouched_or_emptied_text_changes_nothing(
    console: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    set_editor(monkeypatch, tmp_path, script)
    async with console(answers=ANSWERS) as c:
        await c.press("e")
        await c.until_text("Nothing was changed.")
        assert c.engine.submitted == []


async def test_a_text_that_was_not_sent_is_gone_on_with(
    console: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_editor(monkeypatch, tmp_path, 'sed -i s/1h/5m/ "$1"')
    async with console(answers=ANSWERS) as c:
        await c.press("e")
        await c.until_text("spec.interval")
        await c.press("escape")
        set_editor(monkeypatch, tmp_path, 'sed -i s/5m/6m/ "$1"')
        c.engine.outcome = Outcome(accepted=False, message="no such luck")
        await c.press("e")
        await c.until_text("spec.interval")
        await c.press("enter")
        set_editor(monkeypatch, tmp_path, 'sed -i s/6m/7m/ "$1"')
        c.engine.outcome = Outcome(accepted=True, operation="op-2")
        await c.press("e")
        await c.until_text("spec.interval")
        await c.press("enter")
        refused, sent = c.engine.submitted
        assert isinstance(refused, Edit)
        assert isinstance(sent, Edit)
        assert "6m" in refused.after
        assert "7m" in sent.after
        set_editor(monkeypatch, tmp_path, f'cp "$1" {tmp_path}/fresh')
        await c.press("e")
        await c.until_text("Nothing was changed.")
    assert "7m" not in (tmp_path / "fresh").read_text()


async def test_an_editor_that_fails_and_an_object_that_cannot_be_read_are_said(
    console: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_editor(monkeypatch, tmp_path, "exit 3")
    async with console(answers={Editable: TEXT}) as c:
        await c.press("e")
        await c.until_text("ended with 3")
        monkeypatch.setenv("KUBE_EDITOR", "this-is-not-installed")
        await c.press("e")
        await c.until_text("this-is-not-installed")
        c.engine.answers = {Editable: Unavailable("the API server does not answer")}
        await c.press("e")
        await c.until_text("does not answer")
        assert c.engine.submitted == []


def test_the_editor_is_the_one_that_kubectl_would_take() -> None:
    assert editor.command({"EDITOR": "nano", "KUBE_EDITOR": "code --wait"}) == ["code", "--wait"]
    assert editor.command({"EDITOR": "nano", "VISUAL": ""}) == ["nano"]
    with pytest.raises(editor.EditorError, match="cannot be read"):
        editor.command({"EDITOR": "'"})
