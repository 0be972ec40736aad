# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Texts apart and together: split, join, quote, and what any value is as a text."""

from __future__ import annotations

from typing import Any, Final

from engine.helm.functions.convert import bounded_list, bounded_text, text_of, texts_of
from engine.helm.template.gofmt import bounded, value_text
from engine.helm.template.quote import quote
from engine.helm.template.signature import go
from engine.helm.template.types import StringDict, Strings


@go("...any -> string")
def quote_all(*values: Any) -> str:
    return bounded(" ".join([quote(text_of(value)) for value in values if value is not None]))


@go("...any -> string")
def squote(*values: Any) -> str:
    return bounded(" ".join([f"'{value_text(value)}'" for value in values if value is not None]))


@go("...any -> string")
def cat(*values: Any) -> str:
    kept = " ".join([value_text(value) for value in values if value is not None])
    bounded_text(len(kept))
    return kept


@go("string, string -> map[string]string")
def split(separator: str, text: str) -> StringDict:
    return _numbered(split_text(text, separator))


@go("string, int, string -> map[string]string")
def splitn(separator: str, count: int, text: str) -> StringDict:
    return _numbered(split_text(text, separator, count))


@go("string, string -> []string")
def split_list(separator: str, text: str) -> Strings:
    return Strings(split_text(text, separator))


def split_text(text: str, separator: str, count: int = -1) -> list[str]:
    """strings.SplitN: an empty separator parts characters, a negative count means all, 0 none."""
    if count == 0:
        return []
    parts = text.count(separator) + 1 if separator else len(text)
    bounded_list(parts if count < 0 else min(parts, count))
    if separator:
        return text.split(separator) if count < 0 else text.split(separator, count - 1)
    if count < 0 or count >= len(text):
        return list(text)
    return [*text[: count - 1], text[count - 1 :]]


def _numbered(parts: list[str]) -> StringDict:
    return StringDict({f"_{index}": part for index, part in enumerate(parts)})


@go("any -> []string")
def to_strings(value: Any) -> Strings:
    return Strings(texts_of(value))


@go("string, any -> string")
def join(separator: str, value: Any) -> str:
    parts = texts_of(value)
    bounded_text(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


@go("any -> string")
def to_string(value: Any) -> str:
    return text_of(value)


FUNCTIONS: Final = {
    "quote": quote_all, "squote": squote, "cat": cat, "toString": to_string, "split": split, "splitList": split_list,
    "splitn": splitn, "toStrings": to_strings, "join": join,
}  # fmt: skip
