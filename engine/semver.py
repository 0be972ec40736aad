"""Semantic versions and ranges as Masterminds/semver 3.5 decides them, which is what Helm and Flux use."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, total_ordering
from typing import ClassVar, Final

from engine.errors import Malformed

_MAX_VERSION: Final = 256
_MAX_CONSTRAINT: Final = 512
_MAX_GROUPS: Final = 32
_MAX_UINT64: Final = 2**64 - 1

_TAIL: Final = r"(-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
_VERSION: Final = re.compile(r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?" + _TAIL, re.ASCII)
#: A version in a range: each part may be x, X or *.
_PATTERN: Final = r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?" + _TAIL
_PLAIN_PATTERN: Final = re.sub(r"\((?!\?)", "(?:", _PATTERN)
_OPS: Final = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_SPACE: Final = r"[\t\n\f\r ]"
_ONE: Final = re.compile(rf"{_SPACE}*({_OPS}){_SPACE}*({_PATTERN}){_SPACE}*", re.ASCII)
_FIND: Final = re.compile(
    # Go takes the leftmost alternative that lets the whole match; Python's engine does the same.
    rf"(?:{_OPS}){_SPACE}*(?:{_PLAIN_PATTERN})",
    re.ASCII,
)
_HYPHEN: Final = re.compile(rf"{_SPACE}*({_PLAIN_PATTERN}){_SPACE}+-{_SPACE}+({_PLAIN_PATTERN}){_SPACE}*", re.ASCII)
_VALID: Final = re.compile(
    rf"{_SPACE}*(?:{_OPS}){_SPACE}*(?:{_PLAIN_PATTERN}){_SPACE}*"
    rf"(?:(?:{_SPACE}+|,{_SPACE}*)(?:{_OPS}){_SPACE}*(?:{_PLAIN_PATTERN}){_SPACE}*)*",
    re.ASCII,
)
_ANY: Final = frozenset("xX*")


class SemverError(Malformed):
    """A text that is no version or no range."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version; `original` is how it was written. Equality and order leave the metadata out."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    metadata: str = ""
    original: str = ""

    go_type: ClassVar[str] = "*semver.Version"
    go_kind: ClassVar[str] = "ptr"

    @staticmethod
    def parse(text: str) -> Version:
        """Read `v1`, `1.2`, `1.2.3-rc.1+build`; parts that are missing are 0."""
        return _parse(text)

    def __str__(self) -> str:
        tail = (f"-{self.prerelease}" if self.prerelease else "") + (f"+{self.metadata}" if self.metadata else "")
        return f"{self.major}.{self.minor}.{self.patch}{tail}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.compare(other) == 0

    def __lt__(self, other: Version) -> bool:
        return self.compare(other) < 0

    def __hash__(self) -> int:
        return hash((self.major, self.minor, self.patch, self.prerelease))

    def compare(self, other: Version) -> int:
        """-1, 0 or 1."""
        mine, theirs = (self.major, self.minor, self.patch), (other.major, other.minor, other.patch)
        if mine != theirs:
            return -1 if mine < theirs else 1
        return compare_prerelease(self.prerelease, other.prerelease)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Version:
    if len(text.encode(errors="surrogateescape")) > _MAX_VERSION:
        raise SemverError(f"version string is too long (max {_MAX_VERSION} bytes)")
    match = _VERSION.fullmatch(text)
    if match is None:
        raise SemverError("invalid semantic version")
    major, minor, patch, _, prerelease, _, metadata = match.groups(default="")
    numbers = [int(part or 0) for part in (major, minor, patch)]
    for number, part in zip(numbers, (major, minor, patch), strict=True):
        if number > _MAX_UINT64:
            raise SemverError(f'error parsing version segment: strconv.ParseUint: parsing "{part}": value out of range')
    for part in prerelease.split(".") if prerelease else ():
        if part.isdigit() and len(part) > 1 and part.startswith("0"):
            raise SemverError("version segment starts with 0")
    return Version(numbers[0], numbers[1], numbers[2], prerelease, metadata, text)


def compare_prerelease(one: str, other: str) -> int:
    """Pre-releases come before the release; numbers before words; more parts win."""
    if one == other:
        return 0
    if not one or not other:
        return 1 if not one else -1
    mine, theirs = one.split("."), other.split(".")
    for index in range(max(len(mine), len(theirs))):
        a = mine[index] if index < len(mine) else ""
        b = theirs[index] if index < len(theirs) else ""
        if a != b:
            return _compare_part(a, b)
    return 0


def _compare_part(a: str, b: str) -> int:
    if not a or not b:
        return -1 if not a else 1
    if a.isdigit() and b.isdigit():
        return -1 if int(a) < int(b) else 1
    if a.isdigit() != b.isdigit():
        return -1 if a.isdigit() else 1
    return -1 if a < b else 1


