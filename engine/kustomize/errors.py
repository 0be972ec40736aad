"""What a build refuses."""

from __future__ import annotations

from engine.errors import Malformed


class BuildError(Malformed):
    """A tree that cannot be built: `path` is the file or directory, `field` the field in it, `line` where known."""

    def __init__(self, message: str, *, path: str = "", field: str = "", line: int = 0, fix: str = "") -> None:
        where = ", ".join(part for part in (path, f"line {line}" if line else "", field) if part)
        super().__init__(f"{where}: {message}" if where else message, fix=fix)
        self.path = path
        self.field = field
        self.line = line
