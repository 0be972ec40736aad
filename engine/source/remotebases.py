"""Remote bases of kustomizations: repositories over http(s) and single files (engines.md B7).

The URL's grammar is kustomize's: `https://host/org/repo//path?ref=v1&timeout=27s`, `git::` before it, `github.com/…`
without a scheme; `.git` or `//` ends the repository. Without credentials, as Flux fetches them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

from engine import errors
from engine.source.git import Git
from engine.source.giterrors import GitError
from engine.source.giturl import Reference, remote

TIMEOUT: Final = 27.0
"""Seconds for one base, unless its URL says otherwise; kustomize's own default."""
LONGEST: Final = 120.0
MAX_FILE: Final = 16 * 2**20
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SECONDS: Final = re.compile(r"(\d+)(m|s)?")
_MANIFEST: Final = (".yaml", ".yml", ".json")
_SSH: Final = re.compile(r"(?:ssh://|[\w.-]+@[\w.-]+:)", re.IGNORECASE)
_NO_SCHEME: Final = re.compile(r"(?:gh:|(?:www\.)?github\.com[/:])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RemoteBase:
    """What a URL stands for: files, and the directory (or, if `is_file`, the file) among them that is meant."""

    files: Mapping[str, bytes]
    path: str
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A repository's URL taken apart; `ref` is a branch, tag or commit, "" the default branch."""

    url: str
    path: str = "."
    ref: str = ""
    timeout: float = TIMEOUT
    is_file: bool = False

    @classmethod
    def parse(cls, given: str) -> Location:
        """From the text in a kustomization. Raises Malformed, and Unsupported for what is not fetched (ssh)."""
        text = given.removeprefix("git::")
        if _SSH.match(text):
            raise errors.Unsupported(f"remote base {_shown(given)}: ssh is not fetched", fix="use the https:// URL")
        if _NO_SCHEME.match(text):
            text = "https://github.com/" + _NO_SCHEME.sub("", text, count=1)
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise errors.Malformed(f"remote base {_shown(given)} is no http(s) URL")
        query = parse_qs(parts.query)
        ref = (query.get("ref") or query.get("version") or [""])[0]
        if text == given and not ref and "//" not in parts.path and parts.path.endswith(_MANIFEST):
            return cls(text, is_file=True)
        repository, path = _split(parts.path, at_github=parts.hostname.endswith("github.com"))
        seconds = _seconds((query.get("timeout") or [""])[0])
        return cls(f"{parts.scheme}://{parts.netloc}{repository}", path or ".", ref, seconds)


def _split(path: str, *, at_github: bool) -> tuple[str, str]:
    """Where the repository ends: at `//`, behind `.git`, behind org/repo on GitHub, else nowhere."""
    head, double, below = path.partition("//")
    if double:
        return head, below.strip("/")
    head, dot_git, below = path.partition(".git/")
    if dot_git:
        return head + ".git", below.strip("/")
    names = path.strip("/").split("/")
    if at_github and len(names) > 2:
        return "/" + "/".join(names[:2]), "/".join(names[2:])
    return path.rstrip("/"), ""


def _seconds(text: str) -> float:
    found = _SECONDS.fullmatch(text)
    return min(int(found[1]) * (60 if found[2] == "m" else 1), LONGEST) if found else TIMEOUT


class RemoteBases:
    """Fetches remote bases through the mirrors of a `Git`."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def __call__(self, url: str) -> RemoteBase:
        """What a URL stands for now. Raises Malformed, Unsupported, GitError and Unavailable."""
        location = Location.parse(url)
        if location.is_file:
            return RemoteBase({"base.yaml": await _download(location)}, "base.yaml", is_file=True)
        repository = remote(location.url)
        if _COMMIT.fullmatch(location.ref):
            reference = Reference(commit=location.ref)
            return RemoteBase(
                await self._git.files(repository, reference, location.ref, None, location.timeout), location.path
            )
        last: GitError | None = None
        for reference in _references(location.ref):
            try:
                tip = (await self._git.log(repository, reference, location.timeout, limit=1))[0]
            except GitError as error:
                last = error
                continue
            files = await self._git.files(repository, reference, tip.hash, None, location.timeout)
            return RemoteBase(files, location.path)
        assert last is not None
        raise last


def _references(ref: str) -> tuple[Reference, ...]:
    # A commit alone stands for the default branch where a log is asked for.
    return (Reference(branch=ref), Reference(tag=ref)) if ref else (Reference(commit="0" * 40),)


async def _download(location: Location) -> bytes:
    timeout = aiohttp.ClientTimeout(total=location.timeout)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(location.url, max_redirects=5) as response,
        ):
            if not 200 <= response.status < 300:
                raise errors.Unavailable(f"remote base {_shown(location.url)}: HTTP {response.status}")
            content = bytearray()
            async for chunk in response.content.iter_chunked(256 * 2**10):
                content += chunk
                if len(content) > MAX_FILE:
                    raise errors.LimitExceeded(f"remote base {_shown(location.url)} is larger than {MAX_FILE} bytes")
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise errors.Unavailable(f"remote base {_shown(location.url)}: {type(error).__name__}") from error


def _shown(url: str) -> str:
    """A URL in an error: without user and password and query, cut."""
    return re.sub(r"(?<=//)[^/@]*@", "***@", url).partition("?")[0][:200]
