"""The writer: what sigs.k8s.io/yaml prints for a JSON value, byte for byte.

Keys in Go's natural order, sequences not indented below their key, block style; double quotes only
where a plain scalar would read as something else, `|` blocks for text with newlines, single quotes
where the plain form is not allowed; lines are folded at the first space past column 80.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache, cmp_to_key, lru_cache
from typing import Any, Final

from engine.yaml.resolve import Profile, reads_as_string

#: Text that is certainly fine without quotes as far as its characters go.
_SIMPLE: Final = re.compile(r"[A-Za-z0-9_./+$()^~;=<\\][A-Za-z0-9_./+$()^~;=<\\&*!|>'\"%@`,\[\]{}?-]*", re.ASCII)
_INDICATOR_FIRST: Final = frozenset("#,[]{}&*!|>'\"%@`")
#: Characters that go-yaml's emitter does not print as they are.
_SPECIAL_ASCII: Final = re.compile(r"[^\n\x20-\x7e]", re.ASCII)
_MUST_ESCAPE_ASCII: Final = re.compile(r'["\\]|[^\x20-\x7e]', re.ASCII)
_SPECIAL_CLASS: Final = "[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
_BREAKS: Final = "\r\n\x85\u2028\u2029"
_BREAK_CLASS: Final = f"[{_BREAKS}]"
_SPACE_BREAK: Final = re.compile(f" {_BREAK_CLASS}")
_SEPARATORS: Final = ("", "\u2028", "\u2029")
#: Line breaks of Unicode that more text follows.
_BREAK_RUN: Final = re.compile("([\u2028\u2029]+)(?=[^\u2028\u2029\n])")
_BREAK_SPACE: Final = re.compile(f"{_BREAK_CLASS} ")
_ESCAPES: Final = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_LONGEST_SIMPLE_KEY: Final = 128
_CACHEABLE: Final = 128
#: A space further right than this may become a line break.
_WIDTH: Final = 80


def dump(value: Any, *, profile: Profile = Profile.V3) -> str:
    """One document, ending in a newline.

    Controllers and kustomize both print through sigs.k8s.io/yaml, so both profiles print alike.
    """
    del profile
    out: list[str] = []
    _node(value, "", "", "  ", out)
    return "".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """Documents, `---` between them."""
    return "---\n".join(dump(value) for value in values)


def _node(value: Any, pad: str, lead: str, deeper: str, out: list[str]) -> None:
    """Write a value whose first line starts with `lead` (already indented) and others with `pad`."""
    if isinstance(value, Mapping) and value:
        _mapping(value, pad, lead, out)
    elif isinstance(value, (list, tuple)) and value:
        _sequence(value, pad, lead, out)
    else:
        out.append(f"{lead}{_scalar(value, deeper, len(lead))}\n")


def _mapping(mapping: Mapping[str, Any], pad: str, lead: str, out: list[str]) -> None:
    deeper = pad + "  "
    for key in sorted_keys(mapping):
        value = mapping[key]
        if not _is_simple_key(key):
            out.append(f"{lead}? {_scalar(key, deeper, len(lead) + 2)}\n")
            _node(value, deeper, f"{pad}: ", deeper, out)
        elif value.__class__ is str:
            start = f"{lead}{_key(key)}: "
            out.append(f"{start}{_text(value, deeper, len(start))}\n")
        elif isinstance(value, Mapping) and value:
            out.append(f"{lead}{_key(key)}:\n")
            _mapping(value, deeper, deeper, out)
        elif isinstance(value, (list, tuple)) and value:
            out.append(f"{lead}{_key(key)}:\n")
            _sequence(value, pad, pad, out)
        else:
            out.append(f"{lead}{_key(key)}: {_scalar(value, deeper, 0)}\n")
        lead = pad


def _sequence(items: Sequence[Any], pad: str, lead: str, out: list[str]) -> None:
    deeper = pad + "  "
    for item in items:
        _node(item, deeper, f"{lead}- ", deeper, out)
        lead = pad


def _scalar(value: Any, pad: str, column: int) -> str:
    """A scalar or an empty collection, written from `column` on; `pad` indents its further lines."""
    if isinstance(value, str):
        return _text(value, pad, column)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return float_text(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def float_text(value: float) -> str:
    """A float as Go's %g with the shortest digits prints it (exponent from 1e+06 on); integral ones as ints."""
    if value.is_integer() and abs(value) < 1e21:
        # JSON writes the digits out; whoever reads them gets an integer if 64 bits hold it.
        whole = int(Decimal(repr(value)))
        if -(2**63) <= whole < 2**64:
            return str(whole)
    mantissa, _, exponent_text = _shortest(value).partition("e")
    exponent = int(exponent_text)
    if -4 <= exponent < 6:
        return _positional(mantissa, exponent)
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _shortest(value: float) -> str:
    """The shortest digits that read back as the value, in d.ddde±x form."""
    text = repr(value)
    mantissa, _, exponent_text = text.partition("e")
    exponent = int(exponent_text or 0)
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) if whole != "0" else len(fraction.lstrip("0")) - len(fraction)
    digits = digits.rstrip("0") or "0"
    exponent += point - 1
    return f"{sign}{digits[0]}{'.' + digits[1:] if len(digits) > 1 else ''}e{exponent}"


