"""How a patch is refused."""

from __future__ import annotations

from typing import Any

from engine.errors import Invalid

REJECTED = "the server rejected our request due to an error in our request"
MAX_DEPTH = 200


class PatchError(Invalid):
    """A patch that cannot be read or does not apply.

    `code`, `reason` and `message` are the API server's; `detail` says what was wrong where its words do not.
    """

    def __init__(self, message: str, *, code: int, reason: str, detail: str = "") -> None:
        super().__init__(message, status={"code": code, "reason": reason, "message": message})
        self.detail = detail or message


def bad_request(message: str) -> PatchError:
    """400: the patch cannot be read."""
    return PatchError(message, code=400, reason="BadRequest")


_KINDS = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    type(None): "null",
}


def unreadable(value: Any, wanted: str) -> PatchError:
    """400: the body is not of the Go type that it is decoded into."""
    kind = _KINDS.get(type(value), "null")
    return bad_request(f"error decoding patch: json: cannot unmarshal {kind} into Go value of type {wanted}")


def rejected(detail: str) -> PatchError:
    """422: the patch does not apply. The API server does not say why."""
    return PatchError(REJECTED, code=422, reason="Invalid", detail=detail)


def failed(message: str) -> PatchError:
    """500: what the API server does not expect of a patch."""
    return PatchError(message, code=500, reason="")


def too_large(message: str) -> PatchError:
    """413: more operations, or more copied text, than one patch may have."""
    return PatchError(message, code=413, reason="RequestEntityTooLarge")


def check_depth(value: Any) -> None:
    """Refuse what is nested so deeply that walking it is an attack."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for container in level
            for inner in (container.values() if isinstance(container, dict) else container)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise bad_request(f"nested deeper than {MAX_DEPTH} levels")
