"""What the large pane shows of the selected object: one function for each of its modes.

Each takes a `Subject` (what is known of the selection) and a width, and gives lines. What is known at once comes from
the snapshot; the rest is in `answers` as it comes, and until then a line says that it is being fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from engine.api import (
    Describe,
    Drift,
    Inventory,
    Logs,
    Manifest,
    Query,
    Ref,
    State,
    Trace,
    TraceStep,
    TreeNode,
    UsedBy,
)
from fluxtui.view import drift, revisions
from fluxtui.view.ages import age, brief_duration, spoken
from fluxtui.view.clauses import clause
from fluxtui.view.events import event_block
from fluxtui.view.kinds import VIEWS
from fluxtui.view.overview import Subject, headline, note, overview
from fluxtui.view.rows import effective_state
from fluxtui.view.states import LOOKS, glyph
from fluxtui.view.text import Line, Role, Span, cut_middle, fit, pad, width, wrap
from fluxtui.view.yaml import YamlLines, section, yaml_line


class Mode(StrEnum):
    """What the pane shows; it stays so while the cursor moves."""

    DRIFT = "drift"
    DESCRIBE = "describe"
    YAML = "yaml"
    INVENTORY = "inventory"
    EVENTS = "events"
    HISTORY = "history"
    LOGS = "logs"
    VALUES = "values"
    TRACE = "trace"
    USED_BY = "used by"


@dataclass(frozen=True, slots=True)
class Content:
    """The pane's lines with what its title says of them."""

    title: str
    lines: Sequence[Line]
    right: str = ""


def _waiting(subject: Subject, query: type[Query], what: str, cells: int) -> list[Line]:
    """Why there is no answer yet, or what went wrong."""
    answer = subject.answer(query)
    if answer is not None and answer.error is not None:
        return note(str(answer.error), cells, Role.WARN)
    return note(f"{what}…", cells)


def _text(subject: Subject, query: type[Query]) -> str | None:
    answer = subject.answer(query)
    return answer.value if answer is not None and isinstance(answer.value, str) else None


# --- modes ----------------------------------------------------------------------------------------------


def _drift(subject: Subject, cells: int) -> Content:
    view = VIEWS.get(subject.ref.kind)
    report, resource = subject.report, subject.resource
    if resource is None or view is None or not view.drifts:
        return Content("overview", list(overview(subject, cells)))
    calm = effective_state(resource, subject.snapshot) in (State.DRIFTED, State.READY)
    lines: list[Line] = [] if calm and report is not None else [*headline(subject, resource, cells), ()]
    if report is None:
        lines += _waiting(subject, Drift, "comparing what runs with what its source says", cells)
        return Content("drift", [*lines, (), *overview(subject, cells, with_headline=False)])
    lines += drift.report_lines(resource, report, cells, subject.now)
    if not report.drifted:
        if not report.problem:
            lines += note("        everything is as its source says", cells, Role.OK)
        lines += [(), *overview(subject, cells, with_headline=False)]
    return Content(drift.title(report), lines, f"{spoken(report.computed, subject.now)} ago")


def _describe(subject: Subject, cells: int) -> Content:
    text = _text(subject, Describe)
    if text is None:
        return Content("describe", [*overview(subject, cells), (), *_waiting(subject, Describe, "describing", cells)])
    return Content("describe", [yaml_line(piece) for line in text.split("\n") for piece in wrap(line, cells, "    ")])


def _yaml(subject: Subject, cells: int) -> Content:
    text = _text(subject, Manifest)
    if text is None:
        return Content("yaml", _waiting(subject, Manifest, "fetching", cells))
    return Content("yaml", YamlLines(text))


