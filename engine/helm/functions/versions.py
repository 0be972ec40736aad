# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""semver and semverCompare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from engine import semver
from engine.helm.template.errors import CallError
from engine.helm.template.signature import go
from engine.helm.template.types import Uint64


class GoVersion:
    """A *semver.Version as templates see it."""

    go_type: ClassVar[str] = "*semver.Version"
    go_kind: ClassVar[str] = "ptr"
    go_fields: ClassVar[Mapping[str, str]] = {}
    go_methods: ClassVar[frozenset[str]] = frozenset(
        ("Major", "Minor", "Patch", "Prerelease", "Metadata", "Original", "String", "Compare", "Equal", "LessThan",
         "GreaterThan", "LessThanEqual", "GreaterThanEqual", "IncMajor", "IncMinor", "IncPatch")
    )  # fmt: skip
    __slots__ = ("version",)

    def __init__(self, version: semver.Version) -> None:
        self.version = version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GoVersion) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    def go_string(self) -> str:
        """String()."""
        return str(self.version)

    def go_json(self) -> str:
        """MarshalJSON."""
        return str(self.version)

    String = go_string  # the methods have Go's names

    def Major(self) -> Uint64:  # noqa: N802, D102
        return Uint64(self.version.major)

    def Minor(self) -> Uint64:  # noqa: N802, D102
        return Uint64(self.version.minor)

    def Patch(self) -> Uint64:  # noqa: N802, D102
        return Uint64(self.version.patch)

    def Prerelease(self) -> str:  # noqa: N802, D102
        return self.version.prerelease

    def Metadata(self) -> str:  # noqa: N802, D102
        return self.version.metadata

    def Original(self) -> str:  # noqa: N802, D102
        return self.version.original

    def Compare(self, other: Any) -> int:  # noqa: N802, D102
        if not isinstance(other, GoVersion):
            raise CallError("wrong type for value; expected *semver.Version")
        return self.version.compare(other.version)

    def Equal(self, other: Any) -> bool:  # noqa: N802, D102
        return self.Compare(other) == 0

    def LessThan(self, other: Any) -> bool:  # noqa: N802, D102
        return self.Compare(other) < 0

    def GreaterThan(self, other: Any) -> bool:  # noqa: N802, D102
        return self.Compare(other) > 0

    def LessThanEqual(self, other: Any) -> bool:  # noqa: N802, D102
        return self.Compare(other) <= 0

    def GreaterThanEqual(self, other: Any) -> bool:  # noqa: N802, D102
        return self.Compare(other) >= 0

    def _next(self, major: int, minor: int, patch: int) -> GoVersion:
        prefix = "v" if self.version.original.startswith("v") else ""
        return GoVersion(semver.Version.parse(f"{prefix}{major}.{minor}.{patch}"))

    def IncMajor(self) -> GoVersion:  # noqa: N802, D102
        return self._next(self.version.major + 1, 0, 0)

    def IncMinor(self) -> GoVersion:  # noqa: N802, D102
        return self._next(self.version.major, self.version.minor + 1, 0)

    def IncPatch(self) -> GoVersion:  # noqa: N802, D102
        step = 0 if self.version.prerelease else 1
        return self._next(self.version.major, self.version.minor, self.version.patch + step)


@go("string -> *semver.Version")
def semver_(text: str) -> GoVersion:
    try:
        return GoVersion(semver.Version.parse(text))
    except semver.SemverError as problem:
        raise CallError(problem.message) from problem


@go("string, string -> bool")
def semver_compare(constraint: str, version: str) -> bool:
    try:
        return semver.satisfies(version, constraint)
    except semver.SemverError as problem:
        raise CallError(problem.message) from problem


FUNCTIONS: Final = {"semver": semver_, "semverCompare": semver_compare}
