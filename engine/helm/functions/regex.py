# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Regular expressions by RE2, which is what Go's regexp implements: linear time, whatever the pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

import re2

from engine.helm.functions.convert import bounded_list, bounded_text
from engine.helm.template.errors import CallError
from engine.helm.template.quote import quote, to_bytes
from engine.helm.template.signature import go
from engine.helm.template.types import Strings

_VARIABLE: Final = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")
_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_MAX_PATTERN: Final = 64 * 1024
_BACKQUOTABLE: Final = re.compile("[^`\x00-\x08\x0a-\x1f\x7f\ufeff\udc80-\udcff]*")
#: What RE2 complains of → what Go calls it.
_CAUSES: Final = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
    "pattern too large - compile failed": "expression too large",
}


#: Bytes that are no UTF-8 match as any other character: they go through RE2 as characters that nobody uses.
_HIDDEN: Final = {0xDC00 + byte: 0x10FF00 + byte for byte in range(0x80, 0x100)}
_SHOWN: Final = {hidden: byte for byte, hidden in _HIDDEN.items()}


class _NoStrings(Strings):
    """A nil []string."""

    is_nil = True
    __slots__ = ()


def _subject(text: str) -> bytes:
    return to_bytes(text if text.isascii() else text.translate(_HIDDEN))


def _result(data: bytes) -> str:
    text = data.decode()
    return text if text.isascii() else text.translate(_SHOWN)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    """A pattern; CallError in Go's words when it is none."""
    if len(pattern) > _MAX_PATTERN:
        raise CallError("error parsing regexp: expression too large")
    if _any_byte(pattern):  # RE2 knows it, Go does not
        raise CallError("error parsing regexp: invalid escape sequence: `\\C`")
    try:
        return re2.compile(to_bytes(pattern), options=_OPTIONS)
    except re2.error as problem:
        words = problem.args[0] if problem.args else ""
        shown = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
        cause, _, part = shown.partition(": ")
        raise CallError(
            f"error parsing regexp: {_CAUSES.get(cause, cause)}" + (f": `{part}`" if part else "")
        ) from problem


def _any_byte(pattern: str) -> bool:
    r"""Whether \C stands in a pattern, outside of \Q…\E."""
    at = pattern.find("\\")
    while 0 <= at < len(pattern) - 1:
        char = pattern[at + 1]
        if char == "C":
            return True
        end = pattern.find("\\E", at + 2) if char == "Q" else at
        at = pattern.find("\\", end + 2) if end >= 0 else -1
    return False


def _must(pattern: str) -> Any:
    """A pattern, as regexp.MustCompile has it: its complaint repeats the pattern."""
    try:
        return _compiled(pattern)
    except CallError as problem:
        shown = f"`{pattern}`" if _BACKQUOTABLE.fullmatch(pattern) else quote(pattern)
        raise CallError(f"regexp: Compile({shown}): {problem}") from problem


def _width(data: bytes, at: int) -> int:
    """The bytes of the character at a place, which is 1 at the end."""
    lead = data[at] if at < len(data) else 0
    return 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _matches(pattern: Any, data: bytes, count: int = -1) -> Iterator[Any]:
    """All matches, without an empty one right behind another."""
    at, previous, found = 0, -1, 0
    while at <= len(data) and found != count:
        match = pattern.search(data, at)
        if match is None:
            return
        start, end = match.span()
        accept = True
        if end == at:
            accept = start != previous
            at = at + _width(data, at) if at < len(data) else len(data) + 1
        else:
            at = end
        previous = end
        if accept:
            found += 1
            bounded_list(found)
            yield match


_Compile = Callable[[str], Any]


@go("string, string -> bool")
def match_quietly(pattern: str, text: str) -> bool:
    try:
        return match(pattern, text)
    except CallError:
        return False  # Sprig drops the error


@go("string, string -> bool")
def match(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(_subject(text)) is not None


def _family(compiled: _Compile) -> dict[str, Callable[..., Any]]:
    """The functions that exist twice, by how they complain about a pattern."""

    @go("string, string, int -> []string")
    def find_all(pattern: str, text: str, count: int) -> Strings:
        found = _matches(compiled(pattern), _subject(text), max(count, -1))
        return Strings([_result(match.group()) for match in found]) or _NoStrings()

    @go("string, string -> string")
    def find(pattern: str, text: str) -> str:
        found = compiled(pattern).search(_subject(text))
        return _result(found.group()) if found else ""

    @go("string, string, string -> string")
    def replace_all(pattern: str, text: str, replacement: str) -> str:
        return _replace(compiled(pattern), text, replacement, literal="$" not in replacement)

    @go("string, string, string -> string")
    def replace_all_literal(pattern: str, text: str, replacement: str) -> str:
        return _replace(compiled(pattern), text, replacement, literal=True)

    @go("string, string, int -> []string")
    def split(pattern: str, text: str, count: int) -> Strings:
        return _split(compiled(pattern), text, count, is_empty=not pattern)

    return {
        "FindAll": find_all, "Find": find, "ReplaceAll": replace_all, "ReplaceAllLiteral": replace_all_literal,
        "Split": split,
    }  # fmt: skip


def _replace(compiled: Any, text: str, replacement: str, *, literal: bool) -> str:
    data, new = _subject(text), _subject(replacement)
    out: list[bytes] = []
    last = at = size = 0
    while at <= len(data):
        found = compiled.search(data, at)
        if found is None:
            break
        start, end = found.span()
        out.append(data[last:start])
        if end > last or start == 0:
            out.append(new if literal else _expand(replacement, found))
            size += len(out[-1])
            bounded_text(size)
        last = end
        at = max(end, at + (_width(data, at) if at < len(data) else 1))
    out.append(data[last:])
    return _result(b"".join(out))


def _expand(template: str, match: Any) -> bytes:
    """$1, ${1}, $name: what is not there is empty."""

    def one(found: re.Match[str]) -> str:
        dollar, braced, bare = found.groups()
        if dollar:
            return "$"
        name = braced or bare
        if name.isascii() and name.isdigit() and len(name) < 9:
            group = match.group(int(name)) if int(name) <= match.re.groups else None
        else:
            index = match.re.groupindex.get(to_bytes(name))
            group = match.group(index) if index is not None else None
        return _result(group) if group else ""

    return _subject(_VARIABLE.sub(one, template))


def _split(compiled: Any, text: str, count: int, *, is_empty: bool) -> Strings:
    if count == 0:
        return _NoStrings()
    if not is_empty and not text:
        return Strings([""])
    data = _subject(text)
    parts: list[bytes] = []
    begin = end = 0
    for found in _matches(compiled, data, count if count > 0 else -1):
        if count > 0 and len(parts) == count - 1:
            break
        end = found.start()
        if found.end() != 0:
            parts.append(data[begin:end])
        begin = found.end()
    if end != len(data):
        parts.append(data[begin:])
    return Strings(map(_result, parts))


@go("string -> string")
def quote_meta(text: str) -> str:
    return _META.sub(r"\\\g<0>", text)


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "regexMatch": match_quietly,
    "mustRegexMatch": match,
    "regexQuoteMeta": quote_meta,
    **{f"regex{name}": function for name, function in _family(_must).items()},
    **{f"mustRegex{name}": function for name, function in _family(_compiled).items()},
}
