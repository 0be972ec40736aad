"""`fluxtui lint CHART…`: what `helm lint` says of charts. Exit 1 when one has errors (`--strict`: or warnings)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine import errors
from engine.helm.chart import File, read_archive
from engine.helm.chart.directory import read_directory
from engine.helm.lint import Finding, Severity, lint, options_for
from engine.helm.values.options import merge_options
from engine.programs.common import Options as Flags
from engine.programs.common import say
from engine.programs.template import DEFAULT_NAMESPACE, read_file, value_options

_ARCHIVES: Final = (".tgz", ".tar.gz")


def main(flags: Flags) -> int:
    """Print every chart's findings and a summary."""
    options = options_for(
        flags.get("namespace") or DEFAULT_NAMESPACE,
        flags.get("kube_version") or "",
        skip_schema_validation=bool(flags.get("skip_schema_validation")),
    )
    values = merge_options(value_options(flags), read_file)
    quiet, tolerated = bool(flags.get("quiet")), Severity.INFO if flags.get("strict") else Severity.WARNING
    paths = [path for given in flags.get("what") or () for path in _with_subcharts(Path(given), flags)]
    failed = told = 0
    for path in paths:
        problem, found = "", list[Finding]()
        try:
            found = lint(_files(path), values, options)
        except errors.EngineError as error:
            problem = error.message
        bad = bool(problem) or any(each.severity > tolerated for each in found)
        failed += bad
        serious = [each for each in found if each.severity > Severity.INFO]
        if quiet and not serious and not problem:
            continue
        told += 1
        print(f"==> Linting {path}")
        if problem:
            print(f"Error {problem}")
        for each in serious if quiet else found:
            print(each)
        print()
    summary = f"{len(paths)} chart(s) linted, {failed} chart(s) failed"
    if failed:
        say("✗", summary)
    elif not quiet or told:
        print(summary)
    return 1 if failed else 0


def _files(path: Path) -> list[File]:
    if not path.name.endswith(_ARCHIVES):
        if not (path / "Chart.yaml").is_file():
            raise errors.NotFound(f"unable to check Chart.yaml file in chart: there is none in {path}")
        return read_directory(path)
    try:
        return read_archive(path.read_bytes(), name=path.name)
    except OSError as error:
        raise errors.NotFound(f"unable to open tarball: {path}: {error.strerror}") from error


def _with_subcharts(path: Path, flags: Flags) -> Iterator[Path]:
    yield path
    if flags.get("with_subcharts"):
        for inner in sorted((path / "charts").rglob("*")):
            if inner.name == "Chart.yaml":
                yield inner.parent
            elif inner.name.endswith(_ARCHIVES):
                yield inner
