"""The virtual table of one resource panel: rows from a `PanelModel`, drawn when visible, refreshed when different."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer

from engine.api import Ref, Snapshot, State
from fluxtui.view.ages import brief
from fluxtui.view.columns import Columns, allocate, common_namespace, line_of
from fluxtui.view.kinds import PanelId
from fluxtui.view.nothing import nothing_words
from fluxtui.view.pace import Pace
from fluxtui.view.panel import Blocked, Entry, Fold, PanelModel, Scope, entry_ref
from fluxtui.view.rows import Row
from fluxtui.view.text import Line, Role, line_width
from fluxtui.view.titles import freshness, panel_title
from fluxtui.widgets.list_panel import ListPanel


class ResourceTable(ListPanel):
    """Sources, Kustomizations or Helm releases."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "fold(True)", "Unfold", id="fold.open", show=False),
        Binding("left", "fold(False)", "Fold", id="fold.close", show=False),
    ]

    def __init__(self, panel: PanelId) -> None:
        super().__init__(id=panel.value)
        self.panel = panel
        self.model = PanelModel(panel)
        self.entries: list[Entry] = []
        self.marks: set[Ref] = set()
        self.snapshot = Snapshot()
        self.now = datetime.min
        self.changed: datetime | None = None
        self._columns: tuple[tuple[int, int], Columns] | None = None
        self._pace = Pace()
        self._calm: Timer | None = None

    # --- following the engine ----------------------------------------------------------------

    def follow(self, snapshot: Snapshot, changed: Iterable[Ref] | None, now: datetime) -> None:
        """Take in a snapshot and draw what looks different."""
        self.snapshot, self.now = snapshot, now
        arranged, wait = self.model.arranged, self._pace.wait(now, self.model.total)
        if self.model.follow(snapshot, changed, hold=wait > 0):
            self.changed = now
            if self.model.arranged != arranged and changed is not None:
                self._pace.take(now, self.model.total)
            if self.model.held and self._calm is None:
                self._calm = self.set_timer(wait, self._order)
            self.marks &= self.model.rows.keys()
            self.settle()
        elif not self.entries:
            self.refresh_body_line(0)
        self.retitle()

    def _order(self) -> None:
        """Give the lines their places now, after a storm or in the middle of it."""
        self._calm = None
        if self.model.held:
            self._pace.take(self.now, self.model.total)
            self.model.arrange()
            self.settle()

    def narrow(self, scope: Scope) -> None:
        """Change what is shown; the cursor stays on its object where that is still visible."""
        self.model.narrow(scope)
        self.settle(hold=False)
        self.retitle()

    def settle(self, *, hold: bool = True) -> None:
        """Take over the model's entries, keeping the cursor's row where it is while the cursor is on it."""
        anchor = self.entries[self.cursor] if self.cursor < len(self.entries) else None
        before = self._window()
        self.entries = self.model.entries
        if anchor is not None and self.touched:
            natural = self.model.position(anchor)
            if natural < 0:
                self.cursor = max(0, min(self.cursor, len(self.entries) - 1))
            elif hold and self.current and natural != self.cursor:
                self.entries = list(self.entries)
                row = self.entries.pop(natural)
                self.cursor = min(self.cursor, len(self.entries))
                self.entries.insert(self.cursor, row)
            else:
                self.cursor = natural
        else:
            self.cursor = 0
        self._refresh_different(before)

    @property
    def current(self) -> bool:
        """Whether commands are about this panel: it has the focus, or had it before the pane or a dialog."""
        return getattr(self.screen, "panel", None) is self

    def leave(self, to: int) -> int:
        """The held row moves to its place now that the cursor leaves it."""
        if self.entries is self.model.entries or not 0 <= to < len(self.entries):
            return to
        target, before = self.entries[to], self._window()
        self.entries = self.model.entries
        self._refresh_different(before)
        return max(0, self.model.position(target))

    def _window(self) -> list[Entry]:
        """The lines that are visible."""
        return self.entries[self.top : self.top + self.body_height]

    def _refresh_different(self, before: list[Entry]) -> None:
        if self.scroll_into_view() or self._stale_columns():
            self.refresh()
            return
        for y, (old, new) in enumerate(zip_longest(before, self._window())):
            if old is not new and (isinstance(new, Row) or old != new):
                self.refresh_body_line(y)

    def tick(self, now: datetime) -> None:
        """Draw the ages that read differently now."""
        before, self.now = self.now, now
        for y, entry in enumerate(self._window()):
            since = _since(entry)
            if since is not None and brief(since, before) != brief(since, now):
                self.refresh_body_line(y)
        self.retitle()

    def times(self) -> list[datetime | None]:
        """The times whose ages are visible."""
        return [_since(entry) for entry in self._window()]

    # --- folds and marks ---------------------------------------------------------------------

    def action_fold(self, unfold: bool) -> None:
        """Open or close the cascade under the cursor."""
        if not 0 <= self.cursor < len(self.entries):
            return
        entry = self.entries[self.cursor]
        root = self.snapshot.blocked.get(entry.row.ref) if isinstance(entry, Blocked) else entry_ref(entry)
        if root is None:
            return
        unfolded = self.model.scope.unfolded
        unfolded = unfolded | {root} if unfold else unfolded - {root}
        if unfolded != self.model.scope.unfolded:
            self.touched = True
            self.narrow(replace(self.model.scope, unfolded=unfolded))

    def toggle_mark(self) -> None:
        """Mark or unmark the object under the cursor, and go on to the next."""
        entry = self.entries[self.cursor] if self.cursor < len(self.entries) else None
        if entry is None or isinstance(entry, Fold):
            return
        self.marks ^= {entry_ref(entry)}
        self.refresh_body_line(self.cursor - self.top)
        self.action_move(1)

    def mark_all(self) -> None:
        """Mark everything shown, or nothing when all is marked."""
        shown = {row.ref for row in self.model.row_list()}
        self.marks = set() if shown <= self.marks else shown
        self.refresh()

    def select(self, ref: Ref) -> bool:
        """Put the cursor on an object, unfolding what hides it; False when it isn't shown."""
        row = self.model.rows.get(ref)
        if row is None or not self.model.scope.shows(row):
            return False
        root = self.snapshot.blocked.get(ref)
        scope = self.model.scope
        if row.state is State.BLOCKED and root is not None and root not in scope.unfolded:
            self.narrow(replace(scope, unfolded=scope.unfolded | {root}))
        found = [n for n, entry in enumerate(self.entries) if entry_ref(entry) == ref and not isinstance(entry, Fold)]
        if found:
            self.move_to(found[0])
        return bool(found)

    # --- drawing -----------------------------------------------------------------------------

    def _stale_columns(self) -> bool:
        return self._columns is None or self._columns[0] != (self.body_width - 1, self.model.shape)

    def columns(self, cells: int) -> Columns:
        """The widths of columns, shared out again when rows or the screen changed shape."""
        key = (cells, self.model.shape)
        if self._columns is None or self._columns[0] != key:
            self._columns = (key, allocate(self.model.row_list(), cells))
        return self._columns[1]

    def line_count(self) -> int:
        """Lines, folds too."""
        return len(self.entries)

    def line_at(self, index: int, cells: int) -> Line:
        """A row or a fold."""
        entry = self.entries[index]
        marked = not isinstance(entry, Fold) and entry_ref(entry) in self.marks
        return line_of(entry, self.columns(cells), self.now, letters=self.painter.letters, marked=marked)

    def look(self, index: int, cells: int) -> Hashable:
        """The row itself (a changed one is another object), its age, its mark and the columns."""
        entry = self.entries[index]
        return entry, brief(_since(entry), self.now), entry_ref(entry) in self.marks, self.model.shape

    def ref_at(self, index: int) -> Ref | None:
        """The object of a line."""
        return entry_ref(self.entries[index])

    def empty_line(self) -> Line:
        """Why there is nothing."""
        return nothing_words(self.model, self.snapshot, self.now)

    def title_line(self) -> Line:
        """Name and counts."""
        rows = self.model.row_list() if self.model.total else []
        room = self.size.width - 6 - line_width(self.right_line())
        return panel_title(self.model, common_namespace(rows), focused=self.has_focus, room=room)

    def right_line(self) -> Line:
        """How fresh it is."""
        return freshness(self.panel, self.snapshot, self.changed, self.now)

    def border_role(self) -> Role:
        """Red when something in it fails."""
        if self.model.failing:
            return Role.FAIL
        return super().border_role()


def _since(entry: Entry) -> datetime | None:
    if isinstance(entry, Fold):
        return None
    return entry.row.since if isinstance(entry, Blocked) else entry.since
