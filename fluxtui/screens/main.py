"""The main screen: four panels at the left, the pane about the selection at the right, all live from one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from engine.api import Answer, Ref, Snapshot
from fluxtui.bridge import Bridge
from fluxtui.commands import BY_ID, COMMANDS, Selection
from fluxtui.screens.ages import Ages
from fluxtui.screens.arrangement import arrange
from fluxtui.screens.desk import Desk
from fluxtui.screens.hints import Hints
from fluxtui.screens.inquiry import Inquiry
from fluxtui.screens.places import Place, Places
from fluxtui.settings import Settings
from fluxtui.view import layout
from fluxtui.view.filters import NOTHING, parse
from fluxtui.view.footer import key_name
from fluxtui.view.header import header_line
from fluxtui.view.kinds import RESOURCE_PANELS, PanelId
from fluxtui.view.nothing import connection_words
from fluxtui.view.overview import Subject
from fluxtui.view.pane import Mode
from fluxtui.view.panel import changed_since
from fluxtui.view.text import Role, Span
from fluxtui.widgets.bars import Bar, Footer
from fluxtui.widgets.events_panel import EventsPanel
from fluxtui.widgets.line_input import LineInput
from fluxtui.widgets.list_panel import ListPanel
from fluxtui.widgets.pane import Pane
from fluxtui.widgets.resource_table import ResourceTable

if TYPE_CHECKING:
    from fluxtui.app import FluxtuiApp

_SAID_FOR = 6.0
"""Seconds that a sentence stays in the footer."""


def _bindings() -> list[BindingType]:
    return [
        Binding(command.keys, f"command('{command.id}')", command.title, id=command.id, show=False)
        for command in COMMANDS
    ]


class Blank(Container):
    """Holds panels that cover it: nothing of its own is ever seen, so nothing is composed for it."""

    BLANK = True


class MainScreen(Screen[None]):
    """Follows snapshots, shares out the lines, and asks for what the pane shows; commands act through its `desk`."""

    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    AUTO_FOCUS = ""
    BLANK = True

    def __init__(self) -> None:
        super().__init__()
        self.tables = {panel: ResourceTable(panel) for panel in RESOURCE_PANELS}
        self.events = EventsPanel()
        self.pane = Pane()
        self.header = Bar(id="header")
        self.banner = Bar(id="banner")
        self.footer = Footer()
        self.filter_input = LineInput(id="filter", placeholder="words, !without, -l key=value")
        self.places = Places()
        self.desk = Desk(self)
        self.inquiry = Inquiry(self)
        self.panel: ListPanel = self.tables[PanelId.KUSTOMIZATIONS]
        self.namespace = ""
        self._followed = Snapshot()
        self.hints = Hints(self)
        self.ages = Ages(self)
        self._silence: Timer | None = None

    def compose(self) -> ComposeResult:
        """Header, panels and pane, footer."""
        yield self.header
        yield self.banner
        with Blank(id="body"):
            with Blank(id="panels"):
                yield from self.tables.values()
                yield self.events
            yield self.pane
        yield self.footer
        yield self.filter_input

    # --- what it stands on ---------------------------------------------------------------------

    @property
    def console(self) -> FluxtuiApp:
        """The application."""
        return cast("FluxtuiApp", self.app)

    @property
    def bridge(self) -> Bridge:
        """The way to the engine."""
        return self.console.bridge

    @property
    def settings(self) -> Settings:
        """The person's settings."""
        return self.console.settings

    @property
    def snapshot(self) -> Snapshot:
        """What is on screen."""
        return self._followed

    @property
    def panels(self) -> list[ListPanel]:
        """The four panels, from top to bottom."""
        return [*self.tables.values(), self.events]

    def on_mount(self) -> None:
        """Begin in the Kustomizations, with what is known (nothing yet)."""
        self.pane.mode = next((mode for mode in Mode if mode.value == self.settings.pane), Mode.DRIFT)
        self.panel.focus()
        self.follow(self.console.snapshot)
        for notice in self.console.notices:
            self.say(notice)
        if self.console.hint and not self.console.notices:
            self.say(self.console.hint)

    # --- following the engine ------------------------------------------------------------------

    def follow(self, snapshot: Snapshot) -> None:
        """Draw what a snapshot changes."""
        old, self._followed = self._followed, snapshot
        now = self.console.now()
        changed = changed_since(old, snapshot)
        for table in self.tables.values():
            table.follow(snapshot, changed, now)
        self.events.follow(snapshot, now)
        self.tell()
        self._arrange()
        self._selected(asked_again=changed is None or self.selected in changed)
        self.ages.wait()
        self.desk.tell_ends(old, snapshot)

    def tell(self) -> None:
        """Draw header, banner and footer."""
        now, cells = self.console.now(), self.size.width
        self.header.show(header_line(self.snapshot, self.namespace, now, cells))
        words, role = self._banner_words()
        self.banner.show((Span(" " + words, role, strong=True),) if words else ())
        self.banner.set_class(bool(words), "-shown")
        self.hints.tell()

    def _banner_words(self) -> tuple[str, Role]:
        """What must not be missed: a crash, a lost connection, a login."""
        for problem in self.snapshot.problems:
            log = f"; log: {problem.log_file}" if problem.log_file else ""
            again = "; Ctrl-R restarts it" if problem.fatal else ""
            return f"{problem.title}: {problem.message}{log}{again}", Role.FAIL
        if self.snapshot.version == 0:
            return "", Role.DIM
        return connection_words(self.snapshot, self.console.now()), Role.WARN

    # --- layout --------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Boxes at the left and the pane at the right, or everything below one another."""
        self.set_class(self.size.width < layout.WIDE, "-narrow")
        self.tell()
        self._arrange()

    def _arrange(self) -> None:
        """Share out the lines."""
        if arrange(self):
            self.call_after_refresh(self.ages.wait)  # other rows are visible now

    # --- selection and pane --------------------------------------------------------------------

    @property
    def selected(self) -> Ref | None:
        """The object under the cursor of the panel that has, or last had, the focus."""
        return self.panel.selected

    def selection(self) -> Selection:
        """The marks of the focused panel, or what is under its cursor."""
        if isinstance(self.panel, ResourceTable) and self.panel.marks:
            return Selection(tuple(sorted(self.panel.marks)), marked=True)
        return Selection((self.selected,)) if self.selected is not None else Selection()

    def on_list_panel_moved(self, message: ListPanel.Moved) -> None:
        """The pane follows the cursor."""
        if message.panel is self.panel:
            self._selected()
            self.hints.tell()
            if message.scrolled:
                self.ages.wait()

    def on_descendant_focus(self) -> None:
        """The panel that has the focus is the one that commands are about."""
        if isinstance(self.focused, ListPanel) and self.focused is not self.panel:
            self.panel = self.focused
            self._selected()
        if isinstance(self.focused, ListPanel | Pane):
            self._arrange()
            self.hints.tell()

    def look(self) -> None:
        """Something a command changed: draw pane, bars and layout anew."""
        self._selected(asked_again=True)
        self.tell()
        self._arrange()
        self.ages.wait()

    def switch_context(self, context: str) -> None:
        """Leave this cluster for another one."""
        self.namespace = ""
        self.places = Places()
        self.console.switch_context(context)

    def set_whole(self, whole: bool) -> None:
        """Give the pane the whole screen, or take it back."""
        if whole == self.pane.whole:
            return
        self.set_class(whole, "-whole")
        self._arrange()
        (self.pane if whole else self.panel).focus()
        self.pane.show(self._subject())

    def _subject(self) -> Subject | None:
        ref = self.selected
        if ref is None:
            return None
        return Subject(
            ref,
            self.snapshot.resources.get(ref),
            self.snapshot,
            self.console.now(),
            self.pane.answers,
            self.console.painter.zone,
            self.console.painter.letters,
        )

    def _selected(self, *, asked_again: bool = False) -> None:
        """Show what is known of the selection at once, and ask for the rest when the cursor rests."""
        moved = self.pane.ref != self.selected
        if moved:
            self.pane.answers = {}
        self.pane.show(self._subject(), keep_place=not moved)
        if moved or asked_again:
            self.inquiry.rest()

    def visit(self) -> None:
        """The cursor rests: this is a place to come back to."""
        self.places.visit(Place(self.panel.id or "", self.selected, self.pane.mode))

    def take(self, answer: Answer) -> None:
        """An answer about the selection fills the pane."""
        if answer.query.ref == self.selected:
            self.pane.take(answer)
            self.pane.show(self._subject())

    # --- footer --------------------------------------------------------------------------------

    def key_of(self, command: str) -> str:
        """The key of a command, remapped or not, as people write it."""
        return key_name(self.settings.keys.get(command, BY_ID[command].keys))

    def say(self, text: str, role: Role = Role.ACCENT, seconds: float = _SAID_FOR) -> None:
        """A sentence in the footer, for a while."""
        self.footer.say(text, role)
        if self._silence is not None:
            self._silence.stop()
        self._silence = self.set_timer(seconds, lambda: self.footer.say(""))

    # --- commands ------------------------------------------------------------------------------

    def action_command(self, command: str) -> None:
        """A key: do it, or say why not."""
        chosen = BY_ID[command]
        refusal = chosen.refusal(self.selection(), self.snapshot)
        if refusal:
            self.say(refusal, Role.WARN)
        else:
            chosen.run(self.desk)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The filter works while it is typed."""
        if event.input is self.filter_input:
            self.desk.narrow_filter(parse(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter."""
        if event.input is self.filter_input:
            self._close_filter()

    def on_line_input_left(self, message: LineInput.Left) -> None:
        """Esc leaves the filter, and what it hid comes back."""
        self.desk.narrow_filter(NOTHING)
        self._close_filter()

    def _close_filter(self) -> None:
        self.filter_input.close()
        self.footer.display = True
        self.panel.focus()
