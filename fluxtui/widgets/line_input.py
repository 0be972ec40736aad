"""The one-line input of filter and `:`, in the footer's place while it is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class LineInput(Input):
    """Opens, tells every change, and closes with Enter (keep) or Esc (leave)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]

    @dataclass
    class Left(Message):
        """Esc was pressed."""

        input: LineInput

    def __init__(self, *, id: str, placeholder: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id, placeholder=placeholder, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def open(self, text: str = "") -> None:
        """Show it with this text and take the keys."""
        with self.prevent(Input.Changed):
            self.value = text
        self.cursor_position = len(text)
        self.add_class("-open")
        self.focus()

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-open")

    def action_leave(self) -> None:
        """Tell that nothing is wanted."""
        self.post_message(self.Left(self))
