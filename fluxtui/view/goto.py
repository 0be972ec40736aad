"""The `:` line: what is typed → places to go, best first. Kinds, namespaces, contexts, objects and commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.api import Ref, Snapshot
from fluxtui.view.kinds import TITLES, VIEWS, PanelId
from fluxtui.view.text import Line, Role, Span, fit, pad

LIMIT: Final = 12
"""Completions offered at once."""


@dataclass(frozen=True, slots=True)
class ToPanel:
    """A panel, narrowed to a namespace or filtered when that was typed too."""

    panel: PanelId
    filter: str = ""
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class ToNamespace:
    """One namespace in all panels; "" is all."""

    namespace: str


@dataclass(frozen=True, slots=True)
class ToContext:
    """Another cluster."""

    context: str


@dataclass(frozen=True, slots=True)
class ToObject:
    """One object."""

    ref: Ref


@dataclass(frozen=True, slots=True)
class ToCommand:
    """What a key does, by name."""

    command: str


Goal = ToPanel | ToNamespace | ToContext | ToObject | ToCommand


@dataclass(frozen=True, slots=True)
class Completion:
    """One offer: the text it completes to, what it is, and where it leads."""

    text: str
    note: str
    goal: Goal


@dataclass(frozen=True, slots=True)
class Known:
    """What can be gone to."""

    snapshot: Snapshot
    commands: Sequence[tuple[str, str]]
    """(id, title)."""
    contexts: Sequence[str] = ()


_PANEL_NAMES: Final = (
    ("sources", PanelId.SOURCES),
    ("events", PanelId.EVENTS),
)

_ELSEWHERE: Final = (
    "alerts",
    "artifactgenerators",
    "imagepolicies",
    "imagerepositories",
    "imageupdateautomations",
    "providers",
    "receivers",
)
"""Flux's kinds that no panel shows."""


def _panels() -> Iterator[tuple[str, PanelId, str]]:
    """(name, panel, filter): a kind that shares its panel is a filter there."""
    for name, panel in _PANEL_NAMES:
        yield name, panel, ""
    for view in VIEWS.values():
        shared = view.panel is PanelId.SOURCES
        for name in view.names:
            yield name, view.panel, view.kind.lower() if shared else ""


def _to_panels(word: str, rest: str, known: Known) -> Iterator[Completion]:
    """`:ks`, `:ks apps` (namespace), `:ks /cart` (filter)."""
    namespace: str | None = None
    extra = ""
    if rest.startswith("/"):
        extra = rest[1:]
    elif rest:
        namespace = rest if rest in known.snapshot.namespaces else None
        extra = "" if namespace else rest
    offered: set[tuple[PanelId, str]] = set()
    for name, panel, kind_filter in _panels():
        if name.startswith(word) and (panel, kind_filter) not in offered:
            offered.add((panel, kind_filter))
            goal = ToPanel(panel, " ".join(filter(None, (kind_filter, extra))), namespace)
            yield Completion(f"{name} {rest}".strip(), TITLES[panel], goal)


def _to_objects(text: str, known: Known) -> Iterator[Completion]:
    found = []
    for ref in known.snapshot.resources:
        full = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
        if ref.kind in VIEWS and text in full.lower():
            found.append((not ref.name.lower().startswith(text), full, ref))
    for _, full, ref in sorted(found)[:LIMIT]:
        yield Completion(full, ref.kind, ToObject(ref))


def _to_commands(text: str, known: Known) -> Iterator[Completion]:
    if text in ("q", "q!", "quit", "exit"):
        yield Completion("quit", "command", ToCommand("quit"))
    for command, title in known.commands:
        if text and (title.lower().startswith(text) or command.startswith(text)):
            yield Completion(title, f"command {command}", ToCommand(command))


def _named(text: str, prefix: str, names: Iterable[str]) -> Iterator[str]:
    wanted = text.removeprefix(prefix).strip()
    return (name for name in names if name.lower().startswith(wanted))


def complete(text: str, known: Known) -> list[Completion]:
    """What the text may mean, best first."""
    text = text.strip().lower()
    word, _, rest = text.partition(" ")
    if word in ("ns", "namespace", "namespaces"):
        everything = [Completion("ns all", "all namespaces", ToNamespace(""))] if "all".startswith(rest.strip()) else []
        names = _named(text, word, known.snapshot.namespaces)
        return [*(Completion(f"ns {name}", "namespace", ToNamespace(name)) for name in names), *everything][:LIMIT]
    if word in ("ctx", "context", "contexts"):
        names = _named(text, word, known.contexts)
        return [Completion(f"ctx {name}", "context", ToContext(name)) for name in names][:LIMIT]
    found = [*_to_panels(word, rest.strip(), known)] if text else [*_to_panels("", "", known)]
    if text:
        commands = list(_to_commands(text, known))
        exact = [item for item in commands if item.text == "quit" and text in ("q", "q!", "quit", "exit")]
        found = [*exact, *found, *_to_objects(text, known), *(item for item in commands if item not in exact)]
    return found[:LIMIT]


def _word(typed: str) -> str:
    return typed.strip().lower().partition(" ")[0]


def completion_lines(found: Sequence[Completion], cells: int, typed: str) -> list[Line]:
    """The offers, or what could be typed instead."""
    elsewhere = next((name for name in _ELSEWHERE if len(typed.strip()) > 3 and name.startswith(_word(typed))), "")
    if not found and elsewhere:
        return [(Span(f"{elsewhere} have no panel here yet: kubectl get {elsewhere} -A shows them.", Role.DIM),)]
    if not found:
        what = "contexts" if typed.strip().lower().startswith("c") else "kinds, names, namespaces and commands"
        return [(Span(f"Nothing of that name among {what}.", Role.DIM),)]
    column = max(24, cells - 34)
    return [fit((Span(pad(item.text, column)), Span("  " + item.note, Role.DIM)), cells) for item in found]
