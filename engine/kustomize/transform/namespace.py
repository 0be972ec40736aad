"""namespace, and NamespaceTransformer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldPath, FieldSpec
from engine.kustomize.files import Files
from engine.kustomize.limits import NODE
from engine.kustomize.nodes import kind_of, put, text, written
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import FROM_HELM, Object, Resource
from engine.kustomize.transform.base import Config, parse_specs

_BINDINGS: Final = frozenset(("RoleBinding", "ClusterRoleBinding"))
_MODES: Final = ("defaultOnly", "allServiceAccounts", "none")


class SetNamespace:
    """Puts objects into a namespace.

    `unset_only` leaves namespaces that are set; `subjects` says which subjects of role bindings
    follow: those named default, all service accounts, or none.
    """

    def __init__(
        self, namespace: str, specs: Iterable[FieldSpec], *, unset_only: bool = False, subjects: str = "defaultOnly"
    ) -> None:
        self._namespace = namespace
        self._unset_only = unset_only
        self._subjects = subjects
        self._specs = [(spec, FieldPath(spec, str)) for spec in specs if spec.path != "metadata/namespace"]

    def apply(self, resources: ResMap) -> None:
        """Set the namespace everywhere; two objects that become one are an error."""
        if not self._namespace:
            return
        for resource in resources:
            if written(resource.annotations.get(FROM_HELM)) != "true":
                resource.remember()
                resources.budget.add(2 * NODE)
                self.put(resource)
        counts = Counter(resource.id.key for resource in resources)
        if len(counts) < len(resources):
            clash = next(resource for resource in resources if counts[resource.id.key] > 1)
            raise clash.build_error(
                f"namespace {self._namespace} produces an ID conflict: two objects get this identity",
                fix="rename one of the two, or leave one in its own namespace",
            )

    def put(self, resource: Resource) -> None:
        """Set it in one object."""
        obj = resource.obj
        identity = resource.id
        if not identity.cluster:
            self._put(resource.own_metadata())
        binding = identity.gvk.kind in _BINDINGS
        if binding:
            self._set_subjects(obj)
        try:
            for spec, path in self._specs:
                # The name of a Namespace follows; that of another API's object does not.
                if spec.path == "metadata/name" and obj.get("apiVersion") != "v1":
                    continue
                if binding and spec.gvk.kind in _BINDINGS and spec.path == "subjects/namespace":
                    continue
                path.apply(obj, self._updated)
        except _NotScalarError as error:
            raise resource.build_error(
                f"namespace field specs must target scalar nodes, not {error.args[0]}",
                fix="correct fieldSpecs in the configuration",
            ) from error

    def _updated(self, value: Any) -> Any:
        if isinstance(value, (dict, list)):
            raise _NotScalarError(kind_of(value))
        return value if self._unset_only and text(value) else self._namespace

    def _set_subjects(self, obj: Object) -> None:
        subjects = obj.get("subjects")
        if self._subjects == "none" or not isinstance(subjects, list):
            return
        field, wanted = ("name", "default") if self._subjects == "defaultOnly" else ("kind", "ServiceAccount")
        for subject in subjects:
            if isinstance(subject, dict) and subject.get(field) == wanted:
                self._put(subject)

    def _put(self, mapping: Object) -> None:
        put(mapping, "namespace", self._updated(mapping.get("namespace", "")))


class _NotScalarError(Exception):
    """A namespace would be written over a mapping or list."""


def namespace_transformer(config: Config, files: Files) -> SetNamespace:
    """Puts objects into the namespace of `metadata`."""
    mode = config.get("setRoleBindingSubjects", "") or "defaultOnly"
    if mode not in _MODES:
        raise BuildError(
            f'invalid value "{mode}" for setRoleBindingSubjects: must be one of {", ".join(_MODES)}', path=files.root
        )
    return SetNamespace(
        config.get("metadata", {}).get("namespace", ""),
        parse_specs(config),
        unset_only=config.get("unsetOnly", False),
        subjects=mode,
    )
