"""`.helmignore`: which files of a chart's directory are no part of the chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.helm.chart.gomatch import BadPattern, Match, path_match
from engine.helm.chart.model import File
from engine.helm.errors import ChartError
from engine.helm.gotext import trim_space

NAME = ".helmignore"
#: Helm adds this one to every chart.
_DEFAULT = "templates/.?*"
#: Characters of a rule that an error repeats.
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class _Rule:
    match: Match
    negated: bool
    directories: bool
    """Only directories are meant (the rule ended in a slash)."""
    whole_path: bool
    """Compared with the path from the chart's root, not with the last name."""

    def matches(self, path: str) -> bool:
        return self.match(path if self.whole_path else path.rpartition("/")[2])


class Ignore:
    """The rules of one chart. The first that decides wins; a `!` rule decides for all it does *not* match."""

    def __init__(self, text: str = "") -> None:
        lines = [trim_space(line) for line in text.removeprefix("\ufeff").split("\n")]
        self._rules = [_rule(line) for line in (*lines, _DEFAULT) if line and not line.startswith("#")]

    def ignores(self, path: str, *, is_dir: bool) -> bool:
        """Whether the file, or the directory with all that is in it, is left out."""
        for rule in self._rules:
            applies = is_dir or not rule.directories
            if rule.negated:
                if not applies or not rule.matches(path):
                    return True
            elif applies and rule.matches(path):
                return True
        return False


def _rule(line: str) -> _Rule:
    if "**" in line:
        raise ChartError(
            "double-star (**) syntax is not supported", path=NAME, fix=f"write {line[:_SHOWN]!r} without it"
        )
    pattern = line.removeprefix("!")
    directories = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    try:
        path_match(line)
        match = path_match(pattern.removeprefix("/"))
    except BadPattern:
        raise ChartError(f"{line[:_SHOWN]!r} is no pattern: syntax error in pattern", path=NAME) from None
    return _Rule(match, line.startswith("!"), directories, "/" in pattern)


def without_ignored(files: Iterable[File]) -> list[File]:
    """The files that their own .helmignore leaves, and that lie in no folder which it takes out."""
    files = list(files)
    text = next((file.data for file in files if file.name == NAME), b"")
    ignore = Ignore(text.decode(errors="replace"))
    return [file for file in files if not any(ignore.ignores(path, is_dir=deeper) for path, deeper in _way(file.name))]


def _way(path: str) -> Iterator[tuple[str, bool]]:
    """Every folder on the way to a file, then the file."""
    at = path.find("/")
    while at >= 0:
        yield path[:at], True
        at = path.find("/", at + 1)
    yield path, False
