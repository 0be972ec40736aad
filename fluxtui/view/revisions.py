"""Revisions (`main@sha1:4f2a91c…`, `sha256:…`, `1.2.3`) at the length people say them (flux.md 2.1)."""

from __future__ import annotations

from typing import Final

_HASHES: Final = ("sha1:", "sha256:", "sha384:", "sha512:")
_SHORT: Final = 7


def _digest(text: str) -> str:
    for prefix in _HASHES:
        if text.startswith(prefix):
            return text[len(prefix) :][:_SHORT]
    return ""


def split(revision: str) -> tuple[str, str]:
    """(name, short digest): `main@sha1:4f2a91c…` is ("main", "4f2a91c"); what has no digest is all name."""
    name, at, digest = revision.rpartition("@")
    if at and (short := _digest(digest)):
        return name, short
    if short := _digest(revision):
        return "", short
    return revision, ""


def short(revision: str) -> str:
    """The digest alone where there is one: what tells two applied revisions apart."""
    name, digest = split(revision)
    return digest or name


def named(revision: str) -> str:
    """Name and digest: `main@4f2a91c`."""
    name, digest = split(revision)
    return f"{name}@{digest}" if name and digest else name or digest
