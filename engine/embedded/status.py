"""What the API server answers when it does not do what was asked: metav1.Status, in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.embedded.schema.fielderrors import FieldError, summary
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.embedded.registry import Resource

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


class ApiError(EngineError):
    """A failed request as a metav1.Status; `headers` go with the answer."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": dict(metadata or {}),
            "status": "Failure",
            "message": message,
        }
        if reason:
            status["reason"] = reason
        if details is not None:
            status["details"] = dict(details)
        status["code"] = code
        super().__init__(message, status=status)
        self.headers = dict(headers or {})


class PlainError(EngineError):
    """A failure that the real server answers as bare text: an unknown path, an unknown group."""

    def __init__(self, status_code: int, text: str) -> None:
        super().__init__(text)
        self.status_code = status_code


def success(resource: Resource, name: str, uid: str) -> dict[str, Any]:
    """The answer to a delete that removed the object."""
    details = _details(name, resource.group, resource.plural)
    if uid:
        details["uid"] = uid
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def page_not_found() -> PlainError:
    """No such path."""
    return PlainError(404, "404 page not found\n")


def resource_unknown() -> ApiError:
    """The group is known, the resource in it is not."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def not_found(resource: Resource, name: str) -> ApiError:
    """No such object."""
    details = _details(name, resource.group, resource.plural)
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', details=details)


def already_exists(resource: Resource, name: str) -> ApiError:
    """Create of something that is there."""
    details = _details(name, resource.group, resource.plural)
    return ApiError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details=details)


def conflict(resource: Resource, name: str, why: str = MODIFIED) -> ApiError:
    """Somebody else wrote first, or a precondition does not hold."""
    details = _details(name, resource.group, resource.plural)
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=details)


def conflict_of_kind(resource: Resource, name: str, why: str) -> ApiError:
    """A delete precondition that does not hold; the message names the kind."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = _details(name, resource.group, resource.kind)
    message = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=details)


def apply_conflict(causes: Sequence[tuple[str, str]], message: str) -> ApiError:
    """Server-side apply met fields of other managers; `causes` are (manager in the message's words, field)."""
    details = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": field}
        for manager, field in causes
    ]
    return ApiError(409, "Conflict", message, details={"causes": details})


def invalid(group: str, kind: str, name: str, errors: Iterable[FieldError]) -> ApiError:
    """422: every field error is a cause; equal texts are said once in the message."""
    listed = list(errors)
    qualified = f"{kind}.{group}" if group else kind
    details = _details(name, group, kind)
    details["causes"] = [error.cause for error in listed]
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {summary(listed)}', details=details)


def invalid_options(kind: str, errors: Iterable[FieldError]) -> ApiError:
    """422 for query parameters: CreateOptions, PatchOptions, ListOptions…"""
    return invalid("meta.k8s.io", kind, "", errors)


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def internal(message: str) -> ApiError:
    """500 as the server gives it for schema errors of an apply: no reason, the bare message."""
    return ApiError(500, "", message)


def forbidden(resource: Resource, name: str, why: str, causes: Sequence[Mapping[str, Any]] = ()) -> ApiError:
    """403."""
    details = _details(name, resource.group, resource.plural)
    if causes:
        details["causes"] = [dict(cause) for cause in causes]
    return ApiError(403, "Forbidden", f'{resource.qualified} "{name}" is forbidden: {why}', details=details)


def unauthorized() -> ApiError:
    """401: no token, or not ours."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> ApiError:
    """405."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, details={})


def too_large(limit: int) -> ApiError:
    """413."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def unsupported_body(accepted: Sequence[str], hint: str = "") -> ApiError:
    """415 for a body in a format that is not read here; `hint` says what to do instead."""
    message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return ApiError(415, "UnsupportedMediaType", f"{message}; {hint}" if hint else message)


def unsupported_patch() -> ApiError:
    """415 for a PATCH content type that is no patch."""
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})


def not_implemented(what: str) -> ApiError:
    """501: a part of Kubernetes that this server leaves out."""
    message = f"{what} is not implemented by the embedded API server"
    return ApiError(501, "NotImplemented", message, details={})


def expired(message: str, *, continue_token: str = "") -> ApiError:
    """410: the history does not reach back that far."""
    return ApiError(410, "Expired", message, metadata={"continue": continue_token} if continue_token else None)


def version_too_large(asked: int, current: int) -> ApiError:
    """504: the client asks for a resourceVersion that is not here yet."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, details=details, headers={"Retry-After": "1"})


def _details(name: str, group: str, kind: str) -> dict[str, Any]:
    pairs = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in pairs.items() if value}
