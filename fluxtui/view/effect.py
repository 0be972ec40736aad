"""What an act will do, as the lines of its dialog. Dangers come first, in the fail role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Final

from engine.api import (
    Command,
    Delete,
    Edit,
    Effect,
    EffectLine,
    EngineError,
    Reconcile,
    Ref,
    Resume,
    Rollback,
    Snapshot,
    Suspend,
    Undo,
)
from fluxtui.view import revisions
from fluxtui.view.text import Line, Role, Span, cut_end, fit, pad, width, wrap

_MARKS: Final = MappingProxyType(
    {
        "create": ("+", Role.OK),
        "change": ("~", Role.WARN),
        "overwrite": ("≠", Role.WARN),
        "prune": ("-", Role.FAIL),
        "consume": ("→", Role.ACCENT),
        "block": ("↳", Role.DIM),
        "note": ("·", Role.DIM),
    }
)
_TITLES: Final = MappingProxyType(
    {
        Reconcile: "Reconcile",
        Suspend: "Suspend",
        Resume: "Resume",
        Rollback: "Roll back",
        Undo: "Undo",
        Delete: "Delete",
        Edit: "Edit",
    }
)
_PLAIN: Final = MappingProxyType(
    {
        Reconcile: "look for changes; none is known",
        Suspend: "stop reconciling it; nothing else follows it",
        Resume: "reconcile it again; no change is known",
    }
)
"""What is said of an act when nothing more is known to follow from it."""

Answered = Effect | EngineError


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed, and what is known of its effect."""

    intents: tuple[Command, ...]
    snapshot: Snapshot
    effects: Mapping[Command, Answered] = field(default_factory=lambda: MappingProxyType({}))
    production: bool = False

    @property
    def confirm(self) -> str:
        """The word that has to be typed, or ""."""
        words = [effect.confirm for effect in self.effects.values() if isinstance(effect, Effect) and effect.confirm]
        deleted = [intent.ref.name for intent in self.intents if isinstance(intent, Delete)]
        return next(iter(words or deleted), "")

    @property
    def complete(self) -> bool:
        """Whether nothing more will come."""
        known = [self.effects.get(intent) for intent in self.intents]
        return all(isinstance(effect, EngineError) or (effect is not None and effect.complete) for effect in known)

    @property
    def refused(self) -> bool:
        """Whether there is nothing to send."""
        known = [self.effects.get(intent) for intent in self.intents]
        return all(isinstance(effect, Effect) and effect.refused for effect in known)

    @property
    def must_wait(self) -> bool:
        """Whether it has to be known first if a word must be typed: a rollback may need one."""
        return any(isinstance(intent, Rollback) and intent not in self.effects for intent in self.intents)

    @property
    def parent(self) -> Ref | None:
        """What to suspend instead: the object that would take this suspension back, as the effect warns."""
        intent, effect = self.intents[0], self.effects.get(self.intents[0])
        known = self.snapshot.resources.get(intent.ref)
        if len(self.intents) > 1 or not isinstance(intent, Suspend) or not isinstance(effect, Effect) or known is None:
            return None
        parent = known.parent
        warned = parent is not None and any(parent.name in warning for warning in effect.warnings)
        return parent if warned and parent in self.snapshot.resources else None


def act_name(intents: Sequence[Command]) -> str:
    """`Reconcile with source`."""
    first = intents[0]
    name = _TITLES.get(type(first), first.verb.title())
    if isinstance(first, Reconcile):
        flags = [
            word
            for word, on in (("with source", first.with_source), ("force", first.force), ("reset", first.reset))
            if on
        ]
        return " ".join([name, ", ".join(flags)]).strip()
    return name


def title(intents: Sequence[Command]) -> Line:
    """`Reconcile apps/checkout`, or `Reconcile 5 objects`."""
    ref = intents[0].ref
    one = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    what = one if len(intents) == 1 else f"{len(intents)} objects"
    return (Span(f"{act_name(intents)} ", Role.ACCENT, strong=True), Span(what, strong=True))


def lines(proposal: Proposal, cells: int) -> list[Line]:
    """The dialog's body."""
    body = _one(proposal, proposal.intents[0], cells) if len(proposal.intents) == 1 else _many(proposal, cells)
    return [*_dangers(proposal, cells), *body]


def _dangers(proposal: Proposal, cells: int) -> Iterator[Line]:
    sentences = [f"{proposal.snapshot.connection.context} is production."] if proposal.production else []
    for effect in proposal.effects.values():
        if isinstance(effect, Effect):
            sentences += effect.warnings
    for sentence in dict.fromkeys(sentences):
        for n, text in enumerate(wrap(sentence, cells - 2)):
            yield (Span("! " if n == 0 else "  ", Role.FAIL, strong=True), Span(text, Role.FAIL, strong=True))
    if sentences:
        yield ()


def _subject(proposal: Proposal, intent: Command) -> Line:
    resource = proposal.snapshot.resources.get(intent.ref)
    spans = [Span(str(intent.ref))]
    if isinstance(intent, Rollback):
        return (*spans, Span(" to ", Role.DIM), Span(revisions.named(intent.revision), Role.ACCENT, strong=True))
    if isinstance(intent, Undo):
        done = next((item for item in proposal.snapshot.operations if item.id == intent.operation), None)
        return (*spans, Span(f" · takes back: {done.verb} {done.detail}".rstrip() if done else "", Role.DIM))
    if resource is not None and resource.source is not None:
        source = proposal.snapshot.resources.get(resource.source)
        revision = revisions.named(source.revision) if source else ""
        spans += [Span(" from ", Role.DIM), Span(str(resource.source)), Span(f" {revision}", Role.DIM)]
    return tuple(spans)


