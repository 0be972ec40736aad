"""Which resources a patch or replacement means: anchored RE2 patterns and label selectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import re2

from engine.kustomize.errors import BuildError
from engine.kustomize.ids import Gvk, ResId
from engine.kustomize.resource import Resource

Requirement = Callable[[Mapping[str, str]], bool]


class Selector:
    """`target` or `select`: every part that is set must match, as a whole."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._kind_parts = [(part, _pattern(config, part)) for part in ("group", "version", "kind") if config.get(part)]
        self._gvks: dict[Gvk, bool] = {}
        self._name = _pattern(config, "name") if config.get("name") else None
        self._namespace = _pattern(config, "namespace") if config.get("namespace") else None
        self._labels = parse_label_selector(config.get("labelSelector", ""))
        self._annotations = parse_label_selector(config.get("annotationSelector", ""))
        #: Whether nothing but labels and annotations is selected on.
        self.names_nothing = not (self._kind_parts or self._name or self._namespace)
        #: Whether labels or annotations are selected on.
        self.has_selectors = bool(self._labels or self._annotations)

    def matches_gvk(self, gvk: Gvk) -> bool:
        """Group, version and kind."""
        known = self._gvks.get(gvk)
        if known is None:
            known = all(pattern.match(getattr(gvk, part)) for part, pattern in self._kind_parts)
            self._gvks[gvk] = known
        return known

    def matches_name(self, name: str) -> bool:
        """The name."""
        return self._name is None or self._name.match(name) is not None

    def matches_namespace(self, namespace: str) -> bool:
        """The namespace."""
        return self._namespace is None or self._namespace.match(namespace) is not None

    def matches_id(self, identity: ResId) -> bool:
        """Group, version, kind, name and namespace as written."""
        return (
            self.matches_gvk(identity.gvk)
            and self.matches_name(identity.name)
            and self.matches_namespace(identity.namespace)
        )

    def matches_strings(self, resource: Resource) -> bool:
        """Labels and annotations."""
        if not self.has_selectors:
            return True
        labels, annotations = resource.strings("labels"), resource.strings("annotations")
        return all(wanted(labels) for wanted in self._labels) and all(
            wanted(annotations) for wanted in self._annotations
        )

    def select(self, resources: Iterable[Resource]) -> list[Resource]:
        """The resources that match by their first or their present identity."""
        found = []
        for resource in resources:
            original, current = resource.original_id, resource.id
            if (
                self.matches_gvk(current.gvk)
                and (self.matches_name(original.name) or self.matches_name(current.name))
                and (
                    self.matches_namespace(original.effective_namespace)
                    or self.matches_namespace(current.effective_namespace)
                )
                and self.matches_strings(resource)
            ):
                found.append(resource)
        return found


def _pattern(config: Mapping[str, Any], part: str) -> Any:
    try:
        return re2.compile(f"^(?:{config[part]})$")
    except re2.error as error:
        raise BuildError(
            f'the pattern "{config[part]}" is not a regular expression (RE2)', field=f"target.{part}"
        ) from error


_REQUIREMENT: Final = re.compile(
    r"\s*(?:!\s*(?P<absent>[^\s!=,()<>]+)|(?P<key>[^\s!=,()<>]+)"
    r"(?:\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[^\s,()!=]*)|\s+(?P<word>in|notin)\s*\((?P<values>[^()]*)\))?)\s*"
)


def parse_label_selector(text: str) -> list[Requirement]:
    """Kubernetes' label selector grammar: a=b, a!=b, a in (b,c), a notin (b), a, !a, a>1."""
    requirements: list[Requirement] = []
    position = 0
    while position < len(text) and text[position:].strip():
        match = _REQUIREMENT.match(text, position)
        if match is None or (match.end() < len(text) and text[match.end()] != ","):
            raise BuildError(f'"{text}" is not a label selector', field="labelSelector")
        requirements.append(_requirement(match))
        position = match.end() + 1
    return requirements


def _requirement(match: re.Match[str]) -> Requirement:
    if match["absent"]:
        absent = match["absent"]
        return lambda labels: absent not in labels
    key, op, value = match["key"], match["op"], match["value"]
    if match["word"]:
        values = frozenset(part.strip() for part in match["values"].split(","))
        if match["word"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: key not in labels or labels[key] not in values
    if op is None:
        return lambda labels: key in labels
    if op == "!=":
        return lambda labels: labels.get(key) != value
    if op in "<>":
        return lambda labels: _compares(labels.get(key), op, value)
    return lambda labels: labels.get(key) == value


def _compares(left: str | None, op: str, right: str) -> bool:
    try:
        return left is not None and (int(left) > int(right) if op == ">" else int(left) < int(right))
    except ValueError:
        return False
