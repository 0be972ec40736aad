"""What commands may ask of the console (`commands.Console`), done on the main screen."""

from __future__ import annotations

from dataclasses import replace

from engine.api import Ref
from fluxtui.commands.base import Selection
from fluxtui.screens.acting import Acting
from fluxtui.screens.places import Place
from fluxtui.view.filters import NOTHING, Filter, parse
from fluxtui.view.goto import Completion, ToCommand, ToContext, ToNamespace, ToObject, ToPanel
from fluxtui.view.kinds import VIEWS, PanelId
from fluxtui.view.pane import Mode
from fluxtui.view.rows import Sort
from fluxtui.widgets.resource_table import ResourceTable


class Desk(Acting):
    """Commands call it; it moves, narrows, opens and submits."""

    def selection(self) -> Selection:
        """The marks, or what is under the cursor."""
        return self.screen.selection()

    def key_of(self, command: str) -> str:
        """The key of a command, remapped or not, as people write it."""
        return self.screen.key_of(command)

    def redraw(self) -> None:
        """Write the whole screen: something else has written to the terminal."""
        self.screen.console.redraw()

    def leave(self) -> None:
        """End the program."""
        self.screen.app.exit(0)

    # --- the pane ----------------------------------------------------------------------------------

    def show_mode(self, mode: Mode) -> None:
        """Set what the pane shows; on a small screen, give it room."""
        screen = self.screen
        screen.pane.set_mode(mode)
        screen.look()
        if not screen.pane.boxed and not screen.pane.whole and not screen.pane.display:
            self.open_pane()

    def open_pane(self) -> None:
        """Give the pane the screen."""
        self.screen.set_whole(True)

    def copy(self) -> None:
        """Copy the selection's name; in the pane, its text."""
        if self.screen.focused is self.screen.pane:
            text, what = self.screen.pane.text, "the pane's text"
        else:
            refs = self.selection().refs
            text = "\n".join(f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name for ref in refs)
            what = text if len(refs) == 1 else f"{len(refs)} names"
        if text:
            self.screen.app.copy_to_clipboard(text)
            self.say(f"Copied {what} (OSC 52).")

    # --- places ------------------------------------------------------------------------------------

    def focus_panel(self, step: int) -> None:
        """Go round the panels and the pane."""
        screen = self.screen
        if screen.pane.whole:
            return
        stops = [*screen.panels, *([screen.pane] if screen.pane.display else [])]
        at = stops.index(screen.focused) if screen.focused in stops else stops.index(screen.panel)
        stops[(at + step) % len(stops)].focus()

    def focus_on(self, panel: PanelId) -> None:
        """Put the focus on a panel."""
        self.screen.set_whole(False)
        next(widget for widget in self.screen.panels if widget.id == panel.value).focus()

    def go(self, step: int) -> None:
        """Walk the history of places."""
        place = self.screen.places.go(step)
        if place is None:
            self.say("No place before this one." if step < 0 else "No place after this one.")
        else:
            self.visit(place)

    def visit(self, place: Place) -> None:
        """Go to a place; what narrows it away is lifted."""
        screen = self.screen
        screen.set_whole(False)
        panel = next(widget for widget in screen.panels if widget.id == place.panel)
        panel.focus()
        screen.panel = panel
        if isinstance(panel, ResourceTable) and place.ref is not None:
            self.select(panel, place.ref)
        screen.pane.set_mode(place.mode)
        screen.look()

    def select(self, table: ResourceTable, ref: Ref) -> None:
        """Put the cursor on an object, lifting filters that hide it."""
        if table.select(ref):
            return
        if ref not in table.model.rows:
            self.say(f"{ref} is gone.")
            return
        table.narrow(replace(table.model.scope, filter=NOTHING, namespace="", faults_only=False))
        self.screen.namespace = ""
        table.select(ref)

    def go_back(self) -> None:
        """Esc: close what is open, else clear marks, then filter, then faults only, then the namespace."""
        screen = self.screen
        panel = screen.panel
        if screen.pane.whole:
            screen.set_whole(False)
        elif screen.focused is screen.pane:
            panel.focus()
        elif isinstance(panel, ResourceTable) and panel.marks:
            panel.marks.clear()
            panel.refresh()
            screen.look()
        elif self._filter():
            self.narrow_filter(NOTHING)
        elif isinstance(panel, ResourceTable) and panel.model.scope.faults_only:
            self.toggle_faults()
        elif screen.namespace:
            self.set_namespace("")

    # --- narrowing ---------------------------------------------------------------------------------

    def _filter(self) -> Filter:
        panel = self.screen.panel
        return panel.model.scope.filter if isinstance(panel, ResourceTable) else self.screen.events.filter

    def filter(self) -> None:
        """Open the filter line of the focused panel."""
        self.screen.set_whole(False)
        self.screen.footer.display = False
        self.screen.filter_input.open(self._filter().text)

    def narrow_filter(self, filter_: Filter) -> None:
        """Filter the focused panel."""
        panel = self.screen.panel
        if isinstance(panel, ResourceTable):
            panel.narrow(replace(panel.model.scope, filter=filter_))
        else:
            self.screen.events.narrow(filter_, self.screen.namespace)
        self.screen.look()

    def sort_by(self, sort: Sort) -> None:
        """Order the focused panel; the same key again goes back to the usual order."""
        panel = self.screen.panel
        if isinstance(panel, ResourceTable):
            again = panel.model.scope.sort is sort
            panel.narrow(replace(panel.model.scope, sort=Sort.STATE if again else sort))
            self.screen.look()
        else:
            self.say("Events come newest first.")

    def toggle_faults(self) -> None:
        """Show faults only, or everything, in all panels."""
        faults_only = not any(table.model.scope.faults_only for table in self.screen.tables.values())
        for table in self.screen.tables.values():
            table.narrow(replace(table.model.scope, faults_only=faults_only))
        self.screen.look()

    def set_namespace(self, namespace: str) -> None:
        """Narrow all panels to one namespace; "" is all."""
        self.screen.namespace = namespace
        for table in self.screen.tables.values():
            table.narrow(replace(table.model.scope, namespace=namespace))
        self.screen.events.narrow(self.screen.events.filter, namespace)
        self.screen.look()

    def favourite(self, number: int) -> str:
        """The namespace on a number key: from the settings, else the namespaces in alphabetical order."""
        names = self.screen.settings.favourites or self.snapshot.namespaces
        return names[number - 1] if number <= len(names) else ""

    def toggle_mark(self) -> None:
        """Mark the object under the cursor."""
        if isinstance(self.screen.panel, ResourceTable):
            self.screen.panel.toggle_mark()
            self.screen.look()

    def mark_all(self) -> None:
        """Mark everything shown in the focused panel."""
        if isinstance(self.screen.panel, ResourceTable):
            self.screen.panel.mark_all()
            self.screen.look()

    # --- other screens -----------------------------------------------------------------------------

    def prompt(self) -> None:
        """Open the `:` line."""
        from fluxtui.screens.goto import GotoScreen

        self.screen.app.push_screen(GotoScreen(self), self._go_to)

    def _go_to(self, completion: Completion | None) -> None:
        match completion.goal if completion is not None else None:
            case ToPanel(panel, words, namespace):
                self.focus_on(panel)
                if namespace is not None:
                    self.set_namespace(namespace)
                self.narrow_filter(parse(words))
            case ToNamespace(namespace):
                self.set_namespace(namespace)
            case ToContext(context):
                self.screen.switch_context(context)
            case ToObject(ref):
                self.visit(Place(VIEWS[ref.kind].panel.value, ref, self.screen.pane.mode))
            case ToCommand(command):
                self.screen.action_command(command)

    def open_help(self) -> None:
        """The help screen."""
        from fluxtui.screens.help import HelpScreen

        self.screen.app.push_screen(HelpScreen(self))

    def open_operations(self) -> None:
        """The operations board."""
        from fluxtui.screens.operations import OperationsScreen

        self.screen.app.push_screen(OperationsScreen(self.snapshot), lambda intents: self.propose(intents or ()))
