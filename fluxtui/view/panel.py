"""What one resource panel lists: rows kept in order while snapshots come, cascades folded, filters applied.

`PanelModel` is the console's only derived state. It follows snapshots: when the next version follows on, only the
changed objects are looked at; otherwise everything is built again. It knows nothing of widths, colours or cursors.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from engine.api import Ref, Snapshot, State
from fluxtui.view.filters import NOTHING, Filter
from fluxtui.view.kinds import VIEWS, PanelId, kinds_of
from fluxtui.view.rows import Row, Sort, build
from fluxtui.view.states import FAULTS, RANK

_KEY = attrgetter("key")


@dataclass(frozen=True, slots=True)
class Fold:
    """The line that stands for all that one root blocks."""

    root: Ref
    names: tuple[str, ...]
    here: bool
    """Whether the root's row stands right above."""
    open: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """A blocked object's row under its unfolded root."""

    row: Row


Entry = Row | Fold | Blocked


def entry_ref(entry: Entry) -> Ref:
    """The object that a line is about; a fold is about its root."""
    if isinstance(entry, Fold):
        return entry.root
    return entry.row.ref if isinstance(entry, Blocked) else entry.ref


@dataclass(frozen=True, slots=True)
class Scope:
    """What a panel is narrowed to."""

    filter: Filter = NOTHING
    namespace: str = ""
    """"" is all."""
    faults_only: bool = False
    sort: Sort = Sort.STATE
    unfolded: frozenset[Ref] = frozenset()

    @property
    def narrows(self) -> bool:
        """Whether rows may be hidden."""
        return bool(self.filter or self.namespace or self.faults_only)

    def shows(self, row: Row) -> bool:
        """Whether the row passes."""
        return (
            (not self.namespace or row.ref.namespace == self.namespace)
            and (not self.faults_only or row.state in FAULTS)
            and (not self.filter or self.filter.matches(row.haystack, row.labels))
        )


class PanelModel:
    """Rows of one panel, in order."""

    def __init__(self, panel: PanelId) -> None:
        self.panel = panel
        self._views = {kind: VIEWS[kind] for kind in kinds_of(panel)}
        self.scope = Scope()
        self.entries: list[Entry] = []
        self.rows: dict[Ref, Row] = {}
        self.shown = 0
        """Rows that pass the scope."""
        self.shape = 0
        """Grows when names, revisions or their number change: when column widths may."""
        self.arranged = 0
        """Grows whenever lines take their places anew."""
        self.held = False
        """Whether lines stand where they stood although their order is another one now."""
        self._places: dict[Ref, int] = {}
        self._sorted: list[Row] = []
        self._counts: Counter[State] = Counter()
        self._snapshot = Snapshot()

    # --- following snapshots ------------------------------------------------------------------

    def follow(self, snapshot: Snapshot, changed: Iterable[Ref] | None, *, hold: bool = False) -> bool:
        """Take in a snapshot; `changed` is None when it does not follow on. Returns whether a row of ours changed.

        With `hold`, rows that belong elsewhere now stay where they are, if nothing but the order speaks against it.
        """
        before, self._snapshot = self._snapshot, snapshot
        if changed is None:
            self._rebuild()
            return True
        pairs = [self._replace(ref) for ref in changed if ref.kind in self._views]
        if not pairs:
            return False
        swaps = [(old, new) for old, new in pairs if old is not None and new is not None]
        moved = any(old.key != new.key for old, new in swaps)
        stay = len(swaps) == len(pairs) and before.blocked == snapshot.blocked and (hold or not moved)
        if stay and all(self.scope.shows(old) == self.scope.shows(new) for old, new in swaps):
            self._swap(new for _, new in swaps)
            self.held |= moved
        else:
            self.arrange()
        return True

    def _swap(self, rows: Iterable[Row]) -> None:
        """Put changed rows into the places of the old ones."""
        if not self._places:
            self._places = {entry_ref(entry): n for n, entry in enumerate(self.entries) if not isinstance(entry, Fold)}
        self.entries = list(self.entries)
        for row in rows:
            place = self._places.get(row.ref)
            if place is not None:
                self.entries[place] = Blocked(row) if isinstance(self.entries[place], Blocked) else row

    def narrow(self, scope: Scope) -> None:
        """Change filter, namespace, order or folds."""
        resort = scope.sort is not self.scope.sort
        self.scope = scope
        if resort:
            self._rebuild()
        else:
            self.arrange()

    def _rebuild(self) -> None:
        snapshot, sort, views = self._snapshot, self.scope.sort, self._views
        self.rows = {
            ref: build(resource, views[ref.kind], snapshot, sort)
            for ref, resource in snapshot.resources.items()
            if ref.kind in views
        }
        self._sorted = sorted(self.rows.values(), key=_KEY)
        self._counts = Counter(row.state for row in self._sorted)
        self.shape += 1
        self.arrange()

    def _replace(self, ref: Ref) -> tuple[Row | None, Row | None]:
        """Build one object's row anew; the old one and the new one."""
        old = self.rows.pop(ref, None)
        if old is not None:
            del self._sorted[bisect_left(self._sorted, old.key, key=_KEY)]
            self._counts[old.state] -= 1
        resource = self._snapshot.resources.get(ref)
        new = build(resource, self._views[ref.kind], self._snapshot, self.scope.sort) if resource is not None else None
        if new is not None:
            self.rows[ref] = new
            insort(self._sorted, new, key=_KEY)
            self._counts[new.state] += 1
        if old is None or new is None or len(old.resource.revision) != len(new.resource.revision):
            self.shape += 1
        return old, new

    # --- arranging ----------------------------------------------------------------------------

    def arrange(self) -> None:
        """Apply the scope, fold cascades, and give every line its place."""
        self.arranged += 1
        self.held = False
        self._places = {}
        scope = self.scope
        rows = [row for row in self._sorted if scope.shows(row)] if scope.narrows else self._sorted
        if len(rows) != self.shown:
            self.shape += 1
        self.shown = len(rows)
        if scope.filter or not self._snapshot.blocked:
            # Whoever filters looks for objects: none of them hides in a fold.
            self.entries = list(rows)
        else:
            self.entries = _folded(rows, self._snapshot, scope.unfolded)

    @property
    def total(self) -> int:
        """Rows before narrowing."""
        return len(self.rows)

    def counts(self) -> dict[State, int]:
        """How many rows of each state, before narrowing, in the order of states."""
        return {state: self._counts[state] for state in RANK}

    @property
    def failing(self) -> bool:
        """Whether anything in it fails."""
        return bool(self._counts[State.FAILING] or self._counts[State.STALLED])

    def row_list(self) -> list[Row]:
        """The rows that pass the scope, folded ones too: what column widths are made for."""
        return [row for row in self._sorted if self.scope.shows(row)] if self.scope.narrows else self._sorted

    def position(self, anchor: Entry) -> int:
        """Where the line that `anchor` was is now; -1 when it is gone."""
        if isinstance(anchor, Row):
            row = self.rows.get(anchor.ref)
            try:
                return self.entries.index(row) if row is not None else -1
            except ValueError:
                row = None  # folded or filtered away
        ref, kind = entry_ref(anchor), type(anchor)
        found = (n for n, entry in enumerate(self.entries) if type(entry) is kind and entry_ref(entry) == ref)
        return next(found, -1)


