"""Every recorded scenario of Flux's own controllers ends on this engine as it ended there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.goldens.recording import Recording
from tests.goldens.replay import Allowed, Replay
from tests.goldens.stack import stack
from tests.shared import GOLDENS, need_shared

FOLDER = GOLDENS / "flux-2.9"

#: Left out, each with the feature it waits for.
WAITING: dict[str, str] = {}
ALLOWED: dict[str, Allowed] = {}
NAMES = (
    sorted((p.name for p in FOLDER.glob("*-*") if p.is_dir()), key=lambda n: int(n.partition("-")[0]))
    if FOLDER.is_dir()
    else []
)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WAITING])
async def test_it_ends_as_recorded(name: str, tmp_path: Path) -> None:
    recording = Recording(need_shared(FOLDER) / name)
    allowed = ALLOWED.get(name, Allowed())
    async with stack(tmp_path, {}) as flux:
        differences = await Replay(recording, flux, allowed).play()
    assert not differences, "\n".join(differences)
