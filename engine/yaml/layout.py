"""How a YAML text is laid out: what a program that prints it again in its own style has to know beside the values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import MappingStartEvent, ScalarEvent, SequenceStartEvent

Path = tuple[str | int, ...]


class Layout:
    """Of the first document: which collections are in [] or {}, which keys are quoted and how, what else is there."""

    __slots__ = ("flow", "has_anchors", "has_comments", "keys")

    def __init__(self) -> None:
        self.flow: set[Path] = set()
        self.keys: dict[Path, str] = {}
        self.has_comments = False
        self.has_anchors = False


def layout_of(text: str) -> Layout:
    """The layout of a text that is known to be YAML and to be within limits."""
    found = Layout()
    spans = []
    for path, is_key, event in _walk(text):
        if isinstance(event, ScalarEvent):
            start, end = event.start_mark, event.end_mark
            spans.append((start.index if start else 0, end.index if end else 0))
            if is_key and event.style:
                found.keys[path] = event.style
        elif event.flow_style:
            found.flow.add(path)
        found.has_anchors = found.has_anchors or event.anchor is not None
    found.has_comments = "#" in _outside(text, spans)
    return found


def _outside(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    start = 0
    for begin, end in spans:
        # A comment may follow a block scalar's header.
        head = text[begin:end].partition("\n")[0] if text[begin : begin + 1] in "|>" else ""
        parts.extend((text[start:begin], head))
        start = end
    return "".join([*parts, text[start:]])


def _walk(text: str) -> Iterator[tuple[Path, bool, Any]]:
    """Path, whether it is a key's, and event of every node of the first document."""
    #: Path, the key that waits for its value (or None), and the count of items or -1 for a mapping.
    stack: list[list[Any]] = []
    for event in yaml.parse(text):
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
            continue
        if isinstance(event, yaml.DocumentEndEvent):
            return
        if not isinstance(event, (MappingStartEvent, SequenceStartEvent, ScalarEvent, yaml.AliasEvent)):
            continue
        if not stack:
            path: Path = ()
        else:
            parent, key, count = stack[-1]
            if count < 0 and key is None and isinstance(event, ScalarEvent):
                stack[-1][1] = event.value
                yield (*parent, event.value), True, event
                continue
            path = (*parent, key if count < 0 else count)
            stack[-1][1:] = [None, count + 1 if count >= 0 else count]
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            stack.append([path, None, -1 if isinstance(event, MappingStartEvent) else 0])
        if not isinstance(event, yaml.AliasEvent):
            yield path, False, event
