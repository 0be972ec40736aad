"""Our own log: who may read it, and the form of its lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import logs
from engine.model import Ref


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level


def test_the_log_stays_its_owners_alone_when_it_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_LIMIT", 200)
    file = tmp_path / "state" / "fluxtui.log"
    logs.to_file(file)
    for number in range(20):
        logging.getLogger("engine.test").info("line %d", number)
    files = sorted(file.parent.iterdir())
    assert [one.name for one in files] == ["fluxtui.log", "fluxtui.log.1"]
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_json_lines_tell_the_time_in_utc() -> None:
    record = logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": "hello", "created": 1_000.5, "msecs": 500})
    assert json.loads(logs.JsonFormatter().format(record)) == {
        "ts": "1970-01-01T00:16:40.500Z",
        "level": "info",
        "logger": "a",
        "msg": "hello",
    }


def test_only_lines_about_the_object_are_its_log() -> None:
    from engine.controllerlog import about

    lines = [
        '{"ts": "1", "level": "info", "msg": "done", "controllerKind": "Kustomization", "namespace": "a", "name": "b"}',
        '{"ts": "2", "level": "info", "msg": "other kind", "controllerKind": "Bucket", "namespace": "a", "name": "b"}',
        '{"ts": "3", "level": "error", "msg": "failed", "error": "why", "namespace": "a", "name": "b"}',
        "no json",
    ]
    ref = Ref("c", "kustomize.toolkit.fluxcd.io", "Kustomization", "a", "b")
    assert about(ref, lines) == ["1  info  done", "3  error  failed  why"]
