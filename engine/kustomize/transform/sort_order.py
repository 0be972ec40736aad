"""sortOptions: as gathered, or kustomize's legacy order of kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import ORDER_FIRST, ORDER_LAST
from engine.kustomize.ids import Gvk
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import Resource


class LegacyOrder:
    """Some kinds first, some last, the rest by group, version, kind, namespace and name."""

    def __init__(self, first: Sequence[str] = ORDER_FIRST, last: Sequence[str] = ORDER_LAST) -> None:
        self._rank = {kind: index - len(first) for index, kind in enumerate(first)}
        self._rank.update((kind, index + 1) for index, kind in enumerate(last))

    def apply(self, resources: ResMap) -> None:
        """Sort them."""
        resources.sort(self._key)
        if len({resource.gvk for resource in resources if resource.kind == "Namespace"}) > 1:
            resources.sort(cmp_to_key(self._compare))

    def _compare(self, left: Resource, right: Resource) -> int:
        """Namespaces of different versions stand in the opposite order when one of them is the core group's."""
        a, b = left.gvk, right.gvk
        reverse = a != b and a.kind == b.kind == "Namespace" and not (a.group and b.group)
        keys = self._key(left), self._key(right)
        order = (keys[0] > keys[1]) - (keys[0] < keys[1])
        return -order if reverse else order

    def _key(self, resource: Resource) -> tuple[int, str, str]:
        identity = resource.id
        gvk: Gvk = identity.gvk
        return (
            self._rank.get(gvk.kind, 0),
            f"{gvk.group or '~G'}_{gvk.version or '~V'}_{gvk.kind or '~K'}",
            f"{gvk}|{identity.namespace or '~X'}|{identity.name or '~N'}",
        )


class FirstInFirstOut:
    """The order in which the objects were gathered."""

    def apply(self, resources: ResMap) -> None:
        """Leave them as they are."""


def sort_transformer(options: Mapping[str, Any], path: str) -> LegacyOrder | FirstInFirstOut:
    """What `sortOptions` of the root kustomization asks for."""
    order, legacy = options.get("order", ""), options.get("legacySortOptions")
    if order not in ("fifo", "legacy"):
        raise BuildError("the field 'sortOptions.order' must be one of [fifo, legacy]", path=path, field="sortOptions")
    if order == "legacy":
        return (
            LegacyOrder() if legacy is None else LegacyOrder(legacy.get("orderFirst", ()), legacy.get("orderLast", ()))
        )
    if legacy is not None:
        raise BuildError(
            "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
            path=path,
            field="sortOptions",
        )
    return FirstInFirstOut()
