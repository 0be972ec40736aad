"""Rows → lines of a given width. Names are never cut before messages, revisions and ages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.api import State
from fluxtui.view.ages import brief
from fluxtui.view.panel import Blocked, Entry, Fold
from fluxtui.view.rows import Row
from fluxtui.view.states import LOOKS, glyph
from fluxtui.view.text import Line, Role, Span, cut_end, cut_middle, fit, head, pad, pad_left, tail, width

GUTTER: Final = 3
"""Cursor or mark, glyph, blank."""
_AGE: Final = 4
_GAP: Final = 2
_MESSAGE_LEAST: Final = 12
_REVISION: Final = 16
_SAMPLE: Final = 200
"""Rows whose revisions are measured: longer ones further down are cut."""
_NAME_SHARE: Final = 0.45
"""Of the line: names longer than this use their own row's message for it."""

MESSAGE_ROLES: Final = {state: look.role for state, look in LOOKS.items()} | {State.READY: Role.DIM}


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column; 0 leaves it out. `namespaced` puts the namespace before the name."""

    total: int
    word: int
    name: int
    revision: int
    age: int
    namespaced: bool
    names: dict[str, str]
    """Full names that do not fit even alone → how they are cut, no two alike."""


def common_namespace(rows: Sequence[Row]) -> str:
    """The namespace that all rows share, or ""."""
    if not rows:
        return ""
    first = rows[0].ref.namespace
    return first if all(row.ref.namespace == first for row in rows) else ""


def allocate(rows: Sequence[Row], total: int) -> Columns:
    """Share out the width; constant columns go first, then ages, revisions and messages make room for names."""
    namespaced = bool(rows) and not common_namespace(rows)
    mixed = len({row.word for row in rows}) > 1
    word = max((width(row.word) for row in rows), default=0) + 1 if mixed else 0
    names = [_name(row, namespaced) for row in rows]
    widths = [width(name) for name in names]
    widest = max(widths, default=0)
    room = max(1, total - GUTTER - word)
    name = min(widest, max(8, int(total * _NAME_SHARE)), room)
    left = room - name
    age_cells = _AGE if left >= _AGE + 1 else 0
    left -= age_cells + (1 if age_cells else 0)
    revision = min(max((width(row.revision) for row in rows[:_SAMPLE]), default=0), _REVISION)
    if revision and left < revision + _GAP + _MESSAGE_LEAST:
        revision = min(revision, 7) if left >= 7 + _GAP + _MESSAGE_LEAST else 0
    too_long = [name for name, cells in zip(names, widths, strict=True) if cells > room]
    return Columns(total, word, name, revision, age_cells, namespaced, distinct(too_long, room))


def distinct(names: Sequence[str], cells: int) -> dict[str, str]:
    """Each name cut to `cells` so that different names stay different."""
    cuts = {name: cut_middle(name, cells) for name in names}
    groups: dict[str, list[str]] = {}
    for name, short in cuts.items():
        groups.setdefault(short, []).append(name)
    for group in groups.values():
        if len(group) > 1:
            cuts |= _tell_apart(group, cells)
    return cuts


def _tell_apart(names: list[str], cells: int) -> dict[str, str]:
    """Keep what differs: the part between what all begin and all end with; numbers where even that is too long."""
    start = _shared(names)
    end = _shared([name[start:][::-1] for name in names])
    cuts: dict[str, str] = {}
    for name in names:
        core = name[start : len(name) - end]
        around = max(0, cells - 2 - width(core))
        before, after = head(name[:start], (around + 1) // 2), tail(name[len(name) - end :] if end else "", around // 2)
        short = f"{before}…{core}…{after}"
        cuts[name] = short if width(short) <= cells else cut_middle(core, cells)
    if len(set(cuts.values())) < len(names):
        return {name: f"{head(name, cells - 1 - len(str(n)))}~{n}" for n, name in enumerate(names, 1)}
    return cuts


def _shared(texts: Sequence[str]) -> int:
    """How many characters all texts begin with."""
    shortest = min(map(len, texts))
    return next((n for n in range(shortest) if len({text[n] for text in texts}) > 1), shortest)


def _name(row: Row, namespaced: bool) -> str:
    return row.full_name if namespaced else row.ref.name


def line_of(entry: Entry, columns: Columns, now: datetime, *, letters: bool = False, marked: bool = False) -> Line:
    """One line, without the cursor: whoever draws it puts that over the first cell."""
    if isinstance(entry, Fold):
        return _fold_line(entry, columns, letters)
    if isinstance(entry, Blocked):
        return _row_line(entry.row, columns, now, letters, marked, indent=2)
    return _row_line(entry, columns, now, letters, marked)


def _row_line(row: Row, columns: Columns, now: datetime, letters: bool, marked: bool, indent: int = 0) -> Line:
    look = LOOKS[row.state]
    strong = row.state in (State.FAILING, State.STALLED)
    spans = [
        Span("*" if marked else " ", Role.ACCENT, strong=True),
        Span(" " * indent + glyph(row.state, letters) + " ", look.role, strong=True),
    ]
    room = columns.total - GUTTER - indent
    if columns.word:
        spans.append(Span(pad(row.word, columns.word), Role.DIM))
        room -= columns.word
    name = _name(row, columns.namespaced)
    cells = min(max(width(name), columns.name - indent), room)
    name = columns.names.get(name, name)
    spans += _name_spans(cut_middle(name, cells), cells, columns.namespaced, strong)
    return fit((*spans, *_rest(row, columns, now, room - cells)), columns.total)


def _name_spans(name: str, cells: int, namespaced: bool, strong: bool) -> list[Span]:
    blanks = " " * (cells - width(name))
    namespace, slash, own = name.partition("/")
    if namespaced and slash:
        return [Span(namespace + slash, Role.DIM), Span(own + blanks, Role.TEXT, strong)]
    return [Span(name + blanks, Role.TEXT, strong)]


def _rest(row: Row, columns: Columns, now: datetime, room: int) -> list[Span]:
    """Revision, message and age in what the name left over; the age stays longest, the revision goes first."""
    spans: list[Span] = []
    age_cells = columns.age if room >= columns.age + 1 else 0
    room -= age_cells + (1 if age_cells else 0)
    revision = row.revision
    # Where nothing was ever applied, the message has the room: it says why.
    if revision and columns.revision and room >= columns.revision + _GAP + _MESSAGE_LEAST:
        spans.append(Span(" " * _GAP + pad(revision, columns.revision), Role.DIM))
        room -= columns.revision + _GAP
    if room > _GAP + 2:
        role = MESSAGE_ROLES[row.state]
        spans.append(Span(" " * _GAP + pad(row.message, room - _GAP), role))
    elif room > 0:
        spans.append(Span(" " * room))
    if age_cells:
        spans.append(Span(pad_left(brief(row.since, now), age_cells + 1), Role.DIM))
    return spans


def _fold_line(fold: Fold, columns: Columns, letters: bool) -> Line:
    mark = LOOKS[State.BLOCKED].letter if letters else LOOKS[State.BLOCKED].glyph
    count = len(fold.names)
    said = f"blocks {count}" if fold.here else f"{count} blocked by {fold.root}"
    names = ", ".join(fold.names) if not fold.open else ""
    room = columns.total - GUTTER - 2 - width(said) - _GAP
    return fit(
        (
            Span(" " * GUTTER),
            Span(f"{mark} {said}", Role.FAIL if not fold.here else Role.TEXT),
            Span(" " * _GAP + cut_end(names, room), Role.DIM),
        ),
        columns.total,
    )
