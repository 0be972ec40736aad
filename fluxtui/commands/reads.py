"""The commands that only look: what the pane shows, where the cursor is, what is hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.api import Link, Snapshot
from fluxtui.commands.base import Command, Console, Group, Selection
from fluxtui.view.pane import Mode
from fluxtui.view.rows import Sort


class Show(Command):
    """Set what the pane shows; it stays so while the cursor moves."""

    group = Group.READS

    def __init__(self, id: str, keys: str, title: str, mode: Mode, label: str = "") -> None:  # noqa: A002
        self.id, self.keys, self.title, self.label = id, keys, title, label
        self.mode = mode

    def run(self, console: Console) -> None:
        """Switch the pane."""
        console.show_mode(self.mode)


SHOWS = (
    Show("show.drift", "D", "Drift and diff", Mode.DRIFT, "drift"),
    Show("show.describe", "d", "Describe", Mode.DESCRIBE, "describe"),
    Show("show.yaml", "y", "YAML", Mode.YAML, "yaml"),
    Show("show.inventory", "i", "Inventory", Mode.INVENTORY, "inventory"),
    Show("show.events", "E", "Events of the selection", Mode.EVENTS, "events"),
    Show("show.history", "H", "History", Mode.HISTORY, "history"),
    Show("show.logs", "l", "Controller's log of the selection", Mode.LOGS),
    Show("show.values", "v", "Helm values", Mode.VALUES),
    Show("show.trace", "Q", "Trace to the source", Mode.TRACE),
    Show("show.used_by", "u", "Used by", Mode.USED_BY, "used by"),
)


class Simple(Command):
    """A command without conditions: one call on the console."""

    group = Group.OTHERS

    def __init__(self, id: str, keys: str, title: str, call: Callable[[Console], None], label: str = "") -> None:  # noqa: A002
        self.id, self.keys, self.title, self.label = id, keys, title, label
        self._call = call

    def run(self, console: Console) -> None:
        """Call it."""
        self._call(console)


class Move(Simple):
    """Goes somewhere."""

    group = Group.MOVES


class Narrow(Simple):
    """Shows less, more, or in another order."""

    group = Group.NARROWS


MOVES = (
    Move("panel.next", "tab", "Next panel", lambda c: c.focus_panel(1)),
    Move("panel.previous", "shift+tab", "Previous panel", lambda c: c.focus_panel(-1)),
    Move("open", "enter", "Open the pane over the whole screen", lambda c: c.open_pane(), "open"),
    Move("back", "escape,q", "Back: close, clear marks, filter, namespace", lambda c: c.go_back()),
    Move("history.back", "left_square_bracket,minus", "Back in the history of places", lambda c: c.go(-1)),
    Move("history.forward", "right_square_bracket", "Forward in the history of places", lambda c: c.go(1)),
    Move("goto", "colon,ctrl+p", "Go to a kind, name, namespace, context or command", lambda c: c.prompt()),
)

NARROWS = (
    Narrow("filter", "slash", "Filter: words, !without, -l key=value", lambda c: c.filter(), "filter"),
    Narrow("faults", "z,ctrl+z", "Faults only, or everything", lambda c: c.toggle_faults()),
    Narrow("namespace.all", "0", "All namespaces", lambda c: c.set_namespace("")),
    Narrow("sort.name", "N", "Sort by name", lambda c: c.sort_by(Sort.NAME)),
    Narrow("sort.age", "A", "Sort by age", lambda c: c.sort_by(Sort.AGE)),
    Narrow("sort.state", "S", "Sort by state (the usual order)", lambda c: c.sort_by(Sort.STATE)),
    Narrow("sort.namespace", "P", "Sort by namespace", lambda c: c.sort_by(Sort.NAMESPACE)),
    Narrow("mark", "space", "Mark; acts then apply to the marks", lambda c: c.toggle_mark()),
    Narrow("mark.all", "asterisk", "Mark all shown, or none", lambda c: c.mark_all()),
)


class Favourite(Command):
    """A favourite namespace on a number key."""

    group = Group.NARROWS

    def __init__(self, number: int) -> None:
        self.id, self.keys, self.title = f"namespace.{number}", str(number), f"Favourite namespace {number}"
        self.number = number

    def run(self, console: Console) -> None:
        """Narrow to it."""
        namespace = console.favourite(self.number)
        if namespace:
            console.set_namespace(namespace)
        else:
            console.say(f"No namespace on {self.number}: `favourites` in the settings, or :ns NAME.")


FAVOURITES = tuple(Favourite(number) for number in range(1, 10))

_FIVE: Final = "{} means five things in five tools, so here it does nothing: {}."

OTHERS = (
    Simple("operations", "O", "Operations board", lambda c: c.open_operations()),
    Simple("copy", "c", "Copy the name; in the pane, its text", lambda c: c.copy()),
    Simple("redraw", "ctrl+l", "Draw the whole screen anew", lambda c: c.redraw()),
    Simple("quit", "ctrl+q", "Quit", lambda c: c.leave()),
    Simple("hint.s", "s", "(unbound: says what T does)", lambda c: c.say(_FIVE.format("s", "T suspends and resumes"))),
    Simple("hint.r", "r", "(unbound: says what R does)", lambda c: c.say(_FIVE.format("r", "R reconciles"))),
    Simple("help", "question_mark", "Help", lambda c: c.open_help(), "help"),
)


class RestartEngine(Command):
    """Begin again: after a crash, after a lost connection, or with a login."""

    id = "engine.restart"
    keys = "ctrl+r"
    title = "Try again now: log in, reconnect, or restart after a crash"

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """Only when something is wrong."""
        if any(problem.fatal for problem in snapshot.problems) or snapshot.connection.link is not Link.LIVE:
            return ""
        return "The engine runs; what is on screen is live."

    def run(self, console: Console) -> None:
        """Restart it."""
        console.restart_engine()