@dataclass(frozen=True, slots=True)
class _Rule:
    """One comparison; `parts` is how many parts of the version were given (0 to 3)."""

    operator: str
    version: Version
    parts: int

    @property
    def dirty(self) -> bool:
        """Whether a part is missing or an x."""
        return self.parts < 3

    def check(self, version: Version, *, prereleases: bool) -> bool:
        """Whether a version passes; a pre-release only where the group speaks of pre-releases."""
        if version.prerelease and not prereleases:
            return False
        return _OPERATORS[self.operator](version, self)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A range: groups of rules, of which one must hold whole."""

    groups: tuple[tuple[_Rule, ...], ...]

    @staticmethod
    def parse(text: str) -> Constraint:
        """Read `>=1.2 <2 || ~3.1`."""
        return _constraint(text)

    def check(self, version: Version, *, prereleases: bool = False) -> bool:
        """Whether a version is in the range; `prereleases` admits them to ranges that speak of none."""
        return any(_holds(group, version, prereleases=prereleases) for group in self.groups)


def _holds(group: tuple[_Rule, ...], version: Version, *, prereleases: bool) -> bool:
    admitted = prereleases or any(rule.version.prerelease for rule in group)
    return all(rule.check(version, prereleases=admitted) for rule in group)


@lru_cache(maxsize=1024)
def _constraint(text: str) -> Constraint:
    if len(text.encode(errors="surrogateescape")) > _MAX_CONSTRAINT:
        raise SemverError(f"constraint string is too long (max {_MAX_CONSTRAINT} bytes)")
    alternatives = _rewritten(text).split("||")
    if len(alternatives) > _MAX_GROUPS:
        raise SemverError(f"too many constraint groups (max {_MAX_GROUPS})")
    groups = []
    for part in alternatives:
        if _VALID.fullmatch(part) is None:
            raise SemverError(f'improper constraint: "{part}"')
        groups.append(tuple(_rule(each) for each in _FIND.findall(part) or [part]))
    return Constraint(tuple(groups))


def _rewritten(text: str) -> str:
    """`1.2 - 2.3` is >= 1.2, <= 2.3."""
    return _HYPHEN.sub(lambda match: f">= {match[1]}, <= {match[2]} ", text)


def _rule(text: str) -> _Rule:
    match = _ONE.fullmatch(text)
    if match is None:
        raise SemverError(f'improper constraint: "{text}"')
    operator, whole, major, minor, patch = match.group(1, 2, 3, 4, 5)
    tail = match.group(6) or ""
    minor, patch = (minor or "").removeprefix("."), (patch or "").removeprefix(".")
    parts = 3
    if major in _ANY:
        parts, whole = 0, f"0.0.0{tail}"
    elif minor in _ANY or not minor:
        parts, whole = 1, f"{major}.0.0{tail}"
    elif patch in _ANY or not patch:
        parts, whole = 2, f"{major}.{minor}.0{tail}"
    try:
        version = Version.parse(whole)
    except SemverError as problem:
        raise SemverError("constraint parser error") from problem
    return _Rule(operator, version, parts)


# In Masterminds' terms: parts == 0 is dirty alone, 1 minorDirty, 2 patchDirty.


def _equal(version: Version, rule: _Rule) -> bool:
    return _tilde(version, rule) if rule.dirty else version == rule.version


def _not_equal(version: Version, rule: _Rule) -> bool:
    wanted = rule.version
    if not rule.dirty:
        return version != wanted
    if wanted.major != version.major:
        return True
    if rule.parts == 1:
        return False
    if wanted.minor != version.minor:
        return True
    if rule.parts == 2:
        if version.prerelease or wanted.prerelease:
            return compare_prerelease(version.prerelease, wanted.prerelease) != 0
        return False
    return wanted.patch != version.patch or version != wanted


def _greater(version: Version, rule: _Rule) -> bool:
    wanted = rule.version
    if not rule.dirty or version.major != wanted.major:
        return version > wanted if not rule.dirty else version.major > wanted.major
    if rule.parts == 1:
        return False
    if rule.parts == 2:
        return version.minor > wanted.minor
    return version > wanted


def _less_or_equal(version: Version, rule: _Rule) -> bool:
    wanted = rule.version
    if not rule.dirty:
        return version <= wanted
    if version.major != wanted.major:
        return version.major < wanted.major
    return version.minor <= wanted.minor or rule.parts == 1


def _tilde(version: Version, rule: _Rule) -> bool:
    wanted = rule.version
    if version < wanted:
        return False
    if not (wanted.major or wanted.minor or wanted.patch) and rule.parts not in (1, 2):
        return True
    if version.major != wanted.major:
        return False
    return version.minor == wanted.minor or rule.parts == 1


def _caret(version: Version, rule: _Rule) -> bool:
    wanted = rule.version
    if version < wanted:
        return False
    if wanted.major > 0 or rule.parts == 1:
        return version.major == wanted.major
    if version.major > 0:
        return False
    if wanted.minor > 0 or rule.parts == 2:
        return version.minor == wanted.minor
    return version.minor == 0 and version.patch == wanted.patch


_OPERATORS: Final[dict[str, Callable[[Version, _Rule], bool]]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda version, rule: version < rule.version,
    ">=": lambda version, rule: version >= rule.version,
    "=>": lambda version, rule: version >= rule.version,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


def satisfies(version: str, constraint: str) -> bool:
    """Whether a version is in a range; SemverError when one of them cannot be read."""
    rules = Constraint.parse(constraint)
    return rules.check(Version.parse(version))
