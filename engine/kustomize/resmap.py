"""The objects that a build has gathered, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.ids import ResId
from engine.kustomize.limits import Budget
from engine.kustomize.nodes import text, written
from engine.kustomize.origin import ORIGIN
from engine.kustomize.resource import BUILD_ANNOTATIONS, NEEDS_HASH, Behavior, Resource


class ResMap:
    """Resources in order, no two with the same identity."""

    def __init__(self, budget: Budget) -> None:
        self._resources: list[Resource] = []
        #: Of the whole build; what changes resources pays from it.
        self.budget = budget

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)

    def append_all(self, resources: list[Resource] | ResMap) -> None:
        """Add resources whose identities must be new."""
        self.budget.hold(len(self) + len(resources))
        self.budget.visit(len(self) + len(resources))
        known = {resource.id.key for resource in self._resources}
        for resource in resources:
            key = resource.id.key
            if key in known:
                raise BuildError(
                    f"may not add resource with an already registered id: {resource.id}",
                    fix="remove one of the two, rename one, or turn one into a patch",
                )
            known.add(key)
            self._resources.append(resource)

    def absorb_all(self, resources: list[Resource]) -> None:
        """Add what a generator made: create, or replace or merge with what is there."""
        for resource in resources:
            self._absorb(resource)

    def _absorb(self, resource: Resource) -> None:
        wanted = resource.id
        matches = self.matching_any_id(wanted.name, wanted.same)
        if not matches:
            if resource.behavior in (Behavior.MERGE, Behavior.REPLACE):
                raise BuildError(
                    f"{wanted} does not exist; cannot {resource.behavior.value} it",
                    field="behavior",
                    fix="use behavior: create, or add the object that is meant",
                )
            self.budget.hold(len(self) + 1)
            self._resources.append(resource)
            return
        if len(matches) > 1:
            raise BuildError(f"found several objects that could accept a merge of {wanted}")
        old = matches[0]
        if resource.behavior not in (Behavior.MERGE, Behavior.REPLACE):
            raise BuildError(
                f"{wanted} exists already; behavior must be merge or replace",
                field="behavior",
                fix="set behavior: merge or replace on the generator",
            )
        _inherit(resource, old)
        self._resources[self._resources.index(old)] = resource

    def matching_any_id(self, name: str, matches: Callable[[ResId], bool]) -> list[Resource]:
        """Resources of this name of which any identity, earlier or present, matches."""
        self.budget.visit(len(self))
        return [
            resource
            for resource in self._resources
            if resource.was_called(name)
            and resource.obj
            and (matches(resource.id) or any(matches(known) for known in resource.previous_ids))
        ]

    def the_one(self, wanted: ResId) -> Resource:
        """The resource that has or had this identity; a BuildError unless there is exactly one."""
        found = self.matching_any_id(wanted.name, wanted.same)
        if len(found) == 1:
            return found[0]
        problem = "multiple matches" if found else "no matches"
        raise BuildError(
            f"{problem} for Id {wanted}; failed to find unique target for patch {wanted}",
            fix="check apiVersion, kind, metadata.name and metadata.namespace of the patch",
        )

    def ensure_unique(self) -> None:
        """A BuildError when two resources have come to share an identity."""
        seen: set[tuple[str, ...]] = set()
        for resource in self._resources:
            key = resource.id.key
            if key in seen:
                raise BuildError(
                    f"may not add resource with an already registered id: {resource.id}",
                    fix="give the objects different names",
                )
            seen.add(key)

    def drop_empty(self) -> None:
        """Forget objects that a patch has deleted."""
        self._resources = [resource for resource in self._resources if resource.obj]

    def keep(self, wanted: Callable[[Resource], bool]) -> None:
        """Forget every resource that is not wanted."""
        self._resources = [resource for resource in self._resources if wanted(resource)]

    def sort(self, key: Callable[[Resource], object]) -> None:
        """Order the resources."""
        self._resources.sort(key=key)  # type: ignore[arg-type]


def _inherit(resource: Resource, old: Resource) -> None:
    """Take over identity, metadata and, for a merge, data of the object that is replaced."""
    behavior = resource.behavior
    origin = old.annotations.get(ORIGIN)
    resource.set_strings("labels", {**old.strings("labels"), **resource.strings("labels")})
    resource.set_strings("annotations", _inherited_annotations(resource, old))
    resource.set_name(old.name)
    resource.set_namespace(old.namespace)
    resource.var_names = list(old.var_names)
    if behavior is Behavior.MERGE:
        for field in ("data", "binaryData"):
            merged = {**_texts(old.obj.get(field)), **_texts(resource.obj.get(field))}
            resource.obj.pop(field, None)
            if merged:
                resource.obj[field] = merged
        if origin is not None:
            resource.set_strings("annotations", {**resource.strings("annotations"), ORIGIN: written(origin)})


def _inherited_annotations(resource: Resource, old: Resource) -> dict[str, str]:
    """Both objects' annotations; kustomize's own come from the old one, but the hash must be wanted by both."""
    own, inherited = resource.strings("annotations"), old.strings("annotations")
    merged = {**inherited, **{name: value for name, value in own.items() if name not in BUILD_ANNOTATIONS}}
    if NEEDS_HASH not in own:
        merged.pop(NEEDS_HASH, None)
    return merged


def _texts(data: Any) -> dict[str, str]:
    return {key: text(value) for key, value in data.items()} if isinstance(data, dict) else {}
