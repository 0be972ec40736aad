"""Revisions: `<pointer>@<algo>:<hex>` or `<algo>:<hex>` (flux.md 2.1), and their short form."""

from __future__ import annotations

import re

_REVISION = re.compile(
    r"(?:[^\s@]+(?:@[^\s@]+)*?@)?"
    r"(?:sha1|sha256|sha384|sha512|blake3):(?P<hex>[0-9a-fA-F]+)"
)
_HEX_RUN = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{40,128}(?![0-9a-fA-F])")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_LIMIT = 1_024
_SHORT = 8


def upgrade(text: str) -> str:
    """The legacy forms `<branch>/<sha>`, `HEAD/<sha>` and bare `<sha>` in today's grammar; others as they are."""
    if not text or "@" in text or ":" in text:
        return text
    pointer, _, digest = text.rpartition("/")
    if not _SHA1.fullmatch(digest):
        return text
    return f"sha1:{digest}" if pointer in ("", "HEAD") else f"{pointer}@sha1:{digest}"


def short(text: str) -> str:
    """The text with every hexadecimal run of 40 to 128 digits cut to 8, as the flux CLI shows revisions."""
    return _HEX_RUN.sub(lambda match: match[0][:_SHORT], text)


def commit(text: str) -> str:
    """The hash alone of a revision in either grammar, or ""."""
    match = _REVISION.fullmatch(upgrade(text)) if len(text) <= _LIMIT else None
    return match["hex"] if match else ""
