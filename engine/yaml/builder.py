"""What a parser's events mean: values, under one resolution profile.

Mappings keep their order, duplicate keys are refused, aliases are expanded into copies under a
limit, and every error names the document, line and column.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from sys import intern
from typing import Any, Final

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from engine.errors import LimitExceeded, Malformed
from engine.yaml.floats import key_text
from engine.yaml.limits import Limits
from engine.yaml.resolve import NOT_JSON, RULES, NotJSON, Profile, Scalar

#: What a plain scalar's text means; what a text is by its style: `'`, `"`, `|`, `>`, or `[` for a plain scalar inside
#: [] or {} that is empty or has a colon, or `!` and a tag.
Plain = Callable[[str], Any]
Styled = Callable[[str, str], Any]
#: An integral float, which a value of the same text is no longer told from an int.
_FLOAT_KEY: Final = re.compile("[-+]?[0-9_]*[.eE].*")
_TAG: Final = "tag:yaml.org,2002:"
_TAG_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}


class YAMLError(Malformed):
    """A text that is not YAML, or YAML that says what it must not; `line` and `column` count from 1, 0 = unknown."""

    def __init__(self, message: str, *, problem: str, name: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.problem = problem
        self.name = name
        self.line = line
        self.column = column


class _Mark:
    """Stands where a key would."""


#: In a mapping, before each key.
_AWAITED: Final = _Mark()
#: In a list, always.
_ITEM: Final = _Mark()
#: The key `<<`.
_MERGE: Final = _Mark()


class _Scalars(dict[str, Scalar]):
    """What each plain scalar of a text means, found out once; equal ones are one object."""

    def __init__(self, rule: Callable[[str], Scalar]) -> None:
        self._rule = rule

    def __missing__(self, text: str) -> Scalar:
        value = self[text] = self._rule(text)
        return value


class Builder:
    """Makes the documents of one text; `load_all` says what the options mean."""

    def __init__(
        self,
        profile: Profile,
        name: str,
        limits: Limits,
        *,
        plain: Plain | None = None,
        styled: Styled | None = None,
        unique_keys: bool = True,
    ) -> None:
        self._unique_keys = unique_keys
        self._styled = styled
        self._profile = profile
        self._plain = _Scalars(plain or RULES[profile]).__getitem__
        self._name = name
        self._limits = limits
        self._document = 0
        self._nodes = 0
        self._aliases = 0
        self._alias_nodes = 0
        self._anchors: dict[str, Any] = {}
        #: What is to be merged into a mapping once all its own keys are known, by its identity.
        self._merges: dict[int, list[dict[str, Any]]] = {}
        #: Keys repeat in every object: each is read once, and one copy of it is enough.
        self._plain_keys: dict[str, Any] = {}

    def documents(self, next_event: Callable[[], Any]) -> Iterator[Any]:
        """One value a document."""
        while True:
            event = next_event()
            if event.__class__ is DocumentStartEvent:
                self._document += 1
                self._anchors = {}
                yield self._value(next_event)
            elif event.__class__ is StreamEndEvent:
                return

    def _value(self, next_event: Callable[[], Any]) -> Any:
        """The hot loop: one turn an event, the open mappings and lists on a stack."""
        plain, styled, plain_keys, max_nodes = self._plain, self._styled, self._plain_keys, self._limits.max_nodes
        stack: list[tuple[Any, Any, str | None, bool]] = []
        flow = False
        node: Any = None
        key: Any = _ITEM
        result: Any = None
        while True:
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent:
                self._nodes += 1
                if key is _AWAITED:
                    key = plain_keys.get(event.value) if event.implicit[0] else None
                    if key is None or key in node or event.anchor is not None:
                        key = self._key(event, node)
                    continue
                if event.tag is None and event.anchor is None and not event.implicit[0]:
                    value = event.value if styled is None else styled(event.value, event.style)
                else:
                    value = self._scalar(event, plain)
                    if flow and styled is not None and event.implicit[0] and (":" in event.value or not event.value):
                        value = styled(event.value, "[")
                if self._nodes > max_nodes:
                    raise self._too_much(f"more than {max_nodes} nodes", event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(len(stack), key, event)
                stack.append((node, key, event.anchor, flow))
                flow = event.flow_style
                node, key = ({}, _AWAITED) if kind is MappingStartEvent else ([], _ITEM)
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = node
                node, key, anchor, flow = stack.pop()
                self._close(value, anchor, event)
            elif kind is AliasEvent:
                value = self._alias(len(stack), key, event)
            else:
                return result
            if node.__class__ is dict:
                if key is _MERGE:
                    self._merge(node, value, event)
                else:
                    node[key] = value
                key = _AWAITED
            elif node is None:
                result = value
            else:
                node.append(value)

    # --- mappings and lists ------------------------------------------------------------------------------

    def _open(self, depth: int, key: Any, event: Any) -> None:
        self._nodes += 1
        if depth >= self._limits.max_depth:
            raise self._too_much(f"nested deeper than {self._limits.max_depth} levels", event)
        if self._nodes > self._limits.max_nodes:
            raise self._too_much(f"more than {self._limits.max_nodes} nodes", event)
        if key is _AWAITED:
            raise self.malformed("a mapping key must be a scalar", event.start_mark)

    def _close(self, value: Any, anchor: str | None, event: Any) -> None:
        if self._merges:
            for merged in self._merges.pop(id(value), ()):
                for key, inherited in merged.items():
                    if key not in value:
                        value[key] = self._copy(inherited, event, 0)
        if anchor is not None:
            self._anchors[anchor] = value

    def _merge(self, mapping: Any, value: Any, event: Any) -> None:
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise self.malformed("<< takes a mapping or a list of mappings", event.start_mark)
            self._merges.setdefault(id(mapping), []).append(source)

    def _alias(self, depth: int, key: Any, event: Any) -> Any:
        if key is _AWAITED:
            raise self.malformed("a mapping key must be a scalar", event.start_mark)
        if event.anchor not in self._anchors:
            raise self.malformed(f"the anchor {event.anchor} is unknown or contains itself", event.start_mark)
        self._aliases += 1
        if self._aliases > self._limits.max_aliases:
            raise self._too_much(f"more than {self._limits.max_aliases} aliases", event)
        return self._copy(self._anchors[event.anchor], event, depth)

    def _copy(self, value: Any, event: Any, depth: int) -> Any:
        """A copy that shares nothing, paid for by the alias limit."""
        self._alias_nodes += 1
        if self._alias_nodes > self._limits.max_alias_nodes:
            raise self._too_much(f"aliases expand to more than {self._limits.max_alias_nodes} nodes", event)
        if depth > self._limits.max_depth:
            raise self._too_much(f"aliases expand deeper than {self._limits.max_depth} levels", event)
        if value.__class__ is dict:
            return {key: self._copy(child, event, depth + 1) for key, child in value.items()}
        if value.__class__ is list:
            return [self._copy(child, event, depth + 1) for child in value]
        return value

    # --- keys and scalars --------------------------------------------------------------------------------

    def _key(self, event: Any, mapping: dict[str, Any]) -> Any:
        key = self._plain_key(event) if event.implicit[0] else intern(event.value)
        if self._unique_keys and key in mapping:
            raise self.malformed(f'the key "{key}" is set twice', event.start_mark)
        if event.anchor is not None:
            self._anchors[event.anchor] = event.value if key is _MERGE else key
        return key

    def _plain_key(self, event: Any) -> Any:
        text = intern(event.value)
        if text == "<<":
            key: Any = _MERGE
        else:
            key = text if self._profile is Profile.V3 else self._json_key(event)
            if self._styled is not None:
                # A key that is no string stays recognizable: it is an object of the caller's rule.
                found = self._plain(text)
                key = key if found.__class__ is str else found
        self._plain_keys[text] = key
        return key

    def _json_key(self, event: Any) -> str:
        """A key as JSON names it: `yes` is "true", `0755` is "493"."""
        if event.value in NOT_JSON:
            return str(event.value).lower().removeprefix("+")
        value = self._scalar(event, self._plain)
        if value is None:
            raise self.malformed("a mapping key may not be null", event.start_mark)
        if isinstance(value, bool):
            return "true" if value else "false"
        if value.__class__ is float or (value.__class__ is int and _FLOAT_KEY.fullmatch(event.value)):
            return key_text(float(value))
        return intern(str(value))

    def _scalar(self, event: Any, plain: Plain) -> Any:
        text: str = event.value
        tag: str | None = event.tag
        try:
            if tag is None or tag == "!":
                value = plain(text) if event.implicit[0] else self._of_style(event)
            else:
                value = self._tagged(tag.removeprefix(_TAG), event) if tag.startswith(_TAG) else text
        except NotJSON as error:
            raise self.malformed(str(error), event.start_mark) from error
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _of_style(self, event: Any) -> Any:
        return event.value if self._styled is None else self._styled(event.value, event.style or "")

    def _tagged(self, tag: str, event: Any) -> Any:
        text: str = event.value
        if tag == "binary":
            try:
                return base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
            except binascii.Error as error:
                raise self.malformed("!!binary data is not base64", event.start_mark) from error
        if tag == "str":
            return self._of_style(event)
        if self._styled is not None:
            return self._styled(text, f"!{tag}")
        value = RULES[self._profile](text)
        wanted = _TAG_TYPES.get(tag)
        if wanted is not None and (not isinstance(value, wanted) or isinstance(value, bool) is not (tag == "bool")):
            raise self.malformed(f"this is not a !!{tag}", event.start_mark)
        return self._plain(text)

    # --- errors ------------------------------------------------------------------------------------------

    def malformed(self, problem: str, mark: Any) -> YAMLError:
        """An error that says where: file, document when there are several, line and column."""
        where = [self._name] if self._name else []
        if self._document > 1:
            where.append(f"document {self._document}")
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        if line:
            where.append(f"line {line}, column {column}")
        message = f"{', '.join(where)}: {problem}" if where else problem
        return YAMLError(message, problem=problem, name=self._name, line=line, column=column)

    def _too_much(self, problem: str, event: Any) -> LimitExceeded:
        return LimitExceeded(self.malformed(problem, event.start_mark).message)
