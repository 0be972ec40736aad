"""Settings, themes and the bridge between the threads."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine.api import Answer, Manifest, Outcome, Reconcile
from fluxtui.bridge import Bridge
from fluxtui.messages import Delivered, SnapshotReady
from fluxtui.settings import DEFAULTS, check_keys, load, parse, wants_mouse
from fluxtui.theme import ThemeError, palette, read, shipped
from fluxtui.view.text import Role
from tests.tui import builders as b
from tests.tui.fake_engine import FakeEngine

CNI = b.ref("Kustomization", "cni", "infra")

# --- settings -----------------------------------------------------------------------------------------------


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "config.toml") == (DEFAULTS, ())


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('theme = "light"\nfavourites = ["apps"]\nconfirm = false\n[keys]\nreconcile = "f5"\n')
    settings, problems = load(path)
    assert (settings.theme, settings.favourites, settings.confirm, settings.keys) == (
        "light", ("apps",), False, {"reconcile": "f5"},
    )  # fmt: skip
    assert problems == ()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"tehme": "light"}, "config.toml: no setting tehme; did you mean theme?"),
        ({"theme": 3}, "config.toml: theme should be a text, not 3"),
        ({"confirm": "no"}, "config.toml: confirm should be true or false, not 'no'"),
        ({"favourites": "apps"}, "config.toml: favourites should be a list of texts, not 'apps'"),
        ({"keys": ["R"]}, "config.toml: keys should be a table of texts, not ['R']"),
    ],
)
def test_a_wrong_key_is_named_with_the_nearest_and_the_rest_counts(data: dict[str, object], problem: str) -> None:
    settings, problems = parse(data | {"pane": "yaml"}, "config.toml")
    assert problems == (problem,)
    assert settings.pane == "yaml"


def test_a_file_that_is_no_toml_never_stops_the_console(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("theme = ")
    settings, (problem,) = load(path)
    assert settings == DEFAULTS
    assert str(path) in problem
    assert "using the defaults" in problem


def test_remapping_an_unknown_command_is_told() -> None:
    settings, _ = parse({"keys": {"zzz": "x"}}, "f")
    assert check_keys(settings, ("reconcile",)) == ("keys.zzz: no such command",)


@pytest.mark.parametrize(
    ("mouse", "environ", "wanted"),
    [
        ("auto", {}, True),
        ("auto", {"SSH_CONNECTION": "a"}, False),
        ("on", {"SSH_CONNECTION": "a"}, True),
        ("off", {}, False),
    ],
)
def test_the_mouse_is_off_over_ssh_unless_asked_for(mouse: str, environ: dict[str, str], wanted: bool) -> None:
    assert wants_mouse(replace(DEFAULTS, mouse=mouse), environ) is wanted


# --- themes ---------------------------------------------------------------------------------------------------


def test_the_shipped_themes_have_every_role() -> None:
    assert {"dark", "light", "contrast", "ansi", "mono"} <= set(shipped())
    for name in shipped():
        look = palette(name)
        assert set(look.roles) == set(Role)
        assert look.ansi == (name in ("ansi", "mono"))


def test_native_themes_use_the_terminals_sixteen_colours_only() -> None:
    for colour in [*palette("ansi").roles.values(), palette("ansi").background]:
        assert colour.startswith("ansi_")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("roles = 3", "are tables of colours"),
        ("[roles]\ntext = '#ffffff'\n", "roles.dim"),
        ("not toml", "Expected"),
    ],
)
def test_a_theme_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ThemeError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_colour_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(shipped()["dark"].read_text().replace('"#7ecb8f"', '"greenish"'))
    with pytest.raises(ThemeError, match="ok: 'greenish' is no colour"):
        palette(str(path))


def test_an_unknown_theme_lists_those_there_are() -> None:
    with pytest.raises(ThemeError, match="there are ansi, contrast, dark, light, mono"):
        palette("solarized")


# --- the bridge -----------------------------------------------------------------------------------------------


class Pump:
    """Takes messages as Textual does, from any thread."""

    def __init__(self, *, closed: bool = False) -> None:
        self.messages: list[object] = []
        self.closed = closed

    def post_message(self, message: object) -> bool:
        if self.closed:
            raise RuntimeError("Event loop is closed")
        self.messages.append(message)
        return True


def bridge(pump: Pump, **answers: object) -> tuple[Bridge, FakeEngine]:
    engine = FakeEngine(b.fleet(), {Manifest: "text"})
    return Bridge(engine, pump), engine  # type: ignore[arg-type]


def test_many_snapshots_wake_the_console_once() -> None:
    pump = Pump()
    door, engine = bridge(pump)
    door.start()
    for version in range(2, 50):
        engine.publish(b.fleet(version))
    assert len([m for m in pump.messages if isinstance(m, SnapshotReady)]) == 1
    assert door.snapshot.version == 49
    engine.publish(b.fleet(50))
    assert len(pump.messages) == 2


def test_answers_come_as_messages_and_never_in_the_engines_thread() -> None:
    pump = Pump()
    door, _ = bridge(pump)
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: door.ask(Manifest(CNI), answers.append))
    thread.start()
    thread.join()
    assert answers == []
    (message,) = pump.messages
    assert isinstance(message, Delivered)
    message.to(message.value)
    assert answers[0].value == "text"


def test_a_cancelled_question_hears_nothing_more() -> None:
    pump = Pump()
    door, engine = bridge(pump)
    answers: list[Answer] = []
    question = door.ask(Manifest(CNI), answers.append)
    question.cancel()
    (message,) = pump.messages
    assert isinstance(message, Delivered)
    message.to(message.value)
    assert answers == []
    assert engine.asked[0].cancelled


def test_a_closed_console_is_no_error_in_the_engine() -> None:
    pump = Pump(closed=True)
    door, engine = bridge(pump)
    door.start()
    engine.publish(b.fleet(2))
    assert pump.messages == []


def test_after_the_end_nothing_is_posted() -> None:
    pump = Pump()
    door, engine = bridge(pump)
    door.start()
    door.stop()
    engine.publish(b.fleet(2))
    assert len(pump.messages) == 1
    assert engine.stopped == 1


def test_a_command_is_sent_once_and_its_outcome_comes_back() -> None:
    pump = Pump()
    door, engine = bridge(pump)
    outcomes: list[Outcome] = []
    door.submit(Reconcile(CNI), outcomes.append)
    assert engine.submitted == [Reconcile(CNI)]
    (message,) = pump.messages
    assert isinstance(message, Delivered)
    message.to(message.value)
    assert outcomes == [Outcome(True, "op-1")]
