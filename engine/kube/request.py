"""One request and its answer, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.kube.config import Impersonation

CONNECT_TIMEOUT = 10.0
REQUEST_TIMEOUT = 30.0
#: A page of 500 objects is a megabyte or so; five-hundred of the largest that etcd takes stay under this.
MAX_BODY = 512 * 1024 * 1024
MAX_ERROR_BODY = 1024 * 1024
READS = frozenset({"GET", "HEAD"})
MYSELF = Impersonation()


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` is below the server's URL and already quoted."""

    method: str
    path: str
    query: Iterable[tuple[str, str]] = ()
    body: bytes | None = None
    content_type: str = ""
    accept: str = "application/json"
    impersonate: Impersonation = MYSELF
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = REQUEST_TIMEOUT
    max_body: int = MAX_BODY

    @property
    def is_read(self) -> bool:
        """Whether sending it twice does no harm."""
        return self.method in READS

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer below 400."""

    code: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]
