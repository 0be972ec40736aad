"""One request and its answer, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    query: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    content_type: str = ""
    accept: str = "application/json"
    impersonate: Impersonation = MYSELF
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = REQUEST_TIMEOUT
    max_body: int = MAX_BODY
    #: Asked right before anything is sent, after waiting for a connection: false means errors.LeaseHeld instead.
    may_send: Callable[[], bool] | None = None

    @property
    def is_read(self) -> bool:
        """Whether sending it twice does no harm."""
        return self.method in READS

    @property
    def is_write(self) -> bool:
        """Whether it may change something: no read, and no dry run."""
        return not self.is_read and ("dryRun", "All") not in self.query

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer below 400."""

    code: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]
