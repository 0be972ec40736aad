"""What the API server says about one field, in its own words.

A FieldError is one cause of a 422 Status. The constructors write the server's wording; `summary` joins
several into the text that follows `<Kind> "<name>" is invalid: `.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

#: The field of an error that belongs to no field.
NO_FIELD = "<nil>"

REQUIRED = "FieldValueRequired"
INVALID = "FieldValueInvalid"
TYPE_INVALID = "FieldValueTypeInvalid"
NOT_SUPPORTED = "FieldValueNotSupported"
FORBIDDEN = "FieldValueForbidden"
DUPLICATE = "FieldValueDuplicate"
TOO_LONG = "FieldValueTooLong"
TOO_MANY = "FieldValueTooMany"

_MAX_VALUE_LENGTH = 20_000


class _Omitted:
    """Stands for a value that the message leaves out."""


OMITTED = _Omitted()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One cause: `field` (dotted path), `reason` (FieldValue…), the cause's whole text, and the value judged."""

    field: str
    reason: str
    message: str
    value: Any = None

    @property
    def cause(self) -> dict[str, Any]:
        """The entry of `details.causes`."""
        return {"reason": self.reason, "message": self.message, "field": self.field}

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def summary(errors: Iterable[FieldError]) -> str:
    """One error as it is; several as `[a, b]`, each text once, in order."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def shown(value: Any) -> str:
    """A value as the server prints it in a message: strings quoted, the rest as JSON with its keys in order."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()
    except TypeError:  # an integer of more than 64 bits
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return text[:_MAX_VALUE_LENGTH]


def required(field: str, detail: str = "") -> FieldError:
    """The field must be there."""
    return FieldError(field, REQUIRED, _join("Required value", detail))


def invalid(field: str, value: Any, detail: str, *, reason: str = INVALID) -> FieldError:
    """The value is not right; with OMITTED the message leaves it out."""
    if value is OMITTED:
        return FieldError(field, reason, _join("Invalid value", detail))
    return FieldError(field, reason, _join("Invalid value", shown(value), detail), value)


def type_invalid(field: str, value: Any, detail: str) -> FieldError:
    """The value has the wrong type."""
    return invalid(field, value, detail, reason=TYPE_INVALID)


def not_supported(field: str, value: Any, allowed: Sequence[Any]) -> FieldError:
    """The value is none of those allowed."""
    listed = ", ".join(shown(choice if isinstance(choice, str) else shown(choice)) for choice in allowed)
    return FieldError(field, NOT_SUPPORTED, f"Unsupported value: {shown(value)}: supported values: {listed}", value)


def forbidden(field: str, detail: str) -> FieldError:
    """The field may not be there."""
    return FieldError(field, FORBIDDEN, _join("Forbidden", detail))


def duplicate(field: str, value: Any) -> FieldError:
    """The value is there twice."""
    return FieldError(field, DUPLICATE, f"Duplicate value: {shown(value)}", value)


def too_long(field: str, maximum: int) -> FieldError:
    """The text is longer than `maximum` bytes."""
    return FieldError(field, TOO_LONG, f"Too long: may not be more than {maximum} bytes")


def too_many(field: str, actual: int, maximum: int) -> FieldError:
    """The list or map has more than `maximum` entries."""
    noun = "item" if maximum == 1 else "items"
    return FieldError(field, TOO_MANY, f"Too many: {actual}: must have at most {maximum} {noun}", actual)


def _join(*parts: str) -> str:
    return ": ".join(part for part in parts if part)
