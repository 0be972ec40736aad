"""One-line widgets: the header, and the footer with the sentence that is said last."""

from __future__ import annotations

from textual.strip import Strip

from fluxtui.view.text import Line, Role, Span
from fluxtui.widgets.framed import Drawn


class Bar(Drawn):
    """One line of spans."""

    DEFAULT_CSS = """
    Bar { height: 1; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.line: Line = ()

    def show(self, line: Line) -> None:
        """Draw this line, when it is another one."""
        if line != self.line:
            self.line = line
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        return self.painter.strip(self.line if y == 0 else (), self.size.width)


class Footer(Bar):
    """Keys; or, for a while, a sentence."""

    def __init__(self) -> None:
        super().__init__(id="footer")
        self.hints: Line = ()
        self.said: Line = ()

    def keys(self, line: Line) -> None:
        """The keys that apply now."""
        self.hints = line
        self.show(self.said or self.hints)

    def say(self, text: str, role: Role = Role.ACCENT) -> None:
        """Say a sentence until the next one, or until the silence."""
        self.said = (Span(" " + text, role, strong=True),) if text else ()
        self.show(self.said or self.hints)
