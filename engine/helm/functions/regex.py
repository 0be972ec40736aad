# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Regular expressions by RE2, which is what Go's regexp implements: linear time, whatever the pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import re2

from engine.helm.functions.convert import bounded_text
from engine.helm.template.errors import CallError
from engine.helm.template.quote import from_bytes, to_bytes
from engine.helm.template.signature import go
from engine.helm.template.types import Strings

_VARIABLE: Final = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)
_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_MAX_PATTERN: Final = 64 * 1024


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    if len(pattern) > _MAX_PATTERN:
        raise CallError("error parsing regexp: expression is too large")
    try:
        return re2.compile(to_bytes(pattern), options=_OPTIONS)
    except re2.error as problem:
        words = problem.args[0] if problem.args else ""
        shown = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
        raise CallError(f"error parsing regexp: {shown}") from problem


def _width(data: bytes, at: int) -> int:
    """The bytes of the character at a place."""
    lead = data[at] if at < len(data) else 0
    width = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if width > 1:
        try:
            data[at : at + width].decode()
        except UnicodeDecodeError:
            return 1  # a byte that is no UTF-8 stands for itself
    return width


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
            yield match


@go("string, string -> bool")
def match_quietly(pattern: str, text: str) -> bool:
    try:
        return match(pattern, text)
    except CallError:
        return False  # Sprig drops the error


@go("string, string -> bool")
def match(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(to_bytes(text)) is not None


@go("string, string, int -> []string")
def find_all(pattern: str, text: str, count: int) -> Strings:
    found = _matches(_compiled(pattern), to_bytes(text), max(count, -1))
    return Strings([from_bytes(match.group()) for match in found])


@go("string, string -> string")
def find(pattern: str, text: str) -> str:
    found = _compiled(pattern).search(to_bytes(text))
    return from_bytes(found.group()) if found else ""


@go("string, string, string -> string")
def replace_all(pattern: str, text: str, replacement: str) -> str:
    return _replace(pattern, text, replacement, literal="$" not in replacement)


@go("string, string, string -> string")
def replace_all_literal(pattern: str, text: str, replacement: str) -> str:
    return _replace(pattern, text, replacement, literal=True)


def _replace(pattern: str, text: str, replacement: str, *, literal: bool) -> str:
    compiled = _compiled(pattern)
    data, new = to_bytes(text), to_bytes(replacement)
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
    return from_bytes(b"".join(out))


def _expand(template: str, match: Any) -> bytes:
    """$1, ${1}, $name: what is not there is empty."""

    def one(found: re.Match[str]) -> str:
        dollar, braced, bare = found.groups()
        if dollar:
            return "$"
        name = braced or bare
        if name.isdigit():
            number = int(name) if len(name) < 9 else 10**9
            group = match.group(number) if number <= match.re.groups else None
        else:
            index = match.re.groupindex.get(name.encode())
            group = match.group(index) if index is not None else None
        return from_bytes(group) if group else ""

    return to_bytes(_VARIABLE.sub(one, template))


@go("string, string, int -> []string")
def split(pattern: str, text: str, count: int) -> Strings:
    compiled = _compiled(pattern)
    if count == 0:
        return Strings()
    if pattern and not text:
        return Strings([""])
    data = to_bytes(text)
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
    return Strings(map(from_bytes, parts))


@go("string -> string")
def quote_meta(text: str) -> str:
    return _META.sub(r"\\\g<0>", text)


FUNCTIONS: Final = {
    "regexMatch": match_quietly, "mustRegexMatch": match, "regexFindAll": find_all, "mustRegexFindAll": find_all,
    "regexFind": find, "mustRegexFind": find, "regexReplaceAll": replace_all, "mustRegexReplaceAll": replace_all,
    "regexReplaceAllLiteral": replace_all_literal, "mustRegexReplaceAllLiteral": replace_all_literal,
    "regexSplit": split, "mustRegexSplit": split, "regexQuoteMeta": quote_meta,
}  # fmt: skip
