"""`.helmignore`: which files of a chart's directory are no part of the chart."""

from __future__ import annotations

from dataclasses import dataclass

from engine.helm.chart.gomatch import BadPattern, Match, path_match
from engine.helm.errors import ChartError

NAME = ".helmignore"
#: Helm adds this one to every chart.
_DEFAULT = "templates/.?*"


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
        lines = [*text.removeprefix("\ufeff").splitlines(), _DEFAULT]
        self._rules = [_rule(line.strip()) for line in lines if line.strip() and not line.strip().startswith("#")]

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
        raise ChartError("double-star (**) syntax is not supported", path=NAME, fix=f"write {line!r} without it")
    pattern = line.removeprefix("!")
    directories = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    try:
        path_match(line)
        match = path_match(pattern.removeprefix("/"))
    except BadPattern:
        raise ChartError(f"{line!r} is no pattern: syntax error in pattern", path=NAME) from None
    return _Rule(match, line.startswith("!"), directories, "/" in pattern)
