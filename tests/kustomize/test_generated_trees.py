"""Trees made from seeds build to the same bytes as with the real kubectl, or are refused by both.

Some run always; more than two thousand with the tests that need real programs. `FLUXTUI_TREES=5000` tries that many
in their place; `FLUXTUI_TREES=500-900` tries these seeds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.kustomize.generated import tree
from tests.kustomize.kubectl import kubectl_path, kubectl_prints, we_print, write_tree

#: Seeds below this are tried on every run, in groups so that they spread over workers.
ALWAYS = 300
#: Seeds below this are tried with the real programs.
ALL = 2400
GROUP = 20
#: Seeds on which we differ from kubectl, each with its reason. One that becomes equal must leave the table.
DIFFERENT = {
    383: "an Ingress that was a generated Secret: kustomize hashes its parsed file, with lines and columns",
    1766: "an object from a JSON list stays in [] and {}, where a time that is merged into it gets quotes",
}


def _groups() -> Iterator[Any]:
    wanted = os.environ.get("FLUXTUI_TREES", str(ALL))
    first, dash, end = wanted.partition("-")
    low, high = (int(first), int(end)) if dash else (0, int(first))
    for start in range(low, high, GROUP):
        always = start < ALWAYS or "FLUXTUI_TREES" in os.environ
        seeds = range(start, min(start + GROUP, high))
        yield pytest.param(seeds, id=f"{seeds.start}-{seeds.stop - 1}", marks=() if always else (pytest.mark.real,))


@pytest.mark.parametrize("seeds", _groups())
def test_trees_build_as_with_kubectl(seeds: range, tmp_path: Path) -> None:
    folders = [tmp_path / str(seed) for seed in seeds]
    for seed, folder in zip(seeds, folders, strict=True):
        write_tree(tree(seed), folder)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        printed = pool.map(lambda folder: kubectl_prints(kubectl_path(), folder / "over"), folders)
        problems = [_problem(*case) for case in zip(seeds, folders, printed, strict=True)]
    assert not any(problems), "\n".join(filter(None, problems))


def _problem(seed: int, folder: Path, theirs: str | None) -> str:
    """What is wrong with our answer, or ""."""
    ours = we_print(folder, "over")
    if seed in DIFFERENT:
        return f"seed {seed} is equal now: take it out of the table" if ours == theirs else ""
    return "" if ours == theirs else f"seed {seed}: {_verdict(theirs)} for kubectl, {_verdict(ours)} for us"


def _verdict(printed: str | None) -> str:
    return "refused" if printed is None else "built"


def test_a_seed_always_gives_the_same_tree() -> None:
    assert tree(7) == tree(7)
    assert tree(7) != tree(8)
