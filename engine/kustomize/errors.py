"""What a build refuses."""

from __future__ import annotations

from engine.errors import Malformed
from engine.yaml import YAMLError


class BuildError(Malformed):
    """A tree that cannot be built: `path` is the file or directory, `field` the field in it, `line` where known.

    `problem` is the message without the place.
    """

    def __init__(self, problem: str, *, path: str = "", field: str = "", line: int = 0, fix: str = "") -> None:
        where = ", ".join(part for part in (path, f"line {line}" if line else "", field) if part)
        super().__init__(f"{where}: {problem}" if where else problem, fix=fix)
        self.problem = problem
        self.path = path
        self.field = field
        self.line = line

    @classmethod
    def of_yaml(cls, error: YAMLError, *, fix: str = "correct the YAML") -> BuildError:
        """A file that is not YAML."""
        made = cls(error.message, fix=fix)
        made.problem, made.path, made.line = error.problem, error.name, error.line
        return made

    def inside(self, path: str, *, field: str = "", doing: str = "") -> BuildError:
        """The same error with its place, if it has none yet, and what was being done."""
        if self.path:
            return self
        problem = f"{doing}: {self.problem}" if doing else self.problem
        return BuildError(problem, path=path, field=self.field or field, line=self.line, fix=self.fix)
