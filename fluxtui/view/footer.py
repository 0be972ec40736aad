"""The footer: the keys that apply to the selection, greyed where a right is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from fluxtui.view.text import Line, Role, Span, fit, line_width

_NAMES: Final = {
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "tab": "Tab",
    "shift+tab": "Shift-Tab",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "asterisk": "*",
    "plus": "+",
    "minus": "-",
}


class Hint(NamedTuple):
    """One key and what it does now."""

    key: str
    label: str
    enabled: bool = True


def key_name(keys: str) -> str:
    """The first of a binding's keys as people write it: `ctrl+d` is `Ctrl-D`."""
    key = keys.split(",", 1)[0].strip()
    if key in _NAMES:
        return _NAMES[key]
    if key.startswith("ctrl+"):
        return "Ctrl-" + key[5:].upper()
    return key.removeprefix("upper_").upper() if key.startswith("upper_") else key


def footer_line(hints: Iterable[Hint], cells: int) -> Line:
    """As many hints as fit, the first ones first; the last one (`? help`) always has its place."""
    parts = [(Span(" "), *_hint(hint)) for hint in hints]
    if not parts:
        return ()
    *rest, last = parts
    room = cells - line_width(last)
    line: list[Span] = []
    for part in rest:
        if line_width(line) + line_width(part) > room:
            break
        line += part
    return fit((*line, *last), cells)


def _hint(hint: Hint) -> Line:
    key = Span(hint.key, Role.ACCENT if hint.enabled else Role.DIM, strong=hint.enabled)
    return (key, Span(f" {hint.label} ", Role.TEXT if hint.enabled else Role.DIM))
