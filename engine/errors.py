"""Everything that can go wrong, as one tree.

    EngineError                    a sentence (what, which object) and, where there is one, the next step
    ├── Retryable                  the same call may succeed later
    │   ├── Unavailable            no answer: connection refused, lost, timed out, 5xx
    │   ├── TooManyRequests        429, with Retry-After
    │   ├── Conflict               409: somebody else wrote first
    │   └── Expired                410: the resourceVersion or continue token is too old
    ├── Terminal                   the same call will fail again until something is changed
    │   ├── NotFound               404: the object
    │   ├── NoKindMatch            the API server does not serve this kind
    │   ├── AlreadyExists          409 on create
    │   ├── Invalid                422 and 400: the server judged the object
    │   ├── Malformed              input that cannot be read: YAML, archive, kubeconfig, revision
    │   └── LimitExceeded          a bound of ours was reached: size, depth, count, time
    └── Refused                    nothing was sent, or somebody says no
        ├── LoginRequired          401, or an expired login; names the command to run
        ├── NotAllowed             403, with the missing verb and resource
        ├── ReadOnly               --read-only
        ├── LeaseHeld              another controller holds the Lease
        └── Unsupported            a feature that waits for its issue, named

Retryable, terminal and refused are types, so that callers decide by `except` and never by words.
"""

from __future__ import annotations

from typing import Any


class EngineError(Exception):
    """A failure a person can read: `message` is what and which object, `fix` the next step or ""."""

    def __init__(self, message: str, *, fix: str = "", status: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        #: The API server's metav1.Status, when one was the cause.
        self.status = status

    @property
    def reason(self) -> str:
        """The API server's reason (`Forbidden`, `Invalid`, …), or ""."""
        return str((self.status or {}).get("reason") or "")

    @property
    def code(self) -> int:
        """The HTTP status that the API server gave, or 0."""
        return int((self.status or {}).get("code") or 0)

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}" if self.fix else self.message


class Retryable(EngineError):
    """The same call may succeed later."""


class Unavailable(Retryable):
    """No answer came: refused, lost, timed out, or a 5xx."""


class TooManyRequests(Retryable):
    """429; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float = 1.0, status: dict[str, Any] | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class Conflict(Retryable):
    """409: somebody else wrote first, or owns a field (reason or causes say which)."""


class Expired(Retryable):
    """410: the resourceVersion or continue token is too old; list again."""


class Terminal(EngineError):
    """The same call will fail again until something is changed."""


class NotFound(Terminal):
    """404 for an object."""


class NoKindMatch(Terminal):
    """The API server does not serve this kind."""


class AlreadyExists(Terminal):
    """409 on create."""


class Invalid(Terminal):
    """422 or 400: the API server judged the object or the request."""


class Malformed(Terminal):
    """Input that cannot be read."""


class LimitExceeded(Terminal):
    """A bound of ours was reached: size, depth, count or time."""


class Refused(EngineError):
    """Nothing was sent, or somebody says no."""


class LoginRequired(Refused):
    """401 or an expired login; `command` is what the person can run, or ""."""

    def __init__(self, message: str, *, command: str = "", fix: str = "", status: dict[str, Any] | None = None) -> None:
        super().__init__(message, fix=fix or (f"run `{command}`" if command else ""), status=status)
        self.command = command


class NotAllowed(Refused):
    """403; `verb` and `resource` (plural.group) name the missing right."""

    def __init__(
        self, message: str, *, verb: str = "", resource: str = "", status: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.verb = verb
        self.resource = resource


class ReadOnly(Refused):
    """--read-only, or a setting, disables every act."""


class LeaseHeld(Refused):
    """Another controller holds (or may hold) the Lease; the message says who."""


class Unsupported(Refused):
    """A feature that waits for its issue; the message names field and object."""
