"""What sheets over the main screen share: scrolling keys, Esc, and redrawing when the screen changes size."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from fluxtui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from fluxtui.app import FluxtuiApp

Result = TypeVar("Result")


class SheetScreen(ModalScreen[Result]):
    """A modal screen with one sheet; subclasses draw it in `draw`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="sheet.leave"),
        Binding("down", "move(1)", "Down", id="sheet.down"),
        Binding("up", "move(-1)", "Up", id="sheet.up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", id="sheet.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="sheet.page_up"),
    ]

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self.sheet = sheet

    @property
    def console(self) -> FluxtuiApp:
        """The application."""
        return cast("FluxtuiApp", self.app)

    def compose(self) -> ComposeResult:
        """The sheet."""
        yield self.sheet

    def on_mount(self) -> None:
        """Draw at once with what is known."""
        self.sheet.focus()
        self.draw()

    def on_resize(self) -> None:
        """Other widths break lines elsewhere."""
        self.draw()

    def draw(self) -> None:
        """Give the sheet its lines."""
        raise NotImplementedError

    def action_leave(self) -> None:
        """Close without doing anything."""
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Move the cursor or scroll."""
        self.sheet.move(by)

    def action_page(self, pages: int) -> None:
        """Move by what is visible."""
        self.sheet.move(pages * max(1, self.sheet.list_height - 1))
