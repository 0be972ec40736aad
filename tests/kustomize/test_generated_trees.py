"""Trees made from seeds build to the same bytes as with the real kubectl, or are refused by both.

`FLUXTUI_TREES=2000` tries that many; `FLUXTUI_TREES=500-900` tries these seeds.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kustomize.generated import tree
from tests.kustomize.kubectl import kubectl_path, kubectl_prints, we_print, write_tree

#: Tried on every run, in groups so that they spread over workers.
ALWAYS = 60
GROUP = 10
#: Seeds on which we differ from kubectl, each with its reason. One that becomes equal must leave the table.
DIFFERENT: dict[int, str] = {}


def _seeds() -> list[range]:
    wanted = os.environ.get("FLUXTUI_TREES", str(ALWAYS))
    first, dash, end = wanted.partition("-")
    low, high = (int(first), int(end)) if dash else (0, int(first))
    return [range(start, min(start + GROUP, high)) for start in range(low, high, GROUP)]


@pytest.mark.parametrize("seeds", _seeds(), ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_trees_build_as_with_kubectl(seeds: range, tmp_path: Path) -> None:
    for seed in seeds:
        folder = tmp_path / str(seed)
        write_tree(tree(seed), folder)
        theirs, ours = kubectl_prints(kubectl_path(), folder / "over"), we_print(folder, "over")
        if seed in DIFFERENT:
            assert ours != theirs, f"seed {seed} is equal now: take it out of the table"
            continue
        assert ours == theirs, f"seed {seed}: {_verdict(theirs)} for kubectl, {_verdict(ours)} for us"


def _verdict(printed: str | None) -> str:
    return "refused" if printed is None else "built"


def test_a_seed_always_gives_the_same_tree() -> None:
    assert tree(7) == tree(7)
    assert tree(7) != tree(8)
