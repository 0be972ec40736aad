"""Events in, plain Python values out, under one resolution profile.

PyYAML gives the events (libyaml's in C, its own in Python when that is missing); everything they
mean is decided here. Mappings keep their order, duplicate keys are refused, aliases are expanded
into copies under a limit, and every error names the document, line and column.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from sys import intern
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from engine.errors import LimitExceeded, Malformed
from engine.yaml.resolve import PLAIN, NotJSON, Profile, Scalar

_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one text may cost; aliased nodes count each time they are used."""

    max_bytes: int = 64 * 1024 * 1024
    max_depth: int = 200
    max_nodes: int = 5_000_000
    max_aliases: int = 10_000
    max_alias_nodes: int = 200_000


_DEFAULT: Final = Limits()
#: Takes the mapping and the key of a field without a value.
OnBlank = Callable[[Any, Any], None]


class YAMLError(Malformed):
    """A text that is not YAML, or YAML that says what it must not; `line` and `column` count from 1, 0 = unknown."""

    def __init__(self, message: str, *, problem: str, name: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.problem = problem
        self.name = name
        self.line = line
        self.column = column


class PythonParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for where libyaml is missing: the same events, slower."""

    def __init__(self, text: str | bytes) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def _fastest_parser() -> Callable[[str | bytes], Any]:
    try:
        from yaml._yaml import CParser
    except ImportError:  # PyYAML was built without libyaml
        return PythonParser
    return CParser


_parser: Final = _fastest_parser()


def load(
    text: str | bytes,
    *,
    profile: Profile = Profile.V2,
    name: str = "",
    limits: Limits = _DEFAULT,
    unique_keys: bool = True,
) -> Any:
    """The one document of a text (None when it is empty); `name` is the file that errors speak of."""
    documents = load_all(text, profile=profile, name=name, limits=limits, unique_keys=unique_keys)
    if len(documents) > 1:
        raise Malformed(f"{name or 'the text'} holds {len(documents)} YAML documents where one is expected")
    return documents[0] if documents else None


def load_all(
    text: str | bytes,
    *,
    profile: Profile = Profile.V2,
    name: str = "",
    limits: Limits = _DEFAULT,
    unique_keys: bool = True,
    on_blank: OnBlank | None = None,
    text_keys: bool = False,
) -> list[Any]:
    """Every document of a text that is not empty or null.

    `unique_keys=False` lets the last of equal keys win, as Go's lenient readers do. `on_blank` is told of
    every field that is null because nothing is written there. `text_keys` refuses keys that are no text unless quoted.
    """
    if len(text) > limits.max_bytes:
        raise LimitExceeded(f"{name or 'the YAML text'} is larger than {limits.max_bytes} bytes")
    builder = _Builder(profile, name, limits, unique_keys=unique_keys)
    builder.on_blank = on_blank
    builder.text_keys = text_keys
    try:
        parser = _parser(text)
        return [document for document in builder.documents(parser.get_event) if document is not None]
    except yaml.MarkedYAMLError as error:
        raise builder.malformed(_problem(error), error.problem_mark or error.context_mark) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise builder.malformed(str(error).splitlines()[0], None) from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    words = [part for part in (error.context, error.problem) if part]
    return ", ".join(words) or "this is not YAML"


class _Frame:
    """A mapping or sequence that is being read."""

    __slots__ = ("anchor", "is_mapping", "key", "merges", "value", "wants_key")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.is_mapping = isinstance(value, dict)
        self.wants_key = self.is_mapping
        self.key: str | _Merge = ""
        self.merges: list[dict[str, Any]] = []


class _Merge:
    """The key `<<`."""


_MERGE: Final = _Merge()


class _Builder:
    def __init__(self, profile: Profile, name: str, limits: Limits, *, unique_keys: bool) -> None:
        self.unique_keys = unique_keys
        self.on_blank: OnBlank | None = None
        self.text_keys = False
        self.plain = PLAIN[profile]
        self.profile = profile
        self.name = name
        self.limits = limits
        self.document = 0
        self.nodes = 0
        self.aliases = 0
        self.alias_nodes = 0

    def malformed(self, problem: str, mark: Any) -> YAMLError:
        """An error that says where: file, document when there are several, line and column."""
        where = [self.name] if self.name else []
        if self.document > 1:
            where.append(f"document {self.document}")
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        if line:
            where.append(f"line {line}, column {column}")
        message = f"{', '.join(where)}: {problem}" if where else problem
        return YAMLError(message, problem=problem, name=self.name, line=line, column=column)

    def documents(self, next_event: Callable[[], Event]) -> Iterator[Any]:
        """One value a document."""
        while True:
            event = next_event()
            if isinstance(event, DocumentStartEvent):
                self.document += 1
                yield self._document(next_event)
            elif isinstance(event, StreamEndEvent):
                return

    def _document(self, next_event: Callable[[], Any]) -> Any:
        stack: list[_Frame] = []
        anchors: dict[str, Any] = {}
        result: Any = None
        while True:
            event = next_event()
            kind = event.__class__
            value: Any
            if kind is ScalarEvent:
                self.nodes += 1
                if stack and stack[-1].wants_key:
                    self._key(stack[-1], event, anchors)
                    continue
                value = self._scalar(event)
                if event.anchor is not None:
                    anchors[event.anchor] = value
                if not event.value and value is None and self.on_blank is not None and stack:
                    self.on_blank(stack[-1].value, stack[-1].key)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(stack, event)
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = self._close(stack.pop(), event, anchors)
            elif kind is AliasEvent:
                value = self._alias(stack, event, anchors)
            else:
                return result
            if not stack:
                result = value
            elif stack[-1].is_mapping:
                self._set(stack[-1], value, event)
            else:
                stack[-1].value.append(value)

    def _open(self, stack: list[_Frame], event: Any) -> None:
        limits = self.limits
        self.nodes += 1
        if len(stack) >= limits.max_depth:
            raise self._too_much(f"nested deeper than {limits.max_depth} levels", event)
        if self.nodes > limits.max_nodes:
            raise self._too_much(f"more than {limits.max_nodes} nodes", event)
        if stack and stack[-1].wants_key:
            raise self.malformed("a mapping key must be a scalar", event.start_mark)
        stack.append(_Frame({} if event.__class__ is MappingStartEvent else [], event.anchor))

    def _close(self, frame: _Frame, event: Any, anchors: dict[str, Any]) -> Any:
        for merged in frame.merges:
            for key, inherited in merged.items():
                if key not in frame.value:
                    frame.value[key] = self._copy(inherited, event)
        if frame.anchor is not None:
            anchors[frame.anchor] = frame.value
        return frame.value

    def _too_much(self, problem: str, event: Any) -> LimitExceeded:
        return LimitExceeded(self.malformed(problem, event.start_mark).message)

    def _key(self, frame: _Frame, event: Any, anchors: dict[str, Any]) -> None:
        frame.wants_key = False
        # Keys repeat in every object: one copy of each is enough.
        text: str = intern(event.value)
        if text == "<<" and event.implicit[0]:
            frame.key = _MERGE
            return
        key = text if not event.implicit[0] or self.profile is Profile.V3 else self._key_text(event)
        if self.text_keys and event.implicit[0] and self.plain(text).__class__ is not str:
            raise self.malformed(f"the key {text} is no text; put it in quotes", event.start_mark)
        if self.unique_keys and key in frame.value:
            raise self.malformed(f'the key "{key}" is set twice', event.start_mark)
        if event.anchor is not None:
            anchors[event.anchor] = key
        frame.key = key

    def _key_text(self, event: Any) -> str:
        """A key as JSON names it: `yes` is "true", `0755` is "493"."""
        value = self._scalar(event)
        if value is None:
            raise self.malformed("a mapping key may not be null", event.start_mark)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    def _set(self, frame: _Frame, value: Any, event: Event) -> None:
        frame.wants_key = True
        if isinstance(frame.key, str):
            frame.value[frame.key] = value
            return
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise self.malformed("<< takes a mapping or a list of mappings", event.start_mark)
            frame.merges.append(source)

    def _alias(self, stack: list[_Frame], event: Any, anchors: dict[str, Any]) -> Any:
        if stack and stack[-1].wants_key:
            raise self.malformed("a mapping key must be a scalar", event.start_mark)
        if event.anchor not in anchors:
            raise self.malformed(f"the anchor {event.anchor} is unknown or contains itself", event.start_mark)
        self.aliases += 1
        if self.aliases > self.limits.max_aliases:
            raise self._too_much(f"more than {self.limits.max_aliases} aliases", event)
        return self._copy(anchors[event.anchor], event)

    def _copy(self, value: Any, event: Event) -> Any:
        """A copy that shares nothing, paid for by the alias limit."""
        self.alias_nodes += 1
        if self.alias_nodes > self.limits.max_alias_nodes:
            raise self._too_much(f"aliases expand to more than {self.limits.max_alias_nodes} nodes", event)
        if value.__class__ is dict:
            return {key: self._copy(child, event) for key, child in value.items()}
        if value.__class__ is list:
            return [self._copy(child, event) for child in value]
        return value

    def _scalar(self, event: Any) -> Scalar:
        tag: str | None = event.tag
        try:
            if tag is None or tag == "!":
                return self.plain(event.value) if event.implicit[0] else event.value
            if tag.startswith(_TAG):
                return self._tagged(tag[len(_TAG) :], event)
        except NotJSON as error:
            raise self.malformed(str(error), event.start_mark) from error
        return str(event.value)

    def _tagged(self, tag: str, event: Any) -> Scalar:
        text: str = event.value
        if tag == "binary":
            try:
                return base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
            except binascii.Error as error:
                raise self.malformed("!!binary data is not base64", event.start_mark) from error
        if tag == "str":
            return text
        value = self.plain(text)
        wanted = _TAG_TYPES.get(tag)
        if wanted is not None and (not isinstance(value, wanted) or isinstance(value, bool) is not (tag == "bool")):
            raise self.malformed(f"this is not a !!{tag}", event.start_mark)
        return value


_TAG_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}
