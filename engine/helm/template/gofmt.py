"""Go's fmt: Sprintf, Sprint and Sprintln over our values, with the error forms `%!d(string=x)`, `%!d(MISSING)`, …"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from engine.helm.template.errors import TemplateLimit
from engine.helm.template.floats import format_float
from engine.helm.template.types import go_kind, go_type
from engine.helm.template.verbs import PLAIN, Spec, format_value

_MAX_WIDTH: Final = 1_000_000
_MAX_TEXT: Final = 64 * 1024 * 1024


_DIRECTIVE: Final = re.compile(
    r"%([-+# 0]*)(?:\[([^]]*)\])?(\d+|\*)?(?:(\.)(?:\[([^]]*)\])?(\d+|\*)?)?(?:\[([^]]*)\])?(.)?", re.DOTALL
)


def value_text(value: Any) -> str:
    """%v."""
    cls = value.__class__
    if cls is str:
        return value  # type: ignore[no-any-return]
    if cls is bool:
        return "true" if value else "false"
    if cls is int:
        return str(value)
    if cls is float:
        return format_float(value, "g", -1)
    if value is None:
        return "<nil>"
    return format_value(value, PLAIN)


def show(value: Any) -> str:
    """What an action of a template prints."""
    return "<no value>" if value is None else value_text(value)


def bounded(text: str) -> str:
    """A text, unless it is larger than any chart needs: texts that double in a loop end here."""
    if len(text) > _MAX_TEXT:
        raise TemplateLimit(f"a function returns more than {_MAX_TEXT} characters")
    return text


def sprint(*values: Any) -> str:
    """Operands side by side, with a space between two that are no strings."""
    out: list[str] = []
    previous_string = True
    for index, value in enumerate(values):
        is_string = go_kind(value) == "string"
        if index and not is_string and not previous_string:
            out.append(" ")
        out.append(value_text(value))
        previous_string = is_string
    return bounded("".join(out))


def sprintln(*values: Any) -> str:
    """Operands with spaces between them, and a newline."""
    return bounded(" ".join(map(value_text, values)) + "\n")


def sprintf(template: str, *values: Any) -> str:
    """Text with verbs."""
    if "%" not in template:
        return template + _extra(values, 0)
    return bounded(_Printer(template, values).run())


def _extra(values: Sequence[Any], used: int) -> str:
    if used >= len(values):
        return ""
    shown = ["<nil>" if value is None else f"{go_type(value)}={value_text(value)}" for value in values[used:]]
    return f"%!(EXTRA {', '.join(shown)})"


class _Printer:
    def __init__(self, template: str, values: Sequence[Any]) -> None:
        self.template = template
        self.values = values
        self.next = 0
        self.reordered = False
        self.good_index = True

    def run(self) -> str:
        """The whole text."""
        out: list[str] = []
        text = self.template
        pos = size = 0
        while True:
            start = text.find("%", pos)
            if start < 0:
                out.append(text[pos:])
                break
            out.append(text[pos:start])
            match = _DIRECTIVE.match(text, start)
            assert match is not None  # every group may be empty
            out.append(self.directive(match))
            size += len(out[-1])
            if size > _MAX_TEXT:
                raise TemplateLimit(f"a function returns more than {_MAX_TEXT} characters")
            pos = match.end()
        if not self.reordered:
            out.append(_extra(self.values, self.next))
        return "".join(out)

    def directive(self, match: re.Match[str]) -> str:
        """One verb with what stands before it."""
        flags, width_index, width_text, dot, precision_index, precision_text, index, verb = match.groups()
        self.good_index = True
        problem = ""
        self.jump(width_index)
        width: int | None = None
        minus = "-" in flags
        if width_text == "*":
            width, ok = self.star()
            if not ok:
                problem += "%!(BADWIDTH)"
            elif width < 0:
                minus, width = True, -width
        elif width_text:
            width = _bounded(int(width_text))
        precision: int | None = None
        if dot:
            precision, bad = self.precision(precision_index, precision_text)
            problem += bad
        self.jump(index)
        if verb is None:
            return problem + "%!(NOVERB)"
        if verb == "%":
            return problem + "%"
        if not self.good_index:
            return f"{problem}%!{verb}(BADINDEX)"
        if self.next >= len(self.values):
            return f"{problem}%!{verb}(MISSING)"
        value = self.values[self.next]
        self.next += 1
        general = verb == "v"
        spec = Spec(
            verb=verb,
            minus=minus,
            plus="+" in flags and not general,
            sharp="#" in flags and not general,
            space=" " in flags,
            zero="0" in flags and not minus,
            width=width,
            precision=precision,
            detail="+" in flags and general,
            syntax="#" in flags and general,
        )
        return problem + format_value(value, spec)

    def precision(self, index: str | None, text: str | None) -> tuple[int | None, str]:
        """A precision, and what is wrong with it."""
        self.jump(index)
        if text != "*":
            return _bounded(int(text or 0)), ""
        number, ok = self.star()
        if not ok:
            return None, "%!(BADPREC)"
        return (None, "") if number < 0 else (number, "")

    def jump(self, index: str | None) -> None:
        """An explicit argument number."""
        if index is None:
            return
        self.reordered = True
        if index.isascii() and index.isdigit() and 1 <= int(index[:18]) <= len(self.values):
            self.next = int(index) - 1
        else:
            self.good_index = False

    def star(self) -> tuple[int, bool]:
        """A width or precision out of the arguments."""
        if self.next >= len(self.values):
            return 0, False
        value = self.values[self.next]
        self.next += 1
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_WIDTH:
            return int(value), True
        return 0, False


def _bounded(number: int) -> int:
    if number > _MAX_WIDTH:
        raise TemplateLimit(f"printf was asked for a width of {number}")
    return number
