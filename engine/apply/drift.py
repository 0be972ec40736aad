"""Drift of one Kustomization, pure: desired objects against live ones, each differing path with who wrote it.

Drift is what the next reconcile would change. The values are engine.model's; those of Secrets never enter them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from engine import openapi
from engine.apply import diff, ignore, objects, paths
from engine.apply.diff import Difference
from engine.apply.managers import OWNER, TakeOver, managed_fields
from engine.flux.inventory import Entry, entry_of
from engine.model import Change, DriftReport, Effect, EffectLine, ObjectDrift, PathDrift, Verdict, Writer
from engine.openapi import Schema
from engine.safe import line

Object = Mapping[str, Any]

_MASK: Final = "***"
_SHOWN: Final = 200
"""Characters of a value."""
_MOST_FIELDS: Final = 3
"""Fields named of one manager."""
_MOST_PATHS: Final = 200
"""Paths told of one object."""
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_GIVES_AWAY: Final = 4
"""Characters of a value from a Secret that are looked for inside of others."""
_ORDER: Final = (Verdict.DIFFERS, Verdict.MISSING, Verdict.TO_PRUNE, Verdict.NOT_COMPARED, Verdict.EXCLUDED)


@dataclass(frozen=True, slots=True)
class Rules:
    """What of a Kustomization's spec and of the controller's flags decides about drift."""

    ignore: Sequence[ignore.Rule] = ()
    take_over: TakeOver = field(default_factory=TakeOver)
    hidden: Collection[str] = field(default=(), repr=False)
    """Values that came from Secrets by substitution."""

    def hides(self, text: str) -> bool:
        """Whether a rendered value gives one of them away; short ones count only when they are the whole of it."""
        return any(value == text or (len(value) >= _GIVES_AWAY and value in text) for value in self.hidden)


def local(desired: Object, live: Object | None, rules: Rules, schema: Schema | None = None) -> ObjectDrift:
    """The verdict without asking the API server; `live` with managedFields, None when it isn't there."""
    entry = entry_of(desired)
    excluded = objects.excluded(desired) or objects.excluded(live)
    if excluded:
        return _verdict(entry, Verdict.EXCLUDED, note=excluded)
    if live is None:
        return _verdict(entry, Verdict.MISSING)
    if objects.switched(desired, objects.SSA, "IfNotPresent"):
        return _verdict(entry, Verdict.EXCLUDED, note="ssa: IfNotPresent")
    if "sops" in desired:
        return encrypted(desired, live)
    schema = schema or schema_of(desired)
    found = diff.differences(desired, live, schema)
    return _judged(entry, desired, live, found, rules, confirmed=False)


def confirmed(desired: Object, live: Object, dry: Object, rules: Rules, schema: Schema | None = None) -> ObjectDrift:
    """The verdict of a dry run, with what the take-over of foreign managers would remove on top."""
    found = diff.between(dry, live, schema or schema_of(desired))
    return _judged(entry_of(desired), desired, live, found, rules, confirmed=True)


def encrypted(desired: Object, live: Object) -> ObjectDrift:
    """A SOPS-encrypted Secret: what is inside can't be known, only whether the same keys are there."""
    entry = entry_of(desired)
    wanted = {key for field_ in ("data", "stringData") for key in (desired.get(field_) or {})}
    found = set(live.get("data") or {})
    changed = [("data", key, Change.REMOVED) for key in sorted(wanted - found)]
    changed += [("data", key, Change.ADDED) for key in sorted(found - wanted)]
    told = tuple(_path_drift((paths.field(a), paths.field(b)), change, "", "", None) for a, b, change in changed)
    verdict = Verdict.DIFFERS if told else Verdict.NOT_COMPARED
    return _verdict(entry, verdict, told, note="encrypted: values not compared")


def to_prune(entry: Entry, live: Object | None, owner: Mapping[str, str]) -> ObjectDrift | None:
    """An object of the inventory that is no longer wanted; None when it would not be deleted."""
    if live is None:
        return None
    if objects.unprunable(live) or not objects.owned_by(live, owner):
        return _verdict(entry, Verdict.EXCLUDED, note="no longer wanted, but kept: not deletable by this Kustomization")
    return _verdict(entry, Verdict.TO_PRUNE)


