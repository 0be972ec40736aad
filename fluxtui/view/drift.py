"""A drift report as lines: whole for the large pane, and one line an object for the small one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from engine.api import Change, DriftReport, ObjectDrift, PathDrift, Resource, Verdict, Writer
from fluxtui.view import revisions
from fluxtui.view.ages import spoken
from fluxtui.view.text import Line, Role, Span, cut_end, fit, pad, width, wrap

_NOTES: Final = {
    Change.ADDED: "added by hand: the next reconcile removes it",
    Change.REMOVED: "removed by hand: the next reconcile adds it again",
}
_MARKS: Final = {
    Verdict.DIFFERS: ("≠", Role.WARN),
    Verdict.MISSING: ("✗", Role.FAIL),
    Verdict.TO_PRUNE: ("-", Role.FAIL),
    Verdict.EXCLUDED: ("·", Role.DIM),
    Verdict.NOT_COMPARED: ("?", Role.UNKNOWN),
}
_SAID: Final = {
    Verdict.MISSING: "missing: the next reconcile creates it",
    Verdict.TO_PRUNE: "no longer wanted: the next reconcile prunes it",
}


def object_name(drift: ObjectDrift) -> str:
    """`Deployment checkout/web`."""
    return f"{drift.kind} {drift.namespace}/{drift.name}" if drift.namespace else f"{drift.kind} {drift.name}"


def written_by(writer: Writer | None, now: datetime) -> str:
    """`kubectl-edit · 9 min ago`."""
    if writer is None:
        return ""
    when = f" · {spoken(writer.time, now)} ago" if writer.time else ""
    part = f" ({writer.subresource})" if writer.subresource else ""
    return f"{writer.manager}{part}{when}"


def title(report: DriftReport) -> str:
    """`drift 2 of 16`."""
    drifted = report.count(Verdict.DIFFERS) + report.count(Verdict.MISSING) + report.count(Verdict.TO_PRUNE)
    if report.problem:
        return "drift not computed"
    return f"drift {drifted} of {report.equal + len(report.objects)}" if drifted else "no drift"


def _summary(resource: Resource, report: DriftReport, cells: int) -> Iterator[Line]:
    source = f" ({resource.source})" if resource.source else ""
    yield fit((Span("wanted  ", Role.DIM), Span(revisions.named(report.revision)), Span(source, Role.DIM)), cells)
    if report.problem:
        for text in wrap(report.problem, cells - 8):
            yield (Span("        "), Span(text, Role.WARN))
        return
    counts = (
        (report.count(Verdict.DIFFERS), "differ", Role.WARN),
        (report.equal, "equal", Role.DIM),
        (report.count(Verdict.MISSING), "missing", Role.FAIL),
        (report.count(Verdict.TO_PRUNE), "to prune", Role.FAIL),
        (report.count(Verdict.NOT_COMPARED), "not compared", Role.UNKNOWN),
    )
    spans = [Span("live    ", Role.DIM)]
    for number, word, role in counts:
        if number or word in ("differ", "equal"):
            separator = Span(" · ", Role.DIM) if len(spans) > 1 else Span("")
            spans += [separator, Span(f"{number} {word}", role if number else Role.DIM)]
    yield fit(spans, cells)
    for note in report.notes:
        yield fit((Span("        " + note, Role.DIM),), cells)


def _path_lines(path: PathDrift, cells: int, now: datetime) -> Iterator[Line]:
    yield fit((Span("  " + path.display, Role.ACCENT),), cells)
    writer = written_by(path.writer, now)
    wanted = path.change is not Change.ADDED
    live = path.change is not Change.REMOVED
    if wanted:
        yield _value_line("-", path.wanted, "" if live else writer, Role.FAIL, cells)
    if live:
        yield _value_line("+", path.live, writer, Role.OK, cells)
    if path.change in _NOTES:
        yield fit((Span("    " + _NOTES[path.change], Role.DIM),), cells)


def _value_line(mark: str, value: str, writer: str, role: Role, cells: int) -> Line:
    """The value, and who wrote it at the right where there is room for both, cutting the value first."""
    room = cells - 4
    if not writer:
        return (Span(f"{mark}   ", role), Span(cut_end(value, room), role))
    writer = cut_end(writer, room - 2 - min(width(value), room // 2))
    room -= width(writer) + 2
    value = pad(value, max(min(width(value), room), min(22, room)))
    return fit((Span(f"{mark}   {value}", role), Span("  " + writer, Role.DIM)), cells)


def report_lines(resource: Resource, report: DriftReport, cells: int, now: datetime) -> Iterator[Line]:
    """The large pane: what is wanted, the counts, and every difference with its writer."""
    yield from _summary(resource, report, cells)
    for drift in report.objects:
        mark, role = _MARKS.get(drift.verdict, ("·", Role.DIM))
        yield ()
        unconfirmed = "" if drift.confirmed or not drift.paths else "  by local comparison"
        head = (Span(f"{mark} ", role, strong=True), Span(object_name(drift), Role.TEXT, strong=True))
        yield fit((*head, Span(unconfirmed, Role.DIM)), cells)
        note = drift.note or _SAID.get(drift.verdict, "")
        if note:
            yield from (((Span("  " + text, Role.DIM)),) for text in wrap(note, cells - 2))
        for path in drift.paths:
            yield from _path_lines(path, cells, now)


def change_words(path: PathDrift) -> str:
    """`spec.replicas 3 → 5`: wanted, then live."""
    if path.change is Change.ADDED:
        return f"{path.display} + {path.live}"
    if path.change is Change.REMOVED:
        return f"{path.display} - {path.wanted}"
    return f"{path.display} {path.wanted} → {path.live}"


def brief_lines(report: DriftReport, cells: int, now: datetime) -> Iterator[Line]:
    """The small pane: one line a differing path, the object's name first."""
    if report.problem:
        yield fit((Span(report.problem, Role.WARN),), cells)
        return
    names = [object_name(drift) for drift in report.objects]
    column = min(max(map(width, names), default=0), cells // 2)
    for drift, name in zip(report.objects, names, strict=True):
        mark, role = _MARKS.get(drift.verdict, ("·", Role.DIM))
        start = (Span(f"{mark} ", role, strong=True), Span(pad(name, column) + "  "))
        if not drift.paths:
            yield fit((*start, Span(drift.note or _SAID.get(drift.verdict, str(drift.verdict)), Role.DIM)), cells)
        for path in drift.paths:
            writer = written_by(path.writer, now)
            yield fit((*start, Span(change_words(path)), Span(f"  {writer}", Role.DIM)), cells)
