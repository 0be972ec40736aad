"""Defaults as tables: what a missing field becomes, at every depth of an object."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Step = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Fill:
    """How to complete one object.

    `steps` run first and may look at what was sent; `values` are set where a field is missing; `made` are objects
    created when missing and then completed; `within` are completed when there; `each` completes a list's items.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, Fill] = field(default_factory=dict)
    within: Mapping[str, Fill] = field(default_factory=dict)
    each: Mapping[str, Fill] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def complete(self, obj: dict[str, Any]) -> None:
        """Set what is missing in `obj`, in place."""
        for step in self.steps:
            step(obj)
        for name, value in self.values.items():
            if obj.get(name) is None:
                obj[name] = copy.deepcopy(value) if isinstance(value, (dict, list)) else value
        for name, fill in self.made.items():
            if obj.get(name) is None:
                obj[name] = {}
            _complete(fill, obj[name])
        for name, fill in self.within.items():
            _complete(fill, obj.get(name))
        for name, fill in self.each.items():
            items = obj.get(name)
            if isinstance(items, list):
                for item in items:
                    _complete(fill, item)


def _complete(fill: Fill, value: Any) -> None:
    if isinstance(value, dict):
        fill.complete(value)
