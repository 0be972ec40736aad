# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Checksums of texts."""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

from engine.helm.template.quote import to_bytes
from engine.helm.template.signature import go


@go("string -> string")
def sha1sum(text: str) -> str:
    return hashlib.sha1(to_bytes(text), usedforsecurity=False).hexdigest()


@go("string -> string")
def sha256sum(text: str) -> str:
    return hashlib.sha256(to_bytes(text)).hexdigest()


@go("string -> string")
def sha512sum(text: str) -> str:
    return hashlib.sha512(to_bytes(text)).hexdigest()


@go("string -> string")
def adler32sum(text: str) -> str:
    return str(zlib.adler32(to_bytes(text)))


FUNCTIONS: Final = {
    "sha1sum": sha1sum, "sha256sum": sha256sum, "sha512sum": sha512sum, "adler32sum": adler32sum,
}  # fmt: skip
