"""Remote bases of kustomizations: repositories over http(s) and single files (engines.md B7).

The URL's grammar is kustomize's: `https://host/org/repo//path?ref=v1&timeout=27s`, `git::` before it, `github.com/…`
without a scheme. The repository ends behind `_git/NAME`, at `//`, behind `.git`, else behind two names. Without
credentials, as Flux fetches them; submodules are not fetched.
"""

from __future__ import annotations

import posixpath
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

from engine import errors
from engine.source.git import Git
from engine.source.giterrors import GitError
from engine.source.giturl import Reference, Remote, remote

TIMEOUT: Final = 27.0
"""Seconds for one base, unless its URL says otherwise; kustomize's own default."""
LONGEST: Final = 120.0
MAX_FILE: Final = 16 * 2**20
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_MANIFEST: Final = (".yaml", ".yml", ".json")
_SSH: Final = re.compile(r"(?:ssh://|[\w.-]+@[\w.-]+:)", re.IGNORECASE)
_NO_SCHEME: Final = re.compile(r"(?:gh:|(?:www\.)?github\.com[/:])", re.IGNORECASE)
#: What a clone holds: .sourceignore and the defaults are about artifacts.
_EVERYTHING: Final = "!*"
_SUBMODULE: Final = re.compile(r"^\s*path\s*=\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RemoteBase:
    """What a URL stands for: files, and the directory (or, if `is_file`, the file) among them that is meant."""

    files: Mapping[str, bytes]
    path: str
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A repository's URL taken apart; `ref` is a branch, tag, full ref or commit, "" the default branch.

    `may_be_file` says that the URL as a whole may be a file's, too.
    """

    url: str
    path: str = "."
    ref: str = ""
    timeout: float = TIMEOUT
    is_file: bool = False
    may_be_file: str = ""

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
        seconds = _seconds((query.get("timeout") or [""])[0])
        split = _split(parts.path.lstrip("/"))
        may_be_file = text if text == given else ""
        if may_be_file and (split is None or ("//" not in parts.path and parts.path.endswith(_MANIFEST))):
            return cls(text, timeout=seconds, is_file=True)
        if split is None:
            raise errors.Malformed(f"remote base {_shown(given)} names no repository", fix="write host/org/repo//path")
        repository, path = split
        if posixpath.normpath(path).startswith(".."):
            raise errors.Malformed(f"remote base {_shown(given)}: its path leaves the repository")
        ref = (query.get("ref") or query.get("version") or [""])[0]
        url = f"{parts.scheme}://{parts.netloc}/{repository}"
        return cls(url, path or ".", ref, seconds, may_be_file=may_be_file)


def _split(path: str) -> tuple[str, str] | None:
    """The repository's path and the one in it; None when there is no telling."""
    head, marker, rest = path.partition("_git/")
    if marker:
        name, _, below = rest.partition("/")
        return f"{head}{marker}{name}", below.strip("/")
    for marker, kept in (("//", ""), (".git", ".git")):
        head, found, below = path.partition(marker)
        if found:
            return (head + kept, below.strip("/")) if head else None
    names = path.rstrip("/").split("/")
    return ("/".join(names[:2]), "/".join(names[2:])) if len(names) > 1 else None


def _seconds(text: str) -> float:
    """A number of seconds or one of Go's durations; the default for anything else."""
    if text.isascii() and text.isdigit():
        found = float(text)
    elif _DURATION.fullmatch(text):
        found = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    else:
        found = 0.0
    return min(found, LONGEST) if found > 0 else TIMEOUT


class RemoteBases:
    """Fetches remote bases through the mirrors of a `Git`."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def __call__(self, url: str) -> RemoteBase:
        """What a URL stands for now. Raises Malformed, Unsupported, GitError and Unavailable."""
        location = Location.parse(url)
        if location.is_file:
            return _file(await _download(location.url, location.timeout))
        try:
            return await self._repository(location)
        except GitError as error:
            # kustomize asks for a file first. The other way round spares a request in the common case.
            content = await _file_at(location)
            if content is None:
                raise error from None
            return _file(content)

    async def _repository(self, location: Location) -> RemoteBase:
        repository = remote(location.url)
        if _COMMIT.fullmatch(location.ref):
            return await self._files(location, repository, Reference(commit=location.ref), location.ref)
        last: GitError | None = None
        for reference in _references(location.ref):
            try:
                tip = (await self._git.log(repository, reference, location.timeout, limit=1))[0]
            except GitError as error:
                last = error
                continue
            return await self._files(location, repository, reference, tip.hash)
        assert last is not None
        raise last

    async def _files(self, location: Location, repository: Remote, reference: Reference, commit: str) -> RemoteBase:
        files = await self._git.files(repository, reference, commit, _EVERYTHING, location.timeout)
        for submodule in _SUBMODULE.findall(files.get(".gitmodules", b"").decode(errors="replace")):
            if f"{location.path}/".startswith(f"{submodule}/"):
                raise errors.Unsupported(
                    f"remote base {_shown(location.url)}: {location.path} lies in a submodule; those are not fetched",
                    fix="name the submodule's own repository",
                )
        return RemoteBase(files, location.path)


def _references(ref: str) -> tuple[Reference, ...]:
    """What git tries for a name: a tag comes before a branch."""
    if not ref:
        # A commit alone stands for the default branch where a log is asked for.
        return (Reference(commit="0" * 40),)
    name = ref.removeprefix("refs/")
    if name.startswith("tags/"):
        return (Reference(tag=name.removeprefix("tags/")),)
    if name.startswith("heads/"):
        return (Reference(branch=name.removeprefix("heads/")),)
    if name != ref:
        raise errors.Unsupported(f"remote bases at the ref {ref[:100]!r} are not fetched", fix="name a branch or a tag")
    return (Reference(tag=ref), Reference(branch=ref))


def _file(content: bytes) -> RemoteBase:
    return RemoteBase({"base.yaml": content}, "base.yaml", is_file=True)


async def _file_at(location: Location) -> bytes | None:
    """The file that a URL stands for that is no repository; None when there is none, or a page for people."""
    if not location.may_be_file:
        return None
    try:
        content = await _download(location.may_be_file, location.timeout)
    except errors.Unavailable:
        return None
    return None if content.lstrip()[:1] == b"<" else content


async def _download(url: str, seconds: float) -> bytes:
    timeout = aiohttp.ClientTimeout(total=seconds)
    # Made here, so that SSL_CERT_FILE and SSL_CERT_DIR count as they do for every program.
    tls = ssl.create_default_context() if url.lower().startswith("https:") else True
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, max_redirects=5, ssl=tls) as response,
        ):
            if not 200 <= response.status < 300:
                raise errors.Unavailable(f"remote base {_shown(url)}: HTTP {response.status}")
            content = bytearray()
            async for chunk in response.content.iter_chunked(256 * 2**10):
                content += chunk
                if len(content) > MAX_FILE:
                    raise errors.LimitExceeded(f"remote base {_shown(url)} is larger than {MAX_FILE} bytes")
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise errors.Unavailable(f"remote base {_shown(url)}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    return type(error).__name__


def _shown(url: str) -> str:
    """A URL in an error: without user and password and query, cut."""
    return re.sub(r"(?<=//)[^/@]*@", "***@", url).partition("?")[0][:200]
