"""The status of a definition: whether its names are free, and so whether it is served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def condition(crd: dict[str, Any], kind: str) -> str:
    """The status of one condition ("True", "False"), or ""."""
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return next((str(entry.get("status")) for entry in conditions if entry.get("type") == kind), "")


def accept(crd: dict[str, Any], others: Iterable[dict[str, Any]], now: str) -> dict[str, Any]:
    """The status after the names were judged against `others` (definitions of the same group); `now` is RFC 3339.

    Keeps lastTransitionTime of conditions that stay as they are, so that the same input gives the same status.
    """
    spec = crd.get("spec") or {}
    names = dict(spec.get("names") or {})
    conflict = _name_conflict(crd, others)
    status = dict(crd.get("status") or {})
    if conflict:
        accepted = ("False", conflict[0], conflict[1])
        established = ("False", "NotAccepted", "not all names are accepted")
    else:
        accepted = ("True", "NoConflicts", "no conflicts found")
        established = ("True", "InitialNamesAccepted", "the initial names have been accepted")
        status["acceptedNames"] = names
    if condition(crd, "Established") == "True":
        established = ("True", "InitialNamesAccepted", "the initial names have been accepted")
    stored = list(status.get("storedVersions") or ())
    stored += [v["name"] for v in spec.get("versions") or () if v.get("storage") and v["name"] not in stored]
    status["storedVersions"] = stored
    status["conditions"] = [
        _condition(crd, "NamesAccepted", accepted, now),
        _condition(crd, "Established", established, now),
        *(c for c in status.get("conditions") or () if c.get("type") not in ("NamesAccepted", "Established")),
    ]
    return status


def _condition(crd: dict[str, Any], kind: str, wanted: tuple[str, str, str], now: str) -> dict[str, Any]:
    status, reason, message = wanted
    since = now
    for entry in (crd.get("status") or {}).get("conditions") or ():
        if entry.get("type") == kind and entry.get("status") == status:
            since = entry.get("lastTransitionTime") or now
    return {"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}


def _name_conflict(crd: dict[str, Any], others: Iterable[dict[str, Any]]) -> tuple[str, str] | None:
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    own = (crd.get("metadata") or {}).get("name")
    words: set[Any] = set()
    kinds: set[Any] = set()
    for other in others:
        name, group = (other.get("metadata") or {}).get("name"), (other.get("spec") or {}).get("group")
        if group == spec.get("group") and name != own:
            accepted = (other.get("status") or {}).get("acceptedNames") or {}
            words |= {accepted.get("plural"), accepted.get("singular"), *(accepted.get("shortNames") or ())}
            kinds |= {accepted.get("kind"), accepted.get("listKind")}
    for field, taken in (("plural", words), ("singular", words), ("kind", kinds), ("listKind", kinds)):
        if names.get(field) and names[field] in taken:
            return f"{field[0].upper()}{field[1:]}Conflict", f'"{names[field]}" is already in use'
    for short in names.get("shortNames") or ():
        if short in words:
            return "ShortNamesConflict", f'"{short}" is already in use'
    return None
