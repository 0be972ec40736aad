"""How the main screen shares out its lines among the panels and the pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxtui.view import layout
from fluxtui.view.states import FAULTS
from fluxtui.widgets.list_panel import ListPanel
from fluxtui.widgets.pane import Pane
from fluxtui.widgets.resource_table import ResourceTable

if TYPE_CHECKING:
    from fluxtui.screens.main import MainScreen


def arrange(screen: MainScreen) -> bool:
    """Boxes at the left and the pane at the right, or all below one another; says whether a panel's height changed."""
    wide = screen.size.width >= layout.WIDE
    total = screen.size.height - 2 - (1 if screen.banner.has_class("-shown") else 0)
    panels, pane = screen.panels, screen.pane
    focused = panels.index(screen.panel)
    if wide:
        heights = layout.stacked(total, [_need(panel, screen.size.width) for panel in panels], focused)
        pane_height = 0
    else:
        heights, pane_height = layout.narrow(total, len(panels), focused, pane_focused=screen.focused is pane)
    moved = False
    for panel, height in zip(panels, heights, strict=True):
        panel.boxed = wide and height > 1
        moved |= _set_height(panel, height)
    pane.whole = screen.has_class("-whole")
    pane.boxed = wide
    pane.display = wide or pane_height > 0 or pane.whole
    _set_height(pane, total if wide or pane.whole else pane_height)
    return moved


def _need(panel: ListPanel, width: int) -> layout.Need:
    rows = panel.line_count() or len(panel.empty_lines(width // 2 - 2)) or 1
    if not isinstance(panel, ResourceTable):
        return layout.Need(rows)
    counts = panel.model.counts()
    return layout.Need(rows, sum(counts[state] for state in FAULTS))


def _set_height(widget: ListPanel | Pane, height: int) -> bool:
    """Set a height when it is another one; says whether it was."""
    if widget.styles.height is not None and widget.styles.height.value == height:
        return False
    widget.styles.height = height
    return True
