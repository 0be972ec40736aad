"""`fluxtui lint CHART…`: what `helm lint` says of charts. Exit 1 when one has errors (`--strict`: or warnings)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine import errors
from engine.helm.chart import Directory, read_archive, read_packed
from engine.helm.lint import Finding, Folder, Place, Severity, Unpacked, lint, options_for
from engine.helm.values.options import merge_options
from engine.programs.common import Options as Flags
from engine.programs.common import say
from engine.programs.template import DEFAULT_NAMESPACE, read_file, value_options

_ARCHIVES: Final = (".tgz", ".tar.gz")


@dataclass(frozen=True, slots=True)
class Linted:
    """What there is to say of one chart; `problem` when it could not be looked at."""

    path: str
    found: Sequence[Finding] = ()
    problem: str = ""

    def failed(self, *, strict: bool) -> bool:
        """Whether it makes the program fail."""
        return bool(self.problem) or self._worst() >= (Severity.WARNING if strict else Severity.ERROR)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing but hints."""
        return not self.problem and self._worst() < Severity.WARNING

    def text(self, *, quiet: bool) -> str:
        """The lines about it, hints only on request."""
        least = Severity.WARNING if quiet else Severity.INFO
        told = [str(each) for each in self.found if each.severity >= least]
        return "\n".join([f"==> Linting {self.path}", *([f"Error {self.problem}"] if self.problem else told), "", ""])

    def _worst(self) -> int:
        return max((each.severity for each in self.found), default=0)


def main(flags: Flags) -> int:
    """Print every chart's findings and a summary."""
    options = options_for(
        flags.get("namespace") or DEFAULT_NAMESPACE,
        flags.get("kube_version") or "",
        skip_schema_validation=bool(flags.get("skip_schema_validation")),
    )
    values = merge_options(value_options(flags), read_file)
    given = list(flags.get("what") or ())
    if flags.get("with_subcharts"):
        given += [inner for path in tuple(given) for inner in _subcharts(path)]

    def linted(path: str) -> Linted:
        try:
            return Linted(path, lint(_place(path), values, options))
        except errors.EngineError as error:
            return Linted(path, problem=error.message)

    quiet, strict = bool(flags.get("quiet")), bool(flags.get("strict"))
    results = [linted(path) for path in given]
    told = [result for result in results if not (quiet and result.is_quiet)]
    print("".join(result.text(quiet=quiet) for result in told), end="")
    failed = sum(result.failed(strict=strict) for result in results)
    summary = f"{len(results)} chart(s) linted, {failed} chart(s) failed"
    if failed:
        say("✗", summary)
    elif told:
        print(summary)
    return 1 if failed else 0


def _place(path: str) -> Place:
    """Where a chart lies; a directory's links are followed wherever they lead, because the person named it."""
    if path.endswith(_ARCHIVES):
        return Unpacked(path, read_archive(read_packed(Path(path)), name=Path(path).name))
    if not (Path(path) / "Chart.yaml").exists():
        raise errors.NotFound(f"unable to check Chart.yaml file in chart: there is none in {path}")
    return Folder(Directory(Path(path), outside=True))


def _subcharts(path: str) -> Iterator[str]:
    """Every chart in charts/, however deep, as helm walks: links are not entered."""
    for inner in sorted((Path(path) / "charts").rglob("*")):
        if inner.name == "Chart.yaml":
            yield str(inner.parent)
        elif inner.name.endswith(_ARCHIVES):
            yield str(inner)
