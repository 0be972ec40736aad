"""The consumer's side of an artifact (flux.md 2.2): download, check, unpack into memory.

The texts of the errors are those that Flux puts into conditions.
"""

from __future__ import annotations

import asyncio
import ipaddress
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from engine import errors
from engine.clock import Clock
from engine.source.storage import Storage, new_hash
from engine.tar import Tar

RETRIES = 9
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 30.0
_CHUNK = 256 * 2**10
_HINT = "check whether file size exceeds max download size"

#: GET a URL: the HTTP status and the body (at most the limit's bytes); raises errors.Unavailable without an answer.
Download = Callable[[str, int], Awaitable[tuple[int, bytes]]]


class ArtifactNotFound(errors.Retryable):
    """404, or gone from the storage: the source is being rebuilt; not a failure of whoever asks."""


class FetchFailed(errors.Retryable):
    """The artifact could not be had; the message is Flux's text."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on an artifact that is read."""

    compressed: int = 128 * 2**20
    unpacked: int = 256 * 2**20
    entries: int = 50_000
    path: int = 4096


async def fetch_artifact(
    artifact: Mapping[str, Any],
    *,
    storage: Storage | None = None,
    download: Download | None = None,
    clock: Clock | None = None,
    retries: int = RETRIES,
    limits: Limits | None = None,
) -> dict[str, bytes]:
    """The files of an artifact by relative path; symlinks and other irregular members are left out.

    What our own `storage` has with this digest is read there, wherever the URL points: after a restart it may still be
    that of the server before. Otherwise the URL is asked through `download`, which by default speaks to loopback only:
    other hosts mean something only inside the cluster.
    """
    limits = limits or Limits()
    url = str(artifact.get("url", ""))
    data = await asyncio.to_thread(_from_storage, storage, artifact) if storage is not None else None
    if data is None:
        if storage is not None and _is_loopback(urlsplit(url).hostname or ""):
            raise ArtifactNotFound("artifact not found")
        data = await _download(url, download or loopback_download, clock or Clock(), retries, limits.compressed)
    return await asyncio.to_thread(_checked, data, artifact, limits)


def _from_storage(storage: Storage, artifact: Mapping[str, Any]) -> bytes | None:
    try:
        data = storage.read(artifact)
    except errors.Malformed:
        return None  # a path that is none of ours
    return data if data is not None and _matches(data, artifact) else None


def _matches(data: bytes, artifact: Mapping[str, Any]) -> bool:
    algorithm, _, wanted = str(artifact.get("digest") or "").rpartition(":")
    found = new_hash(algorithm)
    found.update(data)
    size = artifact.get("size")
    return found.hexdigest() == wanted and (not isinstance(size, int) or size == len(data))


async def loopback_download(url: str, limit: int) -> tuple[int, bytes]:
    """GET from a loopback address, without proxies and redirects."""
    host = urlsplit(url).hostname or ""
    if not _is_loopback(host):
        raise errors.Unsupported(f"the artifact server {host[:100]} is reached from inside the cluster only")
    timeout = aiohttp.ClientTimeout(total=120.0, sock_connect=5.0)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            body = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > limit:
                    raise errors.LimitExceeded(f"the artifact has more than {limit} bytes")
            return response.status, bytes(body)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise errors.Unavailable(f'Get "{url}": {error or type(error).__name__}') from None


async def _download(url: str, download: Download, clock: Clock, retries: int, limit: int) -> bytes:
    wait = _FIRST_WAIT
    for attempt in range(retries + 1):
        try:
            status, body = await download(url, limit)
        except errors.Unavailable as error:
            failure = f"failed to download archive: {error.message}"
        else:
            if status == HTTPStatus.OK:
                return body
            if status == HTTPStatus.NOT_FOUND:
                raise ArtifactNotFound("artifact not found")
            failure = f"failed to download archive from {url} (status: {status} {_phrase(status)})"
            if status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS:
                raise FetchFailed(failure)
        if attempt < retries:
            await clock.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
    raise FetchFailed(failure)


def _checked(data: bytes, artifact: Mapping[str, Any], limits: Limits) -> dict[str, bytes]:
    digest = str(artifact.get("digest") or "")
    if not digest:
        raise FetchFailed("failed to verify archive: empty digest")
    if not _matches(data, artifact):
        raise FetchFailed(f"failed to verify archive: computed digest doesn't match provided '{digest}' ({_HINT})")
    try:
        return unpack(data, limits)
    except (errors.Malformed, errors.LimitExceeded) as error:
        raise FetchFailed(f"failed to extract archive ({_HINT}): {error.message}") from error


def unpack(data: bytes, limits: Limits) -> dict[str, bytes]:
    """The regular files of a tar.gz, within bounds; raises Malformed and LimitExceeded."""
    files: dict[str, bytes] = {}
    entries = 0
    tar = Tar(_Gunzip(data, limits.unpacked))
    try:
        for member in tar:
            entries += 1
            if entries > limits.entries:
                raise errors.LimitExceeded(f"more than {limits.entries} files and directories")
            name = _safe_name(member.name, limits.path)
            if member.is_file:
                files[name] = tar.read()
    except (zlib.error, EOFError) as error:
        raise errors.Malformed(f"not a tar.gz archive: {error}") from None
    return files


def _safe_name(name: str, longest: int) -> str:
    parts = name.removeprefix("./").split("/")
    if name.startswith("/") or "\0" in name or ".." in parts or len(name) > longest:
        raise errors.Malformed(f'tar contained invalid name error "{name[:200]}"')
    return "/".join(part for part in parts if part not in ("", "."))


class _Gunzip:
    """A file that unpacks gzip as it is read, and not more than a number of bytes."""

    def __init__(self, data: bytes, limit: int) -> None:
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._rest = data
        self._left = limit
        self._limit = limit

    def read(self, size: int) -> bytes:
        """Up to so many bytes; b"" at the end."""
        if self._inflate.eof or size <= 0:
            return b""
        out = self._inflate.decompress(self._rest, size)
        self._rest = self._inflate.unconsumed_tail
        self._left -= len(out)
        if self._left < 0:
            raise errors.LimitExceeded(f"more than {self._limit} bytes unpacked")
        if not out and not self._inflate.eof:
            raise EOFError("it ends in the middle")
        return out


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
