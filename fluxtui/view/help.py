"""The help screen's lines, and what every glyph means."""

from __future__ import annotations

from collections.abc import Sequence

from fluxtui.view.states import LOOKS
from fluxtui.view.text import Line, Role, Span, fit, pad

Entry = tuple[str, str, str, str]
"""Key, title, id, and why it does not apply now (or "")."""

_LISTS = (
    ("j k g G", "and arrows, PgUp, PgDn, Ctrl-F, Ctrl-B: move"),
    ("Right Left", "unfold and fold what a failing object blocks"),
)


def help_lines(sections: Sequence[tuple[str, Sequence[Entry]]], cells: int) -> list[Line]:
    """Sections of keys, then the glyphs."""
    lines: list[Line] = []
    for name, entries in sections:
        lines += [(Span(name, Role.ACCENT, strong=True),)]
        for key, title, command, refusal in entries:
            role = Role.DIM if refusal else Role.TEXT
            start = (Span(f"  {pad(key, 10)}", Role.DIM if refusal else Role.ACCENT, strong=not refusal),)
            middle = (Span(pad(title, min(52, cells - 34)), role), Span(f" {command}", Role.DIM))
            lines.append(fit((*start, *middle), cells))
        lines.append(())
    lines.append((Span("In lists", Role.ACCENT, strong=True),))
    lines += [(Span(f"  {pad(key, 10)}", Role.ACCENT, strong=True), Span(text)) for key, text in _LISTS]
    lines += [(), (Span("Glyphs", Role.ACCENT, strong=True),)]
    for look in LOOKS.values():
        lines.append((Span(f"  {look.glyph} {look.letter}", look.role, strong=True), Span(f"       {look.word}")))
    return lines
