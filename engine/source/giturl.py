"""What a GitRepository points at: a checked URL, credentials, a reference (flux.md 3.1)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from engine import errors

DEFAULT_BRANCH = "master"

_MAX_URL = 2048
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
#: What git forbids in a ref's name.
_BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|\.lock(/|$)|[/.]$|^@$")


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to log in; never shown. A bearer token wins over user and password, as in Flux."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    ca: bytes = field(default=b"", repr=False)

    def __bool__(self) -> bool:
        return bool(self.username or self.password or self.bearer)

    def header(self) -> str:
        """The HTTP header line that logs in, or ""."""
        if self.bearer:
            return f"Authorization: Bearer {self.bearer}"
        if self.username or self.password:
            pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            return f"Authorization: Basic {pair}"
        return ""


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository's URL, free of credentials, and the credentials apart."""

    url: str
    credentials: Credentials = field(default_factory=Credentials)


def remote(url: str, credentials: Credentials | None = None) -> Remote:
    """Check a URL; user and password in it count when the Secret has none. Raises Malformed and Unsupported."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise errors.Malformed(f"failed to parse url {_shown(url)}: it is not a URL") from None
    if parts.scheme == "ssh":
        raise errors.Unsupported(f"spec.url {_shown(url)}: ssh is not fetched yet", fix="use the https:// URL")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in ("http", "https"):
        raise errors.Malformed(f"failed to parse url {_shown(url)}: it must begin with http:// or https://")
    if len(url) > _MAX_URL or any(char.isspace() or not char.isprintable() for char in url):
        raise errors.Malformed(f"failed to parse url {_shown(url)}: blanks and control characters are not allowed")
    if not _HOST.fullmatch(host):
        raise errors.Malformed(f"failed to parse url {_shown(url)}: invalid host")
    netloc = host if port is None else f"{host}:{port}"
    clean = urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))
    given = credentials or Credentials()
    if not given and (parts.username or parts.password):
        given = Credentials(unquote(parts.username or ""), unquote(parts.password or ""), ca=given.ca)
    _check_credentials(given)
    return Remote(clean, given)


def from_secret(data: Mapping[str, bytes], name: str) -> Credentials:
    """The credentials in a Secret's (decoded) data: flux.md 1.9 Basic, Bearer, and the CA; raises Malformed."""

    def text(key: str) -> str:
        try:
            return data.get(key, b"").decode()
        except UnicodeDecodeError:
            raise errors.Malformed(f"the key {key!r} of Secret {name} is not text") from None

    return Credentials(
        text("username"), text("password"), text("bearerToken"), data.get("ca.crt") or data.get("caFile") or b""
    )


@dataclass(frozen=True, slots=True)
class Reference:
    """What to check out: the commit wins, then the tag, then the branch (flux.md 3.1)."""

    branch: str = ""
    tag: str = ""
    commit: str = ""

    @staticmethod
    def of(spec: Mapping[str, Any], owner: str) -> Reference:
        """The reference of a GitRepository's spec; raises Unsupported for semver and name."""
        ref = spec.get("ref") or {}
        for key in ("name", "semver"):
            outranked = ref.get("commit") or (key == "semver" and ref.get("tag"))
            if ref.get(key) and not outranked:
                raise errors.Unsupported(
                    f"spec.ref.{key} of {owner} is not fetched yet", fix="use branch, tag or commit"
                )
        return Reference(str(ref.get("branch") or ""), str(ref.get("tag") or ""), str(ref.get("commit") or ""))

    @property
    def full(self) -> str:
        """The remote's ref that is fetched; "" for a commit in any branch."""
        if self.commit:
            return f"refs/heads/{self.branch}" if self.branch else ""
        return f"refs/tags/{self.tag}" if self.tag else f"refs/heads/{self.branch or DEFAULT_BRANCH}"

    @property
    def valid(self) -> bool:
        """Whether git could have such a ref and such a commit at all."""
        if self.commit and not _COMMIT.fullmatch(self.commit):
            return False
        return not _BAD_REF.search(self.full.split("/", 2)[2]) if self.full else True

    def revision(self, commit: str) -> str:
        """The revision of a commit (flux.md 2.1): the pointer is the ref without its prefix, slashes kept."""
        digest = f"{'sha1' if len(commit) == 40 else 'sha256'}:{commit}"
        pointer = self.branch if self.commit else self.tag or self.branch or DEFAULT_BRANCH
        return f"{pointer}@{digest}" if pointer else digest


def _check_credentials(credentials: Credentials) -> None:
    """Line breaks would make headers of their own."""
    for name in ("username", "password", "bearer"):
        if any(char in "\r\n\0" for char in getattr(credentials, name)):
            raise errors.Malformed(f"the {name} for git has a line break in it")


def _shown(url: str) -> str:
    """A URL in an error: without user and password, without control characters, cut."""
    return repr(re.sub(r"(?<=//)[^/@]*@", "***@", url)[:200])
