"""YAML as lines: keys in the accent, and single sections cut out by indentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from fluxtui.view.text import Line, Role, Span


class YamlLines(Sequence[Line]):
    """YAML, coloured line by line when it is looked at: manifests may be long."""

    def __init__(self, text: str) -> None:
        self._texts = text.rstrip("\n").split("\n")

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [yaml_line(text) for text in self._texts[index]]
        return yaml_line(self._texts[index])


def yaml_line(text: str) -> Line:
    """One line of YAML: keys in the accent, the rest plain."""
    stripped = text.lstrip(" -")
    if stripped.startswith("#"):
        return (Span(text, Role.DIM),)
    key, colon, rest = text.partition(":")
    if not colon or (rest and not rest.startswith(" ")) or " " in key.lstrip(" -"):
        return (Span(text),)
    return (Span(key, Role.ACCENT), Span(colon, Role.DIM), Span(rest))


def section(text: str, *path: str) -> str:
    """The part of a YAML text under a path of keys, with its keys kept; "" when there is none."""
    lines = text.split("\n")
    for depth, key in enumerate(path):
        indent = " " * (2 * depth)
        starts = [n for n, line in enumerate(lines) if line.startswith(f"{indent}{key}:")]
        if not starts:
            return ""
        end = starts[0] + 1
        while end < len(lines) and (lines[end].startswith((indent + " ", indent + "-")) or not lines[end].strip()):
            end += 1
        lines = lines[starts[0] : end] if depth == len(path) - 1 else lines[starts[0] + 1 : end]
    return "\n".join(lines).rstrip()