def not_shown(entry: Entry) -> ObjectDrift:
    """An applied object that the watch of its owner's label does not show: gone, or without the label."""
    return _verdict(entry, Verdict.MISSING, note="not found by its owner's label")


def by_ownership(entry: Entry, live: Object | None, take_over: TakeOver) -> ObjectDrift | None:
    """What can be said of an applied object when what is wanted is not known; None when nothing stands out."""
    if live is None:
        return _verdict(entry, Verdict.MISSING)
    excluded = objects.excluded(live)
    if excluded:
        return _verdict(entry, Verdict.EXCLUDED, note=excluded)
    claimed = [item for item in managed_fields(live) if take_over.claims(item) and not take_over.owns(item)]
    if not claimed:
        return None
    written = "; ".join(f"{item.get('manager')} wrote {_fields_of(item)}" for item in claimed)
    return _verdict(entry, Verdict.NOT_COMPARED, note=line(f"{written}; whether that stays is not known", _SHOWN * 2))


def _fields_of(managed: Object) -> str:
    """The first fields of a managedFields entry, as people write them."""
    found: list[str] = []

    def walk(node: Mapping[str, Any], path: str) -> None:
        for step, below in node.items():
            if len(found) > _MOST_FIELDS or step == ".":
                continue
            here = f"{path}.{step[2:]}" if step.startswith("f:") else f"{path}[{step[2:]}]"
            if below and isinstance(below, Mapping):
                walk(below, here)
            else:
                found.append(here.lstrip("."))

    walk(managed.get("fieldsV1") or {}, "")
    return ", ".join(found[:_MOST_FIELDS]) + (" and more" if len(found) > _MOST_FIELDS else "")


def failing(drift: ObjectDrift, message: str) -> ObjectDrift:
    """The next apply of this object would be refused."""
    return _replaced(drift, note=line(f"the next reconcile would fail: {message}"), verdict=Verdict.DIFFERS)


def not_compared(entry: Entry, why: str) -> ObjectDrift:
    """An object that could not be read."""
    return _verdict(entry, Verdict.NOT_COMPARED, note=line(why))


def unconfirmed(drift: ObjectDrift, why: str) -> ObjectDrift:
    """A local verdict that no dry run could confirm."""
    return _replaced(drift, note=line(why))


def ordered(verdicts: Sequence[ObjectDrift]) -> tuple[tuple[ObjectDrift, ...], int]:
    """(what isn't equal, the telling ones first; how many are equal)."""
    told = [verdict for verdict in verdicts if verdict.verdict is not Verdict.EQUAL]
    told.sort(key=lambda drift: _ORDER.index(drift.verdict))
    return tuple(told), len(verdicts) - len(told)


def schema_of(obj: Object) -> Schema | None:
    """The schema of a built-in kind."""
    group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
    return openapi.schema(group, version, str(obj.get("kind") or ""))


def effect_of(report: DriftReport, *, basis: str) -> Effect:
    """What a reconcile would do, from its drift."""
    lines = tuple(_effect_line(drift) for drift in report.objects if drift.verdict in _EFFECTS)
    return Effect(
        lines=lines,
        created=report.count(Verdict.MISSING),
        changed=report.count(Verdict.DIFFERS),
        pruned=report.count(Verdict.TO_PRUNE),
        unchanged=report.equal,
        warnings=(report.problem,) if report.problem else (),
        basis=basis,
        complete=True,
    )


# --- one object -------------------------------------------------------------------------------------------


def _judged(
    entry: Entry, desired: Object, live: Object, found: Sequence[Difference], rules: Rules, *, confirmed: bool
) -> ObjectDrift:
    merges = objects.merges(desired, live)
    surplus = diff.surplus(desired, live, None if merges else rules.take_over)
    known = {difference.path for difference in found}
    ignored = ignore.paths_for(rules.ignore, desired)
    all_found = [*found, *(extra for extra in surplus if extra.path not in known)]
    told = [item for item in all_found if not ignore.covers(ignored, paths.pointer(item.path))]
    if not told:
        return _verdict(entry, Verdict.EQUAL, confirmed=confirmed)
    secret = entry.ref.kind == "Secret" and not entry.ref.group
    drifts = tuple(_told(item, live, rules, secret=secret) for item in told[:_MOST_PATHS])
    more = len(told) - len(drifts)
    note = f"and {more} more paths" if more else ""
    return _verdict(entry, Verdict.DIFFERS, drifts, note=note, confirmed=confirmed)


