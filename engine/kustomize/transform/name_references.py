"""References follow the names that they mean (engines.md B4). Runs once, at the root, after the hashes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.kustomize.config import NameReference
from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import split_path
from engine.kustomize.ids import NO_NAMESPACE, Gvk
from engine.kustomize.limits import Budget
from engine.kustomize.nodes import is_null, is_string, kind_of, put, text, untagged, written
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import Object, Resource


class _Fields:
    """The fields that may hold names in one type of object, as a tree: paths share their first parts."""

    __slots__ = ("below", "is_list", "name", "path", "targets")

    def __init__(self, path: str = "", part: str = "") -> None:
        self.path = path
        self.name = part.removesuffix("[]")
        self.is_list = part.endswith("[]")
        self.below: dict[str, _Fields] = {}
        #: What a name in this very field may mean, and whether it is that of a role.
        self.targets: list[tuple[Gvk, bool]] = []

    def add(self, path: str, target: Gvk) -> None:
        """Add a field."""
        node = self
        for part in split_path(path):
            if part not in node.below:
                node.below[part] = _Fields(f"{node.path}/{part}".lstrip("/"), part)
            node = node.below[part]
        node.targets.append((target, path.endswith("roleRef/name")))

    def walk(self, node: Any, referrer: _Referrer) -> None:
        """Let the referrer update every field that is there."""
        if node.__class__ is dict:
            for fields in self.below.values():
                name = fields.name
                if not name:
                    raise BuildError(f"the path {fields.path} has an empty part", field="fieldSpecs")
                child = node.get(name)
                if child is None:
                    continue
                if fields.is_list and is_null(child):
                    child = node[name] = []
                for target, is_role in fields.targets:
                    updated = referrer.updated(child, fields.path, target, is_role=is_role)
                    if updated is not child:
                        put(node, name, updated)
                        child = node[name]
                if fields.below:
                    fields.walk(child, referrer)
        elif node.__class__ is list:
            for item in node:
                self.walk(item, referrer)
        elif not is_null(node):
            raise referrer.error(self.path, "a scalar stands where a mapping or list is expected")


#: Visits that it costs to compare one candidate.
_COMPARED: Final = 4


class NameReferences:
    """Updates the fields that hold names of objects that were renamed or moved."""

    def __init__(self, references: Sequence[NameReference]) -> None:
        self._references = references
        self._by_type: dict[Gvk, _Fields] = {}

    def apply(self, resources: ResMap) -> None:
        """Update every referrer."""
        by_name: dict[str, list[Resource]] = {}
        for resource in resources:
            for name in dict.fromkeys(name for name, _, _ in resource.previous):
                by_name.setdefault(name, []).append(resource)
        for resource in resources:
            fields = self._fields_of(resource.original_id.gvk)
            if fields.below:
                referrer = _Referrer(resource, by_name, resources.budget)
                referrer.check()
                fields.walk(resource.obj, referrer)

    def _fields_of(self, gvk: Gvk) -> _Fields:
        fields = self._by_type.get(gvk)
        if fields is None:
            fields = self._by_type[gvk] = _Fields()
            for reference in self._references:
                for spec in reference.referrers:
                    if spec.gvk.selects(gvk):
                        fields.add(spec.path, reference.target)
        return fields


class _Referrer:
    """One object whose references are updated."""

    def __init__(self, resource: Resource, by_name: dict[str, list[Resource]], budget: Budget) -> None:
        self._resource = resource
        self._id = resource.id
        self._by_name = by_name
        self._budget = budget
        self._subjects: frozenset[str] | None = None

    def updated(self, node: Any, path: str, target: Gvk, *, is_role: bool) -> Any:
        """What a field holds from now on."""
        if is_null(node):
            return node
        role = self._role() if is_role else None
        try:
            if isinstance(node, list):
                node[:] = [self._item(item, target, role) for item in node]
                return node
            return self._item(node, target, role)
        except BuildError as error:
            raise self.error(path, error.problem, fix=error.fix) from error

    def error(self, path: str, problem: str, *, fix: str = "") -> BuildError:
        """An error in a field of this object."""
        return BuildError(f"updating name reference in '{path}' field of '{self._id}': {problem}", fix=fix)

    def _item(self, node: Any, target: Gvk, role: Gvk | None) -> Any:
        if isinstance(node, dict):
            return self._mapping(node, target, role)
        if isinstance(node, list):
            raise BuildError("a list is expected to be either a string or a mapping")
        return node if is_null(node) else self._scalar(node, target, role)

    def _role(self) -> Gvk | None:
        role = self._resource.obj.get("roleRef")
        if not isinstance(role, dict) or "apiGroup" not in role or "kind" not in role:
            return None
        return Gvk(written(role["apiGroup"]), "", written(role["kind"]))

    def _scalar(self, value: Any, target: Gvk, role: Gvk | None) -> Any:
        name = written(value)
        referral = self._select(name, target, role, lambda _: True, _name_of)
        return value if referral is None or referral.name == name else untagged(referral.name, value)

    def _mapping(self, value: Object, target: Gvk, role: Gvk | None) -> Object:
        if "name" not in value:
            raise BuildError("path config error; no 'name' field in node")
        name = written(value["name"])
        accept: Callable[[Resource], bool] = lambda _: True  # noqa: E731
        if "namespace" in value:
            accept = self._in_namespace(written(value["namespace"]))
        referral = self._select(name, target, role, accept, _name_and_namespace)
        if referral is None or (referral.name == name and not referral.namespace):
            return value
        put(value, "name", untagged(referral.name, value["name"]))
        if referral.namespace:
            present = value.get("namespace")
            put(value, "namespace", referral.namespace if present is None else untagged(referral.namespace, present))
        return value

    def _in_namespace(self, namespace: str) -> Callable[[Resource], bool]:
        """Those that came from the namespace if there are any, else those that are in it now."""
        self._budget.visit(sum(map(len, self._by_name.values())))
        candidates = [found for group in self._by_name.values() for found in group if self._can_refer(found)]
        if namespace != NO_NAMESPACE and any(
            found.original_id.effective_namespace == namespace for found in candidates
        ):
            return lambda found: found.original_id.effective_namespace == namespace
        return lambda found: namespace != NO_NAMESPACE and found.id.effective_namespace == namespace

    def _can_refer(self, candidate: Resource) -> bool:
        if self._id.cluster:
            return True
        identity = candidate.id
        return (
            identity.cluster or identity.same_namespace(self._id) or candidate.namespace in self._subject_namespaces()
        )

    def check(self) -> None:
        """A BuildError for an object that cannot be followed.

        Its apiVersion is not what group and version make again, or the service accounts of a RoleBinding are unclear.
        """
        api_version = text(self._resource.obj.get("apiVersion"))
        if api_version != self._id.gvk.api_version:
            raise self._resource.build_error(
                f"APIVersion mismatch '{api_version}' != '{self._id.gvk.api_version}'", fix="correct apiVersion"
            )
        self._subject_namespaces()

    def _subject_namespaces(self) -> frozenset[str]:
        """The namespaces of a RoleBinding's service accounts, which it may refer to."""
        if self._subjects is None:
            self._subjects = frozenset(self._read_subjects())
        return self._subjects

    def _read_subjects(self) -> list[str]:
        subjects = self._resource.obj.get("subjects")
        if self._resource.kind != "RoleBinding" or not isinstance(subjects, list):
            return []
        namespaces = []
        for subject in subjects:
            if not isinstance(subject, dict):
                raise BuildError(f"a subject of {self._id} is {kind_of(subject)}, not a mapping", field="subjects")
            if subject.get("kind") == "ServiceAccount" and "namespace" in subject:
                if not is_string(subject["namespace"]):
                    raise BuildError(
                        f'Invalid Input: namespace is blank for resource "{self._id}"',
                        field="subjects.namespace",
                        fix="name the namespace of the service account",
                    )
                namespaces.append(written(subject["namespace"]))
        return namespaces

    def _select(
        self,
        name: str,
        target: Gvk,
        role: Gvk | None,
        accept: Callable[[Resource], bool],
        identity: Callable[[Resource], object],
    ) -> Resource | None:
        """The object that is meant, or None; BuildError when it could be several that differ."""
        named = self._by_name.get(name)
        if named is None:
            return None
        self._budget.visit(_COMPARED * len(named))
        candidates = [found for found in named if self._fits(found, target, role)]
        candidates = [found for found in candidates if self._can_refer(found) and accept(found)]
        if len(candidates) == 1:
            return candidates[0]
        for allow_empty in (True, False):
            if len(candidates) > 1 or allow_empty:
                candidates = [
                    found
                    for found in candidates
                    if found.same_prefixes_and_suffixes(self._resource, allow_empty=allow_empty)
                ]
        if not candidates:
            return None
        if len({identity(found) for found in candidates}) == 1:
            return candidates[0]
        raise BuildError(
            f"found multiple possible referrals: {', '.join(str(found.id) for found in candidates)}",
            fix="give the objects different names, or name the namespace in the reference",
        )

    def _fits(self, candidate: Resource, target: Gvk, role: Gvk | None) -> bool:
        known = [identity.gvk for identity in candidate.previous_ids]
        if not any(target.selects(gvk) for gvk in known):
            return False
        if role is not None and not any(role.selects(gvk) for gvk in known):
            return False
        if self._id.cluster or candidate.kind == "ServiceAccount":
            return True
        identity = candidate.id
        return identity.cluster or identity.same_namespace(self._id)


def _name_of(resource: Resource) -> object:
    return resource.name


def _name_and_namespace(resource: Resource) -> object:
    return resource.name, resource.namespace