def _values(subject: Subject, cells: int) -> Content:
    if subject.ref.kind != "HelmRelease":
        return Content("values", note("Only Helm releases have values.", cells))
    text = _text(subject, Manifest)
    if text is None:
        return Content("values", _waiting(subject, Manifest, "fetching", cells))
    parts = [section(text, "spec", "valuesFrom"), section(text, "spec", "values")]
    found = "\n".join(filter(None, parts))
    return Content("values", YamlLines(found) if found else note("This release sets no values of its own.", cells))


def _tree(nodes: Sequence[TreeNode], letters: bool, prefix: str = "") -> Iterator[Line]:
    roles = {"Current": Role.OK, "Failed": Role.FAIL, "InProgress": Role.ACCENT, "NotFound": Role.FAIL}
    for n, node in enumerate(nodes):
        last = n == len(nodes) - 1
        name = f"{node.namespace}/{node.name}" if node.namespace else node.name
        yield (
            Span(prefix + ("└ " if last else "├ "), Role.DIM),
            Span(node.kind + " ", Role.DIM),
            Span(name),
            Span(f"  {node.state}" if node.state else "", roles.get(node.state, Role.UNKNOWN)),
            Span(f"  {node.message}" if node.message else "", Role.DIM),
        )
        yield from _tree(node.children, letters, prefix + ("  " if last else "│ "))


def _inventory_node(identifier: str, version: str) -> TreeNode:
    """An entry `<namespace>_<name>_<group>_<kind>` of the inventory (flux.md 4.8)."""
    namespace, _, rest = identifier.partition("_")
    rest, _, kind = rest.rpartition("_")
    name, _, group = rest.rpartition("_")
    return TreeNode(kind, namespace, name.replace("__", ":"), group, version)


def _inventory(subject: Subject, cells: int) -> Content:
    answer = subject.answer(Inventory)
    nodes: Sequence[TreeNode] = ()
    if answer is not None and isinstance(answer.value, tuple):
        nodes = answer.value
    elif subject.resource is not None:
        nodes = [_inventory_node(*entry) for entry in subject.resource.inventory]
    if not nodes:
        if answer is not None and answer.error is None:
            return Content("inventory", note("It manages nothing.", cells))
        return Content("inventory", _waiting(subject, Inventory, "fetching the inventory", cells))
    return Content("inventory", list(_tree(nodes, subject.letters)), f"{len(nodes)} objects")


def _events(subject: Subject, cells: int) -> Content:
    events = [event for event in subject.snapshot.events if event.ref == subject.ref]
    lines = [line for event in events for line in event_block(event, cells, subject.zone)]
    empty: list[Line] = note("No events about this object in the last hour.", cells)
    return Content("events", lines or empty, str(len(events)) if events else "")


def _history(subject: Subject, cells: int) -> Content:
    lines: list[Line] = []
    entries = subject.resource.history if subject.resource else ()
    named = [revisions.named(entry.revision) for entry in entries]
    column = min(max(map(width, named), default=0), max(12, cells - 54))
    for entry, revision in zip(entries, named, strict=True):
        good = entry.status == "ReconciliationSucceeded"
        times = f"{entry.total} time{'s' if entry.total != 1 else ''}"
        when = f"{age(entry.last, subject.now)} ago"
        lines.append(
            fit(
                (
                    Span(f"{glyph_of(good, subject.letters)} ", Role.OK if good else Role.FAIL, strong=True),
                    Span(pad(cut_middle(revision, column), column)),
                    Span(f"  {pad(when, 8)}  {pad(times, 9)}  {pad(brief_duration(entry.duration), 6)}", Role.DIM),
                    Span(f"  {entry.status}", Role.OK if good else Role.FAIL),
                ),
                cells,
            )
        )
    return Content("history", lines or note("Its controller keeps no history of it.", cells))


def glyph_of(good: bool, letters: bool) -> str:
    """Ready's or failing's glyph."""
    return next(glyph(state, letters) for state in LOOKS if LOOKS[state].word == ("ready" if good else "failing"))


