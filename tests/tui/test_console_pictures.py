"""Golden pictures, at the two sizes that count; each test says what to look at. They stand in `snapshots/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension

from engine.api import Connection, Effect, EffectLine, Link, Manifest, Operation, Progress, Reconcile, Snapshot
from fluxtui.app import FluxtuiApp
from fluxtui.settings import DEFAULTS
from tests.tui import builders as b
from tests.tui.conftest import NARROW, WIDE
from tests.tui.fake_engine import FakeEngine

TOP = Path(__file__).parents[2] / "snapshots"


Picture = Callable[..., None]


def _top_level(_: type, *, test_location: Any) -> str:
    """Pictures belong at the top of the repository, where people look."""
    return str(TOP / Path(test_location.filepath).stem)


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch, snap_compare: Callable[..., bool]) -> Picture:
    """Compare the screen after these keys with its golden picture."""
    monkeypatch.setattr(SVGImageExtension, "dirname", classmethod(_top_level))

    def compare(
        data: Snapshot,
        size: tuple[int, int],
        *keys: str,
        answers: dict[type, object] | None = None,
        **options: Any,
    ) -> None:
        values: dict[str, Any] = {"settings": DEFAULTS, "now": lambda: b.NOW, "zone": b.NOW.tzinfo, "environ": {}}
        app = FluxtuiApp(FakeEngine(data, answers), **(values | options))

        async def before(pilot: Any) -> None:
            for _ in range(100):
                if app.snapshot.version == data.version:
                    break
                await pilot.pause(0.02)
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
            await pilot.pause(0.3)

        assert snap_compare(app, terminal_size=size, run_before=before)

    return compare


TO_CHECKOUT = ("j", "j", "j")
EFFECT = Effect(
    (
        EffectLine("overwrite", "Deployment checkout/web", "spec.replicas 5 → 3  undoes kubectl-scale, 14 min"),
        EffectLine("overwrite", "ConfigMap checkout/flags", 'data.banner "on" → "off"  undoes ArgoCD-import, 3 h'),
        EffectLine("prune", "ConfigMap checkout/old-flags", "no longer in the source", danger=True),
    ),
    changed=2,
    pruned=1,
    unchanged=14,
    warnings=("1 object will be deleted.",),
    basis="by dry run as you, 0.3 s ago",
    complete=True,
)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
class TestPictures:
    def test_drift(self, picture: Picture, size: tuple[int, int]) -> None:
        """Failures first and red; the cascade folded; the diff with who and when; nothing cut that tells rows apart."""
        picture(b.fleet(), size, *TO_CHECKOUT)

    def test_failing(self, picture: Picture, size: tuple[int, int]) -> None:
        """What is broken, since when, why, and what it blocks, without a key pressed."""
        picture(b.fleet(), size)

    def test_unfolded(self, picture: Picture, size: tuple[int, int]) -> None:
        """Blocked objects under their root, indented and dim."""
        picture(b.fleet(), size, "right")

    def test_effect(self, picture: Picture, size: tuple[int, int]) -> None:
        """The danger first, in red; counts; each line's mark; the keys."""
        picture(b.fleet(), size, *TO_CHECKOUT, "R", answers={Reconcile: EFFECT})

    def test_suspend(self, picture: Picture, size: tuple[int, int]) -> None:
        """The reason's line with what was typed."""
        picture(b.fleet(), size, *TO_CHECKOUT, "T", *"freeze")

    def test_help(self, picture: Picture, size: tuple[int, int]) -> None:
        """Keys, words and ids in columns."""
        picture(b.fleet(), size, "question_mark")

    def test_goto(self, picture: Picture, size: tuple[int, int]) -> None:
        """Completions of what was typed, the cursor on the first."""
        picture(b.fleet(), size, "colon", *"app")

    def test_operations(self, picture: Picture, size: tuple[int, int]) -> None:
        """Running, done, failed and unknown operations, told apart by glyph, colour and words."""
        done = Operation(
            "1", "suspend", b.ref("HelmRelease", "postgres", "db"), b.ago(minutes=2), Progress.DONE,
            ended=b.ago(minutes=1, seconds=59.8), detail="freeze for failover", undoable=True,
        )  # fmt: skip
        failed = Operation(
            "2", "reconcile", b.ref("GitRepository", "fleet", "flux-system"), b.ago(minutes=5), Progress.FAILED,
            "authentication required (401)", ended=b.ago(minutes=4, seconds=58.9),
        )  # fmt: skip
        unknown = Operation(
            "3", "resume", b.ref("Kustomization", "cni", "infra"), b.ago(minutes=23), Progress.UNKNOWN,
            "the connection broke before the answer",
        )  # fmt: skip
        data = b.fleet()
        picture(replace(data, operations=(*data.operations, done, failed, unknown)), size, "O")

    def test_yaml(self, picture: Picture, size: tuple[int, int]) -> None:
        """The manifest over the whole screen."""
        manifest = (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: cni\n"
            "  namespace: infra\nspec:\n  interval: 10m\n  # note\n  path: ./infra/cni\n  prune: true\n"
            "  dependsOn:\n  - name: base\n"
        )
        picture(b.fleet(), size, "y", "enter", answers={Manifest: manifest})

    def test_filter(self, picture: Picture, size: tuple[int, int]) -> None:
        """The filter in the title and in the footer's place."""
        picture(b.fleet(), size, "slash", *"apps")

    def test_lost(self, picture: Picture, size: tuple[int, int]) -> None:
        """The banner, the header and the titles say it; the rows are still there."""
        picture(b.fleet(connection=Connection(Link.LOST, b.CLUSTER, since=b.ago(seconds=14))), size)

    def test_empty(self, picture: Picture, size: tuple[int, int]) -> None:
        """Each panel says in its own words that there is nothing."""
        picture(b.snapshot(), size)

    @pytest.mark.parametrize("theme", ["light", "contrast", "ansi"])
    def test_themes(self, picture: Picture, size: tuple[int, int], theme: str) -> None:
        """The same screen in the other themes: every state still told apart, nothing unreadable."""
        picture(b.fleet(), size, *TO_CHECKOUT, theme_name=theme)
