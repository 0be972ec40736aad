"""What all panels share: a title, a frame that is a box or only a rule, and lines drawn one by one."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Self, cast

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from fluxtui.view import frame
from fluxtui.view.text import Line, Role
from fluxtui.widgets.paint import Painter

if TYPE_CHECKING:
    from typing import Protocol

    class HasPainter(Protocol):
        """The application, as far as widgets know it."""

        painter: Painter


class Drawn(Widget):
    """A widget that draws whole lines of spans: no border, padding or filter of Textual's applies to it."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        self._strips: dict[int, Strip] = {}
        self._strips_size = Size()
        super().__init__(id=id)

    @property
    def size(self) -> Size:
        """Cells and lines; all of them are ours to draw."""
        return self.outer_size

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Draw these regions again, or everything."""
        if repaint and regions:
            for y in chain.from_iterable(region.line_range for region in regions):
                self._strips.pop(y, None)
        elif repaint:
            self._strips.clear()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region, each drawn once: what Textual would style and filter is final here."""
        size, kept = self.size, self._strips
        if size != self._strips_size:
            kept.clear()
            self._strips_size = size
        for y in crop.line_range:
            if y not in kept:
                kept[y] = self.render_line(y)
        strips = [kept[y] for y in crop.line_range]
        if crop.column_span == (0, size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    @property
    def painter(self) -> Painter:
        """The application's painter."""
        return cast("HasPainter", self.app).painter

    def notify_style_update(self) -> None:
        """A new theme: draw everything again."""
        super().notify_style_update()
        self.refresh()


class Framed(Drawn, can_focus=True):
    """A panel with a title line. `boxed` says whether it has sides and a bottom."""

    boxed: var[bool] = var(True, init=False)
    _titles: tuple[Line, Line] = ((), ())

    def watch_boxed(self) -> None:
        """Box or rule: every line moves."""
        self.refresh()

    # --- what a panel says -------------------------------------------------------------------

    def title_line(self) -> Line:
        """What stands at the left of the title."""
        return ()

    def right_line(self) -> Line:
        """What stands at the right of the title."""
        return ()

    def bottom_note(self) -> str:
        """What stands in the bottom edge of a box."""
        return ""

    def border_role(self) -> Role:
        """Accent when focused."""
        return Role.ACCENT if self.has_focus else Role.BORDER

    def body(self, y: int, cells: int) -> list[Segment]:
        """Line `y` of the body: exactly `cells` wide."""
        raise NotImplementedError

    # --- geometry ----------------------------------------------------------------------------

    @property
    def body_height(self) -> int:
        """Lines between title and bottom."""
        return max(0, self.size.height - (2 if self.boxed else 1))

    @property
    def body_width(self) -> int:
        """Cells between the sides."""
        return max(1, self.size.width - (2 if self.boxed else 0))

    def refresh_body_line(self, y: int, count: int = 1) -> None:
        """Draw these lines of the body again."""
        if y < self.body_height and y + count > 0:
            self.refresh(Region(0, 1 + y, self.size.width, count))

    def retitle(self) -> None:
        """Draw the title again when it says something else."""
        titles = (self.title_line(), self.right_line())
        if titles != self._titles:
            self._titles = titles
            self.refresh(Region(0, 0, self.size.width, 1))

    # --- drawing -----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Title, body or bottom."""
        cells, role = self.size.width, self.border_role()
        if y == 0:
            line = frame.top(
                self.title_line(), self.right_line(), cells, role, boxed=self.boxed and self.size.height > 1
            )
            return self.painter.strip(line, cells)
        if self.boxed and y == self.size.height - 1:
            return self.painter.strip(frame.bottom(cells, role, self.bottom_note()), cells)
        return self.body_strip(y - 1, role)

    def body_strip(self, y: int, role: Role) -> Strip:
        """Line `y` of the body between the sides of a box in this role."""
        cells = self.size.width
        if not self.boxed:
            return Strip(self.body(y, cells), cells)
        side = self.painter.edge("│", role)
        return Strip([side, *self.body(y, cells - 2), side], cells)

    def on_focus(self) -> None:
        """The border shows the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """The border shows the focus."""
        self.refresh()
