"""How long renders take beside a spawned `helm template`, with values changed every time.

By itself: `HELM_BIN=… python -m tests.bench.bench_helm [CHART …]`; the charts are made in `helm_charts`, or folders
that are named. Milliseconds of CPU and of the clock, medians of rounds in which everything takes its turn.
On a busy machine the ratio of CPU times says more: helm uses several cores at once, a render here one.

    first    every text is new: read, parse, compile, render
    next     the first render of another process, whose cache is the one on disk
    warm     the chart is loaded and its templates compiled, as a worker has them after its first render
    reread   the same, but the chart is read from its folder again
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.helm.chart import Chart, load
from engine.helm.printing import Shown, template_text
from engine.helm.render import Options, render
from engine.helm.template import Cache, MemoryCache
from engine.templatecache import TemplateCache
from tests.bench.helm_charts import SIZES, chart
from tests.helm_template.oracle import find_helm

ROUNDS = 7
_COLUMNS = ("first", "next", "warm", "reread", "helm")


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """The chart on disk."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def ours(source: Chart, number: int, cache: Cache) -> str:
    """One render."""
    values = {"nameOverride": f"bench-{number}"}
    return template_text(render(source, values, Options(), cache=cache), Shown())


class Times(NamedTuple):
    """What something took."""

    cpu: float
    wall: float


class Bench:
    """One chart in a folder; `fresh` gives it anew with texts that no cache has seen."""

    def __init__(self, helm: str, folder: Path, fresh: Callable[[int], Path], disk: Path) -> None:
        self._helm = helm
        self._folder = folder
        self._fresh = fresh
        self._disk = disk
        self._loaded = load(folder)
        self._warm = MemoryCache()
        ours(self._loaded, 0, self._warm)
        cache = TemplateCache(disk)
        ours(self._loaded, 0, cache)
        cache.save()

    def first(self, number: int) -> Times:
        """Everything is new; written to disk before the clock runs."""
        folder = self._fresh(number)
        gc.collect()
        gc.freeze()  # as a worker does after a render of something new
        return timed(lambda: ours(load(folder), number, MemoryCache()))

    def next(self, number: int) -> Times:
        """Only the files of the cache are there."""
        return timed(lambda: ours(load(self._folder), number, TemplateCache(self._disk)))

    def warm(self, number: int) -> Times:
        """Only the values are new."""
        return timed(lambda: ours(self._loaded, number, self._warm))

    def reread(self, number: int) -> Times:
        """The chart is read again."""
        return timed(lambda: ours(load(self._folder), number, self._warm))

    def helm(self, number: int) -> Times:
        """The program."""
        command = [self._helm, "template", "release-name", str(self._folder), "--set", f"nameOverride=bench-{number}"]
        return timed(lambda: subprocess.run(command, capture_output=True, check=True))

    def medians(self) -> dict[str, Times]:
        """Each column."""
        return middle([{name: getattr(self, name)(number) for name in _COLUMNS} for number in range(ROUNDS)])


def middle(rounds: Sequence[Mapping[str, Times]]) -> dict[str, Times]:
    """The median of each."""
    return {
        name: Times(*map(statistics.median, zip(*(each[name] for each in rounds), strict=True))) for name in rounds[0]
    }


def timed(work: Callable[[], object]) -> Times:
    """Milliseconds, those of child processes included."""
    before, started = _cpu(), time.perf_counter()
    work()
    wall = time.perf_counter() - started
    return Times(1000 * (_cpu() - before), 1000 * wall)


def _cpu() -> float:
    """Seconds of this process and of those that it waited for."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def processes(helm: str, folder: Path, home: Path) -> Iterator[dict[str, Times]]:
    """`fluxtui template` with a cache on disk beside helm, both from start to end."""

    def spawn(*command: str) -> Times:
        environment = {"XDG_CACHE_HOME": str(home), "PATH": os.environ["PATH"], "HOME": str(home)}
        return timed(lambda: subprocess.run(command, capture_output=True, check=True, env=environment))

    for number in range(ROUNDS):
        tail = ("template", "release-name", str(folder), "--set", f"nameOverride=bench-{number}")
        yield {"process": spawn(sys.executable, "-m", "fluxtui", *tail), "helm": spawn(helm, *tail)}


def report(name: str, found: Mapping[str, Times]) -> None:
    """Two lines: CPU and clock."""
    for kind in Times._fields:
        times = {column: getattr(each, kind) for column, each in found.items()}
        theirs = times.pop("helm")
        cells = (f"{column} {each:.0f} ({theirs / each:.1f}x)" for column, each in times.items())
        print(f"{name:8} {kind:4}  {'  '.join(cells)}  helm {theirs:.0f}")


def main(charts: list[str]) -> None:
    """Print the table: milliseconds, and how many times as long helm takes."""
    helm = find_helm()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for name, size in SIZES.items():
            folder = write(root / name, chart(**size))

            def fresh(number: int, name: str = name, size: Mapping[str, int] = size) -> Path:
                return write(root / f"{name}-{number}", chart(**size, salt=f"{name}{number}"))

            report(name, Bench(helm, folder, fresh, root / "cache" / name).medians())
        for path in map(Path, charts):
            report(path.name[:8], Bench(helm, path, lambda _, path=path: path, root / "cache" / path.name).medians())  # type: ignore[misc]
        report("middle", middle([*processes(helm, root / "middle", root / "home")][1:]))


@pytest.mark.bench
@pytest.mark.real
@pytest.mark.timeout(900)
def test_renders_beside_helm(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print()
        main([])


if __name__ == "__main__":
    main(sys.argv[1:])