def _logs(subject: Subject, cells: int) -> Content:
    answer = subject.answer(Logs)
    if answer is None or not isinstance(answer.value, tuple):
        return Content("logs", _waiting(subject, Logs, "reading the controller's log", cells))
    lines: list[Line] = [(Span(piece),) for text in answer.value for piece in wrap(str(text), cells, "  ")]
    return Content("logs", lines or note("The controller's log says nothing about it.", cells))


def _trace(subject: Subject, cells: int) -> Content:
    answer = subject.answer(Trace)
    if answer is None or not isinstance(answer.value, tuple):
        return Content("trace", _waiting(subject, Trace, "tracing", cells))
    lines: list[Line] = []
    for n, step in enumerate(answer.value):
        if isinstance(step, TraceStep):
            lines.append(
                fit((Span(f"{'  ' * n}{'↳ ' if n else ''}", Role.DIM), Span(str(step.ref), strong=True)), cells)
            )
            lines += [(Span("  " * n + "  " + text, Role.DIM),) for text in wrap(step.text, cells - 2 * n - 2)]
    return Content("trace", lines)


def _used_by(subject: Subject, cells: int) -> Content:
    answer = subject.answer(UsedBy)
    if answer is None or not isinstance(answer.value, tuple):
        return Content("used by", _waiting(subject, UsedBy, "looking", cells))
    lines: list[Line] = []
    for ref in answer.value:
        resource = subject.snapshot.resources.get(ref) if isinstance(ref, Ref) else None
        if resource is None:
            lines.append((Span(f"  {ref}"),))
            continue
        state = effective_state(resource, subject.snapshot)
        look = LOOKS[state]
        mark = Span(f"{glyph(state, subject.letters)} ", look.role, strong=True)
        lines.append(fit((mark, Span(str(ref)), Span(f"  {clause(resource.message)}", Role.DIM)), cells))
    return Content("used by", lines or note("Nothing depends on it.", cells), str(len(lines)) if lines else "")


_MODES: Final[Mapping[Mode, Callable[[Subject, int], Content]]] = MappingProxyType(
    {
        Mode.DRIFT: _drift,
        Mode.DESCRIBE: _describe,
        Mode.YAML: _yaml,
        Mode.INVENTORY: _inventory,
        Mode.EVENTS: _events,
        Mode.HISTORY: _history,
        Mode.LOGS: _logs,
        Mode.VALUES: _values,
        Mode.TRACE: _trace,
        Mode.USED_BY: _used_by,
    }
)

_QUERIES: Final[Mapping[Mode, type[Query]]] = MappingProxyType(
    {
        Mode.DESCRIBE: Describe,
        Mode.YAML: Manifest,
        Mode.INVENTORY: Inventory,
        Mode.LOGS: Logs,
        Mode.VALUES: Manifest,
        Mode.TRACE: Trace,
        Mode.USED_BY: UsedBy,
    }
)


def query_for(mode: Mode, ref: Ref) -> Query | None:
    """What to ask the engine for this mode; None when the snapshot has it all (the drift of what is in focus too)."""
    query = _QUERIES.get(mode)
    return query(ref) if query is not None else None


def content(mode: Mode, subject: Subject, cells: int) -> Content:
    """The pane's lines."""
    return _MODES[mode](subject, cells)


def brief(subject: Subject, mode: Mode, cells: int) -> Content:
    """The few most telling lines, for the small pane of a narrow screen."""
    report = subject.report
    if mode is not Mode.DRIFT or report is None or not report.drifted:
        return content(mode, subject, cells)
    return Content(drift.title(report), list(drift.brief_lines(report, cells, subject.now)))


def title_line(subject: Subject, shown: Content, *, focused: bool, short: bool) -> Line:
    """`apps/checkout  Kustomization · drift`."""
    ref = subject.ref
    name = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    kind = f" · {shown.title}" if short else f"  {ref.kind} · {shown.title}"
    return (Span(name, Role.ACCENT if focused else Role.TEXT, strong=True), Span(kind, Role.DIM))
