"""metav1.Status ↔ the error tree, with the API server's words kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from engine import errors

#: Longer texts than this say nothing more to a person; a webhook may answer with a page of HTML.
MAX_MESSAGE = 4096

_CANNOT = re.compile(r'cannot (?P<verb>[\w*]+) resource "(?P<plural>[^"]*)" in API group "(?P<group>[^"]*)"')
_CANNOT_PATH = re.compile(r'cannot (?P<verb>[\w*]+) path "(?P<path>[^"]*)"')
_MISSING_RESOURCE = "the server could not find the requested resource"


class Unanswered(errors.Unavailable):
    """A write left, and no answer came: it may or may not have been done. Settle it by reading."""


def from_response(
    code: int, body: bytes, *, content_type: str = "", retry_after: float | None = None, request: str = ""
) -> errors.EngineError:
    """The typed error for an HTTP answer of 400 and above.

    `request` is "GET /path", used where the server said nothing of its own; `retry_after` is in seconds.
    """
    status = _read_status(body) if "json" in content_type or body[:1] == b"{" else None
    if status is None:
        status = _made_up(code, body, request)
    if retry_after is not None:
        details = status.get("details")
        status["details"] = {**(details if isinstance(details, dict) else {}), "retryAfterSeconds": retry_after}
    status["code"] = code
    return from_status(status)


def from_status(status: dict[str, Any]) -> errors.EngineError:
    """The typed error for a metav1.Status, also for one that came in a watch's ERROR frame."""
    code = status.get("code")
    code = code if isinstance(code, int) else 500
    status = {**status, "code": code}
    message = str(status.get("message") or status.get("reason") or f"the API server answered {code}")
    message = message[:MAX_MESSAGE]
    make = _BY_CODE.get(code)
    if make is None:
        make = _unavailable if code >= 500 else _invalid
    return make(message, status)


def retry_after(error: errors.EngineError) -> float | None:
    """How many seconds the API server wants us to wait, when it said so."""
    if isinstance(error, errors.TooManyRequests):
        return error.retry_after
    details = (error.status or {}).get("details")
    seconds = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    return float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None


def _read_status(body: bytes) -> dict[str, Any] | None:
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return status if isinstance(status, dict) and status.get("kind") == "Status" else None


def _made_up(code: int, body: bytes, request: str) -> dict[str, Any]:
    text = body[:MAX_MESSAGE].decode("utf-8", "replace").strip()
    first = text.splitlines()[0] if text and not text.startswith("<") else ""
    message = f"{request}: {code}" + (f" {first}" if first else "")
    # "404 page not found" is how the API server says that it has no such group, version or path.
    return {"kind": "Status", "status": "Failure", "message": message, "code": code, "details": {}}


def _not_found(message: str, status: dict[str, Any]) -> errors.EngineError:
    details = status.get("details")
    if not details or message == _MISSING_RESOURCE:
        return errors.NoKindMatch(message, status=status)
    return errors.NotFound(message, status=status)


def _conflict(message: str, status: dict[str, Any]) -> errors.EngineError:
    kind = errors.AlreadyExists if status.get("reason") == "AlreadyExists" else errors.Conflict
    return kind(message, status=status)


def _forbidden(message: str, status: dict[str, Any]) -> errors.EngineError:
    verb = resource = ""
    if found := _CANNOT.search(message):
        verb, group = found["verb"], found["group"]
        resource = f"{found['plural']}.{group}" if group else found["plural"]
    elif found := _CANNOT_PATH.search(message):
        verb, resource = found["verb"], found["path"]
    return errors.NotAllowed(message, verb=verb, resource=resource, status=status)


def _too_many(message: str, status: dict[str, Any]) -> errors.EngineError:
    details = status.get("details")
    seconds = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    wait = float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else 1.0
    return errors.TooManyRequests(message, retry_after=wait, status=status)


def _login(message: str, status: dict[str, Any]) -> errors.EngineError:
    return errors.LoginRequired(message, status=status)


def _expired(message: str, status: dict[str, Any]) -> errors.EngineError:
    return errors.Expired(message, status=status)


def _invalid(message: str, status: dict[str, Any]) -> errors.EngineError:
    return errors.Invalid(message, status=status)


def _unsupported(message: str, status: dict[str, Any]) -> errors.EngineError:
    return errors.Unsupported(message, status=status)


def _unavailable(message: str, status: dict[str, Any]) -> errors.EngineError:
    return errors.Unavailable(message, status=status)


_BY_CODE: dict[int, Callable[[str, dict[str, Any]], errors.EngineError]] = {
    401: _login,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    410: _expired,
    429: _too_many,
    501: _unsupported,
}
