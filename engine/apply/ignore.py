"""`spec.ignore`: paths of managed objects that are left to others (flux.md 4.7)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from engine.apply import managers, objects
from engine.errors import Malformed
from engine.flux.inventory import ref_of
from engine.flux.selectors import Selector

_NAMES = ("group", "version", "kind", "name", "namespace")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Rule:
    """Paths (JSON pointers) and the objects they are ignored in; no target means every object."""

    paths: tuple[str, ...]
    names: tuple[tuple[str, Any], ...] = ()
    """(field of the target, compiled anchored pattern)."""
    label_selector: Selector | None = None
    annotation_selector: Selector | None = None

    def applies_to(self, obj: Mapping[str, Any]) -> bool:
        """Whether the rule is about this object."""
        ref = ref_of(obj)
        found = {
            "group": ref.group,
            "version": str(obj.get("apiVersion") or "").rpartition("/")[2],
            "kind": ref.kind,
            "name": ref.name,
            "namespace": ref.namespace,
        }
        if not all(pattern.fullmatch(found[field]) for field, pattern in self.names):
            return False
        if self.label_selector and not self.label_selector.matches(objects.labels_of(obj)):
            return False
        return not self.annotation_selector or self.annotation_selector.matches(objects.annotations_of(obj))


def parse(rules: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """The rules of a spec; raises Malformed for a pattern or selector that cannot be read."""
    return tuple(_rule(rule) for rule in rules)


def _rule(rule: Mapping[str, Any]) -> Rule:
    target = rule.get("target") or {}
    try:
        names = tuple((field, re2.compile(str(target[field]))) for field in _NAMES if target.get(field))
    except re2.error as error:
        raise Malformed(f"spec.ignore has a target that is no regular expression: {error}") from error
    return Rule(
        tuple(map(str, rule.get("paths") or ())),
        names,
        Selector.parse(str(target["labelSelector"])) if target.get("labelSelector") else None,
        Selector.parse(str(target["annotationSelector"])) if target.get("annotationSelector") else None,
    )


def paths_for(rules: Sequence[Rule], obj: Mapping[str, Any]) -> tuple[str, ...]:
    """The pointers that are ignored in this object, each once."""
    return tuple(dict.fromkeys(path for rule in rules if rule.applies_to(obj) for path in rule.paths))


def covers(paths: Iterable[str], pointer: str) -> bool:
    """Whether a pointer is an ignored path or below one."""
    return any(pointer == path or pointer.startswith(path.rstrip("/") + "/") for path in paths)


def without(obj: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy of the object without these paths; what is not there is no error."""
    result = copy.deepcopy(dict(obj))
    for path in paths:
        _remove(result, steps(path))
    return result


def adopt(desired: Mapping[str, Any], live: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """What to send when the object is written anyway.

    An ignored path whose live value differs is dropped if another manager applied it, else the live value is adopted.
    """
    result = copy.deepcopy(dict(desired))
    for path in paths:
        parts = steps(path)
        wanted, found = _read(result, parts), _read(live, parts)
        if wanted is _ABSENT or wanted == found:
            continue
        if found is _ABSENT or _applied_by_other(live, parts):
            _remove(result, parts)
        else:
            _write(result, parts, copy.deepcopy(found))
    return result


def steps(pointer: str) -> list[str]:
    """The steps of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _applied_by_other(live: Mapping[str, Any], parts: Sequence[str]) -> bool:
    wanted = [f"f:{part}" for part in parts]
    return any(
        entry.get("operation") == "Apply"
        and entry.get("manager") != managers.OWNER
        and managers.contains(entry.get("fieldsV1") or {}, wanted)
        for entry in managers.managed_fields(live)
    )


def _child(node: Any, step: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(step, _ABSENT)
    if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
        return node[int(step)]
    return _ABSENT


def _read(node: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        node = _child(node, part)
        if node is _ABSENT:
            return _ABSENT
    return node


def _remove(node: Any, parts: Sequence[str]) -> None:
    if not parts:
        return
    parent = _read(node, parts[:-1])
    if isinstance(parent, dict):
        parent.pop(parts[-1], None)
    elif isinstance(parent, list) and _child(parent, parts[-1]) is not _ABSENT:
        del parent[int(parts[-1])]


def _write(node: Any, parts: Sequence[str], value: Any) -> None:
    parent = _read(node, parts[:-1])
    if isinstance(parent, dict):
        parent[parts[-1]] = value
    elif isinstance(parent, list):
        parent[int(parts[-1])] = value
