"""Go's fmt: Sprintf, Sprint and Sprintln over our values, with the error forms `%!d(string=x)`, `%!d(MISSING)`, …"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.helm.template.errors import TemplateLimit
from engine.helm.template.floats import format_float
from engine.helm.template.quote import from_bytes, quote, quote_char, to_bytes
from engine.helm.template.types import EMPTY_INTERFACE, go_kind, go_type, is_nil

_MAX_WIDTH: Final = 1_000_000
_MAX_DEPTH: Final = 500
_MAX_TEXT: Final = 64 * 1024 * 1024


@dataclass(slots=True, frozen=True)
class Spec:
    """A verb and its flags; width and precision are None when not given."""

    verb: str = "v"
    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int | None = None
    precision: int | None = None
    #: %+v and %#v; the flags mean something else for other verbs.
    detail: bool = False
    syntax: bool = False


_PLAIN: Final = Spec()
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
    return _format(value, _PLAIN, 0)


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
        pos = 0
        while True:
            start = text.find("%", pos)
            if start < 0:
                out.append(text[pos:])
                break
            out.append(text[pos:start])
            match = _DIRECTIVE.match(text, start)
            assert match is not None  # every group may be empty
            out.append(self.directive(match))
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
        return problem + _format(value, spec, 0)

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


def pad(text: str, spec: Spec) -> str:
    """Fill up to the width, counted in characters."""
    if spec.width is None or len(text) >= spec.width:
        return text
    missing = spec.width - len(text)
    if spec.minus:
        return text + " " * missing
    return ("0" if spec.zero else " ") * missing + text


def _bad(value: Any, spec: Spec) -> str:
    if value is None:
        return f"%!{spec.verb}(<nil>)"
    return f"%!{spec.verb}({go_type(value)}={_format(value, replace(spec, verb='v', sharp=False), 0)})"


def _format(value: Any, spec: Spec, depth: int) -> str:
    verb = spec.verb
    if value is None:
        if depth:
            return "interface {}(nil)" if spec.syntax else pad("<nil>", replace(spec, zero=False))
        return pad("<nil>", replace(spec, zero=False)) if verb in "vT" else _bad(value, spec)
    if verb == "T":
        return _string(go_type(value), replace(spec, verb="s"))
    if depth > _MAX_DEPTH:
        raise TemplateLimit(f"a value is nested deeper than {_MAX_DEPTH} levels")
    stringer = getattr(value, "go_string", None)
    if stringer is not None and verb in "vsxXq" and not spec.syntax:
        return _string(stringer(), replace(spec, verb="s") if verb == "v" else spec)
    formatter = _BY_KIND.get(go_kind(value))
    if formatter is None:
        return _struct(value, spec, depth)
    return formatter(value, spec, depth)


def _bool(value: Any, spec: Spec, depth: int) -> str:
    if spec.verb not in "tv":
        return _bad(value, spec)
    return pad("true" if value else "false", spec)


def _string_value(value: Any, spec: Spec, depth: int) -> str:
    if spec.verb == "v":
        return _string(value, replace(spec, verb="q" if spec.syntax else "s"))
    if spec.verb not in "sqxX":
        return _bad(value, spec)
    return _string(value, spec)


def _string(text: str, spec: Spec) -> str:
    if spec.verb in "xX":
        data = to_bytes(text)
        return pad(_hex(data if spec.precision is None else data[: spec.precision], spec), spec)
    if spec.precision is not None:
        text = text[: spec.precision]
    if spec.verb == "q":
        if spec.sharp and "`" not in text and all(char == "\t" or char.isprintable() for char in text):
            text = f"`{text}`"
        else:
            text = quote(text, ascii_only=spec.plus)
    return pad(text, spec)


def _hex(data: bytes, spec: Spec) -> str:
    digits = "%02X" if spec.verb == "X" else "%02x"
    prefix = ("0" + spec.verb) if spec.sharp and data else ""
    if spec.space:
        return " ".join(prefix + digits % byte for byte in data)
    return prefix + "".join(digits % byte for byte in data)


_BASES: Final = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}


def _integer(value: Any, spec: Spec, depth: int) -> str:
    verb = spec.verb
    number = int(value)
    if spec.syntax and go_kind(value).startswith("uint"):
        return pad(f"{number:#x}", spec)
    base = _BASES.get(verb)
    if base is None:
        return _character(value, spec)
    digits = format(abs(number), base)
    if spec.precision is not None:
        digits = "" if spec.precision == 0 and number == 0 else digits.rjust(spec.precision, "0")
        if digits == "":
            return " " * (spec.width or 0)
    elif spec.zero and spec.width:
        signed = number < 0 or spec.plus or spec.space
        digits = digits.rjust(spec.width - signed, "0")
    prefix = ""
    if spec.sharp and verb in "bxX":
        prefix = "0" + verb
    elif spec.sharp and verb == "o" and not digits.startswith("0"):
        prefix = "0"
    elif verb == "O":
        prefix = "0o"
    sign = "-" if number < 0 else "+" if spec.plus else " " if spec.space else ""
    return pad(sign + prefix + digits, replace(spec, zero=False))


def _character(value: Any, spec: Spec) -> str:
    number = int(value)
    valid = 0 <= number <= 0x10FFFF and not 0xD800 <= number < 0xE000
    if spec.verb == "c":
        return pad(chr(number) if valid else "\ufffd", spec)
    if spec.verb == "q":
        return pad(quote_char(number, ascii_only=spec.plus), spec)
    if spec.verb == "U":
        text = f"U+{number & (2**64 - 1):04X}"
        if spec.precision is not None and spec.precision > 4:
            text = f"U+{number & (2**64 - 1):0{spec.precision}X}"
        if spec.sharp and valid and chr(number).isprintable():
            text += f" '{chr(number)}'"
        return pad(text, replace(spec, zero=False))
    return _bad(value, spec)


def _float(value: Any, spec: Spec, depth: int) -> str:
    verb = spec.verb
    if verb not in "vbgGxXfFeE":
        return _bad(value, spec)
    precision = spec.precision
    kind = "g" if verb == "v" else "f" if verb == "F" else verb
    default = 6 if kind in "feE" else -1
    text = format_float(value, kind, default if precision is None else precision)
    if not text.startswith(("-", "+")):
        text = "+" + text
    if spec.space and text[0] == "+" and not spec.plus:
        text = " " + text[1:]
    if math.isinf(value) or math.isnan(value):
        if math.isnan(value) and not spec.space and not spec.plus:
            text = text[1:]
        return pad(text, replace(spec, zero=False))
    if spec.sharp and verb not in "bv":
        text = _sharp_float(text, kind, precision)
    if spec.plus or text[0] != "+":
        if spec.zero and spec.width is not None and spec.width > len(text):
            return text[0] + text[1:].rjust(spec.width - 1, "0")
        return pad(text, spec)
    return pad(text[1:], spec)


def _sharp_float(text: str, kind: str, precision: int | None) -> str:
    """`#` keeps the point and trailing zeros."""
    mantissa, mark, exponent = text.partition("e") if "e" in text else text.partition("E")
    if "." not in mantissa:
        mantissa += "."
    if kind in "gG":
        wanted = 6 if precision is None else precision or 1
        digits = len(mantissa.lstrip("+- 0.").replace(".", ""))
        mantissa += "0" * max(0, wanted - max(digits, 1 if digits == 0 else digits))
    return mantissa + mark + exponent


def _complex(value: Any, spec: Spec, depth: int) -> str:
    real = _float(value.real, spec, depth)
    imaginary = _float(value.imag, replace(spec, plus=True), depth)
    return f"({real}{imaginary}i)"


def _slice(value: Any, spec: Spec, depth: int) -> str:
    if isinstance(value, bytes):
        return _bytes(value, spec, depth)
    if spec.syntax:
        name = go_type(value)
        if is_nil(value):
            return f"{name}(nil)"
        return f"{name}{{{', '.join(_format(item, spec, depth + 1) for item in value)}}}"
    return f"[{' '.join([_format(item, spec, depth + 1) for item in value])}]"


def _bytes(value: bytes, spec: Spec, depth: int) -> str:
    if spec.verb in "sqxX":
        return _string(from_bytes(value), spec)
    if spec.syntax:
        return "[]byte{" + ", ".join(f"0x{byte:x}" for byte in value) + "}"
    if spec == _PLAIN:  # files printed by accident, with the dot that holds them: they can be large
        return f"[{' '.join(map(str, value))}]"
    return f"[{' '.join(_integer(byte, spec, depth + 1) for byte in value)}]"


def _map(value: Mapping[str, Any], spec: Spec, depth: int) -> str:
    keys = sorted(value)
    if spec.syntax:
        name = go_type(value)
        if is_nil(value):
            return f"{name}(nil)"
        pairs = (f"{_format(key, spec, depth + 1)}:{_format(value[key], spec, depth + 1)}" for key in keys)
        return f"{name}{{{', '.join(pairs)}}}"
    pairs = (f"{_format(key, spec, depth + 1)}:{_format(value[key], spec, depth + 1)}" for key in keys)
    return f"map[{' '.join(pairs)}]"


def _struct(value: Any, spec: Spec, depth: int) -> str:
    fields: Mapping[str, str] = getattr(value, "go_fields", {})
    pointer = go_kind(value) == "ptr"
    named = spec.detail or spec.syntax
    parts = []
    for name, attribute in fields.items():
        shown = _format(getattr(value, attribute), spec, depth + 1)
        parts.append(f"{name}:{shown}" if named else shown)
    mark = "&" if pointer else ""
    if spec.syntax:
        return f"{mark}{go_type(value).lstrip('*')}{{{', '.join(parts)}}}"
    return f"{mark}{{{' '.join(parts)}}}"


_Formatter = Callable[[Any, Spec, int], str]
_BY_KIND: Final[dict[str, _Formatter]] = {
    "string": _string_value, "bool": _bool, "float64": _float, "int": _integer, "int64": _integer,
    "int32": _integer, "uint8": _integer, "uint64": _integer, "complex128": _complex, "slice": _slice, "map": _map,
}  # fmt: skip

__all__ = ["EMPTY_INTERFACE", "sprint", "sprintf", "sprintln", "value_text"]
