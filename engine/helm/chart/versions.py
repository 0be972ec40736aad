"""Versions and ranges of charts, as Masterminds/semver decides."""

from __future__ import annotations

from engine import semver


def is_version(text: str) -> bool:
    """Whether it is a version, `v1.2` and `1` included."""
    try:
        semver.Version.parse(text)
    except ValueError:
        return False
    return True


def is_compatible(constraint: str, version: str) -> bool:
    """Whether the version lies in the range; a range or version that is none lies nowhere."""
    try:
        return semver.Constraints.parse(constraint).check(semver.Version.parse(version))
    except ValueError:
        return False
