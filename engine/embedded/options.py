"""Query parameters and DeleteOptions as values, with the server's own complaints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from multidict import MultiMapping

from engine.embedded import status
from engine.embedded.schema.fielderrors import FORBIDDEN, NOT_SUPPORTED, FieldError, forbidden, required

VALIDATION = ("Ignore", "Warn", "Strict")
MAX_MANAGER = 128


Query = MultiMapping[str]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What create, update and patch have in common."""

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete; `grace` is in seconds, None where nobody said."""

    uid: str = ""
    version: str = ""
    propagation: str = ""
    grace: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What to list or watch. `version` is None where the client gave none."""

    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    version: int | None = None
    match: str = ""
    watch: bool = False
    bookmarks: bool = False
    initial_events: bool | None = None
    timeout: float = 0.0


def write_options(query: Query, *, kind: str, user_agent: str, apply: bool = False) -> WriteOptions:
    """The options of a write; `kind` is CreateOptions, UpdateOptions or PatchOptions."""
    errors: list[FieldError] = []
    dry_run = _dry_run(query.getall("dryRun", []), errors)
    validation = query.get("fieldValidation", "") or "Warn"
    if validation not in VALIDATION:
        message = f'Unsupported value: "{validation}": supported values: "Ignore", "Strict", "Warn"'
        errors.append(FieldError("fieldValidation", NOT_SUPPORTED, message))
    manager = query.get("fieldManager", "")
    force = _flag(query.get("force", ""))
    if apply and not manager:
        errors.append(required("fieldManager", "is required for apply patch"))
    if kind == "PatchOptions" and not apply and query.get("force", ""):
        errors.append(forbidden("force", "may not be specified for non-apply patch"))
    if len(manager) > MAX_MANAGER:
        errors.append(
            FieldError("fieldManager", "FieldValueTooLong", f"Too long: may not be more than {MAX_MANAGER} bytes")
        )
    if errors:
        raise status.invalid_options(kind, errors)
    return WriteOptions(manager or manager_of(user_agent), dry_run, validation, force)


def manager_of(user_agent: str) -> str:
    """The field manager of a client that names none: its user agent up to the first slash."""
    return user_agent.split("/", 1)[0][:MAX_MANAGER] or "unknown"


def delete_options(query: Query, body: Mapping[str, Any] | None) -> DeleteOptions:
    """From the body where there is one, else from the query."""
    errors: list[FieldError] = []
    if body:
        found = _delete_body(body, errors)
    else:
        orphan = query.get("orphanDependents", "")
        grace = query.get("gracePeriodSeconds", "")
        found = DeleteOptions(
            propagation=query.get("propagationPolicy", "") or _orphan(_flag(orphan) if orphan else None),
            grace=_number(grace, "gracePeriodSeconds") if grace else None,
            dry_run=_dry_run(query.getall("dryRun", []), errors),
        )
    if found.propagation not in ("", "Background", "Foreground", "Orphan"):
        message = (
            f'Unsupported value: "{found.propagation}": supported values: "Background", "Foreground", "Orphan", "nil"'
        )
        errors.append(FieldError("propagationPolicy", NOT_SUPPORTED, message))
    if errors:
        raise status.invalid_options("DeleteOptions", errors)
    return found


def _delete_body(body: Mapping[str, Any], errors: list[FieldError]) -> DeleteOptions:
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds")
    if not isinstance(preconditions, dict) or not isinstance(grace, int | None):
        raise status.bad_request("DeleteOptions cannot be read: preconditions is a map, gracePeriodSeconds a number")
    dry_run = body.get("dryRun") or []
    return DeleteOptions(
        uid=str(preconditions.get("uid") or ""),
        version=str(preconditions.get("resourceVersion") or ""),
        propagation=str(body.get("propagationPolicy") or "") or _orphan(body.get("orphanDependents")),
        grace=grace,
        dry_run=_dry_run([str(item) for item in dry_run] if isinstance(dry_run, list) else [str(dry_run)], errors),
    )


def list_options(query: Query) -> ListOptions:
    """The options of list, watch and deletecollection."""
    version_text = query.get("resourceVersion", "")
    match = query.get("resourceVersionMatch", "")
    token = query.get("continue", "")
    limit = query.get("limit", "")
    watch = _flag(query.get("watch", ""))
    initial_text = query.get("sendInitialEvents", "")
    initial = _flag(initial_text) if initial_text else None
    error = _version_match_error(watch=watch, initial=initial, match=match, version=version_text, token=token)
    if error is not None:
        raise status.invalid_options("ListOptions", [error])
    return ListOptions(
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
        limit=max(_number(limit, "limit"), 0) if limit else 0,
        token=token,
        version=_version(version_text),
        match=match,
        watch=watch,
        bookmarks=_flag(query.get("allowWatchBookmarks", "")),
        initial_events=initial,
        timeout=float(_number(query.get("timeoutSeconds", "") or "0", "timeoutSeconds")),
    )


def _version_match_error(
    *, watch: bool, initial: bool | None, match: str, version: str, token: str
) -> FieldError | None:
    field = "resourceVersionMatch"
    if watch:
        if initial is not None and match != "NotOlderThan":
            return forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if initial is None and match:
            return forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
        return None
    if initial is not None:
        return forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if not match:
        return None
    if not version:
        return forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")
    if token:
        return forbidden(field, "resourceVersionMatch is forbidden when continue is provided")
    if match not in ("Exact", "NotOlderThan"):
        message = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
        return FieldError(field, NOT_SUPPORTED, message)
    if match == "Exact" and version == "0":
        return FieldError(
            field, FORBIDDEN, 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        )
    return None


def _version(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        raise status.bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text[:64]}": '
            f'strconv.ParseUint: parsing "{text[:64]}": invalid syntax'
        )
    return int(text)


def _number(text: str, name: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise status.bad_request(f'strconv.ParseInt: parsing "{text[:64]}": invalid syntax ({name})')
    return int(text)


def _flag(text: str) -> bool:
    return text.lower() not in ("", "0", "false", "f")


def _orphan(value: Any) -> str:
    if value is None:
        return ""
    return "Orphan" if value else "Background"


def _dry_run(values: Sequence[str], errors: list[FieldError]) -> bool:
    if any(value != "All" for value in values):
        listed = ",".join(f'"{value}"' for value in values)
        errors.append(FieldError("dryRun", NOT_SUPPORTED, f'Unsupported value: [{listed}]: supported values: "All"'))
    return bool(values)
