"""How server-side apply refuses."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import Conflict, Terminal


class FieldConflict(Conflict):
    """Fields that other managers own would change; `causes` are (manager in the API server's words, field path).

    The API server answers 409 with reason Conflict and one cause each: reason FieldManagerConflict, message
    `conflict with <manager>`, field.
    """

    def __init__(self, causes: Sequence[tuple[str, str]]) -> None:
        self.causes = tuple(causes)
        message = _message(self.causes)
        super().__init__(message, status={"code": 409, "reason": "Conflict", "message": message})


class TypedError(Terminal):
    """The object does not fit its type: the API server answers 500, without a reason, with this message."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status={"code": 500, "reason": "", "message": message})


def _message(causes: Sequence[tuple[str, str]]) -> str:
    if len(causes) == 1:
        return f"Apply failed with 1 conflict: conflict with {causes[0][0]}: {causes[0][1]}"
    lines: dict[str, list[str]] = {}
    for manager, path in causes:
        lines.setdefault(manager, [f"conflicts with {manager}:"]).append(f"- {path}")
    return f"Apply failed with {len(causes)} conflicts: " + "\n".join(line for part in lines.values() for line in part)
