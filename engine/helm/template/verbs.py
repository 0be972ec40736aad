"""How fmt prints a value under a verb."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.helm.template.errors import TemplateLimit
from engine.helm.template.floats import format_float
from engine.helm.template.quote import from_bytes, quote, quote_char, to_bytes
from engine.helm.template.types import go_kind, go_type, is_nil

_MAX_DEPTH: Final = 500
_MAX_PARTS: Final = 50_000


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


PLAIN: Final = Spec()


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
    return f"%!{spec.verb}({go_type(value)}={format_value(value, replace(spec, verb='v', sharp=False))})"


def format_value(value: Any, spec: Spec) -> str:
    """A value under a verb."""
    return _format(value, spec, _Walk())


class _Walk:
    """How deep a value is being walked, and how many parts of it may still be."""

    __slots__ = ("_depth", "_left")

    def __init__(self, depth: int = 0, left: list[int] | None = None) -> None:
        self._depth = depth
        self._left = [_MAX_PARTS] if left is None else left

    def __bool__(self) -> bool:
        """Whether this is inside of something."""
        return self._depth > 0

    def inside(self) -> _Walk:
        """One level down: lists that hold one list twice, and so on, would print without end."""
        self._left[0] -= 1
        if self._depth >= _MAX_DEPTH or self._left[0] < 0:
            raise TemplateLimit(
                f"a value is nested deeper than {_MAX_DEPTH} levels or has more than {_MAX_PARTS} parts"
            )
        return _Walk(self._depth + 1, self._left)


def _format(value: Any, spec: Spec, walk: _Walk) -> str:
    verb = spec.verb
    if value is None:
        if walk:
            return "interface {}(nil)" if spec.syntax else pad("<nil>", replace(spec, zero=False))
        return pad("<nil>", replace(spec, zero=False)) if verb in "vT" else _bad(value, spec)
    if verb == "T":
        return _string(go_type(value), replace(spec, verb="s"))
    stringer = getattr(value, "go_string", None)
    if stringer is not None and verb in "vsxXq" and not spec.syntax:
        return _string(stringer(), replace(spec, verb="s") if verb == "v" else spec)
    formatter = _BY_KIND.get(go_kind(value))
    if formatter is None:
        return _struct(value, spec, walk)
    return formatter(value, spec, walk)


def _bool(value: Any, spec: Spec, walk: _Walk) -> str:
    if spec.verb not in "tv":
        return _bad(value, spec)
    return pad("true" if value else "false", spec)


def _string_value(value: Any, spec: Spec, walk: _Walk) -> str:
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


def _integer(value: Any, spec: Spec, walk: _Walk) -> str:
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


def _float(value: Any, spec: Spec, walk: _Walk) -> str:
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


def _complex(value: Any, spec: Spec, walk: _Walk) -> str:
    real = _float(value.real, spec, walk)
    imaginary = _float(value.imag, replace(spec, plus=True), walk)
    return f"({real}{imaginary}i)"


def _slice(value: Any, spec: Spec, walk: _Walk) -> str:
    if isinstance(value, bytes):
        return _bytes(value, spec, walk)
    inner = walk.inside()
    if spec.syntax:
        name = go_type(value)
        if is_nil(value):
            return f"{name}(nil)"
        return f"{name}{{{', '.join(_format(item, spec, inner) for item in value)}}}"
    return f"[{' '.join([_format(item, spec, inner) for item in value])}]"


def _bytes(value: bytes, spec: Spec, walk: _Walk) -> str:
    if spec.verb in "sqxX":
        return _string(from_bytes(value), spec)
    if spec.syntax:
        return "[]byte{" + ", ".join(f"0x{byte:x}" for byte in value) + "}"
    if spec == PLAIN:  # files printed by accident, with the dot that holds them: they can be large
        return f"[{' '.join(map(str, value))}]"
    return f"[{' '.join(_integer(byte, spec, walk) for byte in value)}]"


def _map(value: Mapping[str, Any], spec: Spec, walk: _Walk) -> str:
    keys = sorted(value)
    inner = walk.inside()
    if spec.syntax:
        name = go_type(value)
        if is_nil(value):
            return f"{name}(nil)"
        pairs = (f"{_format(key, spec, inner)}:{_format(value[key], spec, inner)}" for key in keys)
        return f"{name}{{{', '.join(pairs)}}}"
    pairs = (f"{_format(key, spec, inner)}:{_format(value[key], spec, inner)}" for key in keys)
    return f"map[{' '.join(pairs)}]"


def _struct(value: Any, spec: Spec, walk: _Walk) -> str:
    fields: Mapping[str, str] = getattr(value, "go_fields", {})
    pointer = go_kind(value) == "ptr"
    inner = walk.inside()
    named = spec.detail or spec.syntax
    parts = []
    for name, attribute in fields.items():
        shown = _format(getattr(value, attribute), spec, inner)
        parts.append(f"{name}:{shown}" if named else shown)
    mark = "&" if pointer else ""
    if spec.syntax:
        return f"{mark}{go_type(value).lstrip('*')}{{{', '.join(parts)}}}"
    return f"{mark}{{{' '.join(parts)}}}"


_Formatter = Callable[[Any, Spec, _Walk], str]
_BY_KIND: Final[dict[str, _Formatter]] = {
    "string": _string_value, "bool": _bool, "float64": _float, "int": _integer, "int64": _integer,
    "int32": _integer, "uint8": _integer, "uint64": _integer, "complex128": _complex, "slice": _slice, "map": _map,
}  # fmt: skip
