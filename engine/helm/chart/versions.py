"""Versions and ranges of charts, as Masterminds/semver decides."""

from __future__ import annotations

import re
from typing import Final

from engine import semver

_NUMBER: Final = "(?:0|[1-9][0-9]*)"
_IDENTIFIER: Final = f"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_STRICT: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)


def is_version(text: str) -> bool:
    """Whether it is a version, `v1.2` and `1` included."""
    try:
        semver.Version.parse(text)
    except semver.SemverError:
        return False
    return True


def is_strict_version(text: str) -> bool:
    """Whether it is a version as SemVer 2 writes it: three numbers, no leading v."""
    return bool(_STRICT.fullmatch(text))


def is_compatible(constraint: str, version: str) -> bool:
    """Whether the version lies in the range; a range or version that is none lies nowhere."""
    try:
        return semver.Constraint.parse(constraint).check(semver.Version.parse(version))
    except semver.SemverError:
        return False
