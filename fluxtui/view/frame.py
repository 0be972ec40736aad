"""The lines around a panel: a box where there is room, a rule where there is not."""

from __future__ import annotations

from fluxtui.view.text import Line, Role, Span, fit, line_width


def top(title: Line, right: Line, cells: int, role: Role, *, boxed: bool) -> Line:
    """`╭ title ──── right ╮`, or `─ title ──── right ─`; the title is cut before the right end."""
    left_edge, right_edge = ("╭", "╮") if boxed else ("─", "─")
    tail = (Span(" "), *right, Span(" ")) if right else ()
    room = cells - 4 - line_width(tail)
    if room < 8:
        tail, room = (), cells - 4
    shown = fit(title, room)
    dashes = cells - 4 - line_width(shown) - line_width(tail)
    return fit(
        (Span(left_edge + " ", role), *shown, Span(" " + "─" * max(0, dashes), role), *tail, Span(right_edge, role)),
        cells,
    )


def bottom(cells: int, role: Role, note: str = "") -> Line:
    """`╰──── note ╯`; the note tells what is below."""
    words = f" {note} " if note else ""
    return (Span("╰" + "─" * max(0, cells - 2 - len(words)), role), Span(words, Role.DIM), Span("╯", role))