def _positional(mantissa: str, exponent: int) -> str:
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "")
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if len(digits) <= exponent + 1:
        return sign + digits + "0" * (exponent + 1 - len(digits))
    return f"{sign}{digits[: exponent + 1]}.{digits[exponent + 1 :]}"


def _text(text: str, pad: str, column: int) -> str:
    if "\n" in text:
        return _block(text, pad, column)
    written = _one_line(text) if len(text) <= _CACHEABLE else _quote(text)
    if written[0] == "'" and not written.isascii() and _BREAK_RUN.search(text):
        return _fold_lines(text, pad, column)
    return written if column + len(written) <= _WIDTH or " " not in text else _fold(text, written[0], pad, column)


def _fold_lines(text: str, pad: str, column: int) -> str:
    """Single-quoted text with line breaks of Unicode in it: the indentation follows them as it follows a newline."""
    out = []
    for part in _BREAK_RUN.split(text):
        breaks = part[:1] in _SEPARATORS[1:]
        out.append(part + pad if breaks else _fold(part, "'", pad, column)[1:-1])
        column = len(pad) - 1
    return "'" + "".join(out) + "'"


@lru_cache(maxsize=16384)
def _one_line(text: str) -> str:
    return _quote(text)


#: Keys are short and repeat; the same cache serves them.
_key = _one_line


def _quote(text: str) -> str:
    """Plain, 'single' or "double" quoted text without newlines."""
    if not reads_as_string(text):
        return _double(text)
    if _SIMPLE.fullmatch(text) and not text.startswith(("---", "...")):
        return text
    if _is_special(text) or _SPACE_BREAK.search(text):
        return _double(text)
    if _plain_allowed(text):
        return text
    if _BREAK_SPACE.search(text):
        return _double(text)
    return "'" + text.replace("'", "''") + "'"


def _is_special(text: str) -> bool:
    """Whether a character cannot be printed as it is."""
    return (_SPECIAL_ASCII if text.isascii() else _special()).search(text) is not None


@cache
def _special() -> re.Pattern[str]:
    """Compiled when first needed: it takes longer than to start all else that a build imports."""
    return re.compile(_SPECIAL_CLASS)


@cache
def _must_escape() -> re.Pattern[str]:
    return re.compile('["\\\\\x85\u2028\u2029\n]|' + _SPECIAL_CLASS)


def _escaped(text: str) -> str:
    return (_MUST_ESCAPE_ASCII if text.isascii() else _must_escape()).sub(_escape, text)


def _plain_allowed(text: str) -> bool:
    first, last = text[0], text[-1]
    if first == " " or last == " " or text.startswith(("---", "...")) or any(mark in text for mark in "\u2028\u2029"):
        return False
    if first in _INDICATOR_FIRST or (first in "?:-" and (len(text) == 1 or text[1] in " \t")):
        return False
    return not (": " in text or " #" in text or last == ":")


