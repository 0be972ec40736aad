"""metav1 conditions on plain objects: set, delete, stored order and the summary (flux.md 1.3).

Every function takes the whole object (a dict) and keeps `status.conditions` in the order Flux stores it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

Object = dict[str, Any]

READY: Final = "Ready"
RECONCILING: Final = "Reconciling"
STALLED: Final = "Stalled"
HEALTHY: Final = "Healthy"

TRUE: Final = "True"
FALSE: Final = "False"
UNKNOWN: Final = "Unknown"

PROGRESSING: Final = "Progressing"
PROGRESSING_WITH_RETRY: Final = "ProgressingWithRetry"

MESSAGE_LIMIT: Final = 32_768
"""Bytes of a message that Flux's CRDs let through."""

_FIRST = {STALLED: 0, RECONCILING: 1, READY: 2}
_EXCLUDES = {RECONCILING: STALLED, STALLED: RECONCILING}


def all_of(obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The object's conditions as they are stored; [] when there are none."""
    status = obj.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    return conditions if isinstance(conditions, list) else []


def get(obj: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """The condition of this type, or None."""
    return next((condition for condition in all_of(obj) if condition.get("type") == kind), None)


def status(obj: Mapping[str, Any], kind: str) -> str:
    """`True`, `False`, `Unknown`, or "" when there is no such condition."""
    return str((get(obj, kind) or {}).get("status") or "")


def reason(obj: Mapping[str, Any], kind: str) -> str:
    """The condition's reason, or ""."""
    return str((get(obj, kind) or {}).get("reason") or "")


def message(obj: Mapping[str, Any], kind: str) -> str:
    """The condition's message, or ""."""
    return str((get(obj, kind) or {}).get("message") or "")


def is_true(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether the condition is there and True."""
    return status(obj, kind) == TRUE


def is_ready(obj: Mapping[str, Any]) -> bool:
    """Ready is True."""
    return is_true(obj, READY)


def stamp(now: datetime) -> str:
    """A time as the API writes it: UTC, whole seconds."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cut(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """The text, at most `limit` bytes of UTF-8, with `...` where it was cut."""
    raw = text.encode()
    return text if len(raw) <= limit else raw[: limit - 3].decode(errors="ignore") + "..."


def put(obj: Object, kind: str, value: str, why: str, text: str, now: datetime) -> None:
    """Set a condition: observedGeneration always follows, lastTransitionTime only a change of what it says.

    Setting Reconciling or Stalled deletes the other.
    """
    conditions = _own(obj)
    if kind in _EXCLUDES:
        _remove(conditions, (_EXCLUDES[kind],))
    new: dict[str, Any] = {
        "lastTransitionTime": stamp(now),
        "message": cut(text),
        "reason": why,
        "status": value,
        "type": kind,
    }
    generation = _generation(obj)
    if generation:
        new["observedGeneration"] = generation
    for index, old in enumerate(conditions):
        if old.get("type") != kind:
            continue
        if all(old.get(key) == new[key] for key in ("status", "reason", "message")):
            new["lastTransitionTime"] = old.get("lastTransitionTime") or new["lastTransitionTime"]
        conditions[index] = new
        break
    else:
        conditions.append(new)
    conditions.sort(key=_order)


def mark_true(obj: Object, kind: str, why: str, text: str, now: datetime) -> None:
    """Set the condition to True."""
    put(obj, kind, TRUE, why, text, now)


def mark_false(obj: Object, kind: str, why: str, text: str, now: datetime) -> None:
    """Set the condition to False."""
    put(obj, kind, FALSE, why, text, now)


def mark_unknown(obj: Object, kind: str, why: str, text: str, now: datetime) -> None:
    """Set the condition to Unknown."""
    put(obj, kind, UNKNOWN, why, text, now)


def mark_reconciling(obj: Object, why: str, text: str, now: datetime) -> None:
    """Set Reconciling=True, which deletes Stalled."""
    put(obj, RECONCILING, TRUE, why, text, now)


def mark_stalled(obj: Object, why: str, text: str, now: datetime) -> None:
    """Set Stalled=True, which deletes Reconciling."""
    put(obj, STALLED, TRUE, why, text, now)


def delete(obj: Object, *kinds: str) -> None:
    """Take conditions away; those that are not there are no error."""
    if all_of(obj):
        _remove(_own(obj), kinds)


def retrying(obj: Object, now: datetime) -> None:
    """After a failed pass a Reconciling that is there says `ProgressingWithRetry`, with its last message."""
    if is_true(obj, RECONCILING):
        mark_reconciling(obj, PROGRESSING_WITH_RETRY, message(obj, RECONCILING), now)


def progressive(obj: Object, text: str, now: datetime, *, drift: bool = False) -> None:
    """Progressive status: Reconciling, and Ready=Unknown only on drift or when Ready says nothing yet."""
    mark_reconciling(obj, PROGRESSING, text, now)
    if drift or status(obj, READY) in ("", UNKNOWN):
        mark_unknown(obj, READY, PROGRESSING, text, now)


def in_order(conditions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conditions in the order in which Flux stores them."""
    return sorted(conditions, key=_order)


def summarize(obj: Object, order: Sequence[str], negative: Iterable[str], now: datetime) -> None:
    """Set Ready from the listed conditions (flux.md 1.3 "Summary algorithm").

    `order` lists the types that count, the most telling first; `negative` those for which True is bad.
    Nothing happens while the object has none of them.
    """
    bad = frozenset(negative)
    found = [(kind, condition) for kind in order if (condition := get(obj, kind)) is not None]
    if not found:
        return
    groups = [_merge_group(str(condition.get("status")), kind in bad) for kind, condition in found]
    lowest = min(groups)
    condition = found[groups.index(lowest)][1]
    value = (FALSE, FALSE, TRUE, TRUE, UNKNOWN)[lowest]
    put(obj, READY, value, str(condition.get("reason") or ""), str(condition.get("message") or ""), now)


def _merge_group(value: str, negative: bool) -> int:
    """0 and 1 make Ready False, 2 and 3 True, 4 Unknown; the lowest number present wins."""
    if value == TRUE:
        return 0 if negative else 2
    if value == FALSE:
        return 3 if negative else 1
    return 4


def _own(obj: Object) -> list[dict[str, Any]]:
    """The conditions as a list of this object's own, made when missing."""
    status_ = obj.get("status")
    if not isinstance(status_, dict):
        status_ = obj["status"] = {}
    conditions = status_.get("conditions")
    if not isinstance(conditions, list):
        conditions = status_["conditions"] = []
    return conditions


def _remove(conditions: list[dict[str, Any]], kinds: Sequence[str]) -> None:
    conditions[:] = [condition for condition in conditions if condition.get("type") not in kinds]


def _generation(obj: Mapping[str, Any]) -> int:
    return int((obj.get("metadata") or {}).get("generation") or 0)


def _order(condition: Mapping[str, Any]) -> tuple[int, int, str]:
    kind = str(condition.get("type") or "")
    first = _FIRST.get(kind, 3)
    return (first, 0 if first < 3 else -int(condition.get("observedGeneration") or 0), kind)
