"""Label selectors as text: `a=b,c!=d,e in (f,g),h notin (i),j,!k`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import Malformed

_KEY = r"[A-Za-z0-9./_-]+"
_VALUE = r"[A-Za-z0-9._-]*"
_TERM = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<not_key>{_KEY})"
    rf"|(?P<key>{_KEY})\s*(?:(?P<set>in|notin)\s*\((?P<values>[^()]*)\)|(?P<op>==|=|!=)\s*(?P<value>{_VALUE}))?)\s*"
)
_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Term:
    """One requirement: `in` and `notin` with values, `exists` and `absent` without."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, Any]) -> bool:
        """Whether these labels meet it; like Kubernetes, `notin` holds for a missing key."""
        if self.operator == "in":
            return self.key in labels and str(labels[self.key]) in self.values
        if self.operator == "notin":
            return self.key not in labels or str(labels[self.key]) not in self.values
        return (self.key in labels) == (self.operator == "exists")


@dataclass(frozen=True, slots=True)
class Selector:
    """All of the terms have to hold; none at all selects everything."""

    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, text: str) -> Selector:
        """From kubectl's grammar; raises Malformed."""
        if len(text) > _LIMIT:
            raise Malformed("a label selector is longer than 4096 characters")
        terms: list[Term] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TERM.match(text, at)
            if not match or (match.end() < len(text) and text[match.end()] != ","):
                raise Malformed(f'"{text[:80]}" is not a label selector', fix="write it as in app=web,tier!=cache")
            terms.append(_term(match))
            at = match.end() + 1
        return cls(tuple(terms))

    def matches(self, labels: Mapping[str, Any]) -> bool:
        """Whether these labels (or annotations) are selected."""
        return all(term.matches(labels) for term in self.terms)


def _term(match: re.Match[str]) -> Term:
    if match["absent"]:
        return Term(match["not_key"], "absent")
    if match["set"]:
        return Term(match["key"], match["set"], frozenset(value.strip() for value in match["values"].split(",")))
    if match["op"]:
        return Term(match["key"], "notin" if match["op"] == "!=" else "in", frozenset({match["value"]}))
    return Term(match["key"], "exists")