def counts(effect: Effect) -> list[Span]:
    """`2 changed · 0 created · 1 pruned · 14 left alone`."""
    numbers = (
        (effect.changed, "changed", Role.WARN),
        (effect.created, "created", Role.OK),
        (effect.pruned, "pruned", Role.FAIL),
        (effect.unchanged, "left alone", Role.DIM),
    )
    spans: list[Span] = []
    for number, word, role in numbers:
        spans += [Span(" · ", Role.DIM)] if spans else []
        spans.append(Span(f"{number} {word}", role if number else Role.DIM, strong=bool(number) and role is Role.FAIL))
    return spans


def _one(proposal: Proposal, intent: Command, cells: int) -> Iterator[Line]:
    yield fit(_subject(proposal, intent), cells)
    yield ()
    effect = proposal.effects.get(intent)
    if effect is None:
        yield (Span("will   ", Role.DIM), Span("computing…", Role.DIM))
        return
    if isinstance(effect, EngineError):
        yield (Span("what it will do is not known:", Role.WARN),)
        yield from ((Span("  " + text, Role.WARN),) for text in wrap(str(effect), cells - 2))
        return
    more = "" if effect.complete else "  computing…"
    if effect.created or effect.changed or effect.pruned or effect.unchanged:
        yield fit((Span("will   ", Role.DIM), *counts(effect), Span(more, Role.DIM)), cells)
    elif more:
        yield (Span("will   ", Role.DIM), Span("computing…", Role.DIM))
    elif not effect.lines and not effect.warnings:
        yield (Span("will   ", Role.DIM), Span(_PLAIN.get(type(intent), "change nothing else"), Role.DIM))
    column = min(max((width(entry.subject) for entry in effect.lines), default=0), cells // 2)
    for entry in sorted(effect.lines, key=lambda entry: not entry.danger):
        yield _entry(entry, column, cells)
    if effect.basis:
        basis = cut_end(effect.basis, cells)
        yield (Span(" " * (cells - width(basis))), Span(basis, Role.DIM))


def _entry(entry: EffectLine, column: int, cells: int) -> Line:
    mark, role = _MARKS.get(entry.verb, ("·", Role.DIM))
    role = Role.FAIL if entry.danger else role
    detail = Span(f"  {entry.detail}", Role.FAIL if entry.danger else Role.DIM)
    return fit((Span(f"  {mark} ", role, strong=True), Span(pad(entry.subject, column)), detail), cells)


def _sum(effects: Sequence[Effect]) -> Effect:
    """The counts of many acts together."""
    return Effect(
        created=sum(effect.created for effect in effects),
        changed=sum(effect.changed for effect in effects),
        pruned=sum(effect.pruned for effect in effects),
        unchanged=sum(effect.unchanged for effect in effects),
    )


def _touched(effect: Effect) -> Sequence[Span]:
    """The counts that are not zero, without what is left alone."""
    if not effect.changed and not effect.created and not effect.pruned:
        return ()
    parts = [span for span in counts(effect)[::2][:3] if not span.text.startswith("0 ")]
    return [piece for span in parts for piece in (Span(" · ", Role.DIM), span)][1:]


def _calm(effect: Answered | None) -> int:
    """Rank of one of many: what prunes, what changes, what is not known, what is left alone."""
    if not isinstance(effect, Effect):
        return 2
    return 0 if effect.pruned else 1 if effect.changed or effect.created else 3


def _many(proposal: Proposal, cells: int) -> Iterator[Line]:
    names = [str(intent.ref) for intent in proposal.intents]
    column = min(max(map(width, names)), cells // 2)
    effects = [proposal.effects.get(intent) for intent in proposal.intents]
    known = [effect for effect in effects if isinstance(effect, Effect)]
    open_ = len(effects) - len(known)
    yield fit((Span("will   ", Role.DIM), *counts(_sum(known)), Span(f"  {open_} not known" if open_ else "")), cells)
    yield ()
    # What is touched stands above what is left alone: of many lines the last ones may be out of sight.
    for effect, _, name in sorted(zip(effects, count(), names, strict=False), key=lambda row: (_calm(row[0]), row[1])):
        if effect is None:
            said: list[Span] = [Span("computing…", Role.DIM)]
        elif isinstance(effect, EngineError):
            said = [Span(effect.message, Role.WARN)]
        else:
            said = [*_touched(effect)] or [Span(f"{effect.unchanged} left alone", Role.DIM)]
        yield fit((Span(pad(name, column) + "  "), *said), cells)


def keys_line(proposal: Proposal, cells: int) -> Line:
    """The keys of the dialog."""
    first = proposal.intents[0]
    pairs = [] if proposal.refused else [("Enter", _TITLES.get(type(first), first.verb).lower())]
    if isinstance(first, Reconcile) and not proposal.refused:
        pairs += [("w", "plain" if first.with_source else "with source"), ("f", "force"), ("r", "reset")]
    if proposal.parent is not None:
        pairs.append(("Ctrl-P", f"suspend {proposal.parent.name} instead"))
    pairs.append(("Esc", "leave"))
    spans: list[Span] = []
    for key, label in pairs:
        spans += [Span(key, Role.ACCENT, strong=True), Span(f" {label}    ")]
    return fit(spans, cells)
