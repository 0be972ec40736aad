"""Label and field selectors as predicates over an object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.embedded import status
from engine.embedded.metadata import LABEL_VALUE_TEXT

Object = Mapping[str, Any]
Predicate = Callable[[Object], bool]

_TOKEN = re.compile(r"\s*(?:(!=|==|[=!,()<>])|([^\s=!,()<>]+))")
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_MAX_TEXT = 16_384
_MAX_NAME = 63
_MAX_PREFIX = 253


@dataclass(frozen=True, slots=True)
class Requirement:
    """One part of a label selector."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return _OPERATORS[self.operator](labels.get(self.key), self.values)


def _number(value: str | None) -> int | None:
    try:
        return int(value) if value is not None else None
    except ValueError:
        return None


def _greater(value: str | None, values: tuple[str, ...]) -> bool:
    number = _number(value)
    return number is not None and number > int(values[0])


def _less(value: str | None, values: tuple[str, ...]) -> bool:
    number = _number(value)
    return number is not None and number < int(values[0])


_OPERATORS: dict[str, Callable[[str | None, tuple[str, ...]], bool]] = {
    "exists": lambda value, _: value is not None,
    "!": lambda value, _: value is None,
    "=": lambda value, values: value == values[0],
    "==": lambda value, values: value == values[0],
    "!=": lambda value, values: value != values[0],
    "in": lambda value, values: value is not None and value in values,
    "notin": lambda value, values: value is None or value not in values,
    "gt": _greater,
    "lt": _less,
}
_ALIASES = {">": "gt", "<": "lt"}


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """The grammar of labelSelector; 400 with the server's words otherwise."""
    if len(text) > _MAX_TEXT:
        raise status.bad_request("unable to parse requirement: the label selector is too long")
    return tuple(_Parser(text).requirements())


class _Parser:
    """Recursive descent over the tokens of one selector."""

    def __init__(self, text: str) -> None:
        self._tokens = [operator or word for operator, word in _TOKEN.findall(text)]
        self._at = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while self._peek():
            found.append(self._requirement())
            if self._peek() == ",":
                self._next()
                if not self._peek():
                    raise _unparsable("found '', expected: identifier after ','")
            elif self._peek():
                raise _unparsable(f"found '{self._peek()}', expected: ',' or 'end of string'")
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._next()
            return Requirement(self._key(), "!")
        key = self._key()
        if self._peek() in ("", ","):
            return Requirement(key, "exists")
        word = self._next()
        operator = _ALIASES.get(word, word)
        if operator not in _OPERATORS or operator in ("exists", "!"):
            raise _unparsable(f"found '{word}', expected: in, notin, =, ==, !=, gt, lt")
        values = self._set() if operator in ("in", "notin") else (self._value(),)
        if operator in ("gt", "lt") and _number(values[0]) is None:
            wrong = f'values[0][{key}]: Invalid value: "{values[0]}"'
            raise _unparsable(f"{wrong}: for 'Gt', 'Lt' operators, the value must be an integer")
        return Requirement(key, operator, values)

    def _key(self) -> str:
        key = self._next()
        prefix, _, name = key.rpartition("/")
        if len(name) > _MAX_NAME or len(prefix) > _MAX_PREFIX or not _KEY.fullmatch(key):
            raise _unparsable(f"found '{key[:_MAX_NAME]}', expected: !, identifier, or 'end of string'")
        return key

    def _value(self) -> str:
        if self._peek() in ("", ","):
            return ""
        value = self._next()
        if len(value) > _MAX_NAME or not _VALUE.fullmatch(value):
            raise _unparsable(f'values[0]: Invalid value: "{value[:_MAX_NAME]}": {LABEL_VALUE_TEXT}')
        return value

    def _set(self) -> tuple[str, ...]:
        word = self._next()
        if word != "(":
            raise _unparsable(f"found '{word}', expected: '('")
        values: list[str] = []
        while True:
            values.append("" if self._peek() in (",", ")") else self._value())
            word = self._next()
            if word == ")":
                return tuple(values)
            if word != ",":
                raise _unparsable(f"found '{word}', expected: ',' or ')'")


def _unparsable(detail: str) -> status.ApiError:
    return status.bad_request(f"unable to parse requirement: {detail}")


def parse_fields(text: str, known: Sequence[str]) -> tuple[tuple[str, bool, str], ...]:
    """(path as stored, equal?, value) of each part; a path that the resource does not select by is a 400."""
    if len(text) > _MAX_TEXT:
        raise status.bad_request("the field selector is too long")
    found: list[tuple[str, bool, str]] = []
    for part in re.split(r"(?<!\\),", text):
        if not part:
            continue
        match = re.match(r"^([^=!]+)(==|!=|=)(.*)$", part, re.DOTALL)
        if match is None:
            raise status.bad_request(f"invalid selector: '{part[:200]}'; can't understand '{part[:200]}'")
        path, operator, value = match.groups()
        if path not in known:
            listed = ", ".join(f'"{name}"' for name in known)
            raise status.bad_request(f'"{path[:200]}" is not a known field selector: only {listed}')
        stored = path.replace("regarding.", "involvedObject.", 1)
        found.append((stored, operator != "!=", re.sub(r"\\(.)", r"\1", value)))
    return tuple(found)


def select(labels: str, fields: str, known: Sequence[str]) -> Predicate | None:
    """One predicate for both selectors, or None where everything is selected."""
    requirements = parse_labels(labels) if labels else ()
    wanted = parse_fields(fields, known) if fields else ()
    if not requirements and not wanted:
        return None

    def selected(obj: Object) -> bool:
        carried = obj["metadata"].get("labels") or {}
        return all(requirement.matches(carried) for requirement in requirements) and all(
            (field_value(obj, path) == value) == equal for path, equal, value in wanted
        )

    return selected


def field_value(obj: Object, path: str) -> str:
    """The value at a dotted path as a field selector compares it: text, "" where there is none."""
    value: Any = obj
    for part in path.lstrip(".").split("."):
        if not isinstance(value, Mapping):
            return ""
        value = value.get(part)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


_EVERY = ("metadata.name", "metadata.namespace")
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_KNOWN_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        *(f"involvedObject.{name}" for name in _INVOLVED),
        *(f"regarding.{name}" for name in _INVOLVED),
        "reason",
        "reportingComponent",
        "source.component",
        "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "services": ("spec.clusterIP", "spec.type"),
    "jobs.batch": ("status.successful",),
    "replicasets.apps": ("status.replicas",),
    "replicationcontrollers": ("status.replicas",),
}


def known_fields(storage: str, selectable: Sequence[str] = ()) -> tuple[str, ...]:
    """The paths a resource can be selected by; `selectable` are a CRD's own."""
    return (*_EVERY, *_KNOWN_FIELDS.get(storage, ()), *(path.lstrip(".") for path in selectable))
