"""Styled text as escape sequences that say no more than what is different from the text before."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_RESET: Final = "\x1b[0m"


class Look(NamedTuple):
    """The SGR parameters of a style."""

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""


_PLAIN: Final = Look()


class Pen:
    """Writes for one terminal. Between two `lift`s it knows how the last text looked."""

    def __init__(self) -> None:
        self._looks: dict[Style | None, Look] = {}
        self._now = _PLAIN

    def write(self, strip: Strip, console: Console) -> str:
        """The strip's text, with what changes before each piece."""
        out: list[str] = []
        for text, style, _ in strip:
            look = self._looks.get(style)
            if look is None:
                sample = Strip([Segment("x", style)], 1).render(console)
                look = self._looks[style] = _look(sample.partition("x")[0])
            out += self._change(look), text
            self._now = look
        return "".join(out)

    def lift(self) -> str:
        """What leaves the terminal as others expect it."""
        self._now, before = _PLAIN, self._now
        return _RESET if before != _PLAIN else ""

    def _change(self, new: Look) -> str:
        old = self._now
        if new == old:
            return ""
        ended = old.attributes - new.attributes
        colours = [(old.foreground, new.foreground), (old.background, new.background)]
        if not ended <= _END.keys() or any(was and not now for was, now in colours):
            parts = ["0", *new.attributes, new.foreground, new.background]
        else:
            # What ends bold ends faint too: all that goes on is told again.
            begun = new.attributes if ended else new.attributes - old.attributes
            parts = [*{_END[code] for code in ended}, *begun, *(now for was, now in colours if was != now)]
        return f"\x1b[{';'.join(filter(None, parts))}m"


def _look(sequence: str) -> Look:
    """`ESC[1;38;2;255;110;112m` → its three kinds of parameters."""
    left = sequence.removeprefix("\x1b[").removesuffix("m").split(";") if sequence else []
    attributes: set[str] = set()
    foreground = background = ""
    while left:
        code = left.pop(0)
        if code in ("38", "48"):
            size = 4 if left[:1] == ["2"] else 2
            code, left = ";".join([code, *left[:size]]), left[size:]
        if code.startswith("38") or code in _FOREGROUND:
            foreground = code
        elif code.startswith("48") or code in _BACKGROUND:
            background = code
        else:
            attributes.add(code)
    return Look(frozenset(attributes), foreground, background)


_FOREGROUND: Final = frozenset(map(str, [*range(30, 38), 39, *range(90, 98)]))
_BACKGROUND: Final = frozenset(map(str, [*range(40, 48), 49, *range(100, 108)]))
_END: Final = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}
"""What ends each attribute."""