def _folded(rows: list[Row], snapshot: Snapshot, unfolded: frozenset[Ref]) -> list[Entry]:
    groups: dict[Ref, list[Row]] = {}
    roots: list[Row] = []
    for row in rows:
        # What nobody blocks any more, and is not tried again yet, stands for itself.
        root = snapshot.blocked.get(row.ref)
        if row.state is State.BLOCKED and root is not None:
            groups.setdefault(root, []).append(row)
        else:
            roots.append(row)
    entries: list[Entry] = []
    here = {row.ref for row in roots if row.ref in groups} if groups else set()
    elsewhere = [root for root in groups if root not in here]
    for row in roots:
        if elsewhere and RANK[row.state] > RANK[State.STALLED]:
            entries += _orphans(elsewhere, groups, unfolded)
            elsewhere = []
        entries.append(row)
        if groups and row.ref in groups:
            entries += _fold(row.ref, groups[row.ref], unfolded, here=True)
    return entries + _orphans(elsewhere, groups, unfolded)


def _orphans(roots: list[Ref], groups: dict[Ref, list[Row]], unfolded: frozenset[Ref]) -> list[Entry]:
    return [entry for root in sorted(roots) for entry in _fold(root, groups[root], unfolded, here=False)]


def _fold(root: Ref, rows: list[Row], unfolded: frozenset[Ref], *, here: bool) -> list[Entry]:
    is_open = root in unfolded
    fold = Fold(root, tuple(row.ref.name for row in rows), here, is_open)
    return [fold, *(Blocked(row) for row in rows)] if is_open else [fold]


def changed_since(old: Snapshot, new: Snapshot) -> frozenset[Ref] | None:
    """Which rows may look different: None for "look at all of them".

    `changed` counts only when `new` follows on from `old`; otherwise what is not the same object counts as changed.
    """
    if not old.resources:
        return None
    blocked = _differing(old.blocked, new.blocked)
    if new.version == old.version + 1:
        return new.changed | blocked
    return _differing(old.resources, new.resources) | _differing(old.drift, new.drift) | blocked


def _differing(old: Mapping[Ref, object], new: Mapping[Ref, object]) -> frozenset[Ref]:
    if old is new:
        return frozenset()
    missing = object()
    gone = [ref for ref in old if ref not in new]
    return frozenset([ref for ref, value in new.items() if old.get(ref, missing) is not value] + gone)