def _told(difference: Difference, live: Object, rules: Rules, *, secret: bool) -> PathDrift:
    hidden = secret and difference.path[0].name in ("data", "stringData")
    hidden = hidden or difference.path[-1].name == _LAST_APPLIED or (secret and len(difference.path) < 2)
    wanted, found = (
        "" if side is None else _MASK if hidden else _shown(side, rules)
        for side in (difference.wanted, difference.live)
    )
    return _path_drift(difference.path, difference.change, wanted, found, writer_of(live, difference))


def _path_drift(path: paths.Path, change: Change, wanted: str, live: str, writer: Writer | None) -> PathDrift:
    return PathDrift(
        path=line(paths.pointer(path)),
        display=line(paths.display(path)),
        change=change,
        wanted=wanted,
        live=live,
        writer=writer,
    )


def writer_of(live: Object, difference: Difference) -> Writer | None:
    """Who wrote this path last, other managers before Flux; None when nobody holds it (it was removed)."""
    holding = [
        entry
        for entry in managed_fields(live)
        if entry.get("subresource") != "status" and paths.owns(entry.get("fieldsV1") or {}, difference.path)
    ]
    if not holding:
        return None
    holding.sort(key=lambda entry: (entry.get("manager") != OWNER, str(entry.get("time") or "")))
    newest = holding[-1]
    return Writer(
        manager=line(str(newest.get("manager") or "")),
        operation=str(newest.get("operation") or ""),
        time=_time(newest.get("time")),
        subresource=str(newest.get("subresource") or ""),
    )


def _shown(value: Any, rules: Rules) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    return _MASK if rules.hides(text) else line(text, _SHOWN)


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _verdict(
    entry: Entry, verdict: Verdict, told: tuple[PathDrift, ...] = (), *, note: str = "", confirmed: bool = False
) -> ObjectDrift:
    ref = entry.ref
    return ObjectDrift(
        kind=line(ref.kind),
        group=line(ref.group),
        version=line(entry.version),
        namespace=line(ref.namespace),
        name=line(ref.name),
        verdict=verdict,
        paths=told,
        note=note,
        confirmed=confirmed,
    )


def _replaced(drift: ObjectDrift, *, note: str, verdict: Verdict | None = None) -> ObjectDrift:
    return ObjectDrift(
        drift.kind, drift.group, drift.version, drift.namespace, drift.name, verdict or drift.verdict, drift.paths, note
    )


# --- effects ----------------------------------------------------------------------------------------------

_EFFECTS: Final = {Verdict.MISSING: "create", Verdict.DIFFERS: "change", Verdict.TO_PRUNE: "prune"}


def _effect_line(drift: ObjectDrift) -> EffectLine:
    verb = _EFFECTS[drift.verdict]
    subject = f"{drift.kind}/{drift.namespace}/{drift.name}" if drift.namespace else f"{drift.kind}/{drift.name}"
    by_hand = [path for path in drift.paths if path.writer is not None and path.writer.manager != OWNER]
    if by_hand:
        verb = "overwrite"
    detail = "; ".join(_change_text(path) for path in (by_hand or drift.paths)[:3]) or drift.note
    return EffectLine(verb, subject, detail, danger=drift.verdict is Verdict.TO_PRUNE)


def _change_text(path: PathDrift) -> str:
    by = f" ({path.writer.manager})" if path.writer is not None and path.writer.manager != OWNER else ""
    if path.change is Change.ADDED:
        return f"{path.display} removed{by}"
    if path.change is Change.REMOVED:
        return f"{path.display} added again{by}"
    return f"{path.display}: {path.live} → {path.wanted}{by}"