def _double(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    known = _ESCAPES.get(char)
    if known is not None:
        return known
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _fold(text: str, style: str, pad: str, column: int) -> str:
    """Text that is longer than a line: the first single space past column 80 becomes a line break."""
    if style == '"':
        return _fold_double(text, pad, column)
    quote = style if style == "'" else ""
    written = text.replace("'", "''") if quote else text
    out = [quote]
    column += len(quote)
    start, last = 0, len(written) - 1
    space = written.find(" ", max(0, _WIDTH + 1 - column))
    while space >= 0:
        if 0 < space < last and written[space - 1] != " " and written[space + 1] != " ":
            out.append(f"{written[start:space]}\n{pad}")
            start = space + 1
            space = written.find(" ", start + max(0, _WIDTH + 1 - len(pad)))
        else:
            space = written.find(" ", space + 1)
    out.append(written[start:] + quote)
    return "".join(out)


def _fold_double(text: str, pad: str, column: int) -> str:
    """The same in double quotes, where a run of spaces may be broken behind a backslash."""
    out = ['"']
    column += 1
    last = len(text) - 1
    after_space = False
    for index, char in enumerate(text):
        if char != " ":
            cell = _escaped(char)
            out.append(cell)
            column += len(cell)
            after_space = False
            continue
        spaced = index < last and text[index + 1] == " "
        if column <= _WIDTH or after_space or not 0 < index < last:
            out.append(" ")
            column += 1
        else:
            out.append(f"\n{pad}\\" if spaced else f"\n{pad}")
            column = len(pad) + spaced
        after_space = True
    out.append('"')
    return "".join(out)


def _block(text: str, pad: str, column: int) -> str:
    """A literal block, or double quotes where a block cannot hold the text."""
    if text[-1] == " " or _is_special(text) or _SPACE_BREAK.search(text):
        return _fold(text, '"', pad, column)
    head = "|2" if text[0] in " \n" else "|"
    if not text.endswith("\n"):
        head += "-"
    elif text == "\n" or text.endswith("\n\n"):
        head += "+"
    body = text.removesuffix("\n")
    if not body.isascii():
        body = _BREAK_RUN.sub(lambda found: found[0] + pad, body)
    return head + "\n" + "\n".join(line if line[:1] in _SEPARATORS else pad + line for line in body.split("\n"))


def _is_simple_key(key: str) -> bool:
    if len(key) * 4 <= _LONGEST_SIMPLE_KEY:
        return "\n" not in key
    return "\n" not in key and len(key.encode(errors="surrogatepass")) <= _LONGEST_SIMPLE_KEY


def sorted_keys(mapping: Mapping[str, Any]) -> list[str]:
    """Keys in go-yaml's order: letters by code point, runs of digits by value."""
    keys = list(mapping)
    if len(keys) < 2:
        return keys
    if all(map(str.isalpha, keys)):
        return sorted(keys)
    return sorted(keys, key=_natural)


def _compare(left: str, right: str) -> int:
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return -1 if _less(left, right, index) else 1
    return len(left) - len(right)


_natural: Final = cmp_to_key(_compare)


def _less(left: str, right: str, index: int) -> bool:
    """Whether left sorts before right, which first differ at index: letters come last, digits by their number."""
    a, b = left[index], right[index]
    a_letter, b_letter = a.isalpha(), b.isalpha()
    if a_letter and b_letter:
        return a < b
    if a_letter or b_letter:
        return b_letter
    start = 0
    if a == "0" or b == "0":
        before = index - 1
        while before >= 0 and left[before].isdigit():
            if left[before] != "0":
                start = 1
                break
            before -= 1
    a_value, a_end = _run(left, index, start)
    b_value, b_end = _run(right, index, start)
    if a_value != b_value:
        return a_value < b_value
    if a_end != b_end:
        return a_end < b_end
    return a < b


def _run(text: str, index: int, value: int) -> tuple[int, int]:
    while index < len(text) and text[index].isdecimal():
        value = value * 10 + int(text[index])
        index += 1
    return value, index
